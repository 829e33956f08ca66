"""What a thief found in the wallet's book, each history once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.emulator.chain import Chain
from local.emulator.control import STRANGER
from shared.book.read import MOST_TRIED
from shared.book.record import MOST_DOUBTS
from shared.work.wake_ups import Work
from tests.weather.ends import CANCELLED, COMPLETED, OPEN, SWEEP_CANCELS_AFTER
from tests.world import World
from tests.world.devices import First

HOUR = 3600
DAY = 24 * HOUR


def dust(world: World, memo: str) -> None:
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=memo)


# --- Closed as unpaid, and paid after all ---------------------------------------------------------


def closed(world: World) -> str:
    payment_id = world.approved()
    world.live(SWEEP_CANCELS_AFTER)
    world.until_proven()
    CANCELLED.check(world, payment_id)
    return payment_id


def pay_late(world: World, payment_id: str) -> None:
    world.pay(payment_id, link=False, skip_approval_check=True)


def refused_for_a_while(world: World) -> str:
    payment_id = closed(world)
    pay_late(world, payment_id)
    world.pi.force(payment_id, {"status": {"cancelled": False}})
    world.fault("POST", "*/complete", code="not_verified")
    return payment_id


def unknown_for_a_while(world: World) -> str:
    """Under another app's key, say."""
    payment_id = closed(world)
    pay_late(world, payment_id)
    world.fault("GET", f"/v2/payments/{payment_id}", code="payment_not_found")
    return payment_id


def paid_while_its_event_is_owed(world: World) -> str:
    payment_id = world.approved()
    world.live(SWEEP_CANCELS_AFTER)
    with world.bus.is_down():
        world.until_proven()
        pay_late(world, payment_id)
        world.rounds(2)
    return payment_id


def noted_while_its_event_is_sent(world: World) -> str:
    payment_id = world.approved()
    world.live(SWEEP_CANCELS_AFTER)

    def book_comes_by() -> None:
        pay_late(world, payment_id)
        world.wake(Work.BOOK, world.wallet)
        world.environment("settle")({"Records": [world.wake_ups.messages.pop().record()]})

    with world.effects.watched_by(First("PutEvents", book_comes_by)):
        world.until_proven()
    assert world.record(payment_id).receipts
    return payment_id


Make = Callable[[World], str]
LATE = (
    refused_for_a_while,
    unknown_for_a_while,
    paid_while_its_event_is_owed,
    noted_while_its_event_is_sent,
)


@pytest.mark.parametrize("make", LATE)
def test_what_is_closed_and_paid_after_all_is_never_forgotten(world: World, make: Make) -> None:
    payment_id = make(world)
    world.rounds(3)
    world.heal()

    world.live(2 * DAY)

    record = world.record(payment_id)
    if record.state != "completed":
        assert record.needs_review == "cancelled_but_paid"
        assert [record.txid] == world.transactions_of(payment_id)
        assert record.due_at is not None


def test_what_pi_has_forgotten_and_was_paid_keeps_its_proof(world: World) -> None:
    payment_id = world.paid_unseen(known_to_pi=False)
    world.fault("GET", f"/v2/payments/{payment_id}", code="payment_not_found")

    world.live(2 * HOUR)

    record = world.record(payment_id)
    assert record.needs_review == "gone"
    assert [record.txid] == world.transactions_of(payment_id)


# --- Strangers ------------------------------------------------------------------------------------


def test_dust_that_looks_like_payments_makes_the_book_slower_and_stops_it_not(world: World) -> None:
    """Each memo is a question to Pi, which takes its time: more than one message has."""
    world.settled_payment(rounds=1)
    for number in range(150):
        dust(world, f"{number:028}")
    unseen, unpaid = world.paid_unseen(known_to_pi=False), world.approved()

    def slowly(moment: str, effect: str) -> None:
        if (moment, effect) == ("before", "GET /v2/payments/*"):
            world.tick(0.2)

    with world.effects.watched_by(slowly):
        world.live(3 * HOUR)

    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)


@pytest.mark.parametrize("is_linked", [True, False])
def test_dust_delays_no_payment(world: World, is_linked: bool) -> None:
    """A stranger sees the memo on the chain; the page is closed."""
    payment_id = world.approved()
    world.rounds(1)
    world.pay(payment_id, link=is_linked)
    dust(world, payment_id)
    world.wake(Work.BOOK, world.wallet)
    world.work()

    world.live(HOUR)

    assert world.record(payment_id).state == "completed"


def test_dust_spoils_no_answer(world: World) -> None:
    """The goods are the user's, whatever a stranger has sent beside."""
    user = world.user()
    payment_id, txid = world.paid(user)
    dust(world, payment_id)
    world.rounds(3)
    assert world.record(payment_id).needs_review == "odd_receipt"

    assert world.complete(payment_id, txid, user).status == 200


def test_dust_hides_nothing_that_the_user_sends(world: World) -> None:
    payment_id = world.paid_payment()
    world.incomplete(payment_id)
    for _ in range(25):
        dust(world, payment_id)
    world.rounds(2)

    world.pay(payment_id, skip_approval_check=True, link=False)
    world.rounds(2)

    assert [receipt.odd for receipt in world.record(payment_id).receipts].count("second") == 1


# --- What Horizon says ----------------------------------------------------------------------------


