"""What time it is. Tests give the parts a clock of their own."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Seconds since 1970."""


def clock() -> int:
    return int(time.time())
