"""What no machine may close: it gets its reason, one alarm, a daily look, and holds up nobody."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from shared.work.wake_ups import Work
from tests.weather.ends import CANCELLED, COMPLETED, OPEN, REFUSED, refused, unmatched
from tests.weather.log import logged
from tests.world import World

DAY = 24 * 3600


def gone(world: World) -> str:
    payment_id = world.approved()
    world.pi.delete_payment(payment_id)
    return payment_id


def never_verifies(world: World) -> str:
    """Pi has linked a transaction of another amount."""
    payment_id = world.approved()
    world.pay(payment_id, amount=1, link=True)
    return payment_id


def jammed(world: World) -> str:
    payment_id = world.paid_payment()
    world.fault("POST", f"*/{payment_id}/complete", code="verification_failed")
    return payment_id


def another_transaction(world: World) -> str:
    payment_id = world.paid_payment()
    world.fault("POST", f"*/{payment_id}/complete", code="txid_mismatch")
    return payment_id


def cancelled_but_paid(world: World) -> str:
    payment_id = world.paid_payment()
    world.pi.force(payment_id, {"status": {"cancelled": True}})
    return payment_id


Make = Callable[[World], str]

CASES: dict[str, tuple[Make, str]] = {
    "gone": (gone, "gone"),
    "verification fails": (jammed, "never_verifies"),
    "another transaction": (another_transaction, "never_verifies"),
    "cancelled though paid": (cancelled_but_paid, "cancelled_but_paid"),
    "not what we sell": (unmatched, "unmatched"),
}
each_case = pytest.mark.parametrize(
    ("make", "reason"), [pytest.param(*case, id=name) for name, case in CASES.items()]
)


@each_case
def test_an_operator_is_called_once_and_none_waits(world: World, make: Make, reason: str) -> None:
    stuck = make(world)
    others = [world.paid_payment() for _ in range(11)]  # two batches

    world.rounds(1)

    assert world.record(stuck).needs_review == reason
    COMPLETED.check(world, *others)
    world.rounds(12)
    assert world.metrics.counted["PaymentNeedsAttention"] == 1
    assert world.metrics.last["PaymentsAttention"] == 1
    assert "PaymentsStuck" not in world.metrics.last  # it has its own alarm
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []


@each_case
def test_it_is_looked_at_once_a_day(world: World, make: Make, reason: str) -> None:
    world.ledgers_close_seldom()
    stuck = make(world)
    world.rounds(3)
    for _ in range(3):
        looked_at = world.record(stuck).due_at
        world.rounds(1)
        world.tick(DAY - 5 * 300)
        world.rounds(1)
        assert world.record(stuck).due_at == looked_at
        rounds_until_a_look(world, stuck, at_most=5)

    record = world.record(stuck)
    assert record.needs_review == reason
    # Looking writes nothing.
    assert record.version - len(record.receipts) == (3 if reason == "unmatched" else 2)
    assert len(world.events(stuck)) == (reason == "unmatched")


def rounds_until_a_look(world: World, payment_id: str, at_most: int) -> None:
    looked_at = world.record(payment_id).due_at
    for _ in range(at_most):
        world.rounds(1)
        if world.record(payment_id).due_at != looked_at:
            return
    raise AssertionError("nobody looked at it")


def test_what_never_verifies_is_given_a_day(world: World) -> None:
    """What the chain shows for it is odd all the while."""
    stuck = never_verifies(world)
    world.rounds(6)
    assert world.record(stuck).needs_review == "odd_receipt"

    world.tick(DAY)
    world.rounds(2)

    assert world.standing_of(stuck) == ("open", "never_verifies")


@pytest.mark.parametrize("paid", [True, False])
def test_gone_and_back(each_world: World, paid: bool) -> None:
    """It needs no person any more: it goes to its own end."""
    world = each_world
    payment_id = world.paid_payment() if paid else world.approved()
    kept = world.at_pi(payment_id)
    world.pi.delete_payment(payment_id)
    world.rounds(2)
    assert world.record(payment_id).needs_review == "gone"

    world.pi._keep(kept)
    world.tick(DAY)
    world.until_proven()

    end = COMPLETED if paid else CANCELLED
    assert world.record(payment_id).needs_review is None
    assert world.record(payment_id).state == end.state
    assert tuple(world.events(payment_id)) == end.events
    assert world.metrics.last["PaymentsAttention"] == 0


def test_a_person_need_not_wait_for_tomorrow(world: World) -> None:
    """An operator's message wakes the worker for it at once."""
    payment_id = world.paid_payment()
    kept = world.at_pi(payment_id)
    world.pi.delete_payment(payment_id)
    world.rounds(1)
    world.pi._keep(kept)

    world.wake(Work.PAYMENT, payment_id)
    world.work()

    assert world.record(payment_id).state == "completed"
    assert world.events(payment_id) == ["PaymentCompleted"]


