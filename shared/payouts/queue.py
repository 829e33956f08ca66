"""The FIFO queue of payouts to work on. One group, so one sender at a time: the wallet has one
sequence number.

A message is only a wake-up, `payout_id:due_at`, and its own deduplication id: SQS swallows the same
one for five minutes, and a payout that waited is due at another moment. Of several about one payout
only the newest still names its moment, so what an outage has piled up costs one read each.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.base.errors import ServiceUnavailable
from shared.book.store import wallet_of
from shared.payouts.record import PayoutRecord, payout_id_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

GROUP = "wallet"


@dataclass(frozen=True, slots=True)
class PayoutWakeUp:
    """`key` is a payout's id, or the key of a wallet's book. `due_at` is when it was due as the
    message was sent; seconds since 1970."""

    key: str
    due_at: int

    @classmethod
    def read(cls, body: str) -> PayoutWakeUp:
        """Raises ValueError or BadRequest: not a message of ours."""
        key, _, due_at = body.rpartition(":")
        return cls(key if wallet_of(key) else payout_id_of(key), int(due_at))


class PayoutQueue:
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

    def hint(self, record: PayoutRecord) -> None:
        """Wake the sender now, not at the next sweep. Never raises: the sweep comes anyway."""
        if record.due_at is not None:
            with suppress(ServiceUnavailable):
                self.send(record.payout_id, record.due_at)
