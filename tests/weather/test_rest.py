"""A payment that nobody pays rests until it can be closed: if it is paid, the wallet's book wakes
it. Promise 3, and the times of docs/guarantees.md, whatever happens to the book meanwhile.
"""

from collections import Counter
from collections.abc import Callable

import pytest

import shared.kinds
from shared.aws.dynamodb import DUE_SHARDS
from shared.work.due import longest_pause
from shared.work.wake_ups import Work
from tests.weather.ends import (
    CANCEL_AFTER,
    CANCELLED,
    COMPLETED,
    OPEN,
    SWEEP_CANCELS_AFTER,
    check_money,
    weather_world,
)
from tests.weather.test_cancel import ask_to_free
from tests.world import World
from tests.world.devices import Died, DiesAt, First, deaths
from tests.world.stage import HOUR


def rests(world: World, payment_id: str) -> bool:
    due_at = world.record(payment_id).due_at
    return due_at is not None and due_at > world.clock() + longest_pause(world.sweep_seconds)


def resting(world: World) -> str:
    """A payment that the bundle has approved, and left alone."""
    world.settled_payment()  # so the wallet has a book
    payment_id = world.approved()
    world.rounds(1)
    assert rests(world, payment_id)
    return payment_id


def test_what_nobody_pays_is_looked_at_three_times(world: World) -> None:
    """Once it is approved, once it can be cancelled, and once it is proven that it was in time."""
    payment_id = resting(world)

    world.live(2 * HOUR)

    CANCELLED.check(world, payment_id)
    assert Counter(world.calls(payment_id)) == {"GET": 4, "POST approve": 1, "POST cancel": 1}


def test_it_is_cancelled_within_an_hour_and_ten_minutes(world: World) -> None:
    payment_id = world.approved()
    began = world.clock()
    world.rounds((SWEEP_CANCELS_AFTER + 600) // world.sweep_seconds)

    assert world.at_pi(payment_id).is_cancelled
    assert world.clock() - began <= SWEEP_CANCELS_AFTER + 600


@pytest.mark.parametrize("known_to_pi", [True, False])
def test_what_is_paid_is_delivered_within_two_sweeps(world: World, known_to_pi: bool) -> None:
    payment_id = resting(world)
    world.pay(payment_id, link=known_to_pi)

    world.rounds(2)

    COMPLETED.check(world, payment_id)


def no_chain(world: World) -> None:
    world.fault(path="/horizon/*", drop="before")


def chain_behind(world: World) -> None:
    world.pi.settings.ledger_lag_s = HOUR


def hole_ahead(world: World) -> None:
    latest = world.pi.chain.latest_ledger(world.now)
    world.pi.settings.holes = [(latest + 1, latest + HOUR)]


def book_unreadable(world: World) -> None:
    [book] = [item for item in world.tables.raw("PaymentsTable") if "wallet" in item]
    world.tables.edit("PaymentsTable", book["payment_id"]["S"], place="many")


def book_deleted(world: World) -> None:
    world.tables.delete("PaymentsTable", f"wallet#{world.wallet}")


def book_never_woken(world: World) -> None:
    put = world.wake_ups.put
    world.wake_ups.put = lambda body: None if '"book"' in body else put(body)  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "happens",
    [no_chain, chain_behind, hole_ahead, book_unreadable, book_deleted, book_never_woken],
)
def test_what_pi_shows_is_delivered_within_two_sweeps_where_the_book_fails(
    world: World, happens: Callable[[World], None]
) -> None:
    """Then nothing rests any more, though it would have for most of an hour."""
    payment_id, unpaid = resting(world), world.approved()
    happens(world)
    world.pay(payment_id)

    world.rounds(2)

    COMPLETED.check(world, payment_id)
    OPEN.check(world, unpaid)
    assert not rests(world, unpaid)


def test_nothing_rests_before_its_wallet_has_a_book(world: World) -> None:
    payment_id = world.approved()
    world.tick(world.sweep_seconds)
    world.sweep()

    world.work()

    assert not rests(world, payment_id)


def test_nothing_rests_while_the_book_cannot_be_read_on(world: World) -> None:
    world.settled_payment()
    no_chain(world)
    world.rounds(2)
    payment_id = world.approved()

    world.rounds(3)

    assert not rests(world, payment_id)
    world.heal()
    world.rounds(3)
    assert rests(world, payment_id)


