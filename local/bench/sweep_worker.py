"""One Lambda environment of `make bench-sweep`: the real handlers of `sweep` and `settle`.

Usage: python -P sweep_worker.py, then lines on standard input:
`sweep` runs one; `settle 120` takes so many messages from the queue, in batches, as the trigger
does. Each is answered, on standard error, by `= ` and how many it was.
"""

import os
import sys

import boto3

from functions.settle.app import handler as settle
from functions.sweep.app import handler as sweep
from local.bench.stack import Context

BATCH = 10


class Trigger:
    """Between the queue and the function: batches, and the deletion of what was acknowledged."""

    def __init__(self, queue_url: str) -> None:
        self._sqs, self._queue_url = boto3.client("sqs"), queue_url

    def feed(self, messages: int) -> int:
        done = 0
        while done < messages:
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=min(BATCH, messages - done)
            )
            batch = [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                }
                for message in answer.get("Messages", [])
            ]
            if not batch:
                raise SystemExit("the queue is empty")
            if settle({"Records": batch}, Context())["batchItemFailures"]:
                raise SystemExit("the worker failed on a message")
            self._sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": record["receiptHandle"]}
                    for number, record in enumerate(batch)
                ],
            )
            done += len(batch)
        return done


def main() -> None:
    trigger = Trigger(os.environ["WAKE_UP_QUEUE_URL"])
    for line in sys.stdin:
        command, _, number = line.strip().partition(" ")
        done = sweep({}, Context())["woken"] if command == "sweep" else trigger.feed(int(number))
        sys.stderr.write(f"= {done}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
