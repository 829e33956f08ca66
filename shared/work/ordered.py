"""The FIFO queue of what is worked on one after the other: one group, so one sender at a time,
since the wallet has one sequence number.

A message is only a wake-up, `key:due_at`, and its own deduplication id: SQS swallows the same one
for five minutes, and a payout that waited is due at another moment. Of several about one record
only the newest still names its moment, so what an outage has piled up costs one read each.
"""

from __future__ import annotations

import re

from shared.aws.queue import Message
from shared.base.frozen import frozen
from shared.work.wake_ups import WakeUps

GROUP = "wallet"
KEY = re.compile(r"[A-Za-z0-9_#-]{1,72}")


@frozen
class OrderedWakeUp:
    """`key` is a payout's id, or the key of a wallet's book. `due_at` is when it was due as the
    message was sent; seconds since 1970."""

    key: str
    due_at: int

    def __str__(self) -> str:
        return f"{self.key}:{self.due_at}"

    def message(self) -> Message:
        return {
            "MessageBody": str(self),
            "MessageGroupId": GROUP,
            "MessageDeduplicationId": str(self),
        }

    @classmethod
    def read(cls, body: str) -> OrderedWakeUp:
        """Raises ValueError: not a wake-up of the bundle."""
        key, _, due_at = body.rpartition(":")
        if not KEY.fullmatch(key):
            raise ValueError("no key")
        return cls(key, int(due_at))


class OrderedWakeUps(WakeUps[OrderedWakeUp]):
    def hint_at(self, key: str, due_at: int | None) -> None:
        """The same about a record, if anything is left to do for it."""
        if due_at is not None:
            self.hint(OrderedWakeUp(key, due_at))
