"""The Notifications table: a record per batch, all of a notification's put in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from shared.aws.codec import item_of
from shared.aws.dynamodb import Item, due_keys
from shared.aws.table import Table
from shared.base.clock import Clock, clock
from shared.base.errors import Conflict
from shared.notifications.record import BatchRecord
from shared.work.records import Records

KEY = "id"  # `<notification_id>:<number>`: no id that an operator chooses has a colon


class NotificationStore(Records[BatchRecord]):
    def __init__(self, table: Table, clock: Clock = clock) -> None:
        super().__init__(table, BatchRecord, _item, lambda one: one.reason, clock)

    def batches(self, notification_id: str) -> list[BatchRecord]:
        """Empty: there is no such notification."""
        first = self.get(f"{notification_id}:0")
        keys = (f"{notification_id}:{n}" for n in range(1, first.batches if first else 0))
        return [one for one in (first, *map(self.get, keys)) if one is not None]

    def take_on(self, notification_id: str, new: Sequence[BatchRecord]) -> list[BatchRecord]:
        """What stands under this id afterwards. Raises Conflict if it is another notification."""
        standing = self.batches(notification_id)
        if not standing and self._table.transact(list(map(self._put, new))) is None:
            return list(new)
        standing = standing or self.batches(notification_id)
        if standing[0].fingerprint != new[0].fingerprint:
            raise Conflict(
                "notification_id_taken", "Another notification was requested under this id."
            )
        return standing


def _item(record: BatchRecord) -> Item:
    return {**item_of(record), **due_keys(record.batch_id, record.due_at)}
