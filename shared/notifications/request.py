"""Take a notification on."""

from __future__ import annotations

from collections.abc import Iterable

from shared.base.clock import Clock
from shared.base.frozen import frozen
from shared.notifications.record import BatchRecord, requested
from shared.notifications.store import NotificationStore
from shared.pi.objects import NotificationText
from shared.work.wake_ups import WakeUp, WakeUps, Work


@frozen(kw_only=True)
class NotifyParts:
    notifications: NotificationStore
    wake_ups: WakeUps[WakeUp]
    clock: Clock


def notify(
    parts: NotifyParts, key: str, text: NotificationText, uids: Iterable[str]
) -> list[BatchRecord]:
    """The batches that stand under this id. Raises Conflict, ServiceUnavailable."""
    batches = parts.notifications.take_on(key, requested(key, text, uids, parts.clock()))
    for batch in (one for one in batches if one.due_at is not None):
        parts.wake_ups.hint(WakeUp(Work.NOTIFICATION, batch.batch_id))
    return batches
