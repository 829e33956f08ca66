"""A user who pays again: first it is found out what he has paid already."""

from shared.work.wake_ups import Work
from tests.world import User, World


def test_what_was_paid_is_completed_before_the_next_approval(world: World, alice: User) -> None:
    """The page had said nothing, so the user buys once more."""
    second = world.start(alice)
    paid, txid = world.paid(alice)  # from another tab
    world.pi.force(second, {"status": {"cancelled": False}})

    assert world.approve(second, alice).status == 200

    record = world.record(paid)
    assert (record.state, record.txid, record.pending_event) == (
        "completed",
        txid,
        "PaymentCompleted",
    )
    world.wake(Work.PAYMENT, paid)
    world.work()
    assert world.events(paid) == ["PaymentCompleted"]


def test_what_cannot_be_settled_now_holds_up_nobody(world: World, alice: User) -> None:
    first = world.approved(alice)
    second = world.start(alice)
    world.fault("GET", f"/v2/payments/{first}", status=500)

    assert world.approve(second, alice).status == 200

    assert world.record(first).state == "open"


def test_a_payment_that_the_next_one_cancelled_is_seen(world: World, alice: User) -> None:
    first = world.approved(alice)
    second = world.start(alice)  # Pi cancels the first

    assert world.approve(second, alice).status == 200

    assert world.record(first).dead_at == world.clock()


def test_another_users_payments_are_left_alone(world: World, alice: User, bob: User) -> None:
    other = world.approved(bob)

    world.approve(world.start(alice), alice)

    assert world.calls(other) == ["GET", "POST approve"]
    assert world.record(other).version == 1
