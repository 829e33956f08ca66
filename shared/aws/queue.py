"""One SQS queue, and what is sent to it: one message in a call, or ten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.aws.client import aws_call
from shared.base.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST_IN_A_CALL = 10  # SQS's own limit
ATTEMPTS = 2  # of what SQS has refused of a call that it took

Message = Mapping[str, Any]
"""`MessageBody`; on a FIFO queue `MessageGroupId` and `MessageDeduplicationId` too."""


class Queue:
    """Every call raises ServiceUnavailable."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client, self._url = client, url

    def send(self, message: Message) -> None:
        with aws_call():
            self._client.send_message(QueueUrl=self._url, **message)

    def send_each(self, messages: Sequence[Message]) -> int:
        """Send all of them; how many SQS has not taken. Costs a call for ten."""
        refused = 0
        for start in range(0, len(messages), MOST_IN_A_CALL):
            left = list(messages[start : start + MOST_IN_A_CALL])
            for _ in range(ATTEMPTS):
                left = self._send_ten(left) if left else left
            refused += len(left)
        return refused

    def _send_ten(self, messages: Sequence[Message]) -> list[Message]:
        """Those that SQS has not taken: it may refuse some of a call, and answer 200."""
        entries: Any = [{"Id": str(n), **message} for n, message in enumerate(messages)]
        with aws_call():
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        failed = answer.get("Failed", [])
        if failed:
            codes = sorted({one["Code"] for one in failed})
            logger.warning("The queue refused some messages", extra={"aws_code": codes})
        return [messages[int(one["Id"])] for one in failed]

    def waiting(self) -> int:
        """About how many messages nobody has received yet."""
        with aws_call():
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])
