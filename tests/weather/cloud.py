"""The queue and the bus as AWS runs them, on the test's own clock, and ready to fail.

Hours of visibility timeouts and retention pass in a test's tick; MiniStack's would pass in hours.
That the real clients speak to a real queue and bus is seen in test_local_cloud.py.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from botocore.exceptions import ClientError, EndpointConnectionError

from local import template
from local.processes import ROOT
from shared.edge.http import Context as LambdaContext
from tests.integration.effects import Effects

_resources = template.load(ROOT / "template.yaml")["Resources"]
QUEUE, WORKER = (_resources[name]["Properties"] for name in ("WakeUps", "Settle"))
TRIGGER = WORKER["Events"]["WakeUps"]["Properties"]

BATCH_SIZE: int = TRIGGER["BatchSize"]
VISIBILITY_SECONDS: int = QUEUE["VisibilityTimeout"]
RETENTION_SECONDS: int = QUEUE["MessageRetentionPeriod"]
MOST_RECEIVES: int = QUEUE["RedrivePolicy"]["maxReceiveCount"]

Worker = Callable[[Mapping[str, Any], LambdaContext], Mapping[str, Any]]


@dataclass(slots=True)
class Context:
    """The Lambda context, as far as we read it."""

    remaining_ms: int
    aws_request_id: str = "4bf4f7a1-request"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass(slots=True)
class Message:
    message_id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0

    def record(self) -> dict[str, Any]:
        """As an SQS trigger hands it to a function."""
        return {
            "messageId": self.message_id,
            "receiptHandle": f"receipt-{self.message_id}",
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.receives)},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:wake-ups",
            "awsRegion": "eu-central-1",
        }


class Queue:
    """An SQS queue with a dead letter queue, and the poller that feeds a function from it."""

    def __init__(self, clock: Callable[[], float], effects: Effects) -> None:
        self._clock, self._effects = clock, effects
        self._ids = count(1)
        self.messages: list[Message] = []
        self.dead_letters: list[Message] = []
        self.down = False

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - AWS's names
        self._effects.tell("before", "SendMessage")
        if self.down:
            raise EndpointConnectionError(endpoint_url=QueueUrl)
        self.put(MessageBody)
        self._effects.tell("after", "SendMessage")

    def put(self, body: str) -> None:
        now = self._clock()
        self.messages.append(Message(f"message-{next(self._ids)}", body, now, now))

    def feed(self, worker: Worker) -> None:
        """Hand over everything that is visible, batch by batch, as a trigger with partial batch
        responses does. If the worker dies, its batch stays in flight."""
        while batch := self._receive():
            answer = worker({"Records": [message.record() for message in batch]}, Context(120_000))
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            assert failed <= {message.message_id for message in batch}
            for message in batch:
                if message.message_id not in failed:
                    self.messages.remove(message)

    def _receive(self) -> list[Message]:
        now = self._clock()
        self.messages = [m for m in self.messages if now - m.sent_at < RETENTION_SECONDS]
        batch: list[Message] = []
        for message in [m for m in self.messages if m.visible_at <= now]:
            if message.receives >= MOST_RECEIVES:
                self.messages.remove(message)
                self.dead_letters.append(message)
            elif len(batch) < BATCH_SIZE:
                message.receives += 1
                message.visible_at = now + VISIBILITY_SECONDS
                batch.append(message)
        return batch


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event that the bus has accepted."""

    type: str
    detail: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        return str(self.detail["event_id"])


@dataclass(slots=True)
class Bus:
    """An EventBridge bus: what it accepted, in order. `refuses` is asked about each entry."""

    effects: Effects
    events: list[Delivered] = field(default_factory=list)
    down: bool = False
    refuses: Callable[[str], bool] = lambda _detail: False

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.effects.tell("before", "PutEvents")
        if self.down:
            error = {"Error": {"Code": "InternalException", "Message": "try later"}}
            raise ClientError(cast(Any, error), "PutEvents")
        answers = [self._put(entry) for entry in Entries]
        self.effects.tell("after", "PutEvents")
        return {
            "Entries": answers,
            "FailedEntryCount": sum("ErrorCode" in answer for answer in answers),
        }

    def _put(self, entry: Mapping[str, Any]) -> dict[str, str]:
        if self.refuses(entry["Detail"]):
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        self.events.append(Delivered(entry["DetailType"], json.loads(entry["Detail"])))
        return {"EventId": f"event-{len(self.events)}"}

    @contextmanager
    def is_down(self) -> Iterator[None]:
        self.down = True
        try:
            yield
        finally:
            self.down = False
