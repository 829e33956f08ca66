"""One transaction as the chain shows it; whatever is not plainly said is not believed."""

from typing import Any

import pytest

from local.emulator.address import address_of
from shared.base.amount import Amount
from shared.base.errors import ChainUnavailable
from shared.book.expected import expected_transfer
from shared.pi.objects import PaymentDto
from shared.stellar.objects import ExpectedTransfer, Transfer
from tests.unit.pi_in_process import PiInProcess
from tests.unit.samples import OTHER_TXID, TXID, payment

STRANGER = address_of("stranger")


def wanted_by(pi: PiInProcess, identifier: str) -> ExpectedTransfer:
    wanted = expected_transfer(PaymentDto.read(pi.state.payment(identifier).dto()))
    assert wanted is not None
    return wanted


def test_a_payment_on_the_chain_is_proof(pi: PiInProcess) -> None:
    identifier = pi.payment()
    txid = pi.state.pay(identifier).txid
    transaction = pi.horizon().transaction(txid)
    wanted = wanted_by(pi, identifier)
    assert transaction is not None
    assert (transaction.txid, transaction.successful) == (txid, True)
    assert (transaction.memo, transaction.transfers) == (identifier, (wanted.transfer,))
    assert wanted.is_met_by(transaction)
    path = f"/horizon/transactions/{txid}"
    assert pi.calls == [f"GET {path}", f"GET {path}/operations"]


@pytest.mark.parametrize(
    "altered",
    [
        *({"amount": 2}, {"source": STRANGER}, {"destination": STRANGER}),
        *({"memo": "another-payment"}, {"memo": None}, {"asset": f"PI:{STRANGER}"}),
        {"successful": False},
    ],
    ids=str,
)
def test_a_transaction_that_differs_is_no_proof(pi: PiInProcess, altered: dict[str, Any]) -> None:
    identifier = pi.payment()
    txid = pi.state.pay(identifier, **altered).txid
    transaction = pi.horizon().transaction(txid)
    assert transaction is not None
    assert not wanted_by(pi, identifier).is_met_by(transaction)


@pytest.mark.parametrize("memo_type", ["id", "hash", "return", "none"])
def test_only_a_text_memo_is_a_memo(pi: PiInProcess, memo_type: str) -> None:
    identifier = pi.payment()
    txid = pi.state.pay(identifier).txid
    body = {"hash": txid, "successful": True, "memo_type": memo_type, "memo": identifier}
    pi.fault("*/transactions/*", status=200, body=body)
    transaction = pi.horizon().transaction(txid)
    assert transaction is not None
    assert transaction.memo is None


@pytest.mark.parametrize("successful", [None, "true", 1])
def test_successful_is_true_or_it_is_not(pi: PiInProcess, successful: Any) -> None:
    txid = pi.state.pay(pi.payment()).txid
    body = {"hash": txid, "successful": successful, "memo_type": "none"}
    pi.fault("*/transactions/*", status=200, body=body)
    transaction = pi.horizon().transaction(txid)
    assert transaction is not None
    assert not transaction.successful


@pytest.mark.parametrize(
    "operation",
    [
        {"type": "path_payment_strict_send", "asset_type": "native"},
        {"type": "create_account"},
        {"type": "payment", "asset_type": "credit_alphanum4"},
        {"type": "payment", "asset_type": "native", "amount": "1e-9", "from": "a", "to": "b"},
    ],
    ids=str,
)
def test_other_operations_move_no_pi(pi: PiInProcess, operation: dict[str, str]) -> None:
    txid = pi.state.pay(pi.payment()).txid
    pi.fault("*/operations", status=200, body={"_embedded": {"records": [operation]}})
    transaction = pi.horizon().transaction(txid)
    assert transaction is not None
    assert transaction.transfers == ()


def test_one_of_several_operations_may_be_the_payment(pi: PiInProcess) -> None:
    identifier = pi.payment()
    txid = pi.state.pay(identifier, amount=1).txid
    transfer = wanted_by(pi, identifier).transfer
    native = {"type": "payment", "asset_type": "native", "from": transfer.source}
    records = [native | {"to": transfer.destination, "amount": text} for text in ("1", "3.0000000")]
    pi.fault("*/operations", status=200, body={"_embedded": {"records": records}})
    transaction = pi.horizon().transaction(txid)
    assert transaction is not None
    assert wanted_by(pi, identifier).is_met_by(transaction)


def test_an_unknown_transaction_is_none_as_is_an_unseen_one(pi: PiInProcess) -> None:
    txid = pi.state.pay(pi.payment()).txid
    assert pi.horizon().transaction(OTHER_TXID) is None
    pi.state.settings.ledger_lag_s = 30
    assert pi.horizon().transaction(txid) is None
    pi.state.advance(30)
    assert pi.horizon().transaction(txid) is not None


