"""What a back end missed during its own outage: which events there were, and one of them once more.

Nothing is written. An event is made anew from its record, with the identity and content that it
had, so a consumer that has seen it drops it. Only the last event of a record can be had: the late
`PaymentCancelled` of a completed payment would only mislead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from shared.aws.dynamodb import day_of
from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.errors import BadRequest, NotFound, UnreadableRecord
from shared.base.frozen import frozen
from shared.base.identifiers import AD_ID
from shared.base.observability import count
from shared.replay.closed_index import ClosedIndex
from shared.work.event_bus import EventBus
from shared.work.events import Event

MOST_QUERIES = 20  # for one page: a quiet month takes several
MOST_DAYS = 31  # that a back end can look back
# The business id, the type, and the moment of a blocking.
EVENT_ID = re.compile(rf"({AD_ID.pattern}):([A-Za-z]{{1,32}})(:[0-9]{{1,12}})?")


@frozen
class Kind:
    """A kind of record. `types` are the events of a closed one, `days` the indexes that find what
    was closed, `event` gives what a record owes."""

    types: frozenset[str]
    days: Sequence[ClosedIndex]
    get: Callable[[str], Any]
    event: Callable[[Any], Event | None]

    def last_event(self, key: str) -> Event | None:
        """The last one that the record with this key came to owe, told or not; None: none, or a
        former version told it. Raises UnreadableRecord."""
        record = self.get(key)
        if record is None:
            return None
        return self.event(replace(record, pending_event=record.pending_event or record.last_event))


@frozen(kw_only=True)
class ReplayParts:
    kinds: Sequence[Kind]
    bus: EventBus
    clock: Clock


@frozen
class Cursor:
    """Where the next page starts: the day, the index among those of all kinds, and the key after
    which it does; None: at its beginning."""

    day: str
    place: int
    after: str | None


def list_events(
    parts: ReplayParts, since: int, limit: int, cursor: Cursor | None
) -> tuple[list[Event], Cursor | None]:
    """The last event of each record that was closed since then (seconds since 1970), by day; and
    where the next page starts, None: that was all. A page may have fewer than `limit`, or none.

    Rewards count as closed when they are granted. Raises BadRequest `invalid_since`,
    `invalid_cursor`. Costs a read per event, and a query per kind and day.
    """
    now = parts.clock()
    if not now - MOST_DAYS * 24 * 3600 <= since <= now:
        message = f"since must be seconds since 1970, at most {MOST_DAYS} days ago."
        raise BadRequest("invalid_since", message)
    places = [(kind, index) for kind in parts.kinds for index in kind.days]
    at, read, found = cursor or Cursor(day_of(since), 0, None), 0, list[Event]()
    if at.place >= len(places):
        raise BadRequest("invalid_cursor", "next must be the value that the previous page gave.")
    for _ in range(MOST_QUERIES):
        if at.day > day_of(now):
            return found, None
        if read >= limit:
            break
        kind, index = places[at.place]
        keys, after = index.page(at.day, limit - read, at.after)
        read += len(keys)
        found += [event for key in keys if (event := _closed_since(kind, key, since))]
        at = _next(at, after, len(places))
    return found, at


def send_again(parts: ReplayParts, event_id: str) -> Event:
    """Put it on the bus once more. Raises BadRequest `invalid_event_id`, NotFound
    `event_not_found`, ServiceUnavailable. Costs a read and an event."""
    match = EVENT_ID.fullmatch(event_id)
    if match is None:
        raise BadRequest("invalid_event_id", "event_id must be that of an event.")
    concerning(match[1])
    kinds = (kind for kind in parts.kinds if match[2] in kind.types)
    event = next((kind.last_event(match[1]) for kind in kinds), None)
    if event is None or event.event_id != event_id:
        raise NotFound("event_not_found", "There is no such event, or a later one has followed.")
    parts.bus.put(event)
    count("EventDelivered")
    return event


def _closed_since(kind: Kind, key: str, since: int) -> Event | None:
    with suppress(UnreadableRecord):  # counted; it holds up no other
        event = kind.last_event(key)
        if event is not None and _closed_at(event) >= since:
            return event
    return None


def _closed_at(event: Event) -> int:
    closed_at: int | None = event.detail.get("closed_at") or event.detail.get("granted_at")
    return closed_at or 0


def _next(at: Cursor, after: str | None, places: int) -> Cursor:
    if after is not None:
        return replace(at, after=after)
    if at.place + 1 < places:
        return Cursor(at.day, at.place + 1, None)
    tomorrow = date.fromisoformat(at.day) + timedelta(days=1)
    return Cursor(tomorrow.isoformat(), 0, None)
