"""What the time is. Tests put another one here."""

from __future__ import annotations

import time
from collections.abc import Callable

CLOCK_SKEW_SECONDS = 300  # between us, Pi and the chain

Clock = Callable[[], int]
"""Seconds since 1970."""


def clock() -> int:
    return int(time.time())
