"""Find unfinished work and wake the worker for it. Run on a schedule; two at once do no harm.

For each row the time of the next look is written first, on condition that no other sweep did, then
the worker is woken. A crash in between costs one pause.

Of each kind each shard gets its share, side by side, so no backlog holds up another one. What a
shard has beyond its share is left to the worker: behind the wake-ups lies one more, about the rest
of the shard, so the next share is woken when this one is done. No more is ever woken than the
workers soon come to, since what lies in the queue for long would be woken once more.

What rests until a wallet's book wakes it is made due at once if a book is not read on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from itertools import islice

from shared.aws.dynamodb import DUE_SHARDS
from shared.base.clock import Clock
from shared.base.context import remaining
from shared.base.errors import ServiceUnavailable
from shared.base.frozen import frozen
from shared.base.observability import gauge, logger
from shared.work.due import STUCK_SECONDS, DueRow, longest_pause, most_behind, next_look
from shared.work.due_index import DueIndex

ROWS_IN_A_CALL = 25
MOST_IN_A_STEP = 1000  # of a shard, by the worker: it has seconds for it


@frozen(kw_only=True)
class DueWork:
    """One table's unfinished work. `wake` is given keys, each with when it is due next, and answers
    how many wake-ups were not sent; `waiting` says about how many lie in its queue, `crowd` of how
    many on what is due may well be among them. `share` is the most that is woken of a shard at a
    time; then `go_on` leaves the rest of the shard to the worker. None: the rest waits for the next
    sweep. What is not `counted` is read only when it is due. `may_rest`: of what is due much later,
    all that needs nobody rests until a wallet's book wakes it."""

    name: str
    index: DueIndex
    wake: Callable[[Sequence[tuple[str, int]]], int]
    waiting: Callable[[], int]
    crowd: int
    share: int
    counted: bool
    go_on: Callable[[str], None] | None = None
    may_rest: bool = False


@frozen(kw_only=True)
class WakeParts:
    """`sweep_seconds` is the time from one sweep to the next. `is_book` tells a wallet's book from
    a table's other rows."""

    kinds: Sequence[DueWork]
    is_book: Callable[[str], bool]
    sweep_seconds: int
    clock: Clock


@frozen(kw_only=True)
class SweepParts:
    """`alarm_seconds` is the age above which what is unfinished alarms. `compare` is done at the
    end of each sweep."""

    waking: WakeParts
    compare: Callable[[], None]
    alarm_seconds: int
    executor: Executor


@dataclass(slots=True)
class Levels:
    """Of unfinished work; ages in seconds."""

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


def total(levels: Iterable[Levels]) -> Levels:
    joined = Levels()
    for each in levels:
        joined.unfinished += each.unfinished
        joined.stuck += each.stuck
        joined.needs_review += each.needs_review
        joined.oldest = max(joined.oldest, each.oldest)
    return joined


@dataclass(slots=True)
class Found:
    """What was come by in one shard of a kind. `book_behind`: by how many seconds the wallet's book
    is that is most behind; None: there is none. `has_resting`: some of it rests. `is_more`: more is
    due than its share; `is_served`: no call failed; `refused` is how many of a call that went well
    were not taken."""

    levels: Levels = field(default_factory=Levels)
    book_behind: int | None = None
    has_resting: bool = False
    is_more: bool = False
    is_complete: bool = False
    is_served: bool = True
    woken: int = 0
    refused: int = 0

    def add_book(self, row: DueRow, now: int) -> None:
        """Such a row says until when the book was read where others say since when they wait."""
        self.book_behind = max(self.book_behind or 0, now - (row.created_at or 0))