def test_a_mended_payment_of_the_wrong_flags_completes(world: World) -> None:
    """A person got Pi to take the cancellation back."""
    payment_id = cancelled_but_paid(world)
    world.rounds(1)
    world.pi.force(payment_id, {"status": {"cancelled": False}})

    world.tick(DAY)
    world.rounds(1)

    assert world.standing_of(payment_id) == ("completed", None)
    assert world.events(payment_id) == ["PaymentCompleted"]


def close_as_not_sold(world: World, payment_id: str) -> None:
    """As the runbook does."""
    world.tables.edit(
        "PaymentsTable",
        payment_id,
        state="cancelled",
        cancelled_at=world.clock(),
        owed="PaymentCancelled",
        due_at=world.clock(),
        attention=None,
        settled_by_hand=world.record(payment_id).txid or "none",
    )


@pytest.mark.parametrize("shown", [True, False])
def test_what_was_settled_by_hand_does_not_come_up_again(world: World, shown: bool) -> None:
    """Found by a reader of the runbook: the book had noted what paid it."""
    payment_id = cancelled_but_paid(world)
    world.rounds(3)
    record = world.record(payment_id)
    assert (record.needs_review, len(record.receipts)) == ("cancelled_but_paid", 1)
    at_pi = world.at_pi(payment_id)
    at_pi.settings = replace(at_pi.settings, show_txid_before_complete=shown)

    close_as_not_sold(world, payment_id)
    for _ in range(3):
        world.tick(DAY)
        world.rounds(2)
    world.incomplete(payment_id)  # its user's page comes back

    record = world.record(payment_id)
    assert (record.state, record.needs_review, record.due_at) == ("cancelled", None, None)
    assert world.events(payment_id) == ["PaymentCancelled"]


def test_what_pays_a_payment_later_that_was_closed_as_unpaid_comes_up(world: World) -> None:
    """Closed is not forgotten."""
    payment_id = world.approved()
    world.pi.delete_payment(payment_id)
    world.rounds(2)
    assert world.record(payment_id).needs_review == "gone"

    close_as_not_sold(world, payment_id)
    world.rounds(2)
    payer, paid = str(world.record(payment_id).from_address), Decimal("3.14")
    world.pi.transfer(source=payer, destination=world.wallet, amount=paid, memo=payment_id)
    world.tick(300)
    world.rounds(3)

    assert world.record(payment_id).needs_review == "cancelled_but_paid"


def test_what_is_owed_about_an_unmatched_payment_does_not_wait_for_tomorrow(world: World) -> None:
    """That it needs a person is no reason to tell the app a day later, should the bus be down."""
    payment_id = unmatched(world)
    with world.bus.is_down():
        world.rounds(3)

    world.rounds(2)

    assert world.events(payment_id) == ["PaymentUnmatched"]


def test_the_log_says_which_payment_it_is(world: World) -> None:
    """The operator who was called has to find it."""
    stuck, completed = gone(world), world.paid_payment()

    with logged() as lines:
        world.rounds(1)

    said = {line["message"]: line.get("subject") for line in lines}
    assert said["This payment needs an operator"] == stuck
    assert said["Payment completed"] == completed


def test_what_never_verifies_is_not_closed_when_pi_cancels_it(world: World) -> None:
    """Found by attack: the chain had proven it, and it was called cancelled."""
    world.pi.settings.show_txid_before_complete = False
    user = world.user()
    payment_id = world.approved(user)
    txid = world.pay(payment_id, link=False)
    world.fault("POST", "/v2/payments/*/complete", code="verification_failed")
    world.complete(payment_id, txid, user)
    assert world.record(payment_id).needs_review == "never_verifies"
    world.heal()
    world.pi.user_cancel(payment_id)

    world.live(25 * 3600)

    assert world.standing_of(payment_id) == ("open", "cancelled_but_paid")
    assert world.record(payment_id).txid == txid


@pytest.mark.parametrize("code", ["unknown_error", "invalid_arguments", "feature_not_available"])
def test_another_refusal_than_that_pi_does_not_know_it_is_not_gone(world: World, code: str) -> None:
    payment_id = world.approved()
    world.fault("GET", f"/v2/payments/{payment_id}", code=code)

    world.rounds(2)

    OPEN.check(world, payment_id)


def test_a_closed_payment_that_pi_has_forgotten_needs_nobody(world: World) -> None:
    """It was refused; only its wallet's book is still to be seen to."""
    payment_id = refused(world)
    world.pi.delete_payment(payment_id)

    world.rounds(2)

    record = world.record(payment_id)
    assert (record.state, record.needs_review, record.due_at) == (REFUSED.state, None, None)
