"""The FIFO queue of what is worked on one after the other: one group, so one sender at a time,
since the wallet has one sequence number.

A message is only a wake-up, `key:due_at`, and its own deduplication id: SQS swallows the same one
for five minutes, and a payout that waited is due at another moment. Of several about one record
only the newest still names its moment, so what an outage has piled up costs one read each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.aws.queue import Message, Queue
from shared.base.errors import ServiceUnavailable

GROUP = "wallet"
KEY = re.compile(r"[A-Za-z0-9_#-]{1,72}")


@dataclass(frozen=True, slots=True)
class OrderedWakeUp:
    """`key` is a payout's id, or the key of a wallet's book. `due_at` is when it was due as the
    message was sent; seconds since 1970."""

    key: str
    due_at: int

    def __str__(self) -> str:
        return f"{self.key}:{self.due_at}"

    @classmethod
    def read(cls, body: str) -> OrderedWakeUp:
        """Raises ValueError: not a wake-up of the bundle."""
        key, _, due_at = body.rpartition(":")
        if not KEY.fullmatch(key):
            raise ValueError("no key")
        return cls(key, int(due_at))


class OrderedWakeUps:
    """What is sent raises ServiceUnavailable; a later sweep sends it again."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def send(self, wake_up: OrderedWakeUp) -> None:
        self._queue.send(_message(wake_up))

    def send_each(self, wake_ups: Sequence[OrderedWakeUp]) -> int:
        """How many were not sent."""
        return self._queue.send_each([_message(wake_up) for wake_up in wake_ups])

    def waiting(self) -> int:
        """About how many nobody has taken yet."""
        return self._queue.waiting()

    def hint(self, key: str, due_at: int | None) -> None:
        """Wake the sender now, not at the next sweep. Never raises: the sweep comes anyway."""
        if due_at is not None:
            with suppress(ServiceUnavailable):
                self.send(OrderedWakeUp(key, due_at))


def _message(wake_up: OrderedWakeUp) -> Message:
    return {
        "MessageBody": str(wake_up),
        "MessageGroupId": GROUP,
        "MessageDeduplicationId": str(wake_up),
    }
