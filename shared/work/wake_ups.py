"""Messages that wake the worker. They carry an id and no truth: lost, doubled or late, they change
nothing but when the work is done."""

from __future__ import annotations

import json
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
    NOTIFICATION = "notification"  # a batch of one


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
