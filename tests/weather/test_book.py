"""The wallet's book: what was read, what is certain, and what never is. Promise 3.

The chain's history has holes, begins anew, differs from node to node: whatever is not certain
closes nothing, and what is paid is found once it shows.
"""

from collections.abc import Callable
from email.utils import format_datetime
from itertools import count
from typing import Any

import pytest

from local.emulator.control import STRANGER
from shared.work.wake_ups import Work
from tests.weather.ends import (
    CANCELLED,
    COMPLETED,
    OPEN,
    PROVEN_AFTER,
    SWEEP_CANCELS_AFTER,
    check_money,
)
from tests.world import World
from tests.world.devices import DiesAt
from tests.world.effects import Moment

HOUR = 3600
DAY = 24 * HOUR


def latest(world: World) -> int:
    return world.pi.chain.latest_ledger(world.now)


def unseen_and_unpaid(world: World) -> tuple[str, str]:
    """Pi knows nothing of the first one's transaction."""
    return world.paid_unseen(known_to_pi=False), world.approved()


# --- A history with holes -------------------------------------------------------------------------


@pytest.mark.parametrize("begins_anew", [True, False])
def test_what_lies_in_a_hole_is_no_silence(world: World, begins_anew: bool) -> None:
    """Horizon was set up anew and is filled again, from either end; it shows the present."""
    first = latest(world)
    unseen, unpaid = unseen_and_unpaid(world)
    world.tick(60)
    world.pi.settings.holes = [(1 if begins_anew else first - 20, latest(world))]
    world.tick(SWEEP_CANCELS_AFTER)
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=None)

    world.live(6 * HOUR)

    OPEN.check(world, unseen, unpaid)
    world.pi.settings.holes = []
    world.until_proven()
    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)


def test_a_hole_far_behind_holds_up_nothing(world: World) -> None:
    world.tick(DAY)
    world.pi.settings.holes = [(1, latest(world) - 2000)]
    unseen, unpaid = unseen_and_unpaid(world)

    world.tick(SWEEP_CANCELS_AFTER)
    world.until_proven()

    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)


def test_what_shows_beyond_a_hole_is_found_at_once(world: World) -> None:
    """Nobody has to wait for the hole to be filled but who would be proven unpaid."""
    world.settled_payment(rounds=1)
    world.pi.settings.holes = [(latest(world) + 5, latest(world) + 6)]
    world.tick(60)
    unseen, unpaid = unseen_and_unpaid(world)

    world.rounds(2)

    COMPLETED.check(world, unseen)
    world.live(2 * HOUR)
    OPEN.check(world, unpaid)
    assert world.metrics.last["BookSecondsBehind"] > HOUR  # its alarm


# --- Nodes, networks, wallets ---------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_two_nodes_a_minute_apart(world: World, seed: int) -> None:
    world.pi.settings.node_lag_s = 60
    unseen, unpaid = unseen_and_unpaid(world)
    world.tick(SWEEP_CANCELS_AFTER + seed)
    late = world.approved()
    for _ in range(3):
        world.rounds(1)
        world.tick(seed)
    world.pay(late, link=False)

    world.rounds(3 * HOUR // world.sweep_seconds)  # each asks another node, by chance

    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)
    COMPLETED.check(world, late)


@pytest.mark.parametrize("shown", [0, 1000])
def test_no_book_begins_in_a_history_that_is_filled_again(world: World, shown: int) -> None:
    """It shows nothing yet, or its first years: millions of ledgers would have to be read. (Dice,
    SEED=703205.)"""
    unseen, unpaid = unseen_and_unpaid(world)
    world.pi.settings.holes = [(shown + 1, 10**9)]
    world.live(HOUR)
    world.pi.settings.holes = []

    world.live(2 * HOUR)

    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)


def test_the_network_begins_anew(world: World) -> None:
    """As Pi Testnet does: of what was before nothing is certain any more, what comes after is."""
    before = world.approved()
    world.rounds(1)
    world.pi.reset_chain()
    world.tick(SWEEP_CANCELS_AFTER)
    world.rounds(1)
    unseen, unpaid = unseen_and_unpaid(world)

    world.live(2 * HOUR)

    OPEN.check(world, before)
    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)
    assert world.metrics.counted["ChainReset"] == 1


def test_another_network_proves_nothing(world: World) -> None:
    """Its ledgers have the same numbers, and close just now."""
    unpaid = world.approved()
    world.tick(SWEEP_CANCELS_AFTER + PROVEN_AFTER)
    world.sweep()
    date = {"Date": format_datetime(world.now, usegmt=True)}
    world.fault("GET", "/horizon/", status=200, body=other_network(world), headers=date)

    world.work()

    OPEN.check(world, unpaid)
    assert not world.at_pi(unpaid).is_cancelled


