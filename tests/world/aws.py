"""Queues, bus, secrets and switch as AWS runs them, on the test's own clock, and ready to fail.

Hours of visibility timeouts and retention pass in a test's tick; MiniStack's would pass in hours.
That the real clients speak to real ones is seen in tests/weather/test_local_cloud.py.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any, cast

from botocore.exceptions import ClientError, EndpointConnectionError

from local.cloud import template
from tests.world.effects import Effects

DEDUPLICATION_SECONDS = 300  # SQS's own
PRICE_FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:price"

Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]


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
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
            "awsRegion": "eu-central-1",
        }


class Queue:
    """An SQS queue of the template with its dead letters, and the poller that feeds a function from
    it. If it is FIFO, it has one group: whatever is in flight holds up the rest."""

    def __init__(self, name: str, clock: Callable[[], float], effects: Effects) -> None:
        resources = template.bundle()["Resources"]
        declared, redrive = resources[name]["Properties"], "RedrivePolicy"
        self.is_fifo: bool = declared.get("FifoQueue", False)
        self.visibility_seconds: int = declared["VisibilityTimeout"]
        self.retention_seconds: int = declared["MessageRetentionPeriod"]
        self.most_receives: int = declared[redrive]["maxReceiveCount"]
        [self.batch_size] = [
            event["Properties"]["BatchSize"]
            for resource in resources.values()
            for event in resource.get("Properties", {}).get("Events", {}).values()
            if event["Properties"].get("Queue") == {"Fn::GetAtt": [name, "Arn"]}
        ]
        self._clock, self._effects = clock, effects
        self._ids = count(1)
        self._seen: dict[str, float] = {}
        self.messages: list[Message] = []
        self.dead_letters: list[Message] = []
        self.sent = self.swallowed = self.batches = 0
        self.down, self.is_countable = False, True
        self.refuses: Callable[[str], bool] = lambda _body: False

    def send(self, body: str, deduplication_id: str | None = None) -> None:
        """What SQS does for SendMessage."""
        self._effects.tell("before", "SendMessage")
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://sqs.test")
        self._take(body, deduplication_id)
        self._effects.tell("after", "SendMessage")

    def _take(self, body: str, deduplication_id: str | None) -> None:
        now = self._clock()
        self.sent += 1
        if deduplication_id is None:
            self.put(body)
        elif now - self._seen.get(deduplication_id, -DEDUPLICATION_SECONDS) < DEDUPLICATION_SECONDS:
            self.swallowed += 1
        else:
            self._seen[deduplication_id] = now
            self.put(body)

    def send_batch(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        """What SQS does for SendMessageBatch: each entry fails alone."""
        assert 1 <= len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        self._effects.tell("before", "SendMessageBatch")
        self.batches += 1
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://sqs.test")
        refused = [entry["Id"] for entry in entries if self.refuses(entry["MessageBody"])]
        taken = [entry for entry in entries if entry["Id"] not in refused]
        for entry in taken:
            self._take(entry["MessageBody"], entry.get("MessageDeduplicationId"))
        self._effects.tell("after", "SendMessageBatch")
        failed = [{"Id": one, "Code": "InternalError", "SenderFault": False} for one in refused]
        return {"Successful": [{"Id": one["Id"]} for one in taken], "Failed": failed}

    def put(self, body: str) -> None:
        now = self._clock()
        self.messages.append(Message(f"message-{next(self._ids)}", body, now, now))

    def feed(self, function: Function, most: int | None = None) -> int:
        """Hand over everything that is visible, batch by batch; how many messages that were."""
        fed = 0
        while fed != most and (number := self.feed_batch(function)):
            fed += number
        return fed

    def feed_batch(self, function: Function) -> int:
        """One batch, as a trigger with partial batch responses hands it over; how many messages
        that were. If the function dies, they stay in flight."""
        if not (batch := self._receive()):
            return 0
        answer = function({"Records": [message.record() for message in batch]})
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        assert failed <= {message.message_id for message in batch}
        for message in batch:
            if message.message_id not in failed:
                self.messages.remove(message)
        return len(batch)

    def visible(self) -> int:
        self._effects.tell("before", "GetQueueAttributes")
        if self.down or not self.is_countable:
            raise EndpointConnectionError(endpoint_url="https://sqs.test")
        self._effects.tell("after", "GetQueueAttributes")
        return sum(message.visible_at <= self._clock() for message in self.messages)

    def _receive(self) -> list[Message]:
        now = self._clock()
        self.messages = [m for m in self.messages if now - m.sent_at < self.retention_seconds]
        batch: list[Message] = []
        for message in list(self.messages):
            if len(batch) == self.batch_size or (self.is_fifo and message.visible_at > now):
                break
            if message.visible_at > now:
                continue
            if message.receives >= self.most_receives:
                self.messages.remove(message)
                self.dead_letters.append(message)
                continue
            message.receives += 1
            message.visible_at = now + self.visibility_seconds
            batch.append(message)
        return batch


class Sqs:
    """The client; a queue's URL is its logical id."""

    def __init__(self, *queues: tuple[str, Queue]) -> None:
        self._queues = dict(queues)

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - AWS's names
        MessageBody: str,  # noqa: N803
        MessageGroupId: str | None = None,  # noqa: N803
        MessageDeduplicationId: str | None = None,  # noqa: N803
    ) -> None:
        queue = self._queues[QueueUrl]
        assert (MessageGroupId == "wallet") is queue.is_fifo
        assert (MessageDeduplicationId is not None) is queue.is_fifo
        queue.send(MessageBody, MessageDeduplicationId)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803
        queue = self._queues[QueueUrl]
        for entry in Entries:
            assert (entry.get("MessageGroupId") == "wallet") is queue.is_fifo
            assert ("MessageDeduplicationId" in entry) is queue.is_fifo
        return queue.send_batch(Entries)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Any:  # noqa: N803
        assert AttributeNames[0] == "ApproximateNumberOfMessages"
        is_dead = QueueUrl not in self._queues
        queue = self._of_dead(QueueUrl) if is_dead else self._queues[QueueUrl]
        number = len(queue.dead_letters) if is_dead else queue.visible()
        there = {
            "ApproximateNumberOfMessages": number,
            "ApproximateNumberOfMessagesNotVisible": 0 if is_dead else len(queue.messages) - number,
        }
        return {"Attributes": {name: str(there[name]) for name in AttributeNames}}

    # --- Dead letters, as an operator sees them; their queue is called `<name>DeadLetters` --------

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, **_how: Any) -> Any:  # noqa: N803
        dead = self._dead(QueueUrl)[:MaxNumberOfMessages]
        is_fifo = self._of_dead(QueueUrl).is_fifo
        group = {"MessageGroupId": "wallet"} if is_fifo else {}
        return {
            "Messages": [
                {
                    "MessageId": message.message_id,
                    "Body": message.body,
                    "ReceiptHandle": message.message_id,
                    "Attributes": group,
                }
                for message in dead
            ]
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        queue = self._of_dead(QueueUrl)
        queue.dead_letters = [m for m in queue.dead_letters if m.message_id != ReceiptHandle]

    def _dead(self, url: str) -> list[Message]:
        return self._of_dead(url).dead_letters

    def _of_dead(self, url: str) -> Queue:
        names = {"WakeUpDeadLetters": "WakeUps", "PayoutDeadLetters": "Payouts"}
        return self._queues[names[url]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event that the bus has accepted."""

    type: str
    detail: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        return str(self.detail["event_id"])

    @property
    def business_id(self) -> str:
        """Of the payout, ad, payment or batch that it is about; a payout's event names a payment
        too."""
        if "notification_id" in self.detail:
            return f"{self.detail['notification_id']}:{self.detail['batch']}"
        names = ("payout_id", "ad_id", "payment_id")
        return str(next(self.detail[name] for name in names if name in self.detail))


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


@dataclass(slots=True)
class Secrets:
    """Secrets Manager. `values` by the secret's logical id; None: no value was ever put."""

    values: dict[str, str | None]

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        value = self.values[SecretId]
        if value is None:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "no value"}}
            raise ClientError(cast(Any, error), "GetSecretValue")
        return {"SecretString": value}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        self.values[SecretId] = SecretString

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803
        """What AWS says of one without a value names no version."""
        is_put = self.values[SecretId] is not None
        return {"VersionIdsToStages": {"version-1": ["AWSCURRENT"]}} if is_put else {}


