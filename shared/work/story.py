"""What became of a record: each transition appends to its story, in the same write.

A person, a console and an accountant read it, and need no log to know what happened to money. It
begins with the first change; how a record began stands in the record itself, but for one that began
at another back end.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from shared.base.frozen import frozen

MOST_ENTRIES = 40
ELSEWHERE = "elsewhere"  # the state before its first here, of what began at another back end
REFUND = "refund "  # of a payment, and the payout's id: money, though its state stays


@frozen
class Entry:
    """At `at` (seconds since 1970) the record came from state `was` to `state`, `why`, written by a
    route or function (`by`) as this `version`. A wait stays in its state; one that came again in
    turn is counted in `times`, the last time at `until`."""

    at: int
    was: str
    state: str
    why: str | None
    by: str | None
    version: int
    times: int = 1
    until: int | None = None

    @property
    def is_wait(self) -> bool:
        is_refund = self.why is not None and self.why.startswith(REFUND)
        return self.was == self.state and not is_refund


Story = tuple[Entry, ...]


def continued(story: Story, entry: Entry) -> Story:
    """With one more entry; the same wait once more only counts."""
    last = story[-1] if story else None
    both_wait = last is not None and last.is_wait and entry.is_wait
    if last and both_wait and (last.state, last.why) == (entry.state, entry.why):
        again = replace(last, times=last.times + 1, until=entry.at, version=entry.version)
        return (*story[:-1], again)
    return _folded((*story, entry))


def told(story: Story) -> list[dict[str, Any]]:
    """For people and programs: seconds since 1970."""
    names = ("at", "was", "state", "why", "by", "times", "until")
    return [{name: getattr(entry, name) for name in names} for entry in story]


def _folded(story: Story) -> Story:
    """The oldest waits become one, so that what happened to money stays however long it takes; of
    changes alone, the oldest but the first goes."""
    while len(story) > MOST_ENTRIES:
        story = _shorter(story)
    return story


def _shorter(story: Story) -> Story:
    for n, (one, other) in enumerate(pairwise(story)):
        if one.is_wait and other.is_wait:
            both = replace(other, at=one.at, times=one.times + other.times)
            return (*story[:n], replace(both, until=other.until or other.at), *story[n + 2 :])
    oldest = next((n for n, one in enumerate(story) if one.is_wait), 1)
    return (*story[:oldest], *story[oldest + 1 :])
