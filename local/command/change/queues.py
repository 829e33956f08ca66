"""The stack's queues of dead letters: how many messages lie there, and back to where they came
from."""

from typing import Any

from local.command.deployed import Deployed, StackError
from local.command.tell import Row
from shared.base.described import Described

MOST_AT_ONCE = 10  # SQS's own limit


class DeadLetters(Described):
    WAKE_UPS = "wake-ups", "The worker failed on them five times. Their records are due anyway."
    PAYOUTS = "payouts", "The sender failed on them five times. Their payouts go on anyway."
    SWEEP = "sweep", "The scheduler could not start a sweep. These are notes: drop them."
    WEBHOOK = "webhook", "Your back end refused these events, or took none for a day."


# The outputs that name each queue of dead letters, and the queue that they go back to.
DEAD_LETTERS = {one.value: one for one in DeadLetters}
OUTPUTS = {
    DeadLetters.WAKE_UPS: ("WakeUpDeadLettersUrl", "WAKE_UP_QUEUE_URL"),
    DeadLetters.PAYOUTS: ("PayoutDeadLettersUrl", "PAYOUT_QUEUE_URL"),
    DeadLetters.SWEEP: ("SweepDeadLettersUrl", None),
    DeadLetters.WEBHOOK: ("WebhookDeadLettersUrl", None),
}


def waiting(deployed: Deployed, name: str) -> int:
    """About how many messages lie there; 0 where the stack has no such queue."""
    url = deployed.outputs.get(OUTPUTS[DEAD_LETTERS[name]][0])
    if url is None:
        return 0
    answer = deployed.aws("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


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
