"""A transaction's XDR in its record: the stock SDK reads in it what the record says."""

from base64 import b64encode
from typing import Any

import pytest
from stellar_sdk import (
    FeeBumpTransactionEnvelope,
    Keypair,
    Payment,
    TransactionEnvelope,
)
from stellar_sdk import xdr as stellar_xdr

from local.emulator.address import address_of
from local.emulator.chain import ACCOUNT_MERGE, CREATE_ACCOUNT, KINDS
from tests.emulator.wallet import PASSPHRASE, Wallet
from tests.emulator.world import World, code_of

Code = stellar_xdr.TransactionResultCode
STRANGER = address_of("stranger")


def result_of(record: Any) -> stellar_xdr.TransactionResult:
    return stellar_xdr.TransactionResult.from_xdr(record["result_xdr"])


def check(envelope: TransactionEnvelope | FeeBumpTransactionEnvelope, record: Any, by: str) -> None:
    """The envelope hashes to the record's hash, and holds its signatures, which are the payer's."""
    assert envelope.hash_hex() == record["hash"]
    held = [b64encode(each.signature).decode() for each in envelope.signatures]
    assert held == record["signatures"]
    [signature] = envelope.signatures
    Keypair.from_public_key(by).verify(envelope.hash(), signature.signature)


def test_what_a_user_paid(world: World) -> None:
    """Given a payment of a user's wallet, then its envelope says what the payment says."""
    identifier = world.approved()
    payment, txid = world.get(identifier), world.pay(identifier)
    record = world.horizon(f"/transactions/{txid}")
    envelope = TransactionEnvelope.from_xdr(record["envelope_xdr"], PASSPHRASE)
    check(envelope, record, payment["from_address"])
    [operation] = envelope.transaction.operations
    assert isinstance(operation, Payment)
    assert operation.destination.account_id == payment["to_address"]
    assert operation.amount == "3.14"
    assert envelope.transaction.memo.memo_text.decode() == identifier  # type: ignore[attr-defined]
    assert str(envelope.transaction.sequence) == record["source_account_sequence"]
    assert str(envelope.transaction.fee) == record["max_fee"]
    result = result_of(record)
    assert result.result.code is Code.txSUCCESS
    assert str(result.fee_charged.int64) == record["fee_charged"]


def test_what_somebody_submitted(world: World) -> None:
    wallet = Wallet(world)
    world.sign_in(username="alice")
    answer = wallet.pay(address_of("user:alice"))
    record = world.horizon(f"/transactions/{answer['hash']}")
    assert answer == record
    check(TransactionEnvelope.from_xdr(record["envelope_xdr"], PASSPHRASE), record, wallet.address)


def test_a_payment_that_failed(world: World) -> None:
    txid = world.pay(world.approved(), successful=False)
    result = result_of(world.horizon(f"/transactions/{txid}"))
    assert result.result.code is Code.txFAILED
    assert result.result.results is not None
    [operation] = result.result.results
    assert operation.tr is not None
    assert operation.tr.payment_result is not None
    assert operation.tr.payment_result.code is stellar_xdr.PaymentResultCode.PAYMENT_UNDERFUNDED


@pytest.mark.parametrize("successful", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_operation(world: World, kind: str, successful: bool) -> None:
    wallet = world.state()["apps"][0]["wallet"]
    transfer: dict[str, Any] = {"destination": wallet, "amount": 3, "source": STRANGER}
    if kind == CREATE_ACCOUNT:
        transfer["destination"] = address_of("a newcomer")
    if kind == ACCOUNT_MERGE:
        del transfer["amount"]
    txid = world.control(
        "POST", "/chain/transactions", **transfer, kind=kind, successful=successful
    )["txid"]
    record = world.horizon(f"/transactions/{txid}")
    envelope = TransactionEnvelope.from_xdr(record["envelope_xdr"], PASSPHRASE)
    check(envelope, record, STRANGER)
    [shown] = world.horizon(f"/transactions/{txid}/operations")["_embedded"]["records"]
    [held] = envelope.transaction.operations
    assert held._XDR_OPERATION_TYPE.value == shown["type_i"]
    result = result_of(record)
    assert result.result.results is not None
    [operation] = result.result.results
    assert operation.tr is not None
    assert operation.tr.type.value == shown["type_i"]
    assert result.result.code is (Code.txSUCCESS if successful else Code.txFAILED)


def test_the_operation_of_another_account(world: World) -> None:
    """Whose Pi it is signs too."""
    wallet, other = world.state()["apps"][0]["wallet"], address_of("another")
    transfer = {"destination": wallet, "amount": 3, "operation_source": other}
    txid = world.control("POST", "/chain/transactions", **transfer)["txid"]
    record = world.horizon(f"/transactions/{txid}")
    envelope = TransactionEnvelope.from_xdr(record["envelope_xdr"], PASSPHRASE)
    assert envelope.hash_hex() == txid
    assert len(record["signatures"]) == 2


def test_a_fee_bump_under_both_of_its_hashes(world: World) -> None:
    wallet = world.state()["apps"][0]["wallet"]
    transfer = {"destination": wallet, "amount": 3, "fee_bump": True}
    txid = world.control("POST", "/chain/transactions", **transfer)["txid"]
    outer = world.horizon(f"/transactions/{txid}")
    inner = world.horizon(f"/transactions/{outer['inner_transaction']['hash']}")
    envelope = FeeBumpTransactionEnvelope.from_xdr(outer["envelope_xdr"], PASSPHRASE)
    check(envelope, outer, STRANGER)
    check(envelope.transaction.inner_transaction_envelope, inner, STRANGER)
    assert outer["fee_bump_transaction"]["signatures"] == outer["signatures"]
    assert outer["inner_transaction"]["signatures"] == inner["signatures"]
    assert result_of(outer).result.code is Code.txFEE_BUMP_INNER_SUCCESS
    assert str(result_of(outer).fee_charged.int64) == outer["fee_charged"]


def test_a_wallet_whose_seed_nobody_knows_here(world: World) -> None:
    """Its Pi moves all the same, and nothing is signed."""
    source = Keypair.random().public_key
    wallet = world.state()["apps"][0]["wallet"]
    transfer = {"destination": wallet, "amount": 3, "source": source}
    txid = world.control("POST", "/chain/transactions", **transfer)["txid"]
    record = world.horizon(f"/transactions/{txid}")
    assert record["signatures"] == []
    assert TransactionEnvelope.from_xdr(record["envelope_xdr"], PASSPHRASE).hash_hex() == txid


@pytest.mark.parametrize(
    "wrong", [{"destination": "G"}, {"asset": "PIE"}, {"asset": "PIE:G"}, {"asset": "PIE:G:H"}]
)
def test_what_can_be_no_transaction(world: World, wrong: dict[str, str]) -> None:
    """Refused, and no wallet has been opened by it."""
    before = world.state()["balances"]
    wallet = world.state()["apps"][0]["wallet"]
    body = {"destination": wallet, "amount": 1, "source": wallet} | wrong
    refused = world.call("POST", "/_emulator/chain/transactions", body)
    assert code_of(refused) == "invalid_arguments"
    assert world.state()["balances"] == before
