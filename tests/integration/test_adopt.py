"""Payments that another back end of the same app approved: taken over for their owner alone."""

from collections.abc import Callable

import pytest

from tests.world import User, World
from tests.world.functions import Reply
from tests.world.payments import PIE


def approved_elsewhere(world: World, user: User, amount: str = "3.14") -> str:
    payment_id = world.start(user, amount)
    world.at_pi(payment_id).approve()
    return payment_id


def test_a_paid_one_is_completed_and_delivered(world: World, alice: User) -> None:
    """Promise 3: a payment that blocks its user is settled for the user's token."""
    payment_id = approved_elsewhere(world, alice)
    txid = world.pay(payment_id)

    reply = world.incomplete(payment_id, alice)

    assert (reply.status, reply.body["txid"]) == (200, txid)
    assert world.record(payment_id).pending_event == "PaymentCompleted"


def test_one_that_matches_no_price_frees_the_user_and_is_not_delivered(
    world: World, alice: User
) -> None:
    payment_id = approved_elsewhere(world, alice, "1")
    world.pay(payment_id)

    reply = world.incomplete(payment_id, alice)

    assert (reply.status, reply.body["attention"]) == (200, "unmatched")
    assert world.at_pi(payment_id).developer_completed
    record = world.record(payment_id)
    assert (record.state, record.pending_event, record.needs_review) == (
        "completed",
        "PaymentUnmatched",
        "unmatched",
    )
    assert world.complete(payment_id, "ab" * 32, alice).error == "payment_needs_attention"
    world.start(alice)  # Pi lets the user pay again


def test_an_unmatched_one_stays_so_when_the_price_changes(world: World, alice: User) -> None:
    """The record fixes what it was checked against."""
    payment_id = approved_elsewhere(world, alice, "1")
    world.incomplete(payment_id, alice)
    world.sell(PIE, price="1")
    world.pay(payment_id)

    world.incomplete(payment_id, alice)

    assert world.record(payment_id).pending_event == "PaymentUnmatched"


def test_an_unpaid_one_is_watched(world: World, alice: User) -> None:
    payment_id = approved_elsewhere(world, alice)

    assert world.incomplete(payment_id, alice).status == 202

    record = world.record(payment_id)
    assert record.state == "open"
    assert record.due_at is not None


def test_not_for_another_user(world: World, alice: User, bob: User) -> None:
    payment_id = approved_elsewhere(world, alice)

    assert world.incomplete(payment_id, bob).status == 403

    assert world.find_record(payment_id) is None


def test_one_that_was_never_approved_is_not_ours(world: World, alice: User) -> None:
    payment_id = world.start(alice)

    assert world.incomplete(payment_id, alice).status == 404

    assert world.find_record(payment_id) is None


@pytest.mark.parametrize("call", [World.incomplete, World.cancel, World.error])
def test_completed_elsewhere_is_never_delivered_again(
    world: World, alice: User, call: Callable[[World, str, User], Reply]
) -> None:
    """Promise 4: whoever completed it has delivered it."""
    payment_id = approved_elsewhere(world, alice)
    world.at_pi(payment_id).complete(world.pay(payment_id), None)

    assert call(world, payment_id, alice).error == "already_completed"

    assert world.find_record(payment_id) is None


def test_cancelled_elsewhere_is_not_recorded(world: World, alice: User) -> None:
    payment_id = approved_elsewhere(world, alice)
    world.pi.user_cancel(payment_id)

    assert world.cancel(payment_id, alice).error == "payment_cancelled"

    assert world.find_record(payment_id) is None


def test_a_cancelled_one_that_is_paid_is_taken_over(world: World, alice: User) -> None:
    """Pi shows both; whether it still takes the completion, it is not forgotten."""
    payment_id = approved_elsewhere(world, alice)
    txid = world.pay(payment_id)
    world.pi.force(payment_id, {"status": {"cancelled": True}})

    world.incomplete(payment_id, alice)

    record = world.record(payment_id)
    assert record.txid == txid
    assert record.state == "completed" or record.needs_review == "cancelled_but_paid"
