"""A reward as its front end sees it, and as the app is told of it."""

from __future__ import annotations

from typing import Any

from shared.rewards.record import RewardRecord
from shared.work.events import Event, event


def reward(record: RewardRecord) -> dict[str, Any]:
    return {"ad_id": record.ad_id, "state": record.state, "granted_at": record.granted_at}


def reward_event(record: RewardRecord) -> Event | None:
    """The event that this reward owes; None if it owes none."""
    if record.pending_event is None:
        return None
    return event(
        record,
        record.ad_id,
        {"ad_id": record.ad_id, "uid": record.uid, "granted_at": record.granted_at},
    )
