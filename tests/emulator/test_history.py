"""What a Horizon can be like on a bad day: holes in its history, two nodes, a network begun anew.

Horizon's state (an account's balance and sequence) is apart from its history: holes leave it alone.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stellar_sdk.exceptions import BadResponseError

from local.emulator.address import address_of
from local.emulator.chain import MINIMUM_STROOPS, OPENING_STROOPS
from local.emulator.pi import Pi
from tests.emulator.wallet import FEE, Wallet
from tests.emulator.world import NOON, World

NEWCOMER = address_of("user:newcomer")


def records(page: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page["_embedded"]["records"]
    return found


def status(world: World, path: str) -> int:
    return world.call("GET", f"/horizon{path}").status_code


def paid(world: World, count: int, wait_s: float = 7) -> list[dict[str, Any]]:
    """Strangers' payments to the app's wallet, a while apart, as the control API shows them."""
    for _ in range(count):
        world.advance(wait_s)
        world.transfer(destination=Wallet(world).address, amount=1)
    transactions: list[dict[str, Any]] = world.state()["transactions"]
    return transactions


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 200])
def test_a_hole_in_the_middle_is_nowhere_to_be_seen(world: World, order: str, limit: int) -> None:
    wallet, transactions = Wallet(world).address, paid(world, 7)
    root, account = world.horizon("/"), world.horizon(f"/accounts/{wallet}")
    first, last = transactions[2]["ledger"], transactions[4]["ledger"]
    world.set(holes=[[first, last]])

    lost = transactions[3]
    assert status(world, f"/transactions/{lost['txid']}") == 404
    assert status(world, f"/transactions/{lost['txid']}/operations") == 404
    assert status(world, f"/ledgers/{lost['ledger']}") == 404
    assert world.horizon(f"/accounts/{wallet}") == account
    assert world.horizon("/") == root
    for resource in ("payments", "transactions"):
        path, seen = f"/accounts/{wallet}/{resource}?order={order}&limit={limit}", []
        while page := records(world.horizon(path)):
            seen += [record.get("transaction_hash") or record["hash"] for record in page]
            full = world.horizon(path)["_links"]["next"]["href"]
            path = full.removeprefix(f"{world.url}/horizon")
        known = [tx["txid"] for tx in (*transactions[:2], *transactions[5:])]
        assert seen == (known if order == "asc" else known[::-1])

    world.set(holes=[])
    assert world.horizon(f"/transactions/{lost['txid']}")["hash"] == lost["txid"]


def test_ledgers_leave_a_hole_out(world: World) -> None:
    latest = world.horizon("/")["history_latest_ledger"]
    world.set(holes=[[latest - 5, latest - 2]])
    shown = [each["sequence"] for each in records(world.horizon("/ledgers?order=desc&limit=4"))]
    assert shown == [latest, latest - 1, latest - 6, latest - 7]
    path = f"/ledgers?order=asc&limit=3&cursor={(latest - 7) << 32}"
    shown = [each["sequence"] for each in records(world.horizon(path))]
    assert shown == [latest - 6, latest - 1, latest]


def test_a_history_that_began_anew_knows_its_elder_ledger(world: World) -> None:
    wallet, transactions = Wallet(world).address, paid(world, 3)
    elder = transactions[2]["ledger"]
    world.set(holes=[[1, elder - 1]])
    assert world.horizon("/")["history_elder_ledger"] == elder
    assert records(world.horizon("/ledgers?order=asc&limit=1"))[0]["sequence"] == elder
    [row] = records(world.horizon(f"/accounts/{wallet}/payments"))
    assert row["transaction_hash"] == transactions[2]["txid"]
    # An account without a row is none that this history has heard of.
    world.set(holes=[[1, elder]])
    assert status(world, f"/accounts/{wallet}/payments") == 404
    assert status(world, f"/accounts/{wallet}") == 200


def test_a_hole_at_the_end_is_a_history_cut_short(world: World) -> None:
    transactions = paid(world, 3)
    end = transactions[1]["ledger"]
    world.set(holes=[[end, 10**9]])
    root = world.horizon("/")
    assert root["history_latest_ledger"] == end - 1
    assert root["core_latest_ledger"] > end
    [latest] = records(world.horizon("/ledgers?order=desc&limit=1"))
    assert latest["sequence"] == end - 1
    assert latest["closed_at"] == root["history_latest_ledger_closed_at"]


def test_a_horizon_that_knows_nothing_at_all(world: World) -> None:
    """What it takes it cannot show; the wallet's balance and sequence it shows all the same."""
    wallet = Wallet(world)
    world.set(holes=[[1, 10**9]])
    assert world.horizon("/")["history_latest_ledger"] == 0
    assert records(world.horizon("/ledgers?order=desc")) == []
    envelope = wallet.order(wallet.address)
    with pytest.raises(BadResponseError) as waited:
        wallet.submit(envelope)
    assert waited.value.status == 504
    assert wallet.sequence() == envelope.transaction.sequence