class OperatorsSecrets(Secrets):
    """The same to an operator, who may do all with secrets but read the wallet's seed: that is what
    its policy forbids."""

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId == "WalletSeed":
            error = {"Error": {"Code": "AccessDeniedException", "Message": "an explicit deny"}}
            raise ClientError(cast(Any, error), "GetSecretValue")
        return super().get_secret_value(SecretId=SecretId)


@dataclass(slots=True)
class PriceFunction:
    """Lambda, as far as the app's own price function is invoked. `says` gives what it answers to a
    request; `failed`: it ends with an error."""

    effects: Effects
    says: Callable[[dict[str, Any]], object] = lambda _request: None
    failed: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.effects.tell("before", "Invoke")
        assert FunctionName == PRICE_FUNCTION
        self.asked.append(json.loads(Payload))
        said = json.dumps(self.says(self.asked[-1])).encode()
        self.effects.tell("after", "Invoke")
        answer: dict[str, Any] = {"StatusCode": 200, "Payload": BytesIO(said)}
        return answer | ({"FunctionError": "Unhandled"} if self.failed else {})


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
        if Name != "PayoutsSwitch":
            error: Any = {"Error": {"Code": "ParameterNotFound", "Message": Name}}
            raise ClientError(error, "GetParameter")
        answer = {"Parameter": {"Name": Name, "Value": self.value}}
        self.reads.append(self.value)
        self.effects.tell("after", "GetParameter")
        return answer

    def put_parameter(self, *, Name: str, Value: str, Overwrite: bool) -> None:  # noqa: N803
        assert Name
        assert Overwrite
        self.value = Value
