"""Each flow, played from its first effect to its last, and what it costs.

Many are played at once, and one sweep passes over them, as in a shop that sells; what the same
sweep costs with nothing to do is taken off. So a flow's part of the wallet's book is in its price.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from local.cloud import template
from tests.cost.meter import Meter, Usage, metered, size_of
from tests.world import User, World
from tests.world.dynamodb import Table

MANY = 20
PAYS_AFTER, COMPLETES_AFTER = 15, 5  # seconds that a user takes
HOUR, DAY = 3600, 24 * 3600

Play = Callable[[World, Meter], Usage]


@dataclass(frozen=True, slots=True)
class Flow:
    name: str
    play: Play


def _shop(world: World) -> None:
    """It has sold, and paid out: each wallet has its book, and each environment what it keeps."""
    world.settled_payment()
    world.requested("first", world.uid("bob"), amount="1")
    world.send()
    world.rounds(2)


def _users(world: World) -> Iterator[User]:
    """Who let the app see their names: their payments are in one index more."""
    return (world.user(f"customer {n}") for n in range(MANY))


def _without_a_sweep(world: World, meter: Meter, act: Callable[[], object]) -> Usage:
    """What `act` costs, and one round after it, less the same round with nothing to do."""
    world.rounds(2)
    with meter.on() as idle:
        world.rounds(1)
    with meter.on() as all_of_it:
        act()
        world.rounds(1)
    return all_of_it.less(idle, MANY)


def _pay(world: World, user: User) -> tuple[str, str]:
    payment_id = world.approved(user)
    world.tick(PAYS_AFTER)
    return payment_id, world.pay(payment_id)


def payment(world: World, meter: Meter) -> Usage:
    def sell() -> None:
        for user in _users(world):
            payment_id, txid = _pay(world, user)
            world.tick(COMPLETES_AFTER)
            assert world.complete(payment_id, txid, user).state == "completed"
            world.work()
            assert world.events(payment_id) == ["PaymentCompleted"]

    return _without_a_sweep(world, meter, sell)


def payment_closed_page(world: World, meter: Meter) -> Usage:
    sold: list[str] = []

    def sell() -> None:
        sold.extend(_pay(world, user)[0] for user in _users(world))

    usage = _without_a_sweep(world, meter, sell)
    assert all(world.events(payment_id) == ["PaymentCompleted"] for payment_id in sold)
    return usage


def dropped(world: World, meter: Meter) -> Usage:
    """Approved and never paid, until it is proven unpaid, cancelled, closed and told."""
    rounds = 2 * HOUR // world.sweep_seconds
    with meter.on() as idle:
        world.rounds(rounds)
    with meter.on() as all_of_it:
        opened = [world.approved(user) for user in _users(world)]
        world.rounds(rounds)
    assert {world.record(one).state for one in opened} == {"cancelled"}
    assert all(world.record(one).due_at is None for one in opened)
    return all_of_it.less(idle, MANY)


def refused(world: World, meter: Meter) -> Usage:
    """Its amount is not the price."""

    def ask() -> None:
        for user in _users(world):
            payment_id = world.start(user, amount="1")
            assert world.approve(payment_id, user).status == 409
            world.work()

    return _without_a_sweep(world, meter, ask)


def reward(world: World, meter: Meter) -> Usage:
    """Claimed, told of, and asked for once more after a day."""
    world.tick(DAY)
    world.rounds(2)
    with meter.on() as idle:
        world.tick(DAY)
        world.rounds(2)
    with meter.on() as all_of_it:
        for user in _users(world):
            ad_id = world.pi.show_ad("granted").identifier
            assert world.claim(ad_id, user).status == 200
            world.work()
        world.tick(DAY)
        world.rounds(2)
    return all_of_it.less(idle, MANY)


def payout(world: World, meter: Meter) -> Usage:
    ids = [f"payout-{n}" for n in range(MANY)]
    uids = [world.uid(f"user {n}") for n in range(MANY)]

    def pay() -> None:
        for payout_id, uid in zip(ids, uids, strict=True):
            world.requested(payout_id, uid, amount="0.1")
            world.send()

    usage = _without_a_sweep(world, meter, pay)
    assert {world.payout(one).state for one in ids} == {"completed"}
    return usage


def refund(world: World, meter: Meter) -> Usage:
    sold = [world.paid_payment() for _ in range(MANY)]
    world.rounds(2)

    def pay() -> None:
        for payment_id in sold:
            world.requested(f"refund-{payment_id}", refund_of=payment_id)
            world.send()

    return _without_a_sweep(world, meter, pay)


def user_read(world: World, meter: Meter) -> Usage:
    users = list(_users(world))
    world.tick(HOUR)
    with meter.on() as usage:
        for user in users:
            assert world.call("GET /me", token=user.token).status == 200
    return usage.each(MANY)


def history(world: World, meter: Meter) -> Usage:
    users = list(_users(world))
    for user in users:
        world.approved(user)
    world.tick(HOUR)
    with meter.on() as usage:
        for user in users:
            assert world.call("GET /payments", token=user.token).status == 200
    return usage.each(MANY)


FLOWS = (
    Flow("a payment, its page completes it", payment),
    Flow("a payment, its page was closed", payment_closed_page),
    Flow("a payment that is approved and never paid", dropped),
    Flow("a payment that is refused", refused),
    Flow("an ad's reward", reward),
    Flow("a payout", payout),
    Flow("a refund", refund),
    Flow("`GET /me`", user_read),
    Flow("`GET /payments`", history),
)


@contextmanager
def shop() -> Iterator[tuple[World, Meter]]:
    caps = ("PayoutCap", "PayoutUserDailyCap", "PayoutWalletDailyCap")
    with metered(**dict.fromkeys(caps, "1000")) as (world, meter):
        _shop(world)
        yield world, meter


@cache
def played(flow: Flow) -> Usage:
    with shop() as (world, meter):
        return flow.play(world, meter)


# --- What costs money though nothing is sold ------------------------------------------------------


@cache
def sweep() -> Usage:
    """One, with nothing to do but to read the wallet's two books on."""
    rounds = 12
    with shop() as (world, meter):
        world.rounds(2)
        with meter.on() as usage:
            world.rounds(rounds)
        return usage.each(rounds)


