"""Send a batch, and tell the app what became of each user."""

from __future__ import annotations

from shared.base.clock import Clock
from shared.base.errors import BundleError, PiInvalidResponse, PiOutcomeUnknown
from shared.base.frozen import frozen
from shared.notifications import record as its
from shared.notifications.store import NotificationStore
from shared.pi.client import PiClient
from shared.work.deliver import deliver
from shared.work.event_bus import EventBus
from shared.work.events import Event, event


@frozen(kw_only=True)
class SendParts:
    notifications: NotificationStore
    pi: PiClient
    bus: EventBus
    clock: Clock


def send_batch(parts: SendParts, batch_id: str) -> None:
    """Do all that can be done now for this batch. Raises BundleError: it stays due."""
    store = parts.notifications
    if (record := store.get(batch_id)) is None:
        return
    while record.state is its.BatchState.PENDING:
        record = _send(parts, record)
    if its.is_given_up(record, parts.clock()):
        record, _ = store.replace(record, its.unclear(record, parts.clock()))
    deliver(parts.bus, record, batch_event, its.told, store.replace)


def _send(parts: SendParts, record: its.BatchRecord) -> its.BatchRecord:
    """Source: reference, in-app notifications."""
    record, is_mine = parts.notifications.replace(record, its.sending(record, parts.clock()))
    if not is_mine:
        return record
    try:
        answer = parts.pi.notify(record.pending, record.text)
        new = its.answered(record, answer, parts.clock())
    except (PiOutcomeUnknown, PiInvalidResponse):
        new = its.unclear(record, parts.clock())
    except BundleError as held_up:  # as `notify` says, Pi did nothing
        parts.notifications.replace(record, its.waiting(record, held_up.code))
        raise
    return parts.notifications.replace(record, new)[0]


def batch_event(record: its.BatchRecord) -> Event | None:
    """The event that this batch owes; None if it owes none."""
    if record.pending_event is None:
        return None
    notification_id, _, number = record.batch_id.rpartition(":")
    detail = {
        "notification_id": notification_id,
        "batch": int(number),
        "batches": record.batches,
        **{outcome: list(getattr(record, outcome)) for outcome in its.OUTCOMES},
        "reason": record.reason,
        "requested_at": record.requested_at,
        "closed_at": record.closed_at,
    }
    return event(record, record.batch_id, detail)
