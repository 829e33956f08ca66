"""What the app is told. Each event has an identity that stays the same however often it is sent,
and says what was true when it came to be owed, also if more has happened to its record since.

The shapes are documented in docs/events/ and checked against them. No personal data beyond the uid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from shared.base.frozen import frozen


@frozen
class Event:
    """`event_id` is the business id and the type, and the time of a blocking, of which a payout may
    have several: a consumer that has seen it drops the rest."""

    type: str
    event_id: str
    detail: Mapping[str, Any]


class Teller(Protocol):
    """A record, as far as it says which event it owes."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def pending_event(self) -> str | None: ...
    @property
    def last_event(self) -> str | None: ...
    @property
    def event_sequence(self) -> int | None: ...
    @property
    def version(self) -> int: ...


AnyTeller = TypeVar("AnyTeller", bound=Teller)


def owing(record: AnyTeller, event: str) -> AnyTeller:
    """The record as its next version, which comes to owe this event: `last_event` is the one that
    it came to owe last, told or not."""
    return replace(record, pending_event=event, last_event=event, event_sequence=record.version + 1)


def event(
    record: Teller, business_id: str, detail: Mapping[str, Any], which: int | None = None
) -> Event:
    """The one that this record owes."""
    kind = str(record.pending_event)
    event_id = f"{business_id}:{kind}" + (f":{which}" if which is not None else "")
    own = {"event_id": event_id, "sequence": _sequence(record)}
    return Event(kind, event_id, {**own, **detail})


def _sequence(record: Teller) -> int:
    """Greater than that of any event that the record told before, and the same however often this
    one is sent. What a former version came to owe has none: then what it is now will do."""
    is_of_this = record.last_event == record.pending_event
    return (record.event_sequence if is_of_this else None) or record.version
