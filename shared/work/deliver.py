"""Tell the app what a record owes it, then write down that it was told.

In this order: a crash in between sends the event again, with the same identity; the other order
would lose it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shared.base.observability import count
from shared.work.event_bus import EventBus
from shared.work.events import Event

Record = TypeVar("Record")


def deliver(
    bus: EventBus,
    record: Record,
    owed: Callable[[Record], Event | None],
    told: Callable[[Record], Record],
    replace: Callable[[Record, Record], tuple[Record, bool]],
) -> Record:
    """The record as it stands when it owes nothing more. Raises ServiceUnavailable; it then stays
    due. Costs 1 event and 1 write."""
    while event := owed(record):
        bus.put(event)
        # If another writer was first, its record may owe another event, or none.
        record, written = replace(record, told(record))
        if written:
            count("EventDelivered")
    return record
