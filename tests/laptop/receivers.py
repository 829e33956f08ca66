"""The sample receivers of docs/webhook_receivers, run as their readers run them."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from local.processes import HOST, ROOT, environment, free_port
from tests.laptop.waiting import eventually
from tests.node import NODE, installed

SAMPLES = ROOT / "docs" / "webhook_receivers"
EXPRESS = Path(__file__).parent / "express"
UP_SECONDS = 20


def _python() -> tuple[list[str], dict[str, str]]:
    return [sys.executable, str(SAMPLES / "receiver.py")], {}


def _express() -> tuple[list[str], dict[str, str]]:
    return [NODE, str(SAMPLES / "receiver.js")], {"NODE_PATH": str(installed(EXPRESS))}


KINDS: dict[str, Callable[[], tuple[list[str], dict[str, str]]]] = {
    "python": _python,
    "express": _express,
}


class Receiver:
    """One that runs until the end of the block; what it keeps, and says, stays in `home`."""

    def __init__(self, kind: str, home: Path, *secrets: str) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}/pi-events"
        self._output = home / "output"
        command, more = KINDS[kind]()
        settings = {"PORT": str(self.port), "WEBHOOK_SECRETS": ",".join(secrets)}
        with self._output.open("a") as output:
            self._process = subprocess.Popen(
                command,
                cwd=home,
                env=environment(settings | more),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        eventually(self._listens, seconds=UP_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """As a power failure would."""
        self._process.kill()
        self._process.wait()

    def did(self) -> list[str]:
        """What it has handed out and released, one line each; also before a restart."""
        return self._output.read_text().splitlines()

    def _listens(self) -> bool:
        assert self._process.poll() is None, self._output.read_text()
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0
