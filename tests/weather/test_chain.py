"""The chain lags, is cut short, or is full of strangers: nothing that may be paid is cancelled.
Promise 3.
"""

from typing import Any

import pytest

from local.emulator.control import STRANGER
from shared.work.wake_ups import Work
from tests.weather.ends import CANCELLED, COMPLETED, OPEN, SWEEP_CANCELS_AFTER
from tests.world import World

HOUR = 3600


@pytest.mark.parametrize("known_to_pi", [True, False])
def test_the_chain_lags_by_an_hour(world: World, known_to_pi: bool) -> None:
    """Until it shows the present, it proves nothing; what it does show already is enough to
    complete."""
    unseen, unpaid = world.paid_unseen(known_to_pi=known_to_pi), world.approved()
    world.pi.settings.ledger_lag_s = 2 * HOUR
    world.live(2 * HOUR - 600)
    OPEN.check(world, unpaid, unseen)
    world.live(1200)
    COMPLETED.check(world, unseen)  # the lagging chain shows it by now
    OPEN.check(world, unpaid)

    world.pi.settings.ledger_lag_s = 0
    world.until_proven()

    CANCELLED.check(world, unpaid)


def test_an_unpaid_one_is_paid_while_the_chain_lags(world: World) -> None:
    payment_id = world.approved()
    world.pi.settings.ledger_lag_s = HOUR
    world.live(2 * HOUR)
    world.pay(payment_id, link=False)
    world.until_proven()
    OPEN.check(world, payment_id)

    world.pi.settings.ledger_lag_s = 0
    world.until_proven()

    COMPLETED.check(world, payment_id)


def test_what_the_book_notes_as_it_is_asked_is_no_silence(world: World) -> None:
    """The worker comes to the payment before it comes to the book."""
    payment_id = world.approved()
    world.pi.settings.ledger_lag_s = HOUR
    world.live(2 * HOUR)
    world.pay(payment_id, link=False)
    world.until_proven()
    world.pi.settings.ledger_lag_s = 0
    world.tick(300)
    world.wake_ups.messages.clear()

    world.wake(Work.PAYMENT, payment_id)
    world.work()

    assert len(world.record(payment_id).receipts) == 1
    assert not world.at_pi(payment_id).is_cancelled
    world.rounds(2)
    COMPLETED.check(world, payment_id)


def test_a_busy_wallet_makes_it_slower_and_never_impossible(world: World) -> None:
    """More movements than one reading takes: the next one goes on where it ended."""
    unseen, unpaid = world.paid_unseen(known_to_pi=False), world.approved()
    for _ in range(400):
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo="hello")
    world.pi.settings.page_limit = 4  # as 20 000 with Horizon's 200
    world.live(HOUR)
    COMPLETED.check(world, unseen)

    world.live(2 * HOUR)

    CANCELLED.check(world, unpaid)


def pays_oddly(world: World, payment_id: str, **altered: Any) -> None:
    payment = world.at_pi(payment_id)
    transaction: dict[str, Any] = {
        "source": payment.from_address,
        "destination": payment.to_address,
        "amount": payment.amount,
        "memo": payment_id,
    }
    world.pi.transfer(**transaction | altered)


NOTHING = [
    pytest.param({"asset": f"PI:{STRANGER}"}, id="another asset"),
    pytest.param({"successful": False}, id="failed"),
]


@pytest.mark.parametrize("altered", NOTHING)
def test_what_brings_no_pi_is_nothing(world: World, altered: dict[str, object]) -> None:
    unpaid, paid = world.approved(), world.paid_unseen(known_to_pi=False)
    for payment_id in (unpaid, paid):
        pays_oddly(world, payment_id, **altered)

    world.tick(SWEEP_CANCELS_AFTER)
    world.until_proven()

    CANCELLED.check(world, unpaid)
    COMPLETED.check(world, paid)
    assert "POST complete" not in world.calls(unpaid)


ODD = [
    pytest.param({"source": STRANGER}, "wallets", id="from another wallet"),
    pytest.param({"amount": 3}, "amount", id="another amount"),
    pytest.param({"kind": "path_payment_strict_send"}, "kind", id="of another kind"),
]


@pytest.mark.parametrize(("altered", "odd"), ODD)
def test_what_does_not_match_is_no_silence(
    world: World, altered: dict[str, object], odd: str
) -> None:
    """A person sees it, and the record knows what was received; it pays nothing."""
    unpaid, paid = world.approved(), world.paid_unseen(known_to_pi=False)
    for payment_id in (unpaid, paid):
        pays_oddly(world, payment_id, **altered)

    world.tick(SWEEP_CANCELS_AFTER)
    world.until_proven()

    record = world.record(unpaid)
    assert (record.state, record.needs_review) == ("open", "odd_receipt")
    assert [receipt.odd for receipt in record.receipts] == [odd]
    assert str(record.received) == str(altered.get("amount", "3.14"))
    assert world.at_pi(unpaid).is_open
    record = world.record(paid)
    assert (record.state, record.needs_review) == ("completed", "odd_receipt")
    assert world.events(paid) == ["PaymentCompleted"]
    assert sorted(filter(None, (receipt.odd for receipt in record.receipts))) == [odd]


@pytest.mark.parametrize("is_above", [True, False])
def test_a_flood_of_strangers_with_our_memo_hides_nothing(world: World, is_above: bool) -> None:
    """The true one is above or below them, and found all the same; its record does not grow for
    ever."""
    payment_id = world.approved()
    if not is_above:
        world.pay(payment_id, link=False)
    for _ in range(60):
        pays_oddly(world, payment_id, source=STRANGER, amount=1)
    if is_above:
        world.pay(payment_id, link=False)

    world.tick(SWEEP_CANCELS_AFTER)
    world.until_proven()

    record = world.record(payment_id)
    assert (record.state, record.needs_review) == ("completed", "odd_receipt")
    assert world.events(payment_id) == ["PaymentCompleted"]
    assert len(record.receipts) in (20, 21)


@pytest.mark.parametrize("paid_in_time", [True, False])
def test_paid_twice(world: World, paid_in_time: bool) -> None:
    """The second is not for the goods: a person gives it back."""
    payment_id = world.paid_payment()
    if paid_in_time:
        world.rounds(2)
    world.pay(payment_id, skip_approval_check=True)

    world.rounds(4)

    record = world.record(payment_id)
    assert (record.state, record.needs_review) == ("completed", "odd_receipt")
    assert str(record.received) == "6.28"
    assert world.events(payment_id) == ["PaymentCompleted"]
