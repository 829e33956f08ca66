"""Warm approves and completes in one process: the bundle's handlers and the bare script, in turns.

Usage: python -P bench_warm.py PAIRS EMULATOR_URL
Prints {"approve": {"bundle": [ms, ...], "bare": [ms, ...]}, "complete": {...}} on its last line.
CPU time: everything that an invocation computes is counted, its threads included; what the servers
do is not.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import requests

from functions.approve_payment.app import handler as approve
from functions.complete_payment.app import handler as complete
from local.bench_bare import Bare

WARM_UP = 5

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Context:
    aws_request_id = "7d1b8d0c-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


class Front:
    """A new user's payment each time, so that nobody profits from a token or record seen before."""

    def __init__(self, emulator: str) -> None:
        self._emulator, self._session = emulator, requests.Session()

    def open_payment(self) -> tuple[str, str]:
        token = self._control("/users", "{}")["accessToken"]
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


def main(pairs: int, emulator: str) -> None:
    front, bare = Front(emulator), Bare("dynamodb", "secretsmanager")
    bundle: tuple[str, Handler, Handler] = (
        "bundle",
        lambda event: approve(event, Context()),
        lambda event: complete(event, Context()),
    )
    sides = [bundle, ("bare", bare.approve, bare.complete)]
    times: dict[str, dict[str, list[float]]] = {
        "approve": {"bundle": [], "bare": []},
        "complete": {"bundle": [], "bare": []},
    }
    for pair in range(WARM_UP + pairs):
        for side, approves, completes in sides if pair % 2 else reversed(sides):
            payment_id, token = front.open_payment()
            took = {
                "approve": _cpu(
                    approves, "approve", {"paymentId": payment_id, "accessToken": token}
                )
            }
            txid = front.pay(payment_id)
            took["complete"] = _cpu(
                completes, "complete", {"paymentId": payment_id, "transactionId": txid}
            )
            if pair >= WARM_UP:
                for name, milliseconds in took.items():
                    times[name][side].append(milliseconds)
    sys.stdout.write("\n" + json.dumps(times))


def _cpu(handler: Handler, step: str, body: dict[str, str]) -> float:
    event = {
        "version": "2.0",
        "routeKey": f"POST /pi_payment/{step}",
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    started = time.process_time()
    answer = handler(event)
    took = time.process_time() - started
    if answer["statusCode"] != 200:
        raise SystemExit(f"{step}: {answer}")
    return took * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