@cache
def proof() -> Usage:
    """One, of a day without sales."""
    with shop() as (world, meter):
        world.live(2 * DAY)
        with meter.on() as usage:
            assert world.function("prove_wallet")({}) == {"differing": 0}
        return usage


@cache
def seconds_of_a_movement() -> float:
    """What the wallet's book takes for a payment that its page has completed."""
    movements = 400
    with shop() as (world, meter):
        world.rounds(2)
        with meter.on() as idle:
            world.rounds(1)
        for n in range(movements):
            user = world.user(f"customer {n}")
            payment_id = world.approved(user)
            world.complete(payment_id, world.pay(payment_id), user)
            world.work()
        with meter.on() as usage:
            world.rounds(1)
        return (usage.seconds_of["settle"] - idle.seconds_of["settle"]) / movements


@cache
def bytes_of_a_payment() -> tuple[int, int]:
    """That was completed and delivered: in its table, and in the indexes."""
    with shop() as (world, _):
        user = world.user("customer")
        payment_id, txid = _pay(world, user)
        world.complete(payment_id, txid, user)
        world.work()
        table = Table(template.bundle()["Resources"]["PaymentsTable"]["Properties"])

        def stored(index: str | None = None) -> int:
            rows = world.tables.raw("PaymentsTable", index)
            mine = [row for row in rows if row["payment_id"]["S"] == payment_id]
            return sum(size_of(row) + OVERHEAD for row in mine)

        return stored(), sum(map(stored, table.indexes))


OVERHEAD = 100  # bytes, that DynamoDB counts for each item it stores
