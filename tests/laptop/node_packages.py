"""Exactly the packages of a lock, installed once: kept in .local until the lock changes."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from local.processes import ROOT

INSTALLED = ROOT / ".local" / "node_packages"
INSTALL_SECONDS = 300


def installed(folder: Path) -> Path:
    """`node_modules` for the package.json and package-lock.json in this folder."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.fail(f"{tool} is needed for this test; install Node 18 or newer")
    lock = (folder / "package-lock.json").read_bytes()
    home = INSTALLED / hashlib.sha256(lock).hexdigest()[:16]
    if not home.exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=INSTALLED) as scratch:
            _install(folder, Path(scratch) / "packages", home)
    return home / "node_modules"


def _install(folder: Path, half_done: Path, home: Path) -> None:
    shutil.copytree(folder, half_done)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
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
