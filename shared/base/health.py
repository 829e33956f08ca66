"""How a server is doing, as one environment has met it lately: how many calls it may have at once.

A call to a server that does not answer costs its whole time-out. So after ten of them in a row
only one call at a time looks whether the server is back. Who comes meanwhile waits for what it
finds, and is not sent if it finds nothing; nor is who comes right after it. A server that is asked
too much (429) gets half as many calls at once; as many good answers in a row let in one more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from shared.base.context import remaining, seconds

MOST_AT_ONCE = 10  # as many as there are tasks side by side
DOWN_AFTER = 10  # failures in a row: as many as there are calls at once, so not one was answered
SLOW_SECONDS = 1.0  # what fails sooner costs little
REMEMBERED_SECONDS = 0.1


class Outcome(Enum):
    """Of one call."""

    ANSWERED = auto()
    BUSY = auto()  # 429
    FAILED = auto()  # there was no answer


class Down(Exception):
    """Not sent: the server has just been seen not to answer."""


class Call:
    """One call to the server. What it came to must be said; else it failed. One that is tried again
    is not `counted`: what fails by itself, however often it is tried, is no sign of the server.
    `began` is in seconds of the invocation's clock."""

    def __init__(self, *, counted: bool) -> None:
        self.outcome, self.counted, self.began = Outcome.FAILED, counted, seconds()


class Health:
    """Of one server. Safe for threads; nothing in it belongs to one invocation."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way = 0
        self._most, self._good_in_a_row = MOST_AT_ONCE, 0
        self._failures, self._failed_at = 0, 0.0

    @contextmanager
    def turn(self, *, counted: bool = True) -> Iterator[Call]:
        """Around a call; waits until there may be one more. Raises Down."""
        self._wait()
        call = Call(counted=counted)
        try:
            yield call
        finally:
            with self._changed:
                self._under_way -= 1
                self._note(call, is_slow=seconds() - call.began >= SLOW_SECONDS)
                self._changed.notify_all()

    def _wait(self) -> None:
        with self._changed:
            seen = self._failures
            if self.is_down and seconds() - self._failed_at < REMEMBERED_SECONDS:
                raise Down
            while self._under_way >= (1 if self.is_down else self._most):
                has_changed = self._changed.wait(timeout=remaining())
                if not has_changed or (self.is_down and self._failures > seen):
                    raise Down
            self._under_way += 1

    @property
    def is_down(self) -> bool:
        return self._failures >= DOWN_AFTER

    def _note(self, call: Call, *, is_slow: bool) -> None:
        match call.outcome:
            case Outcome.ANSWERED:
                self._failures = 0
                self._good_in_a_row += 1
                if self._good_in_a_row >= self._most < MOST_AT_ONCE:
                    self._most, self._good_in_a_row = self._most + 1, 0
            case Outcome.BUSY:
                self._failures = 0
                self._most, self._good_in_a_row = max(1, self._most // 2), 0
            case Outcome.FAILED if is_slow and (call.counted or self.is_down):
                self._failures += 1
                self._failed_at = seconds()
