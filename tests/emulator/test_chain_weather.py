"""Submitting in bad weather: lost answers, time-outs, a Horizon that lags, ledgers still to close.

In each of them the same envelope again is harmless, and tells the truth in the end.
"""

from typing import Any

import pytest
from stellar_sdk.exceptions import BadRequestError, BadResponseError, NotFoundError
from stellar_sdk.exceptions import ConnectionError as LostError

from local.emulator.address import address_of
from local.emulator.pi import Pi
from tests.emulator.wallet import FEE, Wallet
from tests.emulator.world import NOON, World

SUBMISSION = "/horizon/transactions"


@pytest.fixture
def alice(world: World) -> str:
    world.sign_in(username="alice")
    return address_of("user:alice")


@pytest.fixture
def wallet(world: World) -> Wallet:
    return Wallet(world)


@pytest.mark.parametrize(
    ("fault", "error", "applied"),
    [
        ({"drop": "before"}, LostError, 0),
        ({"drop": "after"}, LostError, 1),
        ({"code": "timeout"}, BadResponseError, 0),
        ({"code": "timeout", "effect": True}, BadResponseError, 1),
        ({"code": "rate_limit_exceeded"}, BadRequestError, 0),
        ({"status": 502, "body": "<html>"}, BadResponseError, 0),
    ],
)
def test_an_unclear_answer_and_the_same_envelope_again(
    world: World, wallet: Wallet, alice: str, fault: Any, error: type[Exception], applied: int
) -> None:
    envelope = wallet.order(alice)
    world.fault(method="POST", path=SUBMISSION, **fault)
    with pytest.raises(error):
        wallet.submit(envelope)
    assert len(world.state()["transactions"]) == applied
    assert wallet.submit(envelope)["hash"] == envelope.hash_hex()
    assert len(world.state()["transactions"]) == 1


def test_a_problem_looks_like_horizons(world: World, wallet: Wallet, alice: str) -> None:
    world.fault(path=SUBMISSION, code="timeout")
    with pytest.raises(BadResponseError) as lost:
        wallet.pay(alice)
    assert lost.value.status == 504
    assert lost.value.type == "https://stellar.org/horizon-errors/timeout"
    assert lost.value.title == "Timeout"


def test_a_horizon_an_hour_behind(world: World, wallet: Wallet, alice: str) -> None:
    """It shows the wallet of an hour ago; a repeated envelope looks like a bad sequence."""
    lasting = (0, int(NOON.timestamp()) + 9000)
    world.advance(3600)
    wallet.pay(alice, times=lasting)
    world.advance(1800)
    world.set(ledger_lag_s=3600)
    assert wallet.balance() == "1000000.0000000"
    sequence = wallet.sequence()
    envelope = wallet.order(alice, sequence=sequence + 2, times=lasting)
    with pytest.raises(BadResponseError) as waited:
        wallet.submit(envelope)
    assert waited.value.status == 504
    assert len(world.state()["transactions"]) == 2
    assert wallet.sequence() == sequence
    assert wallet.refused(envelope) == {"transaction": "tx_bad_seq"}
    assert wallet.refused(wallet.order(alice, times=lasting)) == {"transaction": "tx_bad_seq"}
    with pytest.raises(NotFoundError):
        wallet.server.transactions().transaction(envelope.hash_hex()).call()

    world.advance(3600)
    assert wallet.submit(envelope)["hash"] == envelope.hash_hex()
    assert wallet.sequence() == sequence + 2
    assert wallet.balance() == "999997.9800000"
    assert len(world.state()["transactions"]) == 2


def test_a_ledger_still_to_close(world: World, wallet: Wallet, alice: str) -> None:
    world.set(close_at_once=False)
    envelope, other = wallet.order(alice), wallet.order(alice, "2")
    for submitted in (envelope, envelope, other):
        with pytest.raises(BadResponseError) as waited:
            wallet.submit(submitted)
        assert waited.value.status == 504
    assert world.state()["transactions"] == []
    world.advance(5)
    shown = wallet.submit(envelope)
    assert shown["created_at"] == "2026-11-23T12:00:05Z"
    assert wallet.refused(other) == {"transaction": "tx_bad_seq"}
    assert len(world.state()["transactions"]) == 1


def test_a_sequence_number_taken_in_the_queue(world: World, wallet: Wallet, alice: str) -> None:
    """What has become invalid by the close vanishes: no fee, no trace."""
    world.set(close_at_once=False)
    wallet.server.submit_transaction_async(wallet.order(alice))
    world.transfer(source=wallet.address, destination=alice, amount=1)
    world.advance(5)
    assert len(world.state()["transactions"]) == 1
    assert world.state()["fee_pool"] == FEE


def test_what_expires_before_the_close(world: World, wallet: Wallet, alice: str) -> None:
    """The ledger that would take it closes after its `max_time`: it is refused at once."""
    world.set(close_at_once=False)
    envelope = wallet.order(alice, times=(0, int(NOON.timestamp()) + 4))
    assert wallet.refused(envelope) == {"transaction": "tx_too_late"}


def test_the_clock_stands_for_what_is_queued(world: World, wallet: Wallet, alice: str) -> None:
    world.set(close_at_once=False)
    wallet.server.submit_transaction_async(wallet.order(alice))
    assert world.call("POST", "/_emulator/clock", {"advance_s": -1}).status_code == 409


def test_the_cores_own_word(world: World, wallet: Wallet, alice: str, pi: Pi) -> None:
    """`submit_transaction_async` waits for nothing; what it does not like is an error status."""
    world.set(close_at_once=False)
    envelope = wallet.order(alice)
    answer = wallet.server.submit_transaction_async(envelope)
    assert answer == {"tx_status": "PENDING", "hash": envelope.hash_hex()}
    for again, status in ((envelope, 409), (wallet.order(alice, "2"), 503)):
        with pytest.raises((BadRequestError, BadResponseError)) as refused:
            wallet.server.submit_transaction_async(again)
        assert refused.value.status == status
    world.advance(5)
    with pytest.raises(BadRequestError) as bad_seq:
        wallet.server.submit_transaction_async(envelope)
    assert '"tx_status":"ERROR"' in bad_seq.value.message
    assert pi.chain.find(envelope.hash_hex())
