"""When ledgers close by themselves: every so many seconds, which can be changed as time goes on.

The numbers and times of what has closed never change: another pace begins where it is set.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class _Stretch:
    """`closed` ledgers had closed at its start, and then one more after each `every`."""

    start: datetime
    closed: int
    every: timedelta


class Pace:
    """Stretches of time, each with a pace of its own. Ledger 1 closes one `every` after `start`."""

    def __init__(self, start: datetime, every: timedelta) -> None:
        self._stretches = [_Stretch(start, 0, every)]

    @property
    def every(self) -> timedelta:
        return self._stretches[-1].every

    def change(self, now: datetime, every: timedelta) -> None:
        start = max(now, self._stretches[-1].start)
        self._stretches.append(_Stretch(start, self.closed(start), every))

    def closed(self, at: datetime) -> int:
        """How many ledgers had closed by then."""
        stretch = self._stretches[-1]
        if at < stretch.start:
            index = bisect_right(self._stretches, at, key=lambda each: each.start)
            stretch = self._stretches[max(0, index - 1)]
        return stretch.closed + (at - stretch.start) // stretch.every

    def close_of(self, number: int) -> datetime:
        index = bisect_left(self._stretches, number, key=lambda each: each.closed)
        stretch = self._stretches[max(0, index - 1)]
        return stretch.start + (number - stretch.closed) * stretch.every

    def next_close(self, after: datetime) -> datetime:
        return self.close_of(self.closed(after) + 1)
