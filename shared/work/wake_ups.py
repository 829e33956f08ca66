"""Messages that wake the worker. They carry an id and no truth: lost, doubled or late, they change
nothing but when the work is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from shared.aws.queue import Message, Queue
from shared.base.errors import ServiceUnavailable
from shared.base.frozen import frozen


class Work(StrEnum):
    """What a wake-up is about; its key is that of the record."""

    PAYMENT = "payment"
    REWARD = "reward"
    BOOK = "book"  # of a wallet
    NOTIFICATION = "notification"  # a batch of one
    SWEEP = "sweep"  # a shard of a kind, of which a sweep has left more than it has woken


@frozen
class WakeUp:
    work: Work
    key: str

    def __str__(self) -> str:
        return json.dumps({"work": self.work, "key": self.key})

    def message(self) -> Message:
        return {"MessageBody": str(self)}

    @classmethod
    def read(cls, body: str) -> WakeUp:
        """Raises ValueError, KeyError or TypeError: not a wake-up of the bundle."""
        fields = json.loads(body)
        if not (isinstance(fields["key"], str) and fields["key"]):
            raise ValueError("no key")
        return cls(Work(fields["work"]), fields["key"])


class Sendable(Protocol):
    def message(self) -> Message: ...


AnyWakeUp = TypeVar("AnyWakeUp", bound=Sendable)


class WakeUps(Generic[AnyWakeUp]):
    """A queue of them. What is sent raises ServiceUnavailable; a later sweep sends it again."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def send(self, wake_up: AnyWakeUp) -> None:
        self._queue.send(wake_up.message())

    def send_each(self, wake_ups: Sequence[AnyWakeUp]) -> int:
        """How many were not sent."""
        return self._queue.send_each([wake_up.message() for wake_up in wake_ups])

    def waiting(self) -> int:
        """About how many nobody has taken yet."""
        return self._queue.waiting()

    def hint(self, wake_up: AnyWakeUp) -> None:
        """Do it now, not at the next sweep. Never raises: the sweep comes anyway."""
        with suppress(ServiceUnavailable):
            self.send(wake_up)
