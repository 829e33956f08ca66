"""A batch as the app is told of it."""

from __future__ import annotations

from shared.notifications.record import BatchRecord
from shared.work.events import Event, event

OUTCOMES = ("delivered", "not_consented", "over_quota", "refused", "unclear")


def batch_event(record: BatchRecord) -> Event | None:
    """The event that this batch owes; None if it owes none."""
    if record.pending_event is None:
        return None
    notification_id, _, number = record.batch_id.rpartition("#")
    detail = {
        "notification_id": notification_id,
        "batch": int(number),
        "batches": record.batches,
        **{outcome: list(getattr(record, outcome)) for outcome in OUTCOMES},
        "reason": record.reason,
        "requested_at": record.requested_at,
        "closed_at": record.closed_at,
    }
    return event(record.pending_event, record.batch_id, detail)
