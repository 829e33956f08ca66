"""Payments that no Pi wallet makes, but the chain takes: of another kind, from elsewhere, twice."""

from typing import Any

import pytest
from stellar_sdk import Server

from local.emulator.address import address_of
from local.emulator.chain import OPENING_STROOPS
from tests.emulator.wallet import FEE, Wallet
from tests.emulator.world import World, code_of

STRANGER = address_of("a stranger")


def payments(world: World, address: str) -> list[dict[str, Any]]:
    page = world.horizon(f"/accounts/{address}/payments?join=transactions")
    rows: list[dict[str, Any]] = page["_embedded"]["records"]
    return rows


def on_chain(world: World) -> list[str]:
    [payment] = world.state()["payments"]
    txids: list[str] = payment["_emulator"]["on_chain"]
    return txids


def test_a_fee_bump_has_two_hashes(world: World) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    outer = world.pay(identifier, fee_bump=True)
    shown = world.horizon(f"/transactions/{outer}")
    inner = shown["inner_transaction"]["hash"]
    assert inner != outer
    assert shown["hash"] == shown["id"] == shown["fee_bump_transaction"]["hash"] == outer
    assert shown["fee_charged"] == shown["max_fee"] == str(2 * FEE)
    assert shown["inner_transaction"]["max_fee"] == str(FEE)
    assert shown["fee_account"] == shown["source_account"] == payment["from_address"]
    asked = world.horizon(f"/transactions/{inner}")
    assert asked["hash"] == asked["id"] == inner
    assert asked["fee_bump_transaction"]["hash"] == outer
    assert asked["paging_token"] == shown["paging_token"]
    # Lists carry the outer one, whichever was asked for.
    [row] = payments(world, payment["to_address"])
    assert row["transaction_hash"] == row["transaction"]["hash"] == outer
    for txid in (outer, inner):
        page = world.horizon(f"/transactions/{txid}/operations")
        assert page["_embedded"]["records"][0]["transaction_hash"] == outer
    assert len(world.state()["transactions"]) == 1
    spent = OPENING_STROOPS - world.state()["balances"][payment["from_address"]]
    assert spent == 31_400_000 + 2 * FEE
    assert world.complete(identifier, outer).ok


@pytest.mark.parametrize("which", ["outer", "inner"])
def test_pi_takes_either_hash_of_a_fee_bump(world: World, which: str) -> None:
    identifier = world.approved()
    outer = world.pay(identifier, fee_bump=True, link=False)
    inner = world.state()["transactions"][0]["inner_txid"]
    txid = outer if which == "outer" else inner
    assert world.complete(identifier, txid).ok
    assert world.get(identifier)["transaction"]["txid"] == txid


PATHS = {
    "path_payment_strict_receive": (2, "source_max"),
    "path_payment_strict_send": (13, "destination_min"),
}


@pytest.mark.parametrize("kind", PATHS)
def test_a_path_payment_moves_pi(world: World, kind: str) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    number, limit = PATHS[kind]
    txid = world.pay(identifier, kind=kind)
    [row] = payments(world, payment["to_address"])
    assert (row["type"], row["type_i"], row["path"]) == (kind, number, [])
    assert (row["from"], row["to"]) == (payment["from_address"], payment["to_address"])
    assert row["asset_type"] == row["source_asset_type"] == "native"
    assert row["amount"] == row["source_amount"] == row[limit] == "3.1400000"
    assert row["transaction"]["memo"] == identifier
    balances = world.state()["balances"]
    assert balances[payment["to_address"]] == OPENING_STROOPS + 31_400_000
    # Pi does not take it for the payment's own.
    assert on_chain(world) == [txid]
    assert world.get(identifier)["transaction"] is None
    assert code_of(world.complete(identifier, txid)) == "verification_failed"


