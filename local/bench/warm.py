"""Warm calls in one process: the bundle's handlers and the bare script, in turns.

Usage: python -P warm.py PAIRS EMULATOR_URL
Prints {"approve": {"bundle": [ms, ...], "bare": [ms, ...]}, "complete": {...}, ...} on its last
line. CPU time: everything that an invocation computes is counted, its threads included; what the
servers do is not.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import uuid4

import boto3
import requests

from functions.approve_payment.app import handler as approve
from functions.complete_payment.app import handler as complete
from functions.request_payout.app import handler as request_payout
from functions.send_payout.app import handler as send
from functions.settle.app import handler as work
from functions.sweep.app import handler as sweep
from local.bench.bare import Bare
from local.bench.stack import Context

WARM_UP = 3
STEPS = ("approve", "complete", "sweep", "worker", "sender")
SIDES = ("bundle", "bare")

Event = dict[str, Any]
Handler = Callable[[Event], Mapping[str, Any]]
Clock = Callable[[str], AbstractContextManager[None]]


class Front:
    """What Pi and the Pi Browser do: a new user each time, so that nobody profits from a token or
    record seen before."""

    def __init__(self, emulator: str) -> None:
        self._emulator, self._session = emulator, requests.Session()

    def sign_in(self) -> Any:
        return self._control("/users", "{}")

    def open_payment(self) -> tuple[str, str]:
        token = self.sign_in()["accessToken"]
        order = (
            f'{{"accessToken": {json.dumps(token)}, "amount": 3.14, "memo": "One apple pie", '
            '"metadata": {"productId": "apple_pie_1"}}'
        )
        return self._control("/payments", order)["identifier"], token

    def pay(self, payment_id: str) -> str:
        txid: str = self._control(f"/payments/{payment_id}/pay", "{}")["txid"]
        return txid

    def _control(self, path: str, body: str) -> Any:
        response = self._session.post(
            f"{self._emulator}/_emulator{path}",
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=10,
        )
        response.raise_for_status()
        return response.json()


class Cloud:
    """What AWS does between the functions: due rows, and messages from a queue to its function."""

    def __init__(self) -> None:
        self._sqs: Any = boto3.client("sqs")
        self._dynamodb: Any = boto3.client("dynamodb")

    def make_due(self, payment_id: str) -> None:
        """Now, and everything else an hour later: the wallet's books, for one."""
        now = int(time.time())
        self._make_due("PAYOUTS_TABLE", "payout_id", {}, now + 3600)
        self._make_due("PAYMENTS_TABLE", "payment_id", {payment_id: now}, now + 3600)

    def _make_due(self, table: str, key: str, chosen: Mapping[str, int], others: int) -> None:
        name = os.environ[table]
        rows = self._dynamodb.scan(TableName=name, IndexName="due")["Items"]
        for row in {*chosen, *(item[key]["S"] for item in rows)}:
            self._dynamodb.update_item(
                TableName=name,
                Key={key: {"S": row}},
                UpdateExpression="SET due_at = :then",
                ExpressionAttributeValues={":then": {"N": str(chosen.get(row, others))}},
            )

    def receive(self, queue: str) -> Event:
        """The next message, as a trigger's event; it is gone from the queue."""
        url = os.environ[queue]
        answer = self._sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)
        [message] = answer.get("Messages") or [None]
        if message is None:
            raise SystemExit(f"{queue} is empty")
        self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": [{"messageId": message["MessageId"], "body": message["Body"]}]}


def play(side: Mapping[str, Handler], front: Front, cloud: Cloud, timed: Clock) -> None:
    """A payment that its page completes, one that sweep and worker complete, and a payout."""
    payment_id, token = front.open_payment()
    with timed("approve"):
        accepted(
            side["approve"](posted("approve", {"paymentId": payment_id, "accessToken": token}))
        )
    txid = front.pay(payment_id)
    with timed("complete"):
        body = {"paymentId": payment_id, "transactionId": txid}
        accepted(side["complete"](posted("complete", body)))
    work_off(cloud)

    payment_id, token = front.open_payment()
    accepted(side["approve"](posted("approve", {"paymentId": payment_id, "accessToken": token})))
    front.pay(payment_id)
    cloud.make_due(payment_id)
    with timed("sweep"):
        woken = side["sweep"]({})["woken"]
    if woken != 1:
        raise SystemExit(f"the sweep woke the worker {woken} times")
    event = cloud.receive("WAKE_UP_QUEUE_URL")
    with timed("worker"):
        _acknowledged(side["worker"](event))

    order = {
        "payout_id": str(uuid4()),
        "uid": front.sign_in()["uid"],
        "amount": "0.5",
        "memo": "Hi",
    }
    accepted(request_payout(_event("POST /payouts", order), Context()))
    event = cloud.receive("PAYOUT_QUEUE_URL")
    with timed("sender"):
        _acknowledged(side["sender"](event))


def work_off(cloud: Cloud) -> None:
    """Deliver what was completed, so that the next sweep does not find it."""
    _acknowledged(work(cloud.receive("WAKE_UP_QUEUE_URL"), Context()))


def posted(step: str, body: Event) -> Event:
    return _event(f"POST /pi_payment/{step}", body)


def _event(route: str, body: Event) -> Event:
    return {
        "version": "2.0",
        "routeKey": route,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def accepted(answer: Mapping[str, Any]) -> None:
    if answer["statusCode"] not in (200, 202):
        raise SystemExit(f"not answered well: {answer}")


def _acknowledged(answer: Mapping[str, Any]) -> None:
    if answer["batchItemFailures"]:
        raise SystemExit(f"not worked off: {answer}")


def main(pairs: int, emulator: str) -> None:
    context, front, cloud = Context(), Front(emulator), Cloud()
    bare = Bare("dynamodb", "secretsmanager", "sqs", "events", "ssm", "stellar_sdk")
    sides: dict[str, dict[str, Handler]] = {
        "bundle": {
            "approve": lambda event: approve(event, context),
            "complete": lambda event: complete(event, context),
            "sweep": lambda event: sweep(event, context),
            "worker": lambda event: work(event, context),
            "sender": lambda event: send(event, context),
        },
        "bare": {
            "approve": bare.approve,
            "complete": bare.complete,
            "sweep": bare.sweep,
            "worker": bare.work,
            "sender": bare.send,
        },
    }
    times = {step: {side: list[float]() for side in SIDES} for step in STEPS}
    for pair in range(WARM_UP + pairs):
        for side in SIDES if pair % 2 else reversed(SIDES):

            @contextmanager
            def timed(step: str, side: str = side, pair: int = pair) -> Any:
                started = time.process_time()
                yield
                if pair >= WARM_UP:
                    times[step][side].append((time.process_time() - started) * 1000)

            play(sides[side], front, cloud, timed)
    sys.stdout.write("\n" + json.dumps(times))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
