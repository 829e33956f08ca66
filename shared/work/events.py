"""What the app is told. Each event has an identity that stays the same however often it is sent,
and says what was true when it came to be owed, also if more has happened to its record since.

The shapes are documented in docs/events/ and checked against them. No personal data beyond the uid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """`event_id` is the business id and the type, and the time of a blocking, of which a payout may
    have several: a consumer that has seen it drops the rest."""

    type: str
    event_id: str
    detail: Mapping[str, Any]


def event(
    kind: str, business_id: str, detail: Mapping[str, Any], which: int | None = None
) -> Event:
    event_id = f"{business_id}:{kind}" + (f":{which}" if which is not None else "")
    return Event(str(kind), event_id, {"event_id": event_id, **detail})