def sweep(parts: SweepParts) -> int:
    """The number of wake-ups sent. Raises ServiceUnavailable if a call failed, or if nothing of
    what is due could be woken; the next sweep goes on. What fails in one shard holds up no other.

    Costs, per shard, the reading of unfinished work, and for 25 due rows one write and three calls
    to a queue.
    """
    waking = parts.waking
    now = waking.clock()
    queues = {kind.waiting for kind in waking.kinds}
    lengths = {waiting: _length(waiting) for waiting in queues}
    start = now // waking.sweep_seconds  # so that no shard is always last when time is short
    shards = [str((start + n) % DUE_SHARDS) for n in range(DUE_SHARDS)]
    everything = [(kind, shard) for shard in shards for kind in waking.kinds]

    def sized(kind: DueWork) -> DueWork:
        # A crowd may be another kind's: so a few are woken all the same.
        if lengths[kind.waiting] >= kind.crowd:
            return replace(kind, share=min(kind.share, ROWS_IN_A_CALL), go_on=None)
        return kind

    def look(kind: DueWork, shard: str) -> Found:
        kind = sized(kind)
        return _wake_some(waking, kind, shard, now, kind.share)

    def end_rests(kind: DueWork, shard: str) -> bool:
        return _end_rests(waking, sized(kind), shard, now)

    found = list(parts.executor.map(look, *zip(*everything, strict=True)))
    of_kinds = [(kind, each) for (kind, _), each in zip(everything, found, strict=True)]
    is_served = all(each.is_served for each in found)
    if _rests_in_vain(waking, [each for kind, each in of_kinds if kind.may_rest]):
        resting = [(kind, shard) for kind, shard in everything if kind.may_rest]
        is_served &= all(list(parts.executor.map(end_rests, *zip(*resting, strict=True))))
    _report(parts, of_kinds)
    parts.compare()
    woken = sum(each.woken for each in found)
    if not is_served or (not woken and any(each.refused for each in found)):
        raise ServiceUnavailable  # so that the alarm on its errors rings
    return woken


def sweep_on(parts: WakeParts, key: str) -> None:
    """Wake the next share of what is due in a shard: what `rest_of` names. Raises
    ServiceUnavailable; the next sweep goes on."""
    name, _, shard = key.partition("#")
    kind = {kind.name: kind for kind in parts.kinds}.get(name)
    if kind is None:
        return
    only_due, share = replace(kind, counted=False), min(kind.share, MOST_IN_A_STEP)
    found = _wake_some(parts, only_due, shard, parts.clock(), share)
    if not found.is_served:
        raise ServiceUnavailable


def rest_of(kind: DueWork, shard: str) -> str:
    """The key of a wake-up that is about the rest of this shard."""
    return f"{kind.name}#{shard}"


def _length(waiting: Callable[[], int]) -> int:
    """If it cannot be told, none: to be woken twice does no harm."""
    try:
        return waiting()
    except ServiceUnavailable:
        return 0


def _wake_some(parts: WakeParts, kind: DueWork, shard: str, now: int, share: int) -> Found:
    found = Found()
    due = _read(parts, kind, shard, now, share, found)
    try:
        while some := list(islice(due, ROWS_IN_A_CALL)):
            _wake(parts, kind, some, now, found)
        is_left = found.is_more or not found.is_complete  # there was no time for it
        if is_left and found.is_served and found.woken and kind.go_on is not None:
            kind.go_on(rest_of(kind, shard))
    except ServiceUnavailable:  # each call was tried twice: what is down need not be waited for
        found.is_served = False
        deque(due, maxlen=0)  # what is left is counted all the same
    return found


def _read(
    parts: WakeParts, kind: DueWork, shard: str, now: int, share: int, found: Found
) -> Iterator[DueRow]:
    """What is due, as far as the share goes, and each book. Everything unfinished is read, so that
    it can be counted; of what is not counted only what is due."""
    rows = kind.index.unfinished(shard, due_by=None if kind.counted else now)
    left = share
    try:
        while remaining() > 0:
            if (row := next(rows, None)) is None:
                found.is_complete = True
                return
            if parts.is_book(row.key):
                found.add_book(row, now)
            else:
                found.levels.add(row, now)
                found.has_resting |= kind.may_rest and _is_resting(parts, row, now)
            if row.due_at > now:
                continue
            if left > 0 or parts.is_book(row.key):  # what rests relies on it, whatever is due
                left -= 1
                yield row
                continue
            found.is_more = True
            if not kind.counted:
                found.is_complete = True
                return
    except ServiceUnavailable:
        found.is_served = False


