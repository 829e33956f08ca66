"""Find unfinished work and wake the worker for it. Run on a schedule; two at once do no harm.

For each row the time of the next look is written first, on condition that no other sweep did, then
the worker is woken. A crash in between costs one pause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from shared.aws.dynamodb import DUE_SHARDS
from shared.base.clock import Clock
from shared.base.context import remaining
from shared.base.errors import ServiceUnavailable
from shared.base.observability import gauge, logger
from shared.work.due import STUCK_SECONDS, DueRow, next_look
from shared.work.due_index import DueIndex

MOST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class DueWork:
    """One table's unfinished work. `wake` is given a record's key and when it is due next. Its
    levels are called after `counted`; None: it is read only when it is due, and not counted."""

    index: DueIndex
    wake: Callable[[str, int], None]
    counted: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepParts:
    """`sweep_seconds` is the time from one sweep to the next, `alarm_seconds` the age above which
    what is unfinished alarms. `is_book` tells a wallet's book from a table's other rows. `compare`
    is done at the end of each sweep."""

    tables: Sequence[DueWork]
    is_book: Callable[[str], bool]
    compare: Callable[[], None]
    sweep_seconds: int
    alarm_seconds: int
    clock: Clock


@dataclass(slots=True)
class Tally:
    """What an index of unfinished work holds; ages in seconds."""

    unfinished: int = 0
    stuck: int = 0
    needs_review: int = 0
    oldest: int = 0

    def add(self, row: DueRow, now: int) -> None:
        self.unfinished += 1
        if row.needs_review is not None:
            self.needs_review += 1
        elif row.created_at is not None:
            self.oldest = max(self.oldest, now - row.created_at)
            self.stuck += now - row.created_at > STUCK_SECONDS


@dataclass(slots=True)
class Found:
    """What a sweep has come by so far."""

    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    woken: int = 0
    failed: int = 0
    book_behind: int = 0

    def add_book(self, row: DueRow, now: int) -> None:
        """Such a row says until when the book was read where others say since when they wait."""
        self.book_behind = max(self.book_behind, now - (row.created_at or 0))


def sweep(parts: SweepParts) -> int:
    """The number of wake-ups sent. Raises ServiceUnavailable if the index cannot be read, or if
    rows keep failing; the next sweep goes on.

    Costs, per shard, the reading of unfinished work, and per due row one write and one message.
    """
    found, is_complete = Found(), False
    try:
        is_complete = _wake_all(parts, found, parts.clock())
    finally:
        _report(parts, found, is_complete=is_complete)
    parts.compare()
    if found.failed and not found.woken:
        raise ServiceUnavailable  # so that the alarm on its errors rings
    return found.woken


def _wake_all(parts: SweepParts, found: Found, now: int) -> bool:
    """Everything unfinished is read, so that it can be counted; of what is not counted only what is
    due. Whether the time was enough for all of it."""
    for work, shard in _stretches(parts, now):
        if remaining() == 0:
            return False
        for row in work.index.unfinished(shard, due_by=None if work.counted else now):
            if remaining() == 0:
                return False
            _look_at(parts, found, work, row, now)
    return True


def _look_at(parts: SweepParts, found: Found, work: DueWork, row: DueRow, now: int) -> None:
    if parts.is_book(row.key):
        found.add_book(row, now)
    elif work.counted is not None:
        found.tallies[work.counted].add(row, now)
    if row.due_at > now:
        return
    try:
        found.woken += _wake(parts, work, row, now)
    except ServiceUnavailable:
        # One bad row holds up no other; a service that is down need not be waited for.
        found.failed += 1
        if found.failed > MOST_FAILURES:
            raise


def _wake(parts: SweepParts, work: DueWork, row: DueRow, now: int) -> bool:
    waiting = replace(row, created_at=None) if parts.is_book(row.key) else row
    later = next_look(waiting, now, parts.sweep_seconds)
    if not work.index.push(row, later):
        return False
    work.wake(row.key, later)
    return True


def _stretches(parts: SweepParts, now: int) -> Iterator[tuple[DueWork, str]]:
    """Of each kind each shard. The first one rotates, so that none is always last when time is
    short."""
    start = now // parts.sweep_seconds
    for n in range(DUE_SHARDS):
        for work in parts.tables:
            yield work, str((start + n) % DUE_SHARDS)


def _report(parts: SweepParts, found: Found, *, is_complete: bool) -> None:
    """What a sweep that could not finish has seen is a lower bound: true, but it must not end an
    alarm that a whole sweep has started. So a level that is too low to alarm is left out."""
    if not is_complete:
        logger.warning("The sweep could not finish", extra={"woken": found.woken})
    gauge("SweepIncomplete", int(not is_complete))
    gauge("WakeUps", found.woken)
    if is_complete or found.book_behind > parts.alarm_seconds:
        gauge("BookSecondsBehind", found.book_behind)
    for name in (work.counted for work in parts.tables if work.counted):
        tally = found.tallies[name]
        levels = {
            f"{name}sUnfinished": (tally.unfinished, 0),
            f"{name}sStuck": (tally.stuck, 0),
            f"{name}sAttention": (tally.needs_review, 0),
            f"Oldest{name}Seconds": (tally.oldest, parts.alarm_seconds),
        }
        for level, (value, alarms_above) in levels.items():
            if is_complete or value > alarms_above:
                gauge(level, value)
