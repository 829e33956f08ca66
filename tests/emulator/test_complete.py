"""Completing a payment: what the chain must show, and what jams a payment for good."""

from typing import Any

import pytest

from local.emulator.address import address_of
from tests.emulator.world import World, code_of

UNKNOWN_TXID = "ab" * 32


def test_completing_again(world: World) -> None:
    identifier = world.approved()
    txid = world.pay(identifier)
    assert world.complete(identifier, txid).ok
    again = world.complete(identifier, txid)
    assert code_of(again) == "already_completed"
    assert again.json()["payment"]["transaction"]["txid"] == txid
    assert code_of(world.cancel(identifier)) == "already_completed"
    assert code_of(world.server("POST", f"/payments/{identifier}/approve")) == "already_completed"


def test_a_txid_is_taken_in_upper_case(world: World) -> None:
    identifier = world.approved()
    assert world.complete(identifier, world.pay(identifier).upper()).ok


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "missing_param"), ({"txid": None}, "missing_txid"), ({"txid": ""}, "missing_txid")],
)
def test_completing_without_a_txid(world: World, body: Any, code: str) -> None:
    identifier = world.approved()
    assert code_of(world.server("POST", f"/payments/{identifier}/complete", body)) == code


def test_completing_before_the_chain_has_it(world: World) -> None:
    identifier = world.approved()
    assert code_of(world.complete(identifier, UNKNOWN_TXID)) == "not_verified"
    assert world.complete(identifier, world.pay(identifier)).ok


def test_completing_with_a_failed_transaction(world: World) -> None:
    identifier = world.approved()
    failed = world.pay(identifier, successful=False)
    assert code_of(world.complete(identifier, failed)) == "not_verified"
    assert world.get(identifier)["transaction"] is None
    assert world.complete(identifier, world.pay(identifier)).ok


def test_completing_what_was_never_approved(world: World) -> None:
    identifier = world.start()["identifier"]
    txid = world.pay(identifier, skip_approval_check=True)
    assert code_of(world.complete(identifier, txid)) == "not_verified"


def test_completing_with_another_transaction_than_the_linked_one(world: World) -> None:
    identifier = world.approved()
    txid = world.pay(identifier)
    assert code_of(world.complete(identifier, UNKNOWN_TXID)) == "txid_mismatch"
    assert world.complete(identifier, txid).ok


def test_a_foreign_transaction_jams_the_payment_for_good(world: World) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    stranger = world.transfer(
        destination=payment["to_address"], amount=payment["amount"], memo="something else"
    )["txid"]
    jam = world.complete(identifier, stranger)
    assert code_of(jam) == "verification_failed"
    assert jam.json()["verification_error"] == "tx_memo_payment_identifier_mismatch"
    assert world.get(identifier)["transaction"]["txid"] == stranger
    assert not world.get(identifier)["transaction"]["verified"]

    right = world.pay(identifier)
    for txid in (stranger, right):
        later = world.complete(identifier, txid)
        assert code_of(later) == "verification_failed"
        assert later.json()["verification_error"] == "payment_already_linked_with_a_tx"
    assert code_of(world.cancel(identifier)) == "payment_tx_present"


@pytest.mark.parametrize(
    ("altered", "verification_error"),
    [
        ({"amount": 1}, "tx_amount_mismatch"),
        ({"asset": f"PIE:{address_of('issuer')}"}, "tx_asset_mismatch"),
        ({"memo": None}, "tx_memo_payment_identifier_mismatch"),
        ({"destination": "self"}, "tx_recipient_mismatch"),
        ({"source": "app"}, "tx_sender_mismatch"),
    ],
)
def test_the_chain_decides(world: World, altered: dict[str, Any], verification_error: str) -> None:
    identifier = world.approved()
    payment = world.get(identifier)
    addresses = {"self": payment["from_address"], "app": payment["to_address"]}
    how = {key: addresses.get(str(value), value) for key, value in altered.items()}
    txid = world.pay(identifier, **how)
    assert world.get(identifier)["transaction"] is None
    refusal = world.complete(identifier, txid)
    assert code_of(refusal) == "verification_failed"
    assert refusal.json()["verification_error"] == verification_error


def test_pi_may_keep_the_txid_to_itself_until_completion(world: World) -> None:
    world.set(show_txid_before_complete=False)
    token = world.sign_in()["accessToken"]
    identifier = world.approved(token=token)
    txid = world.pay(identifier)
    hidden = world.get(identifier)
    assert hidden["transaction"] is None
    assert not hidden["status"]["transaction_verified"]
    assert code_of(world.cancel(identifier)) == "payment_tx_present"
    body = {"accessToken": token, "amount": 1, "memo": "m", "metadata": {"a": 1}}
    assert code_of(world.call("POST", "/_emulator/payments", body)) == "ongoing_payment_found"
    assert world.complete(identifier, txid).json()["transaction"]["txid"] == txid


def test_pi_may_not_know_of_the_transaction_at_all(world: World) -> None:
    identifier = world.approved()
    txid = world.pay(identifier, link=False)
    assert world.get(identifier)["transaction"] is None
    assert world.horizon(f"/transactions/{txid}")["memo"] == identifier
    assert world.complete(identifier, txid).json()["transaction"]["verified"]


def test_a_paid_payment_that_pi_does_not_know_to_be_paid_can_be_cancelled(world: World) -> None:
    identifier = world.approved()
    txid = world.pay(identifier, link=False)
    assert world.cancel(identifier).ok
    refusal = world.complete(identifier, txid)
    assert code_of(refusal) == "cancelled_payment"
    assert refusal.json()["payment"]["status"]["cancelled"]