def test_an_answer_about_another_transaction_is_no_proof_of_this_one(pi: PiInProcess) -> None:
    txid = pi.state.pay(pi.payment()).txid
    other = pi.state.horizon("http://x").transaction(txid)
    pi.fault(f"*/transactions/{OTHER_TXID}", status=200, body=other)
    with pytest.raises(ChainUnavailable):
        pi.horizon().transaction(OTHER_TXID)


GARBAGE: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 400, "body": {"status": 400}},
    {"status": 403},
    {"status": 429, "headers": {"Retry-After": "7200"}},
    {"status": 302, "headers": {"Location": "http://elsewhere.example"}},
    {"status": 200, "body": "<html>"},
    {"status": 200, "body": {}},
    {"status": 200, "body": {"hash": 7}},
    {"status": 200, "body": [1]},
    {"status": 204},
    {"drop": "before"},
    {"delay_s": 60},
]


@pytest.mark.parametrize("fault", GARBAGE, ids=str)
@pytest.mark.parametrize("path", ["*/transactions/*", "*/operations"])
def test_garbage_is_an_unavailable_chain(pi: PiInProcess, path: str, fault: dict[str, Any]) -> None:
    txid = pi.state.pay(pi.payment()).txid
    pi.fault(path, **fault, times=None)
    with pytest.raises(ChainUnavailable) as unavailable:
        pi.horizon().transaction(txid)
    assert (unavailable.value.status, unavailable.value.retryable) == (503, True)


@pytest.mark.parametrize("latest", [0, -18])
def test_a_horizon_without_a_history_shows_nothing(pi: PiInProcess, latest: int) -> None:
    """Else a wallet's book would begin anew at a ledger that there is not (seed 13001059)."""
    shown = pi.state.horizon("http://x").root()
    pi.fault("/horizon/", status=200, body={**shown, "history_latest_ledger": latest})
    with pytest.raises(ChainUnavailable):
        pi.horizon().root(int(pi.state.now().timestamp()))
    assert pi.horizon().root(int(pi.state.now().timestamp())).newest.number > 0


def test_a_payment_without_its_wallets_cannot_be_proven() -> None:
    assert expected_transfer(payment(from_address=None)) is None
    assert expected_transfer(payment(to_address=None)) is None


def test_a_payment_with_them_can() -> None:
    seen = payment()
    assert expected_transfer(seen) == ExpectedTransfer(
        seen.identifier, Transfer(str(seen.from_address), str(seen.to_address), Amount.of("3.14"))
    )


def test_no_key_and_no_token_reaches_the_chain(pi: PiInProcess) -> None:
    pi.horizon().transaction(TXID)
    assert "Authorization" not in pi.line.sent[0].headers


# --- A wallet's movements -------------------------------------------------------------------------


def movements_of(pi: PiInProcess, wallet: str) -> list[dict[str, Any]]:
    """Horizon's own records, to be altered."""
    page = pi.state.horizon("http://x").account_payments(wallet, {"join": "transactions"})
    records: list[dict[str, Any]] = page["_embedded"]["records"]
    return records


def wallet_of_the_app(pi: PiInProcess) -> str:
    wallet = pi.state.registry.app().wallet
    assert wallet is not None
    return wallet


def test_a_fee_bump_has_two_hashes(pi: PiInProcess) -> None:
    """Pi may name either."""
    wallet = wallet_of_the_app(pi)
    pi.state.transfer(source=STRANGER, destination=wallet, amount=1, memo="m", fee_bump=True)
    [record] = movements_of(pi, wallet)
    inner = record["transaction"]["inner_transaction"]["hash"]
    outer = record["transaction"]["fee_bump_transaction"]["hash"]

    [movement] = pi.horizon().movements(wallet, after=0)

    assert set(movement.txids) == {inner, outer}


@pytest.mark.parametrize("successful", [False, None])
def test_what_failed_has_moved_nothing(pi: PiInProcess, successful: bool | None) -> None:
    """Horizon lists none of it unless it is asked to."""
    wallet = wallet_of_the_app(pi)
    pi.state.transfer(source=STRANGER, destination=wallet, amount=1, memo="m")
    [record] = movements_of(pi, wallet)
    body = {"_embedded": {"records": [record | {"transaction_successful": successful}]}}
    pi.fault("*/payments", status=200, body=body, times=None)

    with pytest.raises(ChainUnavailable):
        pi.horizon().movements(wallet, after=0)
