"""The daily proof: the wallet is the sum of the records, in and out, or it says what differs.

Whatever is not certain proves nothing; then no number says that all is well.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from local.emulator.control import STRANGER
from tests.weather.log import logged
from tests.world import World
from tests.world.effects import AwsFault

HOUR = 3600
DAY = 24 * HOUR
MADE_UP = "ab" * 32
"""A transaction that there is not."""


@pytest.fixture(autouse=True)
def _ledgers_close_seldom(world: World) -> None:
    """A day of them is read in a few pages."""
    world.pi.settings.ledger_close_s = 120


def until_after(world: World, midnights: int = 1) -> None:
    """Half past two in the night, as the schedule has it; the books were read on."""
    midnight = world.now.replace(hour=0, minute=0, second=0, microsecond=0)
    then = midnight + timedelta(days=midnights, hours=2, minutes=20)
    world.tick((then - world.now).total_seconds())
    world.rounds(2)


def prove(world: World) -> int:
    """How many records differ."""
    return int(world.function("prove_wallet")({})["differing"])


def the_difference(world: World) -> Mapping[str, Any]:
    """What the log says of the one record that differs."""
    with logged() as log:
        assert prove(world) == 1
    [line] = [line for line in log if line["message"] == "A record and the chain differ"]
    return line


def check_unproven(world: World) -> None:
    """And no former number is repeated."""
    world.metrics.last.pop("ProofDiffers", None)
    with pytest.raises(Exception, match="unavailable"):
        prove(world)
    assert world.metrics.last["ProofMissing"] == 1  # its alarm
    assert "ProofDiffers" not in world.metrics.last


def sums(world: World) -> tuple[int, int, int, int]:
    """In by the chain and by the records, out by the chain and by the records; thousandths."""
    last = world.metrics.last
    names = ("InByChain", "InByRecords", "OutByChain", "OutByRecords")
    incoming, told_in, outgoing, told_out = (last[f"Wallet{name}"] for name in names)
    return incoming, told_in, outgoing, told_out


def a_day_before(world: World) -> None:
    """So the books begin before the day that is proven."""
    world.settled_payment()
    until_after(world)


# --- All is well ----------------------------------------------------------------------------------


def test_a_stack_without_a_wallet_differs_in_nothing(world: World) -> None:
    assert prove(world) == 0
    assert (world.metrics.last["ProofMissing"], world.metrics.last["ProofDiffers"]) == (0, 0)


def test_a_busy_day(world: World) -> None:
    a_day_before(world)
    busy_day(world)
    until_after(world)

    assert prove(world) == 0

    incoming, told_in, outgoing, told_out = sums(world)
    assert incoming == told_in > 0
    assert outgoing == told_out > 0
    assert world.metrics.last["ProofMissing"] == 0


def busy_day(world: World) -> None:
    """Payments in every state, odd receipts, deposits, dust, refunds, payouts, and by hand."""
    alice = world.uid("alice")
    paid = [world.paid_payment() for _ in range(3)]
    world.incomplete(paid[0])
    world.paid_unseen(known_to_pi=False)
    world.approved()
    world.cancelled_by_user()
    odd, twice = world.paid_payment(), world.paid_payment()
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=odd)
    payer = world.at_pi(twice).from_address
    world.pi.transfer(source=payer, destination=world.wallet, amount=Decimal("3.14"), memo=twice)
    for memo in (None, "two words", "deposit", "A" * 28):
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=2, memo=memo)
    world.rounds(3)
    world.requested("p1", alice)
    world.requested("p2", alice, amount="0.5")
    world.requested("r1", refund_of=paid[1])
    world.stranger_pays()
    world.stranger_pays(memo="thanks")
    world.send()
    world.rounds(3)


# --- What differs is found, and named -------------------------------------------------------------


@pytest.fixture
def payment_id(world: World) -> str:
    """Paid and completed on the day that is proven, as is `p1`; so are others."""
    a_day_before(world)
    payment_id = world.paid_payment()
    world.incomplete(payment_id)
    world.paid_payment()
    world.requested("p1", amount="2")
    world.requested("p2")
    world.send()
    world.rounds(2)
    assert world.record(payment_id).receipts == ()
    assert world.payout("p1").state == "completed"
    return payment_id


def edited(table: str, **changes: object) -> Callable[[World, str], None]:
    return lambda world, key: world.tables.edit(table, key, **changes)


def deleted(table: str) -> Callable[[World, str], None]:
    return lambda world, key: world.tables.delete(table, key)


def of_another(world: World, payment_id: str) -> None:
    [other] = [p for p in world.all_payments() if p.payment_id != payment_id][1:]
    world.tables.edit(PAYMENTS, payment_id, txid=other.txid)


PAYMENTS, PAYOUTS = "PaymentsTable", "PayoutsTable"
EDITS: dict[str, tuple[str, Callable[[World, str], None], str]] = {
    "another amount": (PAYMENTS, edited(PAYMENTS, amount=1), "other_amount"),
    "no amount": (PAYMENTS, edited(PAYMENTS, amount=None), "unreadable"),
    # No record of the transaction that there is:
    "a made-up transaction": (PAYMENTS, edited(PAYMENTS, txid=MADE_UP), "no_record"),
    "no transaction": (PAYMENTS, edited(PAYMENTS, txid=None), "no_record"),
    "not even a hash": (PAYMENTS, edited(PAYMENTS, txid="?"), "no_record"),
    "another's transaction": (PAYMENTS, of_another, "no_record"),
    "gone": (PAYMENTS, deleted(PAYMENTS), "no_record"),
    "a payout's amount": (PAYOUTS, edited(PAYOUTS, amount=1), "other_amount"),
    "a payout's transaction": (PAYOUTS, edited(PAYOUTS, txid=MADE_UP), "no_record"),
}


@pytest.mark.parametrize(("table", "edit", "why"), EDITS.values(), ids=EDITS)
def test_a_record_that_was_edited(
    world: World, payment_id: str, table: str, edit: Callable[[World, str], None], why: str
) -> None:
    key = payment_id if table == PAYMENTS else "p1"
    edit(world, key)
    until_after(world)

    line = the_difference(world)

    assert (line["level"], line["subject"], line["why"]) == ("ERROR", key, why)
    assert world.metrics.last["ProofDiffers"] == 1
    assert world.metrics.last["ProofMissing"] == 0


def test_the_sums_say_by_how_much(world: World, payment_id: str) -> None:
    world.tables.edit(PAYMENTS, payment_id, amount=11400000)
    world.tables.edit(PAYOUTS, "p1", amount=30000000)
    until_after(world)

    assert prove(world) == 2

    assert sums(world) == (6280, 4280, 5140, 6140)


def test_a_transaction_that_pays_another(world: World, payment_id: str) -> None:
    """A record of the same amount, which nothing has paid, names it."""
    began, txid = world.clock(), world.record(payment_id).txid
    never = world.sold(completed_at=began, started_at=began, to_address=world.wallet, txid=txid)
    until_after(world)

    line = the_difference(world)

    assert (line["subject"], line["why"]) == (never, "other_transaction")


@pytest.mark.parametrize("successful", [True, False])
def test_paid_days_ago_in_another_amount(world: World, payment_id: str, successful: bool) -> None:
    """Or it failed: what is looked up by its hash is compared as well."""
    payer, paid = world.at_pi(payment_id).from_address, world.clock()
    memo = f"payment-{len(world.tables.raw(PAYMENTS))}"
    assert payer is not None
    paid_by = world.pi.transfer(
        source=payer, destination=world.wallet, amount=2, memo=memo, successful=successful
    )
    world.tick(2 * DAY)
    never = world.sold(
        completed_at=world.clock(), started_at=paid, to_address=world.wallet, txid=paid_by.txid
    )
    assert never == memo
    until_after(world)

    line = the_difference(world)

    why = "other_amount" if successful else "other_transaction"
    assert (line["subject"], line["why"]) == (never, why)


@pytest.mark.parametrize("txid", [MADE_UP, None])
def test_completed_and_never_on_the_chain(world: World, payment_id: str, txid: str | None) -> None:
    began = world.clock()
    never = world.sold(completed_at=began, started_at=began, to_address=world.wallet, txid=txid)
    until_after(world)

    line = the_difference(world)

    assert (line["subject"], line["why"], line["by_record"]) == (never, "no_transaction", "3.14")
    incoming, told_in, _, _ = sums(world)
    assert told_in == incoming + 3140


def test_a_payout_whose_record_is_gone(world: World, payment_id: str) -> None:
    paid_by = world.payout("p1").payment_id
    world.tables.delete(PAYOUTS, "p1")
    until_after(world)

    line = the_difference(world)

    assert (line["subject"], line["why"], line["by_chain"]) == (paid_by, "no_record", "2")


def test_paid_while_nothing_could_tell_that_the_key_was_another_apps(world: World) -> None:
    """Seed 13000380: no payment of this app had ever been completed. Pi did not know the memo."""
    world.approved()
    world.rounds(2)
    forgotten = world.paid_unseen(known_to_pi=False)
    world.tables.delete(PAYMENTS, forgotten)
    key = world.take_another_apps_key()
    world.tick(300)
    world.rounds(2)
    assert world.metrics.counted["UnknownTransfer"] == 1
    world.server_key = key
    until_after(world)

    line = the_difference(world)

    assert (line["subject"], line["why"], line["by_chain"]) == (forgotten, "no_record", "3.14")


def test_what_the_book_has_noted_and_somebody_has_removed(world: World, payment_id: str) -> None:
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=payment_id)
    world.rounds(2)
    assert len(world.record(payment_id).receipts) == 1
    world.tables.edit(PAYMENTS, payment_id, receipts=None)
    until_after(world)

    assert prove(world) == 1


def test_more_odd_transfers_than_it_has_room_for(world: World, payment_id: str) -> None:
    """Strangers must not ring an alarm."""
    for _ in range(25):
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=payment_id)
    until_after(world)

    assert prove(world) == 0


# --- Midnight -------------------------------------------------------------------------------------


def just_before_midnight(world: World) -> None:
    midnight = world.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    world.tick((midnight - world.now).total_seconds() - 10)


@pytest.mark.parametrize("minutes", [5, 180])
def test_paid_before_midnight_and_completed_after(world: World, minutes: int) -> None:
    """Within the hour that is read before the day, and later."""
    world.settled_payment()
    just_before_midnight(world)
    payment_id = world.paid_payment()
    world.fault("POST", "*/complete", drop="before")
    world.rounds(minutes // 5)
    world.heal()
    world.rounds(2)
    assert world.record(payment_id).state == "completed"
    until_after(world, 0)

    assert prove(world) == 0
    assert sums(world)[:2] == (6280, 6280)
    until_after(world)
    assert prove(world) == 0
    assert sums(world) == (0, 0, 0, 0)


def test_paid_two_days_ago_and_completed_yesterday(world: World) -> None:
    payment_id = world.paid_payment()
    world.fault("POST", "*/complete", drop="before")
    world.rounds(2)
    world.tick(2 * DAY)
    world.heal()
    world.rounds(2)
    assert world.record(payment_id).state == "completed"
    until_after(world)

    assert prove(world) == 0
    assert sums(world) == (0, 0, 0, 0)


def test_a_fee_bump_has_two_hashes(world: World) -> None:
    a_day_before(world)
    inner = world.approved()
    world.pay(inner, fee_bump=True)
    world.rounds(2)
    until_after(world)

    assert prove(world) == 0


def test_a_page_at_a_time(world: World, payment_id: str) -> None:
    """However few movements and rows are on one."""
    until_after(world)
    world.pi.settings.page_limit = 20
    movements = world.pi.chain.transactions
    assert len(movements) > 2

    assert prove(world) == 0


def test_what_was_completed_on_its_day_costs_no_read_of_its_own(world: World) -> None:
    a_day_before(world)
    for _ in range(20):
        a_day_before(world)

    with world.counting() as spent:
        assert prove(world) == 0

    assert spent.log.count("GetItem") == 1  # the book
    assert spent.log.count("Query") == 4  # the books, and the rows, of each table
    movements = [call for call in spent.chain if call.endswith("/payments")]
    assert len(movements) <= 2
    assert not [call for call in spent.chain if "/transactions" in call]


# --- No proof -------------------------------------------------------------------------------------


def away(world: World) -> None:
    world.fault("GET", "/horizon/*", drop="before")


def shows_no_movements(world: World) -> None:
    world.fault("GET", "/horizon/accounts/*", status=500)


def lags(world: World) -> None:
    world.pi.settings.ledger_lag_s = 4 * HOUR


def has_a_hole(world: World) -> None:
    latest = world.pi.chain.latest_ledger(world.now)
    world.pi.settings.holes = [(latest - 600, latest - 500)]


def has_lost_the_morning(world: World) -> None:
    world.pi.settings.holes = [(1, world.pi.chain.latest_ledger(world.now) - 600)]


def another_network(world: World) -> None:
    world.deploy(PiNetwork="Pi Network")


@pytest.mark.parametrize(
    "weather", [away, shows_no_movements, lags, has_a_hole, has_lost_the_morning, another_network]
)
def test_a_chain_that_cannot_be_read_proves_nothing(
    world: World, payment_id: str, weather: Callable[[World], None]
) -> None:
    until_after(world)
    weather(world)

    check_unproven(world)

    world.heal()
    world.pi.settings.holes, world.pi.settings.ledger_lag_s = [], 0
    world.deploy(PiNetwork="Pi Testnet")
    assert prove(world) == 0


@pytest.mark.parametrize("work", ["payments", "payouts"])
def test_a_book_that_is_behind_proves_nothing(world: World, payment_id: str, work: str) -> None:
    """Either of the two."""
    midnight = world.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    world.tick((midnight - world.now).total_seconds() + 2 * HOUR)
    world.sweep()
    if work == "payments":
        world.send()
    else:
        world.work()

    check_unproven(world)

    world.work()
    world.send()
    assert prove(world) == 0


def test_a_network_begun_anew_proves_nothing_of_before(world: World, payment_id: str) -> None:
    world.pi.reset_chain()
    world.live(HOUR)
    until_after(world)

    check_unproven(world)

    until_after(world)
    assert prove(world) == 0


def test_what_differs_rings_though_another_cannot_be_proven(world: World, payment_id: str) -> None:
    unknown = world.sold(completed_at=world.clock(), txid=MADE_UP)
    world.tables.edit(PAYMENTS, payment_id, amount=1)
    until_after(world)

    with logged() as log, pytest.raises(Exception, match="unavailable"):
        prove(world)

    assert [line["records"] for line in log if "records" in line] == [[unknown]]
    assert (world.metrics.last["ProofDiffers"], world.metrics.last["ProofMissing"]) == (1, 1)


@pytest.mark.parametrize("seconds", [1, 5, 6])
def test_no_time_is_no_proof(world: World, payment_id: str, seconds: int) -> None:
    until_after(world)
    world.metrics.last.pop("ProofDiffers", None)

    with pytest.raises(Exception, match="unavailable"):
        world.function("prove_wallet")({}, seconds=seconds - 0.5)

    assert "ProofDiffers" not in world.metrics.last


def test_dynamodb_is_away(world: World, payment_id: str) -> None:
    until_after(world)
    world.effects.faults.append(AwsFault("Query", "ThrottlingException"))

    check_unproven(world)


# --- Several --------------------------------------------------------------------------------------


def test_two_wallets(world: World, payment_id: str) -> None:
    """The app has another one since; both have books, and both are proven."""
    world.deploy(PiWalletAddress="")
    app, former = world.pi.registry.app(), world.wallet
    app.wallet = world.pi.registry.sign_in("second wallet")[0].wallet
    second = world.settled_payment()
    assert world.record(second).to_address != former
    world.tables.edit(PAYMENTS, second, amount=1)
    until_after(world)

    assert prove(world) == 1

    assert sums(world)[0] == 3 * 3140