def test_nothing_rests_that_began_before_its_book(world: World) -> None:
    """The network has begun anew: of what was before, nothing is certain."""
    world.settled_payment()
    payment_id = world.approved()
    world.rounds(1)
    world.pi.reset_chain()
    world.tick(SWEEP_CANCELS_AFTER // 2)

    world.rounds(3)

    assert not rests(world, payment_id)


def test_what_is_not_approved_does_not_rest(world: World) -> None:
    """Its approval was lost on the way: Pi gives it up, and does not say so."""
    world.settled_payment()
    world.fault("POST", "*/approve", drop="before")
    user = world.user()
    payment_id = world.start(user)
    world.approve(payment_id, user)
    world.heal()
    record = world.record(payment_id)
    assert record.state == "open"

    world.rounds(2)

    assert not rests(world, payment_id)


def test_who_asks_waits_no_longer_than_fifteen_minutes(world: World) -> None:
    """Though the hint to the worker is lost."""
    payment_id = resting(world)
    world.cancel(payment_id)
    world.wake_ups.messages.clear()

    world.rounds(1)
    assert not world.at_pi(payment_id).is_cancelled
    world.rounds(1)

    assert world.at_pi(payment_id).is_cancelled
    assert CANCEL_AFTER < world.clock() - world.record(payment_id).created_at <= 900


Between = Callable[[World, str], object]


def asks(world: World, payment_id: str) -> None:
    world.look(ask_to_free, world, payment_id)


def pays_and_is_noted(world: World, payment_id: str) -> None:
    world.pay(payment_id)
    world.wake(Work.BOOK, world.wallet)
    with world.effects.watched_by(None):
        world.wake_ups.feed_batch(world.environment("settle"))


def cancels(world: World, payment_id: str) -> None:
    world.pi.user_cancel(payment_id)
    with world.effects.watched_by(None):
        world.cancel(payment_id)


@pytest.mark.parametrize("happens", [asks, pays_and_is_noted, cancels])
def test_what_happens_before_it_is_put_to_rest_is_not_forgotten(
    world: World, happens: Between
) -> None:
    """Pi has just said that nobody has paid it."""
    world.settled_payment()
    payment_id = world.approved()
    world.tick(world.sweep_seconds)
    world.sweep()
    world.wake_ups.messages = [m for m in world.wake_ups.messages if payment_id in m.body]

    with world.effects.watched_by(First("UpdateItem", lambda: happens(world, payment_id))):
        world.work()

    assert not rests(world, payment_id)
    check_money(world, payment_id)
    world.until_proven()
    assert world.record(payment_id).state != "open"


def test_what_is_due_in_this_second_is_not_put_to_rest(world: World) -> None:
    """Nobody could make it due at once, if it is paid in that very second."""
    world.settled_payment()
    payment_id = world.approved()
    due_at = world.record(payment_id).due_at
    assert due_at is not None
    world.tick(due_at - world.clock())
    world.wake(Work.PAYMENT, payment_id)

    world.work()

    assert world.record(payment_id).due_at == due_at


def test_a_death_while_it_is_put_to_rest_costs_nothing(
    subtests: pytest.Subtests, world: World
) -> None:
    world.settled_payment()
    payment_id = world.approved()
    world.tick(world.sweep_seconds)
    world.sweep()
    [message] = [m for m in world.wake_ups.messages if payment_id in m.body]
    event = {"Records": [message.record()]}
    backup = world.backup()
    with world.counting() as spent:
        world.function("settle")(event)
    assert rests(world, payment_id)
    for number, moment, effect in deaths(spent.log):
        with subtests.test(effect=effect, moment=moment):
            world.restore(backup)
            with world.effects.watched_by(DiesAt(number, moment)), pytest.raises(Died):
                world.function("settle")(event)
            OPEN.check(world, payment_id)
    world.pay(payment_id)
    world.rounds(2)
    COMPLETED.check(world, payment_id)


def paid_without_a_chain(world: World) -> list[str]:
    """Six of them rested, and the next sweep will see that their book is not read on."""
    payments = [resting(world), *(world.approved() for _ in range(5))]
    world.rounds(1)
    no_chain(world)
    world.rounds(1)
    for payment_id in payments:
        assert rests(world, payment_id)
        world.pay(payment_id)
    world.tick(world.sweep_seconds)
    return payments


def test_a_sweep_that_dies_while_it_ends_the_rests_is_followed_by_another(
    subtests: pytest.Subtests,
) -> None:
    with weather_world(seed=1) as world:
        paid_without_a_chain(world)
        with world.counting() as spent:
            world.sweep()
    for number, moment, effect in deaths(spent.log):
        with subtests.test(effect=effect, moment=moment), weather_world(seed=1) as world:
            payments = paid_without_a_chain(world)
            with world.effects.watched_by(DiesAt(number, moment)), pytest.raises(Died):
                world.sweep()

            world.rounds(2)

            COMPLETED.check(world, *payments)


def test_what_rested_is_woken_share_by_share(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it at once would hold up what is due."""
    monkeypatch.setattr(shared.kinds, "WAKE_UPS_OF_A_WORKER", DUE_SHARDS)
    world.settled_payment()
    payments = [world.approved() for _ in range(60)]
    world.rounds(4)
    assert all(rests(world, payment_id) for payment_id in payments)
    no_chain(world)
    world.rounds(1)
    for payment_id in payments:
        world.pay(payment_id)
    world.tick(world.sweep_seconds)

    world.sweep()

    assert len(world.wake_ups.messages) <= 2 * DUE_SHARDS
    world.work()
    COMPLETED.check(world, *payments)


def test_nothing_else_that_is_due_later_is_made_due(world: World) -> None:
    """What needs an operator is looked at daily."""
    attended = resting(world)
    world.pi.delete_payment(attended)
    world.tick(SWEEP_CANCELS_AFTER)
    world.rounds(2)
    assert world.record(attended).needs_review == "gone"
    world.approved()
    world.rounds(2)
    no_chain(world)
    due_at = world.record(attended).due_at

    world.rounds(2)

    assert world.record(attended).due_at == due_at


def test_a_payouts_book_that_is_behind_ends_no_rest(world: World) -> None:
    """It lies in the payouts' table, and is the sender's to read."""
    world.requested("payout-1", amount="0.1")
    payment_id = resting(world)
    with world.counting() as spent:
        for _ in range(4):
            world.tick(world.sweep_seconds)
            world.sweep()
            world.work()

    assert world.metrics.last["BookSecondsBehind"] > 3 * world.sweep_seconds
    assert rests(world, payment_id)
    assert "GET /v2/payments/*" not in spent.log