def other_network(world: World) -> dict[str, object]:
    return {
        "network_passphrase": "Pi Network",
        "history_latest_ledger": latest(world),
        "history_latest_ledger_closed_at": world.now.isoformat(),
    }


def test_a_node_that_is_behind_is_not_a_network_that_was_begun_anew(world: World) -> None:
    world.settled_payment()
    read = world.book()
    world.pi.settings.ledger_lag_s = HOUR

    world.rounds(2)

    assert world.metrics.counted["ChainReset"] == 0
    assert (world.book().ledger, world.book().place) == (read.ledger, read.place)


@pytest.mark.parametrize(("lag", "passed"), [(25, 22), (120, 115)])
def test_paid_a_moment_ago_and_not_shown_yet(world: World, lag: int, passed: int) -> None:
    """Horizon is behind: so little that it looks like the present, or for two minutes."""
    payment_id = world.approved()
    world.rounds(1)
    world.pi.settings.ledger_lag_s = lag
    world.tick(SWEEP_CANCELS_AFTER - world.sweep_seconds + 40)
    world.pay(payment_id, link=False)
    world.tick(passed)
    world.wake(Work.PAYMENT, payment_id)

    world.work()

    assert not world.at_pi(payment_id).is_cancelled
    world.until_proven()
    COMPLETED.check(world, payment_id)


def test_an_old_answer_out_of_a_cache_proves_nothing(world: World) -> None:
    payment_id = world.approved()
    world.tick(SWEEP_CANCELS_AFTER)
    world.wake(Work.BOOK, world.wallet)
    world.work()
    root = other_network(world) | {"network_passphrase": "Pi Testnet"}
    date = {"Date": format_datetime(world.now, usegmt=True)}
    world.fault("GET", "/horizon/", status=200, body=root, headers=date)
    nothing: dict[str, Any] = {"_embedded": {"records": []}}
    world.fault("GET", "/horizon/accounts/*", status=200, body=nothing)
    world.tick(40)
    world.pay(payment_id, link=False)
    world.tick(HOUR)
    world.wake(Work.PAYMENT, payment_id)

    world.work()

    assert not world.at_pi(payment_id).is_cancelled


def test_a_wallet_that_nobody_has_funded_is_an_empty_one(world: World) -> None:
    unpaid = world.approved()
    not_found = {"type": "https://stellar.org/horizon-errors/not_found", "status": 404}
    world.fault("GET", "/horizon/accounts/*", status=404, body=not_found)

    world.tick(SWEEP_CANCELS_AFTER)
    world.until_proven()

    CANCELLED.check(world, unpaid)


UNREADABLE: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "HTML": {"status": 200, "body": "<html>"},
    "no records": {"status": 200, "body": {"_embedded": None}},
    "an odd record": {"status": 200, "body": {"_embedded": {"records": [{}]}}},
    "a 404 that is not Horizon's": {"status": 404, "body": "<html>"},
    "nor this": {"status": 404, "body": {}},
    "no answer": {"drop": "before"},
}


@pytest.mark.parametrize("fault", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("path", ["/horizon/", "/horizon/ledgers", "/horizon/accounts/*"])
def test_what_cannot_be_read_proves_nothing(world: World, path: str, fault: dict[str, Any]) -> None:
    unseen, unpaid = unseen_and_unpaid(world)
    world.fault("GET", path, **fault)
    world.live(2 * HOUR)
    OPEN.check(world, unseen, unpaid)

    world.heal()
    world.until_proven()

    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)


# --- Closed is not forgotten ----------------------------------------------------------------------


def closed_by_pi(world: World) -> str:
    """Its user pays in the very moment in which Pi calls it cancelled, and Pi never hears of it."""
    user = world.user()
    payment_id = world.approved(user)
    world.pay(payment_id, link=False)
    world.start(user)  # which cancels the first
    assert world.at_pi(payment_id).is_cancelled
    return payment_id


def closed_by_its_user(world: World) -> str:
    payment_id = world.approved()
    world.pay(payment_id, link=False)
    world.pi.user_cancel(payment_id)
    return payment_id


def closed_by_us(world: World) -> str:
    """It shows on the chain long after it was proven unpaid: no machine can know."""
    payment_id = world.approved()
    world.live(SWEEP_CANCELS_AFTER)
    world.until_proven()
    CANCELLED.check(world, payment_id)
    world.pay(payment_id, link=False, skip_approval_check=True)
    return payment_id


Make = Callable[[World], str]


@pytest.mark.parametrize("make", [closed_by_pi, closed_by_its_user, closed_by_us])
def test_what_is_paid_and_cancelled_stands_in_front_of_a_person(world: World, make: Make) -> None:
    payment_id = make(world)

    world.until_proven()

    record = world.record(payment_id)
    assert record.needs_review == "cancelled_but_paid"
    assert [record.txid] == world.transactions_of(payment_id)
    assert record.received == record.amount
    assert record.due_at is not None
    world.live(2 * DAY)
    assert world.record(payment_id).needs_review == "cancelled_but_paid"


