"""The emulator installed alone, from its folder: by pip as its Containerfile does it, and by uvx.

There is no container here, so the file's own steps are taken in a fresh environment.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from local.not_a_package import MESSAGE
from local.processes import HOST, ROOT, environment
from tests.emulator.told import SECONDS, Told, take_a_payment

FOLDER = ROOT / "local" / "emulator"
UV = Path(sys.executable).with_name("uv")
INSTALL_SECONDS = 120


@dataclass(frozen=True)
class Container:
    """A folder in place of a container's root, with a Python of its own."""

    root: Path

    @property
    def env(self) -> dict[str, str]:
        """The container's programs first; the versions are those that are locked here."""
        mine = environment()
        return mine | {
            "PATH": f"{self.root / 'python' / 'bin'}:{mine['PATH']}",
            "PIP_CONSTRAINT": str(self.root / "constraints.txt"),
            "PIP_NO_COMPILE": "1",
            "UV_CONSTRAINT": str(self.root / "constraints.txt"),
        }

    def run(self, *command: str) -> str:
        ended = subprocess.run(
            command,
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


def steps(name: str) -> list[str]:
    """What the Containerfile says after this instruction, each time that it stands there."""
    return re.findall(rf"^{name} (.*)$", (FOLDER / "Containerfile").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """The Containerfile's steps, taken."""
    container = Container(tmp_path_factory.mktemp("container"))
    locked = re.findall(
        r"^[a-z0-9-]+==[^\s;]+", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE
    )
    (container.root / "constraints.txt").write_text("\n".join(locked))
    container.run(str(UV), "venv", "-q", "--seed", "--python", sys.executable, "python")
    [copy], [install] = steps("COPY"), steps("RUN")
    source, target = copy.split()
    shutil.copytree(FOLDER / source, f"{container.root}{target}")
    container.run("sh", "-euc", install.replace(target, f"{container.root}{target}"))
    return container


@pytest.fixture
def told(container: Container) -> Iterator[Told]:
    """The container's entry point, started on the loopback."""
    [entry] = steps("ENTRYPOINT")
    command = [HOST if part == "0.0.0.0" else part for part in json.loads(entry)]
    with subprocess.Popen(
        [*command, "--port", "0"],
        cwd=container.root,
        env=container.env,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Told(process.stdout)
        finally:
            process.kill()


def test_a_back_end_takes_a_payment_from_it(told: Told) -> None:
    take_a_payment(told)


def test_a_page_gets_the_sdk_from_it(told: Told) -> None:
    script = told.value("Browser SDK")
    for address in (script, script.replace(".js", ".d.ts")):
        assert "createPayment" in requests.get(address, timeout=SECONDS).text


def test_it_brings_all_that_it_needs_and_nothing_of_the_bundle(container: Container) -> None:
    modules = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "process")
    names = ", ".join(f"pi_emulator.{name}" for name in modules)
    said = container.run("python", "-c", f"import {names}; print(pi_emulator.__file__)")
    assert said.startswith(str(container.root.resolve()))
    absent = "from importlib.util import find_spec as find; print(find('local'), find('shared'))"
    assert container.run("python", "-c", absent) == "None None\n"


def test_by_uvx(container: Container) -> None:
    command = ["tool", "run", "-q", "--python", sys.executable, "--from", str(FOLDER)]
    assert "--server-key" in container.run(str(UV), *command, "pi-emulator", "--help")


@pytest.mark.parametrize("how", [[], ["--editable"]])
def test_the_bundle_itself_says_that_it_is_no_package(tmp_path: Path, how: list[str]) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(tmp_path), *how]
    ended = subprocess.run(
        [*command, str(ROOT)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode != 0
    for line in MESSAGE.splitlines():
        assert line in ended.stderr