@pytest.mark.parametrize("hole", [[0, 5], [6, 5], [1], ["1", "2"], 7])
def test_what_is_no_hole(world: World, hole: Any) -> None:
    assert world.call("PATCH", "/_emulator/settings", {"holes": [hole]}).status_code == 400


def test_two_nodes_a_minute_apart(world: World) -> None:
    wallet = Wallet(world)
    [before] = paid(world, 1)
    world.advance(120)
    world.set(node_lag_s=60)
    wallet.pay(wallet.address)
    txid = world.state()["transactions"][1]["txid"]

    def seen() -> set[Any]:
        return {status(world, f"/transactions/{txid}") for _ in range(30)}

    assert seen() == {200, 404}
    latest = {world.horizon("/")["history_latest_ledger"] for _ in range(30)}
    assert max(latest) - min(latest) == 13
    assert {status(world, f"/transactions/{before['txid']}") for _ in range(30)} == {200}
    world.advance(60)
    assert seen() == {200}


def test_the_same_seed_asks_the_same_nodes() -> None:
    def latest_ledgers(requests: int) -> list[int]:
        pi = Pi(clock=lambda: NOON, seed=4)
        pi.settings.node_lag_s = 60
        return [pi.any_horizon("").root()["history_latest_ledger"] for _ in range(requests)]

    assert latest_ledgers(40) == latest_ledgers(40)
    assert len(set(latest_ledgers(40))) == 2


def test_a_wallet_without_an_account(world: World) -> None:
    user = world.sign_in(username="newcomer", funded=False)
    wallet = Wallet(world)
    for path in ("", "/payments", "/transactions"):
        assert status(world, f"/accounts/{NEWCOMER}{path}") == 404
    codes = {"transaction": "tx_failed", "operations": ["op_no_destination"]}
    assert wallet.refused(wallet.order(NEWCOMER)) == codes
    for path, body in (
        ("/chain/transactions", {"destination": NEWCOMER, "amount": 1}),
        ("/chain/transactions", {"source": NEWCOMER, "destination": wallet.address, "amount": 1}),
    ):
        assert world.call("POST", f"/_emulator{path}", body).status_code == 409
    # Signing in once more does not open it.
    world.sign_in(username="newcomer")
    assert status(world, f"/accounts/{NEWCOMER}") == 404
    identifier = world.approved(token=user["accessToken"])
    assert world.call("POST", f"/_emulator/payments/{identifier}/pay").status_code == 409


def test_somebody_creates_the_account(world: World, pi: Pi) -> None:
    world.sign_in(username="newcomer", funded=False)
    wallet = Wallet(world)
    created = pi.create_account(wallet.address, NEWCOMER, 25)
    account = world.horizon(f"/accounts/{NEWCOMER}")
    assert account["balances"][0]["balance"] == "25.0000000"
    assert account["sequence"] == str(created.ledger << 32)
    for address in (wallet.address, NEWCOMER):
        [row] = records(world.horizon(f"/accounts/{address}/payments"))
        assert (row["type"], row["type_i"]) == ("create_account", 0)
        assert (row["funder"], row["account"]) == (wallet.address, NEWCOMER)
        assert row["starting_balance"] == "25.0000000"
        assert not {"from", "to", "amount"} & row.keys()
    assert wallet.pay(NEWCOMER)["successful"]
    # What lags does not know it yet.
    world.advance(10)
    world.set(ledger_lag_s=20)
    for path in ("", "/payments"):
        assert status(world, f"/accounts/{NEWCOMER}{path}") == 404
    assert wallet.balance() == "1000000.0000000"


def test_an_account_is_created_once_and_not_for_nothing(world: World) -> None:
    create = {"destination": NEWCOMER, "kind": "create_account"}
    too_little = create | {"amount": Decimal(MINIMUM_STROOPS - 1).scaleb(-7)}
    refused = world.call("POST", "/_emulator/chain/transactions", too_little)
    assert refused.json()["error"] == "op_low_reserve"
    world.transfer(**create, amount=1)
    refused = world.call("POST", "/_emulator/chain/transactions", create | {"amount": 1})
    assert refused.json()["error"] == "op_already_exists"


def test_an_address_can_be_kept_without_an_account(world: World) -> None:
    world.control("POST", "/chain/accounts", address=NEWCOMER, balance=None)
    world.sign_in(username="newcomer")
    assert status(world, f"/accounts/{NEWCOMER}") == 404
    world.control("POST", "/chain/accounts", address=NEWCOMER, balance=3)
    assert status(world, f"/accounts/{NEWCOMER}") == 200
    taken = {"address": NEWCOMER, "balance": None}
    assert world.call("POST", "/_emulator/chain/accounts", taken).status_code == 409


