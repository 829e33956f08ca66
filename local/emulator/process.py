"""The Pi emulator as a server of its own: what stands in for Pi on the laptop and in the tests."""

import sys
from pathlib import Path
from typing import Any, Self

import requests

from local.processes import HOST, Child, environment

from .pi import APP_ID
from .registry import wallet_seed_of

START_SECONDS = 30.0
CONTROL_SECONDS = 10.0


class PiEmulator:
    """`python -m local.emulator` on a port of the loopback; `home` holds its log."""

    def __init__(self, port: int, server_key: str, home: Path) -> None:
        self.url = f"http://{HOST}:{port}"
        self.wallet_seed = wallet_seed_of(APP_ID)
        self._process = Child(
            "Pi emulator",
            [
                sys.executable,
                "-m",
                "local.emulator",
                "--port",
                str(port),
                f"--server-key={server_key}",  # which may begin with a dash
            ],
            log=home / "emulator.log",
            env=environment(),
        )

    def wait_ready(self) -> Self:
        """Wait until it answers."""
        self._process.wait_until(self._answers, seconds=START_SECONDS)
        return self

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the emulator's control API (`/_emulator` + path); returns its JSON, if any."""
        url = f"{self.url}/_emulator{path}"
        response = requests.request(method, url, json=body, timeout=CONTROL_SECONDS)
        response.raise_for_status()
        return response.json() if response.content else None

    def stop(self) -> None:
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/_emulator/health", timeout=2).ok
        except requests.RequestException:
            return False
