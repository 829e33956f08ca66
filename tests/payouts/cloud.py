"""The FIFO queue and the switch as AWS runs them, on the test's own clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from botocore.exceptions import EndpointConnectionError

from shared.edge.http import Context as LambdaContext
from tests.integration.effects import Effects
from tests.weather.cloud import Context, Message

# As the template declares them; test_wake_ups.py holds them against it.
VISIBILITY_SECONDS = 360
RETENTION_SECONDS = 14_400
MOST_RECEIVES = 5
TIMEOUT_SECONDS = 60
# SQS's own.
DEDUPLICATION_SECONDS = 300

Worker = Callable[[Mapping[str, Any], LambdaContext], Mapping[str, Any]]


class FifoQueue:
    """An SQS FIFO queue with one group, a dead letter queue, and a poller with batches of one."""

    def __init__(self, clock: Callable[[], float], effects: Effects) -> None:
        self._clock, self._effects = clock, effects
        self._ids = count(1)
        self._seen: dict[str, float] = {}
        self.messages: list[Message] = []
        self.dead_letters: list[Message] = []
        self.swallowed = 0
        self.down = False

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - AWS's names
        MessageBody: str,  # noqa: N803
        MessageGroupId: str,  # noqa: N803
        MessageDeduplicationId: str,  # noqa: N803
    ) -> None:
        self._effects.tell("before", "SendMessage")
        if self.down:
            raise EndpointConnectionError(endpoint_url=QueueUrl)
        assert MessageGroupId == "wallet"
        now = self._clock()
        seen_at = self._seen.get(MessageDeduplicationId)
        if seen_at is not None and now - seen_at < DEDUPLICATION_SECONDS:
            self.swallowed += 1
        else:
            self._seen[MessageDeduplicationId] = now
            self.put(MessageBody)
        self._effects.tell("after", "SendMessage")

    def put(self, body: str) -> None:
        now = self._clock()
        self.messages.append(Message(f"message-{next(self._ids)}", body, now, now))

    def feed(self, worker: Worker, most: int | None = None) -> int:
        """Hand over one message after the other, in their order, until the next one is in flight:
        it holds up the group. If the worker dies, its message stays in flight."""
        fed = 0
        while fed != most and (message := self._receive()):
            answer = worker({"Records": [self._record(message)]}, Context(TIMEOUT_SECONDS * 1000))
            fed += 1
            if not answer["batchItemFailures"]:
                self.messages.remove(message)
        return fed

    def _receive(self) -> Message | None:
        now = self._clock()
        self.messages = [m for m in self.messages if now - m.sent_at < RETENTION_SECONDS]
        while self.messages and self.messages[0].visible_at <= now:
            message = self.messages[0]
            if message.receives < MOST_RECEIVES:
                message.receives += 1
                message.visible_at = now + VISIBILITY_SECONDS
                return message
            self.dead_letters.append(self.messages.pop(0))
        return None

    def _record(self, message: Message) -> dict[str, Any]:
        return message.record() | {"eventSourceARN": "arn:aws:sqs:eu-central-1:1:payouts.fifo"}


@dataclass(slots=True)
class Parameters:
    """SSM, as far as the switch uses it. `reads`: what it answered, in order."""

    effects: Effects
    value: str = "on"
    down: bool = False
    reads: list[str] = field(default_factory=list)

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        self.effects.tell("before", "GetParameter")
        if self.down:
            raise EndpointConnectionError(endpoint_url=Name)
        answer = {"Parameter": {"Name": Name, "Value": self.value}}
        self.reads.append(self.value)
        self.effects.tell("after", "GetParameter")
        return answer
