"""When an unpaid payment is cancelled, and what happens if it is paid in that very moment.
Promise 3.
"""

import pytest

from shared.work.wake_ups import Work
from tests.weather.ends import (
    CANCEL_AFTER,
    CANCELLED,
    COMPLETED,
    OPEN,
    PROVEN_AFTER,
    SWEEP_CANCELS_AFTER,
)
from tests.world import World
from tests.world.devices import First


@pytest.mark.parametrize("is_owner", [True, False])
def test_never_younger_than_ten_minutes_whoever_asks(each_world: World, is_owner: bool) -> None:
    """Its id is its page's secret until it is paid: to know it is enough to ask. Whoever asks, it
    is the worker that cancels, once the chain is silent."""
    world = each_world
    user = world.user()
    payment_id = world.approved(user)
    assert world.cancel(payment_id, user if is_owner else None).status == 202
    world.work()
    world.tick(CANCEL_AFTER - 1)
    world.wake(Work.PAYMENT, payment_id)
    world.work()
    assert not world.at_pi(payment_id).is_cancelled

    world.rounds(2)

    assert world.at_pi(payment_id).is_cancelled
    world.until_proven()
    CANCELLED.check(world, payment_id)


def test_to_ask_again_costs_one_read_and_no_wake_up(world: World) -> None:
    payment_id = world.approved()
    world.cancel(payment_id)
    sent = world.wake_ups.sent

    with world.counting() as spent:
        for _ in range(3):
            assert world.cancel(payment_id).state == "open"

    assert spent.log == ["GetItem", "GET /v2/payments/*"] * 3
    assert world.wake_ups.sent == sent


def test_to_ask_takes_no_write_from_the_worker(world: World) -> None:
    """It is noted beside the record's version, at any moment."""
    payment_id = world.approved()
    txid = world.pay(payment_id)
    world.tick(300)
    world.sweep()

    ask = First("POST */complete", lambda: world.look(ask_to_free, world, payment_id))
    with world.effects.watched_by(ask):
        world.work()

    record = world.record(payment_id)
    assert (record.state, record.txid, record.version) == ("completed", txid, 3)


def ask_to_free(world: World, payment_id: str) -> None:
    assert world.eyes.payments.ask_to_free(world.record(payment_id), world.clock())


def test_the_sweep_gives_it_an_hour(world: World) -> None:
    payment_id = world.approved()
    world.live(SWEEP_CANCELS_AFTER - 300)
    world.tick(299)
    world.sweep()
    world.work()
    OPEN.check(world, payment_id)

    world.tick(1)
    world.until_proven()

    CANCELLED.check(world, payment_id)


def test_the_limit_cannot_be_set_below_ten_minutes(world: World) -> None:
    for parameter in ("SweepCancelsAfterSeconds", "CancelUnpaidAfterSeconds"):
        world.parameters = {parameter: str(CANCEL_AFTER - 1)}

        with pytest.raises(ValueError, match="CANCEL"):
            world.environment("settle")


@pytest.mark.parametrize("shown", [True, False], ids=["Pi shows it", "Pi hides it"])
def test_paid_between_the_search_and_the_cancellation(world: World, shown: bool) -> None:
    """Pi refuses with `payment_tx_present`: it is paid, so it is completed."""
    payment_id = world.approved()
    world.pi.settings.show_txid_before_complete = shown
    world.tick(SWEEP_CANCELS_AFTER + PROVEN_AFTER)
    world.sweep()

    with world.effects.watched_by(First("POST */cancel", lambda: world.pay(payment_id))):
        world.work()
    assert "POST cancel" in world.calls(payment_id)
    world.until_proven()

    COMPLETED.check(world, payment_id)


def test_cancelled_by_its_user_between_the_search_and_the_cancellation(world: World) -> None:
    payment_id = world.approved()
    world.tick(SWEEP_CANCELS_AFTER + PROVEN_AFTER)
    world.sweep()

    with world.effects.watched_by(First("POST */cancel", lambda: world.pi.user_cancel(payment_id))):
        world.work()
    world.until_proven()

    CANCELLED.check(world, payment_id)


def test_the_answer_to_the_cancellation_is_lost(world: World) -> None:
    payment_id = world.approved()
    world.tick(SWEEP_CANCELS_AFTER)
    world.fault("POST", "*/cancel", drop="after")
    world.rounds(3)
    world.heal()

    world.until_proven()

    CANCELLED.check(world, payment_id)


def test_pi_answers_the_cancellation_and_has_not_cancelled_it(world: World) -> None:
    """It is noted as cancelled once Pi shows it so."""
    payment_id = world.approved()
    world.tick(SWEEP_CANCELS_AFTER + PROVEN_AFTER)
    world.sweep()
    world.fault("POST", "*/cancel", status=200, body=world.at_pi(payment_id).dto())

    world.work()

    assert "POST cancel" in world.calls(payment_id)
    assert world.record(payment_id).dead_at is None
    world.heal()
    world.until_proven()
    CANCELLED.check(world, payment_id)


def test_the_users_next_payment_cancels_this_one(world: World) -> None:
    """Pi does that without telling us."""
    user = world.user()
    first = world.approved(user)
    second = world.approved(user)
    world.pay(second)

    world.until_proven()

    CANCELLED.check(world, first)
    COMPLETED.check(world, second)


@pytest.mark.parametrize("rounds", [0, 4], ids=["only Pi knows", "recorded"])
def test_a_repeated_approve_of_what_was_cancelled_is_refused(world: World, rounds: int) -> None:
    user = world.user()
    payment_id = world.approved(user)
    world.pi.user_cancel(payment_id)
    world.rounds(rounds)

    reply = world.approve(payment_id, user)

    assert (reply.status, reply.error) == (409, "payment_cancelled")


def test_nobody_is_told_of_what_was_cancelled_before_it_was_approved(world: World) -> None:
    user = world.user()
    payment_id = world.start(user)
    world.pi.user_cancel(payment_id)

    world.approve(payment_id, user)
    world.rounds(4)

    assert world.record(payment_id).state == "cancelled"
    assert world.events(payment_id) == []