def _wake(parts: WakeParts, kind: DueWork, rows: Sequence[DueRow], now: int, found: Found) -> None:
    moves = [(row, _next_look(parts, row, now)) for row in rows]
    pushed = kind.index.push(moves)
    moved = [(row.key, at) for (row, at), is_moved in zip(moves, pushed, strict=True) if is_moved]
    refused = kind.wake(moved) if moved else 0
    found.woken += len(moved) - refused
    found.refused += pushed.count(None) + refused


def _rests_in_vain(parts: WakeParts, found: Sequence[Found]) -> bool:
    """Whether something rests, and a wallet's book was not read as lately as it should have been.
    What is due comes first, and a book always is; so there is none only if all was read."""
    if not any(each.has_resting for each in found):
        return False
    behind = [each.book_behind for each in found if each.book_behind is not None]
    if not behind:
        return all(each.is_complete for each in found)
    return max(behind) > most_behind(parts.sweep_seconds)


def _is_resting(parts: WakeParts, row: DueRow, now: int) -> bool:
    return row.needs_review is None and row.due_at > now + longest_pause(parts.sweep_seconds)


def _end_rests(parts: WakeParts, kind: DueWork, shard: str, now: int) -> bool:
    """Make due what rests in a shard, and leave it to the worker to wake it share by share; whether
    no call failed."""
    later = now + longest_pause(parts.sweep_seconds)
    try:
        rows = kind.index.unfinished(shard, due_after=later)
        resting = (row for row in rows if _is_resting(parts, row, now))
        is_any = False
        while remaining() > 0 and (some := list(islice(resting, ROWS_IN_A_CALL))):
            kind.index.push([(row, now) for row in some])
            is_any = True
        if is_any and kind.go_on is not None:
            kind.go_on(rest_of(kind, shard))
    except ServiceUnavailable:
        return False
    return True


def _next_look(parts: WakeParts, row: DueRow, now: int) -> int:
    waiting = replace(row, created_at=None) if parts.is_book(row.key) else row
    return next_look(waiting, now, parts.sweep_seconds)


def _report(parts: SweepParts, found: Sequence[tuple[DueWork, Found]]) -> None:
    """What a sweep that could not finish has seen is a lower bound: true, but it must not end an
    alarm that a whole sweep has started. So a level that is too low to alarm is left out."""
    is_complete = all(each.is_complete for _, each in found)
    woken = sum(each.woken for _, each in found)
    if not is_complete:
        logger.warning("The sweep could not finish", extra={"woken": woken})
    gauge("SweepIncomplete", int(not is_complete))
    gauge("WakeUps", woken)
    book_behind = max(each.book_behind or 0 for _, each in found)
    if is_complete or book_behind > parts.alarm_seconds:
        gauge("BookSecondsBehind", book_behind)
    for kind in parts.waking.kinds:
        if not kind.counted:
            continue
        of_kind = total(each.levels for of, each in found if of is kind)
        levels = {
            f"{kind.name}sUnfinished": (of_kind.unfinished, 0),
            f"{kind.name}sAttention": (of_kind.needs_review, 0),
            f"Oldest{kind.name}Seconds": (of_kind.oldest, parts.alarm_seconds),
        }
        for level, (value, alarms_above) in levels.items():
            if is_complete or value > alarms_above:
                gauge(level, value)
        if of_kind.stuck:  # no alarm reads it, and a metric costs each hour in which it is sent
            gauge(f"{kind.name}sStuck", of_kind.stuck)