def test_it_is_completed_if_pi_takes_it(world: World) -> None:
    """Cancelled in our record, told so, and then paid: the user gets the goods."""
    payment_id = closed_by_us(world)
    world.pi.force(payment_id, {"status": {"cancelled": False}})

    world.rounds(3)

    assert world.standing_of(payment_id) == ("completed", None)
    assert world.events(payment_id) == ["PaymentCancelled", "PaymentCompleted"]


# --- What our table has forgotten -----------------------------------------------------------------


def test_payments_approved_after_the_backup_come_back(world: World) -> None:
    """A restored table knows nothing of them; the chain does, and Pi."""
    world.settled_payment()
    backup = world.backup()
    unseen, completed = world.paid_unseen(known_to_pi=False), world.paid_payment()
    world.incomplete(completed)
    world.work()
    world.restore(backup)

    world.rounds(3)

    COMPLETED.check(world, unseen)
    record = world.record(completed)  # delivered before: it comes back for its refund alone
    assert (record.state, record.due_at) == ("completed", None)
    assert world.events(completed) == ["PaymentCompleted"]


def test_a_made_up_memo_is_nothing(world: World) -> None:
    world.settled_payment(rounds=1)
    for memo in ("A" * 28, "incomplete", "hello world", None):
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=memo)

    world.rounds(3)

    assert len(world.all_payments()) == 1
    assert world.metrics.counted["UnknownTransfer"] == 1
    assert world.metrics.last["BookSecondsBehind"] < 2 * world.sweep_seconds


def test_a_memo_of_what_nobody_could_pay_is_nothing(world: World) -> None:
    """Its payment was begun at Pi, and never approved."""
    world.settled_payment(rounds=1)
    payment_id = world.start(world.user())
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=payment_id)

    world.rounds(3)

    assert world.find_record(payment_id) is None
    assert world.metrics.counted["UnknownTransfer"] == 1


def test_addresses_that_pi_shows_late_are_learnt_before_a_movement_is_judged(world: World) -> None:
    world.settled_payment(rounds=1)
    payment_id = world.approved(from_address=None)
    world.pay(payment_id, link=False)
    del world.at_pi(payment_id).overrides["from_address"]
    world.tick(world.sweep_seconds)
    world.wake(Work.BOOK, world.wallet)

    world.work()

    [receipt] = world.record(payment_id).receipts
    assert receipt.odd is None
    world.rounds(2)
    assert world.events(payment_id) == ["PaymentCompleted"]


def test_what_the_wallet_gives_back_by_hand_is_no_receipt(world: World) -> None:
    payment_id = world.settled_payment()
    payer = world.at_pi(payment_id).from_address
    world.pi.transfer(source=world.wallet, destination=payer, amount=1, memo=payment_id)

    world.rounds(3)

    COMPLETED.check(world, payment_id)
    assert world.record(payment_id).received == world.record(payment_id).amount


AWAY = {"no answer": {"drop": "before"}, "nonsense": {"status": 400, "body": "<html>"}}


@pytest.mark.parametrize("fault", AWAY.values(), ids=AWAY)
def test_pi_is_away_when_a_forgotten_payment_shows(world: World, fault: dict[str, Any]) -> None:
    """The book waits for Pi's word, and forgets nothing."""
    world.settled_payment()
    unseen = world.forgotten_payment()
    world.fault(path="/v2/*", **fault)
    world.rounds(5)

    world.heal()
    world.rounds(3)

    COMPLETED.check(world, unseen)


def test_one_strange_answer_of_pis_does_not_hold_up_the_book_for_ever(world: World) -> None:
    world.settled_payment(rounds=1)
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo="A" * 28)
    world.fault("GET", f"/v2/payments/{'A' * 28}", status=400, body="<html>")
    unpaid = world.approved()

    world.live(3 * HOUR)

    CANCELLED.check(world, unpaid)


# --- Read once, and never skipped -----------------------------------------------------------------


def test_each_movement_is_read_about_once(world: World) -> None:
    """A call for 200 movements, and three for each reading, whatever is open."""
    payments = [world.paid_payment() for _ in range(50)]
    world.rounds(2)
    world.tick(world.sweep_seconds)
    world.sweep()
    assert len(world.wake_ups.messages) == 1  # the book

    with world.counting() as spent:
        world.work()

    assert spent.log.count("GET /horizon/accounts/*/payments") == 1
    assert len(spent.chain) == 3
    COMPLETED.check(world, *payments)