def test_a_network_begins_anew(world: World, pi: Pi) -> None:
    wallet = Wallet(world)
    identifier = world.approved()
    txid = world.pay(identifier)
    old = wallet.order(wallet.address)
    balances = world.state()["balances"]
    world.sign_in(username="newcomer", funded=False)
    world.control("POST", "/chain/reset")

    root = world.horizon("/")
    assert root["history_latest_ledger"] == root["history_elder_ledger"] == 1
    assert root["history_latest_ledger_closed_at"] == "2026-11-23T12:00:01Z"
    assert status(world, f"/transactions/{txid}") == 404
    assert records(world.horizon(f"/accounts/{wallet.address}/payments")) == []
    after = world.state()
    assert after["balances"] == dict.fromkeys(balances, OPENING_STROOPS)
    assert after["total_coins"] == after["minted"] == len(balances) * OPENING_STROOPS
    assert status(world, f"/accounts/{NEWCOMER}") == 404
    # Pi has forgotten nothing, and nothing that was signed before is taken.
    assert world.get(identifier)["transaction"]["txid"] == txid
    assert wallet.refused(old) == {"transaction": "tx_bad_seq"}
    assert world.call("POST", "/_emulator/clock", {"advance_s": -1}).status_code == 409

    world.advance(12)
    paid_again = wallet.pay(wallet.address)
    assert (paid_again["ledger"], paid_again["hash"] == txid) == (4, False)


def test_a_horizon_that_lags_behind_a_reset(world: World) -> None:
    wallet = Wallet(world)
    paid(world, 2)
    world.set(ledger_lag_s=60)
    world.control("POST", "/chain/reset")
    assert world.horizon("/")["history_latest_ledger"] == 1
    assert wallet.balance() == "1000000.0000000"
    world.advance(65)
    assert world.horizon("/")["history_latest_ledger"] == 2


def test_a_network_begins_anew_twice(pi: Pi) -> None:
    """The same payment in the same ledger of another life is another transaction."""
    txids = set()
    address = address_of("app:demo-app")
    for _ in range(3):
        pi.reset_chain()
        txids.add(pi.transfer(source=address, destination=address, amount=1, memo=None).txid)
        assert pi.chain.transactions[0].ledger == 2
    assert len(txids) == 3


@pytest.mark.parametrize("close_s", [1, 2, 5])
def test_ledgers_close_as_often_as_they_are_set_to(world: World, close_s: int) -> None:
    world.set(ledger_close_s=close_s)
    before = world.horizon("/")["history_latest_ledger"]
    world.advance(60)
    root = world.horizon("/")
    assert root["history_latest_ledger"] == before + 60 // close_s
    times = [
        datetime.fromisoformat(each["closed_at"])
        for each in records(world.horizon("/ledgers?order=desc&limit=9"))
    ]
    assert {later - earlier for later, earlier in pairwise(times)} == {timedelta(seconds=close_s)}


def test_a_transaction_waits_for_the_next_close(world: World) -> None:
    world.set(close_at_once=False, ledger_close_s=2)
    wallet = Wallet(world)
    wallet.server.submit_transaction_async(wallet.order(wallet.address))
    world.advance(1)
    assert world.state()["transactions"] == []
    world.advance(1)
    assert len(world.state()["transactions"]) == 1


def test_ledgers_do_not_close_at_all_is_refused(world: World) -> None:
    body = {"ledger_close_s": 0}
    assert world.call("PATCH", "/_emulator/settings", body).status_code == 400


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([1.0, 1.5, 2.0, 5.0]), st.integers(0, 12_000), st.booleans()),
        max_size=20,
    )
)
def test_numbers_and_times_only_grow_at_any_pace(steps: list[tuple[float, int, bool]]) -> None:
    pi = Pi(clock=lambda: NOON, seed=1)
    address = address_of("app:demo-app")
    first = pi.chain.latest_ledger(NOON)
    known: dict[int, datetime] = {}
    for close_s, pause_ms, pays in steps:
        pi.settings.ledger_close_s = close_s
        latest = pi.chain.latest_ledger(pi.now())
        pi.advance(pause_ms / 1000)
        if pays:
            pi.transfer(source=address, destination=address, amount=1, memo=None)
        assert pi.chain.latest_ledger(pi.now()) >= latest + pays
        last = pi.chain.latest_ledger(pi.now())
        closed = {number: pi.chain.closed_at(number) for number in range(first, last + 1)}
        assert closed.items() >= known.items()
        known = closed
    assert all(earlier <= later for earlier, later in pairwise(known.values()))


def test_a_wallet_pays_the_fee_of_what_others_pay(world: World) -> None:
    """Its payments do not show it; its balance and its transactions do."""
    wallet, payer = Wallet(world), address_of("payer")
    world.transfer(
        source=wallet.address, operation_source=payer, destination=address_of("shop"), amount=1
    )
    assert records(world.horizon(f"/accounts/{wallet.address}/payments")) == []
    [row] = records(world.horizon(f"/accounts/{wallet.address}/transactions"))
    assert row["fee_account"] == wallet.address
    assert world.state()["balances"][wallet.address] == OPENING_STROOPS - FEE
    [row] = records(world.horizon(f"/accounts/{payer}/payments"))
    assert (row["source_account"], row["from"]) == (payer, payer)
