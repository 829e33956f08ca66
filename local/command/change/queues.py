"""Dead letters go back to where they came from."""

from typing import Any

from local.command.deployed import Deployed, StackError
from local.command.read.dead_letters import DEAD_LETTERS, OUTPUTS
from local.command.tell import Row

MOST_AT_ONCE = 10  # SQS's own limit


def redrive(deployed: Deployed, name: str, *, drop: bool = False) -> Row:
    """Move all messages of a queue of dead letters back, one after the other: each is sent before
    it is deleted, so that none is lost; a wake-up that comes twice does no harm. Or drop them.
    Raises StackError where there is nothing that they could go back to."""
    output, setting = OUTPUTS[DEAD_LETTERS[name]]
    if setting is None and not drop:
        raise StackError(f"They have no queue to go back to. {DEAD_LETTERS[name].meaning}")
    url, sqs, moved = deployed.outputs.get(output), deployed.aws("sqs"), 0
    if url is None:
        raise StackError("This stack has no such queue.")
    while messages := _received(sqs, url):
        for message in messages:
            if not drop and setting is not None:
                sqs.send_message(
                    QueueUrl=deployed.app.settings.text(setting),
                    MessageBody=message["Body"],
                    **_group(message),
                )
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return {"queue": name, "dropped" if drop else "moved": moved}


def _received(sqs: Any, url: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=MOST_AT_ONCE,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["All"],
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def _group(message: dict[str, Any]) -> dict[str, str]:
    """Of a FIFO queue: a deduplication id of its own, since SQS swallows the same one again."""
    group = message.get("Attributes", {}).get("MessageGroupId")
    if group is None:
        return {}
    return {"MessageGroupId": group, "MessageDeduplicationId": message["MessageId"]}
