"""An outage is over, and everything that waited is due at once: how long until it is done?"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from typing import Any

from shared.base.amount import Amount
from shared.payments.prices import Price
from shared.payments.record import PaymentRecord, PaymentState
from tests.throughput.simulated import Clockwork, SideBySide
from tests.world import World
from tests.world.functions import Environment

POLL_SECONDS = 0.02  # from one batch of an SQS trigger to the next
STUCK_FOR_SECONDS = 1800
MOST_SWEEPS = 100
PIE = "apple_pie_1"


@dataclass
class Drained:
    """`seconds` from the first sweep to the last payment; `idle` messages found nothing to do;
    `worker_seconds` is the sum over the workers."""

    payments: int
    workers: int
    seconds: float = 0
    sweep_seconds: list[float] = field(default_factory=list)
    woken: list[int] = field(default_factory=list)
    messages: int = 0
    idle: int = 0
    worker_seconds: float = 0

    @property
    def per_second(self) -> float:
        """Payments that a worker settles while it works."""
        return self.payments / self.worker_seconds


def stuck(world: World, number: int) -> None:
    """So many payments were paid, and nobody has told Pi."""
    for payment_id in opened(world, number):
        world.pi.pay(payment_id)
    world.tick(STUCK_FOR_SECONDS)


def opened(world: World, number: int) -> Iterator[str]:
    """So many payments that were just approved, each by a user of its own."""
    amount = Amount.of("3.14")
    order = {"amount": Decimal("3.14"), "memo": "Pie", "metadata": {"productId": PIE}}
    for _ in range(number):
        user = world.user()
        payment_id = str(world.pi.start_payment(user.token, order)["identifier"])
        at_pi = world.pi.payment(payment_id)
        at_pi.approve()
        now = world.clock()
        record = PaymentRecord(
            payment_id=payment_id,
            uid=user.uid,
            amount=amount,
            state=PaymentState.OPEN,
            created_at=now,
            started_at=now,
            from_address=at_pi.from_address,
            to_address=at_pi.to_address,
            price=Price(PIE, 1, amount, amount),
            due_at=now,
        )
        world.look(world.eyes.payments.put_if_absent, record)
        yield payment_id


class Plant:
    """The schedule, its sweep, the queue and this many workers, each an environment of its own."""

    def __init__(self, world: World, clockwork: Clockwork, workers: int) -> None:
        self._world, self._clockwork, self._queue = world, clockwork, world.wake_ups
        self._sweep = self._environment("sweep")
        self._workers = [self._environment("settle") for _ in range(workers)]

    def _environment(self, name: str) -> Environment:
        self._world.executor = SideBySide(self._clockwork)
        return self._world.environment(name)

    def drain(self, payments: int, most_sweeps: int = MOST_SWEEPS) -> Drained:
        """Until each of them is delivered, or so many sweeps are over; the first one is now."""
        clockwork, drained = self._clockwork, Drained(payments, len(self._workers))
        began = next_sweep = clockwork.now
        before = len(self._world.bus.events)
        free = [(began, n) for n in range(len(self._workers))]
        while len(self._world.bus.events) < before + payments:
            at, worker = heapq.heappop(free)
            clockwork.now = at
            if at >= next_sweep:
                if len(drained.sweep_seconds) == most_sweeps:
                    break
                clockwork.now = next_sweep
                self._fire(drained)
                next_sweep += self._world.sweep_seconds
            elif (visible_at := self._next_message()) > at:
                at = min(visible_at, next_sweep)
            else:
                at = self._feed(worker, drained)
                drained.seconds = max(drained.seconds, at - began)
                at += POLL_SECONDS
            heapq.heappush(free, (at, worker))
        return drained

    def _fire(self, drained: Drained) -> None:
        began = self._clockwork.now
        answer, ended = self._clockwork.run(lambda: self._sweep({}), alone=False)
        drained.sweep_seconds.append(ended - began)
        drained.woken.append(answer["woken"])

    def _next_message(self) -> float:
        return min((message.visible_at for message in self._queue.messages), default=inf)

    def _feed(self, worker: int, drained: Drained) -> float:
        """One batch; when it ends."""
        began, told = self._clockwork.now, len(self._world.bus.events)
        bodies: list[str] = []
        ends: list[float] = []

        def handle(event: Mapping[str, Any]) -> Any:
            bodies.extend(record["body"] for record in event["Records"])
            answer, ended = self._clockwork.run(lambda: self._workers[worker](event), alone=False)
            ends.append(ended)
            return answer

        drained.messages += self._queue.feed_batch(handle)
        about_payments = sum('"payment"' in body for body in bodies)
        drained.idle += about_payments - (len(self._world.bus.events) - told)
        [ended] = ends
        drained.worker_seconds += ended - began
        return ended
