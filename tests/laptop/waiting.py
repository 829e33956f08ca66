"""Waiting for what other processes do: as short as possible, and never for ever."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

POLL_SECONDS = 0.05


def eventually(condition: Callable[[], bool], *, seconds: float) -> None:
    """Return as soon as the condition holds; fail if it does not in time."""
    pause, give_up = Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it never happened"
        pause.wait(POLL_SECONDS)


def is_running(pid: int) -> bool:
    """Whether the process exists and has not ended; one that ended may wait for its burial."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
