"""Take a notification on; send each of its batches, and tell the app what became of the users."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.base.clock import Clock
from shared.base.errors import BundleError, PiInvalidResponse, PiOutcomeUnknown
from shared.notifications import record as its
from shared.notifications.store import NotificationStore
from shared.notifications.view import batch_event
from shared.pi.client import PiClient
from shared.pi.objects import NotificationText
from shared.work.deliver import deliver
from shared.work.event_bus import EventBus
from shared.work.wake_ups import WakeUp, WakeUps, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyParts:
    notifications: NotificationStore
    wake_ups: WakeUps
    clock: Clock


def notify(
    parts: NotifyParts, key: str, text: NotificationText, uids: Iterable[str]
) -> list[its.BatchRecord]:
    """The batches that stand under this id. Raises Conflict, ServiceUnavailable."""
    batches = parts.notifications.take_on(key, its.requested(key, text, uids, parts.clock()))
    for batch in (one for one in batches if one.due_at is not None):
        parts.wake_ups.hint(WakeUp(Work.NOTIFICATION, batch.batch_id))
    return batches


@dataclass(frozen=True, slots=True, kw_only=True)
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
