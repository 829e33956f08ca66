"""What `make throughput` measures, each in a world of its own."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from requests import ReadTimeout

from shared.base.context import remaining
from shared.base.http import READ_SECONDS
from tests.throughput.drain import Drained, Plant, opened, stuck
from tests.throughput.simulated import Clockwork
from tests.world import World, new_world
from tests.world.effects import Moment

WORKERS = {"small": 2, "medium": 10, "large": 50}
LEDGER_SECONDS = 5
SLOW_CHAIN_SECONDS = 0.250


@contextmanager
def plant(
    capacity: str, payments: int, begin: Callable[[World, int], object] = stuck
) -> Iterator[tuple[Plant, Clockwork, World]]:
    with new_world(Capacity=capacity) as world:
        begin(world, payments)
        clockwork = Clockwork(world)
        yield Plant(world, clockwork, WORKERS[capacity]), clockwork, world


def outage_is_over(capacity: str, payments: int) -> Drained:
    """Everything that was paid in an outage is due at once."""
    with (
        plant(capacity, payments) as (whole, clockwork, world),
        world.effects.watched_by(clockwork.takes_time),
    ):
        return whole.drain(payments)


def left(world: World, number: int) -> None:
    """So many are opened and dropped, in a shop whose wallet has a book."""
    world.settled_payment()
    deque(opened(world, number), maxlen=0)


def users_leave(capacity: str, payments: int) -> Drained:
    """From the approval until each is cancelled, closed and told."""
    with (
        plant(capacity, payments, left) as (whole, clockwork, world),
        world.effects.watched_by(clockwork.takes_time),
    ):
        return whole.drain(payments)


def pi_hangs(capacity: str, payments: int) -> Drained:
    """One sweep while Pi answers nothing at all."""
    with plant(capacity, payments) as (whole, clockwork, world):

        def hangs(moment: Moment, effect: str) -> None:
            if " /v2/" in effect and moment == "before":
                clockwork.now += min(READ_SECONDS, remaining())
                raise ReadTimeout
            clockwork.takes_time(moment, effect)

        with world.effects.watched_by(hangs):
            return whole.drain(payments, most_sweeps=1)


def payouts_in_a_row(number: int) -> tuple[float, int]:
    """Seconds for each, of so many that wait; and the calls to Pi and the chain for each. A call
    takes 250 ms, and what is handed in is answered when its ledger closes."""
    with new_world(PayoutUserDailyCap="100000", PayoutWalletDailyCap="100000") as world:
        clockwork = Clockwork(world, pi_seconds=SLOW_CHAIN_SECONDS)
        for n in range(number):
            world.requested(f"payout-{n}", world.uid(f"user {n}"), amount="0.01")

        def takes_time(moment: Moment, effect: str) -> None:
            _, ended = clockwork.run(lambda: clockwork.takes_time(moment, effect), alone=True)
            clockwork.now = ended
            if (moment, effect) == ("after", "POST /horizon/transactions"):
                clockwork.now = (clockwork.now // LEDGER_SECONDS + 1) * LEDGER_SECONDS

        sender, began = world.function("send_payout"), clockwork.now
        with world.counting() as spent, world.effects.watched_by(takes_time):
            while world.payout_queue.messages:
                assert world.payout_queue.feed_batch(sender)
        for n in range(number):
            assert world.payout(f"payout-{n}").state == "completed"
        return (clockwork.now - began) / number, (len(spent.pi) + len(spent.chain)) // number
