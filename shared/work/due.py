"""When unfinished work is looked at again.

`due_at` is both the retry and the lease: the sweep moves it forward before it wakes a worker, so
that two sweeps do not wake two. A payment heals within two sweeps of Pi being reachable, so no
pause is longer than one and a half, but that for a person, and that of what a wallet's book is
certain to wake before: it rests, and the sweep ends that as soon as the book falls behind.
"""

from __future__ import annotations

from dataclasses import field

from shared.base.frozen import frozen

STUCK_SECONDS = 3600
ATTENTION_PAUSE_SECONDS = 24 * 3600


@frozen
class DueRow:
    """One row of the index of unfinished work. Times are seconds since 1970; `created_at` is None
    where the index does not hold it; `pending_event`: the app still has to hear of it."""

    key: str
    due_at: int
    created_at: int | None = None
    needs_review: str | None = field(default=None, metadata={"stored_as": "attention"})
    pending_event: str | None = field(default=None, metadata={"stored_as": "owed"})


def next_look(row: DueRow, now: int, sweep_seconds: int) -> int:
    """When to look at this again if it is not finished: soon while it is young, then less often."""
    if row.needs_review is not None and row.pending_event is None:
        return now + ATTENTION_PAUSE_SECONDS
    age = 0 if row.created_at is None else now - row.created_at
    return now + min(max(_shortest_pause(sweep_seconds), age // 4), longest_pause(sweep_seconds))


def longest_pause(sweep_seconds: int) -> int:
    """What is due later than that needs a person, or rests."""
    return 2 * _shortest_pause(sweep_seconds)


def most_behind(sweep_seconds: int) -> int:
    """How far a book may be behind that is read in each sweep; after two without one it is more. It
    never claims the last minute and a half."""
    return sweep_seconds * 3 // 2 + 120


def _shortest_pause(sweep_seconds: int) -> int:
    """Three quarters: due again just before the next sweep, whatever this one took."""
    return sweep_seconds * 3 // 4
