"""When an unpaid payment is cancelled, and what happens if it is paid in that very moment.
Promise 3.
"""

import pytest

from tests.weather.ends import CANCEL_AFTER, CANCELLED, COMPLETED, OPEN, SWEEP_CANCELS_AFTER
from tests.world import World
from tests.world.devices import First


def test_never_younger_than_ten_minutes_whoever_asks(world: World) -> None:
    user = world.user()
    payment_id = world.approved(user)
    world.tick(CANCEL_AFTER - 1)
    world.sweep()
    world.work()

    assert world.incomplete(payment_id, user).state == "open"
    assert world.incomplete(payment_id).state == "open"
    assert not world.at_pi(payment_id).is_cancelled

    world.tick(1)
    # Without a token, the caller did not prove to be the owner.
    assert world.incomplete(payment_id).state == "open"
    assert world.incomplete(payment_id, user).state == "cancelled"
    world.work()
    CANCELLED.check(world, payment_id)


def test_the_sweep_gives_it_an_hour(world: World) -> None:
    payment_id = world.approved()
    world.live(SWEEP_CANCELS_AFTER - 300)
    world.tick(299)
    world.sweep()
    world.work()
    OPEN.check(world, payment_id)

    world.tick(1)
    world.rounds(2)

    CANCELLED.check(world, payment_id)


def test_the_limit_cannot_be_set_below_ten_minutes(world: World) -> None:
    world.deploy(SweepCancelsAfterSeconds=str(CANCEL_AFTER - 1))

    with pytest.raises(ValueError, match="CANCEL_UNPAID_AFTER_SECONDS"):
        world.environment("settle")


@pytest.mark.parametrize("shown", [True, False], ids=["Pi shows it", "Pi hides it"])
def test_paid_between_the_search_and_the_cancellation(world: World, shown: bool) -> None:
    """Pi refuses with `payment_tx_present`: it is paid, so it is completed."""
    payment_id = world.approved()
    world.pi.settings.show_txid_before_complete = shown
    world.tick(SWEEP_CANCELS_AFTER)
    world.sweep()

    with world.effects.watched_by(First("POST */cancel", lambda: world.pay(payment_id))):
        world.work()
    assert "POST cancel" in world.calls(payment_id)
    world.rounds(2)

    COMPLETED.check(world, payment_id)


def test_cancelled_by_its_user_between_the_search_and_the_cancellation(world: World) -> None:
    payment_id = world.approved()
    world.tick(SWEEP_CANCELS_AFTER)
    world.sweep()

    with world.effects.watched_by(First("POST */cancel", lambda: world.pi.user_cancel(payment_id))):
        world.work()

    CANCELLED.check(world, payment_id)


def test_the_answer_to_the_cancellation_is_lost(world: World) -> None:
    payment_id = world.approved()
    world.tick(SWEEP_CANCELS_AFTER)
    world.fault("POST", "*/cancel", drop="after")
    world.rounds(1)
    world.heal()

    world.rounds(2)

    CANCELLED.check(world, payment_id)


def test_the_users_next_payment_cancels_this_one(world: World) -> None:
    """Pi does that without telling us."""
    user = world.user()
    first = world.approved(user)
    second = world.approved(user)
    world.pay(second)

    world.rounds(2)

    CANCELLED.check(world, first)
    COMPLETED.check(world, second)
