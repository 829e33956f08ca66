"""Starts and ends the laptop's servers and tools.

Every child is tethered (it dies with us, however we die), has a session of its own (Ctrl-C reaches
us alone, and we end it in order) and writes to a log file, which an error shows the end of.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TETHER = Path(__file__).with_name("tether.py")
HOST = "127.0.0.1"

POLL_SECONDS = 0.05
GRACE_SECONDS = 3.0
LOG_LINES_SHOWN = 25

# What a child may learn of our environment: no credentials, no settings of somebody's AWS.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TERM", "VIRTUAL_ENV", "XDG_CACHE_HOME")
_NETWORK = ("PROXY", "CERT", "CERT_FILE", "CA_BUNDLE", "CERT_DIR", "CA_CERTS")


class PortTakenError(RuntimeError):
    """Somebody else listens on a port that we were told to use."""


class ProcessFailedError(RuntimeError):
    """A tool ended with an error, or a server ended before it was ready."""


def free_port() -> int:
    """A port of the loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, *, what: str, setting: str) -> None:
    """Raise PortTakenError if somebody listens; it names the Make variable that moves us."""
    with socket.socket() as probe:
        # As the servers do: a port that only waits for its last packets is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as taken:
            raise PortTakenError(
                f"Port {port} for {what} is taken. Stop what listens there, "
                f"or choose another one: make run {setting}={port + 100}"
            ) from taken


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: what finds its programs and the network, and nothing private."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or name.upper().endswith(_NETWORK) or name.startswith(("PIP_", "UV_"))
    }
    ours = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
    }
    return {**inherited, **ours, **(extra or {})}


class Child:
    """One started command. `stop` ends it and everything that it started."""

    def __init__(
        self, name: str, command: list[str], *, log: Path, env: Mapping[str, str], cwd: Path = ROOT
    ) -> None:
        """Call it from the main thread: on Linux a tether is to the thread that starts it."""
        self.name = name
        self.log = log
        self._stopped = False
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(TETHER), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, *, seconds: float) -> None:
        """Wait until the command has ended well; ProcessFailedError if it has not."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self.stop()
            raise ProcessFailedError(
                f"{self.name} took over {seconds:.0f} s{self.tail()}"
            ) from late
        if status:
            raise ProcessFailedError(f"{self.name} ended with status {status}{self.tail()}")

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until a server says that it is ready; ProcessFailedError if it never does."""
        give_up = time.monotonic() + seconds
        while not ready():
            if not self.running():
                raise ProcessFailedError(f"{self.name} ended before it was ready{self.tail()}")
            if time.monotonic() > give_up:
                self.stop()
                raise ProcessFailedError(
                    f"{self.name} was not ready after {seconds:.0f} s{self.tail()}"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the command, politely first, and then whatever it left of its session."""
        if self._stopped:
            return
        self._stopped = True
        if self.running():
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self) -> str:
        """The end of the log, to stand under an error."""
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return "\n  ".join([f" (all of it: {self.log})", *lines])