def test_pages_are_read_until_one_is_empty(world: World) -> None:
    """However few movements Horizon puts on one."""
    world.settled_payment(rounds=1)
    payments = [world.paid_unseen(known_to_pi=False) for _ in range(5)]
    world.pi.settings.page_limit = 2
    world.tick(90)
    world.wake(Work.BOOK, world.wallet)

    world.work()

    assert [len(world.record(payment_id).receipts) for payment_id in payments] == [1] * 5


def test_dust_of_strangers_costs_pi_nothing(world: World) -> None:
    world.settled_payment(rounds=1)
    for _ in range(300):
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo="dust, dust")

    with world.counting() as spent:
        world.rounds(2)

    assert not [call for call in spent.pi if call.startswith("GET /v2/payments/*")]


def test_what_is_read_again_is_noted_once(world: World) -> None:
    """The book is taken back, as by a restore of it alone, while Pi cannot complete anything."""
    world.settled_payment(rounds=1)
    [book] = [item for item in world.tables.raw("PaymentsTable") if "wallet" in item]
    payment_id = world.paid_unseen(known_to_pi=False)
    world.fault("POST", "*/complete", drop="before")
    world.rounds(2)
    noted = world.record(payment_id).receipts
    assert len(noted) == 1
    world.tables.put("PaymentsTable", book)

    world.rounds(2)

    assert world.record(payment_id).receipts == noted
    world.heal()
    world.rounds(2)
    COMPLETED.check(world, payment_id)


def test_a_restore_takes_back_what_was_noted_just_now_and_the_book(world: World) -> None:
    """Found by dice: the reader was about to move the book's place, past what the restored record
    had forgotten; and the payment was closed as unpaid."""
    world.settled_payment(rounds=1)
    payment_id = world.paid_unseen(known_to_pi=False)
    backup = world.backup()
    world.tick(world.sweep_seconds)
    world.wake(Work.BOOK, world.wallet)
    is_restored = False

    def once_it_is_noted(moment: Moment, effect: str) -> None:
        nonlocal is_restored
        is_noted = (moment, effect) == ("after", "UpdateItem") and world.record(payment_id).receipts
        if is_noted and not is_restored:
            is_restored = True
            world.restore(backup)

    with world.effects.watched_by(once_it_is_noted):
        world.work()

    assert is_restored
    assert not world.record(payment_id).receipts
    world.pi.user_cancel(payment_id)
    world.live(2 * HOUR)
    assert [receipt.txid for receipt in world.record(payment_id).receipts] == (
        world.transactions_of(payment_id)
    )


def test_another_writer_comes_between_a_movement_and_its_note(world: World) -> None:
    """A front end learns that Pi has cancelled the payment, in the very moment in which the book
    finds that it was paid."""
    world.settled_payment(rounds=1)
    payment_id = world.paid_unseen(known_to_pi=False)
    world.tick(world.sweep_seconds)
    world.pi.user_cancel(payment_id)
    world.wake(Work.BOOK, world.wallet)

    writes = count(1)

    def before_its_note(moment: Moment, effect: str) -> None:
        """The book's own write is the first one."""
        if (moment, effect) == ("before", "UpdateItem") and next(writes) == 2:
            with world.effects.watched_by(None):
                world.cancel(payment_id)

    with world.effects.watched_by(before_its_note):
        world.work()

    record = world.record(payment_id)
    assert record.dead_at is not None
    assert [receipt.txid for receipt in record.receipts] == world.transactions_of(payment_id)


EVERY_EFFECT = range(1, 29)


@pytest.mark.parametrize("number", EVERY_EFFECT)
def test_the_reader_dies_anywhere(world: World, number: int) -> None:
    """Two pages of payments that only the chain knows: each is completed, once."""
    world.settled_payment()
    payments = [world.paid_unseen(known_to_pi=False) for _ in range(3)]
    world.pi.settings.page_limit = 2
    world.tick(90)
    world.wake(Work.BOOK, world.wallet)
    has_died = False
    try:
        with world.effects.watched_by(DiesAt(number, "after")):
            world.work()
    except BaseException as died:  # noqa: BLE001 - the process is gone
        has_died = type(died).__name__ == "Died"
    # The last one comes to the end: so every effect was tried.
    assert has_died == (number != max(EVERY_EFFECT))
    world.cold_start()
    world.pi.settings.page_limit = 200

    world.until_proven()

    for payment_id in payments:
        COMPLETED.check(world, payment_id)
        check_money(world, payment_id)


def test_a_book_that_cannot_be_opened_is_left_for_a_minute(world: World) -> None:
    """Found by attack: each payment tried it anew."""
    world.fault(path="/horizon/*", drop="before")

    def costs(payments: int) -> int:
        for _ in range(payments):
            world.paid_payment()
        world.tick(world.sweep_seconds)
        world.sweep()
        with world.counting() as spent:
            world.work()
        return len(spent.chain)

    assert costs(8) == costs(1) > 0
