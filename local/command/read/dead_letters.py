"""The stack's queues of dead letters: what lies there, and what becomes of it."""

from local.command.deployed import Deployed
from shared.base.described import Described


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