def test_a_merged_account_leaves_all_it_had(world: World) -> None:
    wallet = Wallet(world).address
    world.transfer(source=STRANGER, destination=wallet, kind="account_merge")
    [row] = payments(world, wallet)
    assert (row["type"], row["type_i"]) == ("account_merge", 8)
    assert (row["account"], row["into"], row["source_account"]) == (STRANGER, wallet, STRANGER)
    assert not {"amount", "from", "to", "asset_type"} & row.keys()
    state = world.state()
    assert state["balances"][wallet] == 2 * OPENING_STROOPS - FEE
    assert STRANGER not in state["balances"]
    assert world.call("GET", f"/horizon/accounts/{STRANGER}").status_code == 404
    # Its history stays, and a Horizon that lags still shows it.
    assert payments(world, STRANGER) == [row]
    world.advance(30)
    world.set(ledger_lag_s=60)
    account = world.horizon(f"/accounts/{STRANGER}")
    assert account["balances"][0]["balance"] == "1000000.0000000"


def test_a_merged_account_can_be_created_again(world: World) -> None:
    wallet = Wallet(world).address
    merge = {"source": STRANGER, "destination": wallet, "kind": "account_merge"}
    world.transfer(**merge)
    again = world.call("POST", "/_emulator/chain/transactions", merge)
    assert (again.status_code, again.json()["error"]) == (409, "tx_no_source_account")
    world.transfer(source=wallet, destination=STRANGER, amount=7, kind="create_account")
    account = world.horizon(f"/accounts/{STRANGER}")
    assert account["balances"][0]["balance"] == "7.0000000"
    assert [row["type"] for row in payments(world, STRANGER)] == ["account_merge", "create_account"]


def test_a_payment_whose_pi_is_not_the_transactions_sources(world: World) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    payer = payment["from_address"]
    txid = world.pay(identifier, source=STRANGER, operation_source=payer)
    [row] = payments(world, payment["to_address"])
    assert (row["source_account"], row["from"]) == (payer, payer)
    assert row["transaction"]["source_account"] == row["transaction"]["fee_account"] == STRANGER
    balances = world.state()["balances"]
    assert balances[payer] == OPENING_STROOPS - 31_400_000
    assert balances[STRANGER] == OPENING_STROOPS - FEE
    assert world.get(identifier)["transaction"]["txid"] == txid


def test_a_second_payment_is_kept_beside_the_first(world: World) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    first = world.pay(identifier)
    again = world.call("POST", f"/_emulator/payments/{identifier}/pay")
    assert code_of(again) == "already_paid"
    second = world.pay(identifier, skip_approval_check=True)
    assert on_chain(world) == [first, second]
    rows = payments(world, payment["to_address"])
    assert [row["transaction_hash"] for row in rows] == [first, second]
    assert {row["transaction"]["memo"] for row in rows} == {identifier}
    assert world.get(identifier)["transaction"]["txid"] == first
    received = world.state()["balances"][payment["to_address"]] - OPENING_STROOPS
    assert received == 2 * 31_400_000


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"kind": "clawback", "amount": 1}, "invalid_arguments"),
        ({"kind": "account_merge", "asset": f"PIE:{STRANGER}"}, "invalid_arguments"),
        ({"kind": "account_merge", "source": STRANGER, "destination": STRANGER}, "op_malformed"),
        ({"kind": "path_payment_strict_send", "amount": 2_000_000}, "op_underfunded"),
        ({"operation_source": STRANGER, "amount": 1_000_000}, "op_underfunded"),
        ({}, "invalid_amount"),
    ],
)
def test_what_the_chain_would_refuse(world: World, how: dict[str, Any], code: str) -> None:
    body = {"destination": Wallet(world).address} | how
    assert code_of(world.call("POST", "/_emulator/chain/transactions", body)) == code
    assert world.state()["transactions"] == []


def test_the_stock_client_reads_every_kind(real_world: World) -> None:
    wallet = Wallet(real_world).address
    transfer = {"source": STRANGER, "destination": wallet, "amount": 1}
    for kind in ("payment", *PATHS):
        real_world.transfer(**transfer, kind=kind, fee_bump=True)
    real_world.transfer(**transfer, kind="account_merge")
    with Server(f"{real_world.url}/horizon") as server:
        page = server.payments().for_account(wallet).join("transactions").limit(200).call()
        rows = page["_embedded"]["records"]
    assert [row["type"] for row in rows] == ["payment", *PATHS, "account_merge"]
    assert all(row["transaction"]["memo_type"] == "none" for row in rows)
