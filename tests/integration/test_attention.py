"""What three states cannot close is kept for a person, with its reason, and stays open."""

from decimal import Decimal

import pytest

from local.emulator.errors import PiError
from tests.world import User, World
from tests.world.devices import First

OLD = 600


def test_an_unverified_transaction_is_waited_for_a_day(world: World, alice: User) -> None:
    """`not_verified` may pass; after a day it does not."""
    payment_id = world.approved(alice)
    world.pay(payment_id, amount=Decimal(1), link=True)

    assert world.incomplete(payment_id).status == 202
    assert world.record(payment_id).needs_review is None

    world.tick(24 * 3600)
    assert world.incomplete(payment_id).status == 202
    record = world.record(payment_id)
    assert (record.state, record.needs_review, record.pending_event) == (
        "open",
        "never_verifies",
        None,
    )
    assert world.complete(payment_id, "ab" * 32).error == "payment_needs_attention"


def test_a_jammed_payment_is_handed_to_a_person(world: World, alice: User) -> None:
    """Another back end sent a txid that is not this payment's: Pi keeps it linked for good."""
    payment_id = world.approved(alice)
    wrong = world.pay(payment_id, amount=1)
    with pytest.raises(PiError):
        world.at_pi(payment_id).complete(wrong, world.pi.chain.find(wrong))

    replies = [world.incomplete(payment_id) for _ in range(2)]

    assert [reply.status for reply in replies] == [202, 202]
    record = world.record(payment_id)
    assert (record.state, record.needs_review, record.version) == ("open", "never_verifies", 2)


@pytest.mark.parametrize("code", ["verification_failed", "txid_mismatch"])
def test_a_final_refusal_is_handed_to_a_person(world: World, alice: User, code: str) -> None:
    payment_id, _ = world.paid(alice)
    world.fault("POST", "*/complete", code=code)

    assert world.incomplete(payment_id).status == 202

    assert world.standing_of(payment_id) == ("open", "never_verifies")


@pytest.mark.parametrize("flag", ["cancelled", "user_cancelled"])
def test_cancelled_although_paid_is_handed_to_a_person(
    world: World, alice: User, flag: str
) -> None:
    """The transaction decides first; Pi refuses to complete, so a person must look."""
    payment_id, _ = world.paid(alice)
    world.pi.force(payment_id, {"status": {flag: True}})

    assert world.incomplete(payment_id).status == 202

    assert world.standing_of(payment_id) == ("open", "cancelled_but_paid")
    # Pi's own people mend it: then it completes, and is delivered.
    world.pi.force(payment_id, {"status": {flag: False}})
    assert world.incomplete(payment_id).state == "completed"
    assert world.record(payment_id).pending_event == "PaymentCompleted"
    assert world.record(payment_id).needs_review is None


# --- Gone ---------------------------------------------------------------------------------------


def test_gone_at_pi_is_never_closed(world: World, alice: User) -> None:
    """A wrong key answers 404 for every payment: a person must look; nothing is lost."""
    payment_id = world.approved(alice)
    world.tick(OLD)
    world.fault_once("GET", f"/v2/payments/{payment_id}", code="payment_not_found")

    assert world.cancel(payment_id, alice).status == 202

    record = world.record(payment_id)
    assert (record.state, record.needs_review, record.pending_event) == ("open", "gone", None)
    assert record.due_at == world.clock() + 24 * 3600


def test_the_key_of_another_app_closes_nothing(world: World, alice: User) -> None:
    """Promise 3: and with the right key back, all is well."""
    world.pi.registry.add_app("other-app", "key-of-the-other-app")
    paid, _ = world.paid(alice)
    world.tick(OLD)
    world.server_key = "key-of-the-other-app"
    world.cold_start()

    assert world.cancel(paid, alice).status == 202
    assert world.standing_of(paid) == ("open", "gone")

    world.server_key = world.pi.registry.app().key
    world.cold_start()
    assert world.cancel(paid, alice).state == "completed"
    assert world.record(paid).needs_review is None


def test_back_from_gone(world: World, alice: User) -> None:
    """Pi knows it again: it goes on like any open payment, and alarms nobody."""
    payment_id = world.approved(alice)
    world.fault_once("GET", f"/v2/payments/{payment_id}", code="payment_not_found")
    world.incomplete(payment_id)

    assert world.incomplete(payment_id).status == 202

    record = world.record(payment_id)
    assert (record.state, record.needs_review) == ("open", None)
    assert record.due_at is not None


def test_a_completion_overwrites_an_attention(world: World, alice: User) -> None:
    """Promise 3: Pi has completed it; whoever wrote something lesser meanwhile, it is recorded."""
    payment_id, txid = world.paid(alice)

    def lose_sight_of_it(moment: str, effect: str) -> None:
        if (moment, effect) == ("before", "UpdateItem"):
            world.fault_once("GET", f"/v2/payments/{payment_id}", code="payment_not_found")
            with world.effects.watched_by(None):
                assert world.incomplete(payment_id).status == 202

    with world.effects.watched_by(lose_sight_of_it):
        reply = world.complete(payment_id, txid, alice)

    assert (reply.status, reply.state) == (200, "completed")
    record = world.record(payment_id)
    assert (record.state, record.needs_review, record.version) == ("completed", None, 3)


def test_a_wrong_key_does_not_make_it_forget_that_it_was_paid(world: World, alice: User) -> None:
    payment_id, txid = world.cancelled_but_paid(alice)
    world.complete(payment_id, txid, alice)
    assert world.record(payment_id).needs_review == "cancelled_but_paid"

    right = world.take_another_apps_key()
    world.incomplete(payment_id)
    world.server_key = right
    world.cold_start()
    world.incomplete(payment_id)

    assert world.record(payment_id).needs_review == "cancelled_but_paid"


def test_a_race_does_not_make_it_forget_that_it_was_paid(world: World, alice: User) -> None:
    """One has read `cancelled, no transaction`; before it writes, the other proves the txid."""
    payment_id, txid = world.cancelled_but_paid(alice)

    def prove() -> None:
        with world.effects.watched_by(None):
            world.complete(payment_id, txid, alice)

    with world.effects.watched_by(First("UpdateItem", prove)):
        world.incomplete(payment_id)

    assert world.record(payment_id).needs_review == "cancelled_but_paid"


def test_its_cancellation_is_delivered_in_between(world: World, alice: User) -> None:
    """Found by attack: the reason for a person was lost to the delivery's write."""
    payment_id = world.approved(alice)
    txid = world.pay(payment_id)
    world.pi.force(payment_id, {"status": {"user_cancelled": True}, "transaction": None})
    world.cancel(payment_id, alice)
    world.at_pi(payment_id).overrides.pop("transaction")

    def deliver() -> None:
        with world.effects.watched_by(None):
            world.work()

    with world.effects.watched_by(First("UpdateItem", deliver)):
        world.complete(payment_id, txid, alice)

    record = world.record(payment_id)
    assert record.needs_review == "cancelled_but_paid"
    assert record.due_at is not None
