"""Messages that wake the worker and the sender. They carry an id and no truth: lost, doubled or
late, they change nothing but when the work is done.

The sender's queue is FIFO, with one group, so that one sender works at a time: the wallet has one
sequence number. A message there is its own deduplication id: SQS swallows the same one for five
minutes, and a payout that waited is due at another moment. Of several about one record only the
newest still names its moment, so what an outage has piled up costs one read each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.base.errors import ServiceUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Work(StrEnum):
    """What a wake-up is about; its key is that of the record."""

    PAYMENT = "payment"
    REWARD = "reward"
    BOOK = "book"  # of a wallet


@dataclass(frozen=True, slots=True)
class WakeUp:
    work: Work
    key: str

    def __str__(self) -> str:
        return json.dumps({"work": self.work, "key": self.key})

    @classmethod
    def read(cls, body: str) -> WakeUp:
        """Raises ValueError, KeyError or TypeError: not a wake-up of the bundle."""
        fields = json.loads(body)
        if not (isinstance(fields["key"], str) and fields["key"]):
            raise ValueError("no key")
        return cls(Work(fields["work"]), fields["key"])


class WakeUps:
    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def send(self, wake_up: WakeUp) -> None:
        """Raises ServiceUnavailable; a later sweep sends it again."""
        with aws_call():
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=str(wake_up))

    def sender(self, about: Callable[[str], WakeUp]) -> Callable[[str, int], None]:
        """Sends what a record's key stands for; when it is due next does not matter to this
        queue."""
        return lambda key, _due_at: self.send(about(key))

    def hint(self, wake_up: WakeUp) -> None:
        """Wake the worker now, not at the next sweep. Never raises: the sweep comes anyway."""
        with suppress(ServiceUnavailable):
            self.send(wake_up)


GROUP = "wallet"
KEY = re.compile(r"[A-Za-z0-9_#-]{1,72}")


@dataclass(frozen=True, slots=True)
class OrderedWakeUp:
    """`key` is a payout's id, or the key of a wallet's book. `due_at` is when it was due as the
    message was sent; seconds since 1970."""

    key: str
    due_at: int

    @classmethod
    def read(cls, body: str) -> OrderedWakeUp:
        """Raises ValueError: not a wake-up of the bundle."""
        key, _, due_at = body.rpartition(":")
        if not KEY.fullmatch(key):
            raise ValueError("no key")
        return cls(key, int(due_at))


class OrderedWakeUps:
    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def send(self, key: str, due_at: int) -> None:
        """Raises ServiceUnavailable; a later sweep sends it again."""
        with aws_call():
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=f"{key}:{due_at}",
                MessageGroupId=GROUP,
                MessageDeduplicationId=f"{key}:{due_at}",
            )

    def hint(self, key: str, due_at: int | None) -> None:
        """Wake the sender now, not at the next sweep. Never raises: the sweep comes anyway."""
        if due_at is not None:
            with suppress(ServiceUnavailable):
                self.send(key, due_at)
