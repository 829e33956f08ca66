"""The FIFO queue of what is worked on one after the other: one group, so one sender at a time,
since the wallet has one sequence number.

A message is only a wake-up, `key:due_at`, and its own deduplication id: SQS swallows the same one
for five minutes, and a payout that waited is due at another moment. Of several about one record
only the newest still names its moment, so what an outage has piled up costs one read each.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.base.errors import ServiceUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

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
