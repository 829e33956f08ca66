"""`make bench-sweep`: how fast stuck payments drain, by 1, 2, 4 and 8 workers.

Every payment is paid and not completed. One sweep wakes the worker for all of them; then the real
`settle` handler is invoked directly, with batches of ten from a real queue, by as many processes as
there are workers (`WORKERS=2` stops at two). Each worker drains the same number, so every phase
takes about as long and the speed-up is read off payments per second. docs/throughput.md says what
bounds it on AWS.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

from local.bench.stack import SERVER_KEY, make_resources, process_environment, variables
from local.cloud.ministack import LocalCloud
from local.processes import HOST, ROOT, free_port
from local.progress import say, step
from shared.app import App
from shared.base.amount import Amount
from shared.base.context import within
from shared.base.settings import Settings
from shared.edges import Edges
from shared.payments.prices import Price
from shared.payments.record import PaymentRecord, PaymentState

WORKERS = tuple(n for n in (1, 2, 4, 8) if n <= int(os.environ.get("WORKERS") or 8))
BATCH = 10
PI_LATENCY_SECONDS = 0.05
STUCK_FOR_SECONDS = 1800
FEWEST = BATCH * (sum(WORKERS) + max(WORKERS))
PAYMENTS = "PaymentsTable"


class Process:
    """One of this bench's own scripts; it ends when our end of its pipe does.

    It answers on standard error: a function's own log fills standard output, which nobody reads
    while it works.
    """

    def __init__(self, script: str, *arguments: str, env: dict[str, str], log: IO[str]) -> None:
        self._name = script
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name(script)), *arguments],
            env=env,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tell(self, command: str) -> None:
        stdin = cast(IO[str], self._process.stdin)
        stdin.write(command + "\n")
        stdin.flush()

    def answer(self) -> str:
        """Its next answer; anything else that it says there is why it failed."""
        said = ""
        for line in cast(IO[str], self._process.stderr):
            if line.startswith("= "):
                return line[2:].strip()
            said += line
        raise SystemExit(f"{self._name} ended with status {self._process.wait()}\n{said}")

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with self._process:
            pass


def main(payments: int) -> None:
    if payments < FEWEST:
        raise SystemExit(f"At least {FEWEST} payments: N={FEWEST}")
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context((home / "bench.log").open("w+"))
        cloud = stack.enter_context(LocalCloud(free_port(), home)).wait_ready()
        port = free_port()
        with step(f"{payments} payments, paid and stuck"):
            arguments = (str(port), SERVER_KEY, str(payments), str(PI_LATENCY_SECONDS))
            env = process_environment(ROOT) | {"AWS_ENDPOINT_URL": cloud.endpoint}
            pi = stack.enter_context(Process("sweep_pi.py", *arguments, env=env, log=log))
            names = make_resources(cloud)
            for function in ("sweep", "settle"):
                env |= variables(function, f"http://{HOST}:{port}", names)
            _put_records(cloud, json.loads(pi.answer()))
        workers = [
            stack.enter_context(Process("sweep_worker.py", env=env, log=log))
            for _ in range(max(WORKERS))
        ]
        with step(f"One sweep wakes the worker {payments} times"):
            woken, seconds = _sweep(workers[0], payments)
        say(f"    {woken / seconds:.0f} wake-ups/s")
        _drain(workers, payments)
        _check(cloud, payments)


def _sweep(worker: Process, payments: int) -> tuple[int, float]:
    woken, started = 0, time.perf_counter()
    while woken < payments:
        worker.tell("sweep")
        woken += int(worker.answer())
    return woken, time.perf_counter() - started


def _drain(workers: Sequence[Process], payments: int) -> None:
    each = (payments // BATCH - max(WORKERS)) // sum(WORKERS) * BATCH
    spare = payments - each * sum(WORKERS)
    shares = [spare // len(workers)] * len(workers)
    shares[0] += spare - sum(shares)
    with step(f"{spare} of them, to warm up {len(workers)} workers"):
        _settle(workers, shares)
    say(f"\n  {'workers':>9}{'payments':>12}{'seconds':>11}{'payments/s':>13}{'speed-up':>11}")
    alone = None
    for number in WORKERS:
        seconds = _settle(workers[:number], [each] * number)
        rate = each * number / seconds
        alone = alone or rate
        say(f"  {number:9}{each * number:12}{seconds:11.1f}{rate:13.1f}{rate / alone:10.2f}x")


def _settle(workers: Sequence[Process], shares: Sequence[int]) -> float:
    """Seconds until each has settled its share."""
    started = time.perf_counter()
    for worker, share in zip(workers, shares, strict=True):
        worker.tell(f"settle {share}")
    for worker in workers:
        worker.answer()
    return time.perf_counter() - started


def _put_records(cloud: LocalCloud, payment_ids: Sequence[str]) -> None:
    """As they were approved half an hour ago."""
    aws = {"dynamodb": cloud.dynamodb}
    app = App(Settings({"PAYMENTS_TABLE": PAYMENTS}), Edges(aws=aws.__getitem__))
    now, amount = int(time.time()), Amount.of("3.14")
    for payment_id in payment_ids:
        record = PaymentRecord(
            payment_id=payment_id,
            uid=f"user-of-{payment_id}",
            amount=amount,
            state=PaymentState.OPEN,
            created_at=now - STUCK_FOR_SECONDS,
            price=Price("apple_pie_1", 1, amount, amount),
            due_at=now,
        )
        with within(15):
            app.payments.put_if_absent(record)


def _check(cloud: LocalCloud, payments: int) -> None:
    """Every one of them is completed and delivered, or the numbers above mean nothing."""
    pages = cloud.dynamodb.get_paginator("scan").paginate(TableName=PAYMENTS)
    items = [item for page in pages for item in page["Items"]]
    completed = {"S": "completed"}  # the wallet's book is an item without a state
    done = [item for item in items if item.get("state") == completed and "due_at" not in item]
    if len(done) != payments:
        raise SystemExit(f"Only {len(done)} of {payments} payments were completed and delivered")
    say(f"\n  All {payments} are completed and delivered.")


if __name__ == "__main__":
    main(int(os.environ.get("N") or 2000))
