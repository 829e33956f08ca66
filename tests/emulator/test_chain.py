"""The chain as Horizon shows it: records, pages, lag, and numbers that only grow."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stellar_sdk import Server, StrKey

from local.emulator.address import address_of, is_address
from local.emulator.pi import Pi
from tests.emulator.world import NOON, World


def records(page: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page["_embedded"]["records"]
    return found


def test_a_transaction_and_its_operation(world: World) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    world.advance(10)
    txid = world.pay(identifier)
    transaction = world.horizon(f"/transactions/{txid}")
    assert transaction["hash"] == transaction["id"] == txid
    assert transaction["successful"]
    assert (transaction["memo_type"], transaction["memo"]) == ("text", identifier)
    assert transaction["source_account"] == payment["from_address"]
    assert transaction["created_at"] == "2026-11-23T12:00:11Z"
    assert transaction["fee_charged"] == "100000"

    [operation] = records(world.horizon(f"/transactions/{txid}/operations"))
    assert operation["type"] == "payment"
    assert operation["asset_type"] == "native"
    assert operation["from"] == payment["from_address"]
    assert operation["to"] == payment["to_address"]
    assert operation["amount"] == "3.1400000"
    assert operation["transaction_successful"]
    assert operation["transaction_hash"] == txid


def test_another_asset_and_no_memo(world: World) -> None:
    issuer = address_of("issuer")
    identifier = world.approved()
    txid = world.pay(identifier, asset=f"PIE:{issuer}", memo=None)
    transaction = world.horizon(f"/transactions/{txid}")
    assert transaction["memo_type"] == "none"
    assert "memo" not in transaction
    [operation] = records(world.horizon(f"/transactions/{txid}/operations"))
    assert operation["asset_type"] == "credit_alphanum4"
    assert (operation["asset_code"], operation["asset_issuer"]) == ("PIE", issuer)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/transactions/{'0' * 64}", 404),
        ("/transactions/xyz", 400),
        (f"/transactions/{'0' * 64}/operations", 404),
        (f"/accounts/{address_of('nobody')}/transactions", 404),
        ("/accounts/GABC/transactions", 400),
        (f"/accounts/{address_of('nobody')}/payments", 404),
        ("/ledgers?order=sideways", 400),
        ("/ledgers?limit=201", 400),
        ("/ledgers?limit=0", 400),
        ("/ledgers?cursor=x", 400),
        (f"/accounts/{address_of('app:demo-app')}/payments?join=ledgers", 400),
        ("/ledgers/999999999", 404),
    ],
)
def test_problems(world: World, path: str, status: int) -> None:
    response = world.call("GET", f"/horizon{path}")
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", ["", "&limit=3", "&limit=200"])
@pytest.mark.parametrize("resource", ["transactions", "payments"])
def test_pages_reach_everything_once(world: World, order: str, limit: str, resource: str) -> None:
    wallet = world.state()["apps"][0]["wallet"]
    world.transfer(destination=wallet, amount=1, count=23)
    path, seen = f"/accounts/{wallet}/{resource}?order={order}{limit}", []
    while page := records(world.horizon(path)):
        assert len(page) <= int(limit.rpartition("=")[2] or 10)
        seen += [record.get("hash") or record["transaction_hash"] for record in page]
        full = world.horizon(path)["_links"]["next"]["href"]
        path = full.removeprefix(f"{world.url}/horizon")
    in_order = [transaction["txid"] for transaction in world.state()["transactions"]]
    assert seen == (in_order if order == "asc" else in_order[::-1])


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_payments_come_with_their_transactions_when_asked(world: World, order: str) -> None:
    identifier = world.approved()
    wallet = world.get(identifier)["to_address"]
    txid = world.pay(identifier)
    world.transfer(destination=wallet, amount=1, count=4)
    path, seen = f"/accounts/{wallet}/payments?join=transactions&limit=2&order={order}", []
    while page := records(world.horizon(path)):
        seen += page
        full = world.horizon(path)["_links"]["next"]["href"]
        path = full.removeprefix(f"{world.url}/horizon")
    assert len(seen) == 5
    for payment in seen:
        hash_ = payment["transaction_hash"]
        assert payment["transaction"] == world.horizon(f"/transactions/{hash_}")
    [paid] = [payment for payment in seen if payment["transaction_hash"] == txid]
    assert (paid["transaction"]["memo_type"], paid["transaction"]["memo"]) == ("text", identifier)
    [alone] = records(world.horizon(f"/transactions/{txid}/operations"))
    assert "transaction" not in alone
    [joined] = records(world.horizon(f"/transactions/{txid}/operations?join=transactions"))
    assert joined == paid


def test_the_root_tells_what_horizon_knows(world: World) -> None:
    txid = world.pay(world.approved())
    root, transaction = world.horizon("/"), world.horizon(f"/transactions/{txid}")
    assert root["history_latest_ledger"] == transaction["ledger"] == root["core_latest_ledger"]
    assert root["history_latest_ledger_closed_at"] == transaction["created_at"]
    assert root["history_elder_ledger"] == 1
    assert root["network_passphrase"] == "Pi Testnet"
    world.set(ledger_lag_s=60)
    late = world.horizon("/")
    assert late["history_latest_ledger"] == root["history_latest_ledger"] - 13
    assert late["core_latest_ledger"] == root["core_latest_ledger"]


def test_pages_can_be_kept_short(world: World) -> None:
    world.set(page_limit=2)
    wallet = world.state()["apps"][0]["wallet"]
    world.transfer(destination=wallet, amount=1, count=5)
    page = world.horizon(f"/accounts/{wallet}/transactions?order=desc&limit=200")
    assert len(records(page)) == 2


def test_failed_transactions_are_shown_only_when_asked_for(world: World) -> None:
    identifier = world.approved()
    wallet = world.get(identifier)["to_address"]
    failed = world.pay(identifier, successful=False)
    assert records(world.horizon(f"/accounts/{wallet}/transactions")) == []
    [record] = records(world.horizon(f"/accounts/{wallet}/transactions?include_failed=true"))
    assert record["hash"] == failed
    assert not record["successful"]
    assert records(world.horizon(f"/accounts/{wallet}/payments")) == []
    [record] = records(world.horizon(f"/accounts/{wallet}/payments?include_failed=true"))
    assert record["transaction_hash"] == failed
    assert not record["transaction_successful"]


def test_an_account_sees_what_it_sent_and_what_it_received(world: World) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    txid = world.pay(identifier)
    for account in (payment["from_address"], payment["to_address"]):
        [record] = records(world.horizon(f"/accounts/{account}/transactions"))
        assert record["hash"] == txid
        [record] = records(world.horizon(f"/accounts/{account}/payments"))
        assert (record["transaction_hash"], record["amount"]) == (txid, "3.1400000")


def test_a_payment_to_oneself_is_listed_once(world: World) -> None:
    wallet = world.state()["apps"][0]["wallet"]
    world.transfer(source=wallet, destination=wallet, amount=1)
    assert len(records(world.horizon(f"/accounts/{wallet}/transactions"))) == 1


def test_horizon_lags_on_demand(world: World) -> None:
    world.set(ledger_lag_s=3600)
    identifier = world.approved()
    txid = world.pay(identifier)
    wallet = world.get(identifier)["to_address"]
    assert world.call("GET", f"/horizon/transactions/{txid}").status_code == 404
    assert records(world.horizon(f"/accounts/{wallet}/transactions")) == []
    [latest] = records(world.horizon("/ledgers?order=desc&limit=1"))
    assert latest["closed_at"] == "2026-11-23T11:00:00Z"
    # Pi has a node of its own, which does not lag.
    assert world.complete(identifier, txid).ok
    world.advance(3600)
    assert world.horizon(f"/transactions/{txid}")["memo"] == identifier


def test_ledgers_close_every_5_s_and_with_each_transaction(world: World) -> None:
    identifier = world.approved()
    [before] = records(world.horizon("/ledgers?order=desc&limit=1"))
    assert before["closed_at"] == "2026-11-23T12:00:00Z"
    txid = world.pay(identifier)
    [after] = records(world.horizon("/ledgers?order=desc&limit=1"))
    transaction = world.horizon(f"/transactions/{txid}")
    assert after["sequence"] == transaction["ledger"] == before["sequence"] + 1
    assert after["closed_at"] == transaction["created_at"] == "2026-11-23T12:00:01Z"
    assert after["successful_transaction_count"] == 1
    world.advance(12)
    closed = records(world.horizon("/ledgers?order=desc&limit=4"))
    assert [ledger["closed_at"] for ledger in closed] == [
        "2026-11-23T12:00:10Z",
        "2026-11-23T12:00:05Z",
        "2026-11-23T12:00:01Z",
        "2026-11-23T12:00:00Z",
    ]
    sequences = [ledger["sequence"] for ledger in closed]
    assert sequences == list(range(sequences[0], sequences[0] - 4, -1))
    assert world.horizon(f"/ledgers/{sequences[2]}") == closed[2]


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=12_000), max_size=30))
def test_ledgers_only_grow(pauses_ms: list[int]) -> None:
    pi = Pi(clock=lambda: NOON, seed=1)
    wallet = pi.registry.app().wallet
    assert wallet is not None
    for pause in pauses_ms:
        pi.advance(pause / 1000)
        transaction = pi.transfer(source=wallet, destination=wallet, amount=1, memo=None)
        assert transaction.ledger == pi.chain.latest_ledger(pi.now())
        assert transaction.closed_at >= transaction.applied_at
    first = pi.chain.latest_ledger(NOON)
    last = pi.chain.latest_ledger(pi.now())
    closed: list[datetime] = [pi.chain.closed_at(n) for n in range(first, last + 1)]
    assert all(earlier <= later for earlier, later in pairwise(closed))
    assert len({transaction.txid for transaction in pi.chain.transactions}) == len(pauses_ms)


def test_the_clock_goes_back_only_before_the_first_transaction(world: World) -> None:
    world.advance(-300)
    assert world.state()["now"] == "2026-11-23T11:55:00.250Z"
    world.pay(world.approved())
    assert world.call("POST", "/_emulator/clock", {"advance_s": -1}).status_code == 409


def test_the_stock_client_reads_the_chain(real_world: World) -> None:
    identifier = real_world.approved()
    wallet = real_world.get(identifier)["to_address"]
    txid = real_world.pay(identifier)
    with Server(f"{real_world.url}/horizon") as server:
        page = server.transactions().for_account(wallet).order(desc=True).limit(1)
        [transaction] = records(page.call())
        assert (transaction["hash"], transaction["memo"]) == (txid, identifier)
        assert records(page.next()) == []
        [payment] = records(server.payments().for_account(wallet).order(desc=True).call())
        assert (payment["transaction_hash"], payment["to"]) == (txid, wallet)
        [operation] = records(server.operations().for_transaction(txid).call())
        assert operation["amount"] == "3.1400000"
        [ledger] = records(server.ledgers().order(desc=True).limit(1).call())
        assert ledger["sequence"] == transaction["ledger"]


# Seen on Pi's testnet.
REAL_ADDRESSES = [
    "GCXMPLIIYF264A3Q6KU4ZY2XBEPNUUHXVFC3YBVJ3FRF46R7KHAKIS6P",
    "GDBHIP4K7SJ4EQTBIJGJ2L5JWNZCUP5HIVD23LFKMOQGJFHO7AUBL6FC",
    "GAORGY7GWJYSARCO7KZH3QRX2FQKD25KQSTQJPKWE7WZTEBBHTSUDAA5",
]


@pytest.mark.parametrize("address", REAL_ADDRESSES)
def test_real_addresses_are_addresses(address: str) -> None:
    assert is_address(address)


@settings(deadline=None)
@given(st.text(), st.integers(min_value=1, max_value=55))
def test_addresses_have_a_checksum(name: str, at: int) -> None:
    address = address_of(name)
    assert is_address(address)
    assert StrKey.is_valid_ed25519_public_key(address)
    wrong = "A" if address[at] != "A" else "B"
    assert not is_address(address[:at] + wrong + address[at + 1 :])
    assert not is_address(name)
