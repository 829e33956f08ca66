"""What was read a moment ago, kept in the memory of one environment: it is not read again yet."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

from shared.base.context import seconds

Value = TypeVar("Value")
MOST = 1000


class Seen(Generic[Value]):
    """Values by their keys, each for `life_seconds`. When there are `MOST`, all are forgotten
    before the next is kept. Safe for threads."""

    def __init__(self, life_seconds: float) -> None:
        self._life = life_seconds
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[float, Value]] = {}

    def get(self, key: Hashable) -> Value | None:
        """None: not seen, or too long ago."""
        seen_at, value = self._values.get(key, (0.0, None))
        return value if value is not None and seconds() - seen_at < self._life else None

    def forget(self, key: Hashable) -> None:
        with self._lock:
            self._values.pop(key, None)

    def keep(self, key: Hashable, value: Value) -> None:
        with self._lock:
            if len(self._values) >= MOST:
                self._values.clear()
            self._values[key] = (seconds(), value)