def test_a_networks_first_ledger_is_no_beginning(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stellar's says that it closed in 1970: so a reset network would seem to reach back."""
    before = world.paid_unseen(known_to_pi=False)
    world.pi.reset_chain()
    closed_at, epoch = Chain.closed_at, datetime(1970, 1, 1, tzinfo=UTC)

    def of_stellar(chain: Chain, ledger: int) -> datetime:
        return epoch if ledger == 1 else closed_at(chain, ledger)

    monkeypatch.setattr(Chain, "closed_at", of_stellar)

    world.live(3 * HOUR)

    OPEN.check(world, before)
    assert not world.at_pi(before).is_cancelled


# --- Tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [World.approved, World.cancelled_by_user])
def test_a_payment_of_a_former_version_is_closed_too(world: World, make: Make) -> None:
    """Its record has no wallets and no beginning: Pi still shows them."""
    payment_id = make(world)
    gone = dict.fromkeys(("started_at", "from_address", "to_address"))
    world.tables.edit("PaymentsTable", payment_id, **gone)

    world.live(4 * HOUR)

    record = world.record(payment_id)
    assert (record.state, record.needs_review, record.due_at) == ("cancelled", None, None)


def test_a_lost_book_is_opened_again_and_reads_the_last_day(world: World) -> None:
    """A person has deleted it, or a backup of before it was restored."""
    world.settled_payment()
    forgotten = world.paid_unseen(known_to_pi=False)
    for key in (forgotten, f"wallet#{world.wallet}"):
        world.tables.delete("PaymentsTable", key)
    world.tick(timedelta(hours=2).total_seconds())

    world.settled_payment(rounds=4)

    COMPLETED.check(world, forgotten)


def test_what_was_paid_before_the_book_began_is_found_when_more_comes_in(world: World) -> None:
    """Approved by another back end, and nobody told us. (Dice, SEED=12003436.)"""
    early = world.paid_unseen(known_to_pi=False)
    world.tables.delete("PaymentsTable", early)
    world.tick(2 * DAY)
    world.settled_payment()
    assert world.find_record(early) is None

    world.stranger_pays("0.5", destination=world.wallet, memo=early)
    world.rounds(2)
    world.tick(DAY - 1200)  # what needs a person is tried daily
    world.paid_payment()
    world.rounds(6)  # so the book was just seen, for a younger one

    record = world.record(early)
    assert record.paid_by in world.transactions_of(early)
    assert record.state == "completed"


ODD_ANSWERS: dict[str, dict[str, Any]] = {
    "a page": {"status": 404, "body": "<html>"},
    "garbage": {"status": 200, "body": {"what": "is this"}},
    "a code of its own": {"status": 409, "body": {"error": "maintenance"}},
    "no answer": {"drop": "before"},
}


@pytest.mark.parametrize("answer", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_an_odd_answer_of_a_forgotten_one_is_not_the_last(
    world: World, answer: dict[str, Any]
) -> None:
    """However long Pi gives it, and it holds up no other."""
    world.settled_payment()
    unseen = world.forgotten_payment()
    world.fault("GET", f"/v2/payments/{unseen}", **answer)
    unpaid = world.approved()
    world.live(3 * DAY)
    CANCELLED.check(world, unpaid)
    assert world.metrics.counted["TransferInDoubt"] > 3  # its alarm

    world.heal()
    world.rounds(3)

    COMPLETED.check(world, unseen)


def test_an_answer_that_does_not_say_whose_payment_it_is_is_not_the_last(world: World) -> None:
    world.settled_payment()
    unseen = world.forgotten_payment()
    world.at_pi(unseen).overrides["direction"] = None
    world.rounds(2)
    assert world.metrics.counted["TransferInDoubt"] > 0  # its alarm

    world.at_pi(unseen).overrides.clear()
    world.rounds(3)

    COMPLETED.check(world, unseen)


@pytest.mark.parametrize("is_closed", [True, False])
def test_the_key_of_another_app_hides_no_forgotten_payment(world: World, is_closed: bool) -> None:
    """Pi answers as of a stranger's made-up memo."""
    known = world.settled_payment()
    backup = world.backup()
    unseen = world.paid_unseen(known_to_pi=not is_closed)
    world.restore(backup)
    key = world.take_another_apps_key()
    world.live(2 * HOUR)
    assert world.find_record(unseen) is None

    world.server_key = key
    world.rounds(4)

    COMPLETED.check(world, unseen, known)


def test_doubts_that_last_hold_up_no_other(world: World) -> None:
    """They are tried in turn."""
    world.settled_payment()
    backup = world.backup()
    for number in range(2 * MOST_TRIED):
        dust(world, f"{number:028}")
    unseen = world.paid_unseen(known_to_pi=False)
    world.restore(backup)
    world.fault("GET", "/v2/payments/*", status=400, body={"error": "maintenance"})
    world.rounds(3)
    world.heal()
    world.fault("GET", "/v2/payments/000*", status=400, body={"error": "maintenance"})

    world.rounds(5)

    COMPLETED.check(world, unseen)


def test_a_book_of_many_doubts_waits(world: World) -> None:
    """Rather than to pass what may be a payment."""
    world.settled_payment()
    for number in range(MOST_DOUBTS):
        dust(world, f"{number:028}")
    world.fault("GET", "/v2/payments/000*", status=400, body={"error": "maintenance"})
    world.rounds(2)
    assert len(world.book().doubts) == MOST_DOUBTS
    dust(world, "0" * 27 + "A")
    unpaid = world.approved()

    world.live(2 * HOUR)

    OPEN.check(world, unpaid)
    assert world.metrics.last["BookSecondsBehind"] > HOUR  # its alarm
    world.heal()
    world.rounds(MOST_DOUBTS)
    CANCELLED.check(world, unpaid)
    assert world.book().doubts == ()
