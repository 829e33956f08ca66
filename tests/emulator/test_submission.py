"""The chain takes what the stock stellar SDK signs, once, and refuses with Horizon's own codes."""

from decimal import Decimal
from typing import Any

import pytest
from stellar_sdk import (
    Asset,
    HashMemo,
    IdMemo,
    Keypair,
    Memo,
    NoneMemo,
    ReturnHashMemo,
    Server,
    TextMemo,
    TransactionBuilder,
    TransactionEnvelope,
)
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.exceptions import NotFoundError

from local.emulator.address import address_of, address_of_seed, seed_of
from local.emulator.chain import MINIMUM_STROOPS
from local.emulator.registry import wallet_seed_of
from tests.emulator.wallet import FEE, PASSPHRASE, STILL_TRUE, Wallet
from tests.emulator.world import World

NOWHERE = address_of("nobody has opened this one")
STRANGER = "a stranger"


@pytest.fixture
def alice(world: World) -> str:
    """A user's wallet."""
    world.sign_in(username="alice")
    return address_of("user:alice")


@pytest.fixture
def wallet(world: World) -> Wallet:
    return Wallet(world)


def test_the_stock_client_pays(real_world: World) -> None:
    """Everything over HTTP, and only what the SDK offers."""
    keys = Keypair.from_secret(wallet_seed_of("demo-app"))
    to = address_of("user:alice")
    real_world.sign_in(username="alice")
    with Server(f"{real_world.url}/horizon") as server:
        root = server.root().call()
        stats = server.fee_stats().call()
        fee = int(stats["fee_charged"]["mode"])
        assert fee == server.fetch_base_fee() == int(stats["last_ledger_base_fee"]) == FEE
        envelope = (
            TransactionBuilder(server.load_account(keys), root["network_passphrase"], fee)
            .append_payment_op(to, Asset.native(), "0.42")
            .add_text_memo("a payment's identifier, 28 b")
            .add_time_bounds(0, STILL_TRUE)
            .build()
        )
        envelope.sign(keys)
        answer = server.submit_transaction(envelope)
        assert answer["hash"] == answer["id"] == envelope.hash_hex()
        assert answer["successful"]
        assert answer["envelope_xdr"] == envelope.to_xdr()
        result = stellar_xdr.TransactionResult.from_xdr(answer["result_xdr"])
        assert result.fee_charged.int64 == FEE
        shown = server.transactions().transaction(envelope.hash_hex()).call()
        assert shown["memo"] == "a payment's identifier, 28 b"
        assert shown["source_account_sequence"] == str(envelope.transaction.sequence)
        [operation] = (
            server.operations().for_transaction(answer["hash"]).call()["_embedded"]["records"]
        )
        assert (operation["from"], operation["to"]) == (keys.public_key, to)
        assert operation["amount"] == "0.4200000"


def test_a_payment_moves_what_it_says_and_its_fee(world: World, wallet: Wallet, alice: str) -> None:
    before, sequence = world.state(), wallet.sequence()
    wallet.pay(alice, "0.42", fee=FEE * 3)
    after = world.state()
    spent = before["balances"][wallet.address] - after["balances"][wallet.address]
    assert spent == 4_200_000 + FEE
    assert after["balances"][alice] - before["balances"][alice] == 4_200_000
    assert after["fee_pool"] - before["fee_pool"] == FEE
    assert after["total_coins"] == before["total_coins"] == before["minted"]
    assert wallet.sequence() == sequence + 1


def test_a_users_payment_moves_real_balances(world: World) -> None:
    identifier = world.approved()
    payment, before = world.get(identifier), world.state()
    world.pay(identifier)
    after = world.state()
    for end, change in (("to_address", 31_400_000), ("from_address", -31_400_000 - FEE)):
        address = payment[end]
        assert after["balances"][address] - before["balances"][address] == change


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"passphrase": "Pi Network"}, "tx_bad_auth"),
    ({"sequence": 0}, "tx_bad_seq"),
    ({"sequence": 1 << 40}, "tx_bad_seq"),
    ({"times": (0, STILL_TRUE - 301)}, "tx_too_late"),
    ({"times": (STILL_TRUE, STILL_TRUE + 1)}, "tx_too_early"),
    ({"fee": FEE - 1}, "tx_insufficient_fee"),
]


@pytest.mark.parametrize(("how", "code"), REFUSALS)
def test_a_refused_transaction_leaves_no_trace(
    world: World, wallet: Wallet, alice: str, how: dict[str, Any], code: str
) -> None:
    sequence, before = wallet.sequence(), world.state()
    envelope = wallet.order(alice, **how)
    assert wallet.refused(envelope) == {"transaction": code}
    after = world.state()
    assert after["balances"] == before["balances"]
    assert after["transactions"] == []
    assert wallet.sequence() == sequence
    with pytest.raises(NotFoundError):
        wallet.server.transactions().transaction(envelope.hash_hex()).call()


def test_a_source_that_does_not_exist(world: World, alice: str) -> None:
    stranger = Wallet(world, seed_of(STRANGER))
    envelope = stranger.order(alice, sequence=1)
    assert stranger.refused(envelope) == {"transaction": "tx_no_source_account"}


def test_somebody_elses_signature(wallet: Wallet, alice: str) -> None:
    envelope = wallet.order(alice)
    envelope.signatures.clear()
    assert wallet.refused(envelope) == {"transaction": "tx_bad_auth"}
    envelope.sign(seed_of(STRANGER))
    assert wallet.refused(envelope) == {"transaction": "tx_bad_auth"}
    envelope.sign(wallet.keys)
    assert wallet.refused(envelope) == {"transaction": "tx_bad_auth_extra"}


def test_a_wallet_that_cannot_pay_the_fee(world: World, wallet: Wallet, alice: str) -> None:
    _hold(world, wallet, MINIMUM_STROOPS + FEE - 1)
    assert wallet.refused(wallet.order(alice)) == {"transaction": "tx_insufficient_balance"}


def test_a_wallet_that_can_pay_only_its_fee(world: World, wallet: Wallet, alice: str) -> None:
    """A payment that fails on chain costs its fee and its sequence number, and is shown."""
    _hold(world, wallet, MINIMUM_STROOPS + FEE + 1)
    envelope, sequence = wallet.order(alice, "0.0000002"), wallet.sequence()
    codes = {"transaction": "tx_failed", "operations": ["op_underfunded"]}
    assert wallet.refused(envelope) == codes
    assert wallet.balance() == "0.9800001"
    assert wallet.sequence() == sequence + 1
    shown = wallet.server.transactions().transaction(envelope.hash_hex()).call()
    assert shown["successful"] is False
    # Asked again, Horizon tells the same story.
    assert wallet.refused(envelope) == codes
    assert len(world.state()["transactions"]) == 1


def test_to_the_last_stroop(world: World, wallet: Wallet, alice: str) -> None:
    _hold(world, wallet, MINIMUM_STROOPS + FEE + 1)
    assert wallet.pay(alice, "0.0000001")["successful"]
    assert wallet.balance() == "0.9800000"


def test_a_destination_that_does_not_exist(wallet: Wallet) -> None:
    codes = {"transaction": "tx_failed", "operations": ["op_no_destination"]}
    assert wallet.refused(wallet.order(NOWHERE)) == codes


def test_another_asset_is_not_to_be_had(wallet: Wallet, alice: str) -> None:
    envelope = wallet.order(alice, asset=Asset("PIE", address_of("issuer")))
    codes = {"transaction": "tx_failed", "operations": ["op_src_no_trust"]}
    assert wallet.refused(envelope) == codes


def test_only_payments_are_taken(wallet: Wallet, alice: str) -> None:
    def built(builder: TransactionBuilder) -> TransactionEnvelope:
        envelope = builder.set_timeout(0).build()
        envelope.sign(wallet.keys)
        return envelope

    def builder() -> TransactionBuilder:
        return TransactionBuilder(wallet.server.load_account(wallet.keys), PASSPHRASE, FEE)

    bump = builder().append_bump_sequence_op(1 << 40)
    codes = {"transaction": "tx_failed", "operations": ["op_not_supported"]}
    assert wallet.refused(built(bump)) == codes
    foreign = builder().append_payment_op(alice, Asset.native(), "1", source=alice)
    codes = {"transaction": "tx_failed", "operations": ["op_bad_auth"]}
    assert wallet.refused(built(foreign)) == codes
    assert wallet.refused(built(builder())) == {"transaction": "tx_missing_operation"}
    twice = builder().append_payment_op(alice, Asset.native(), "1")
    twice.append_payment_op(alice, Asset.native(), "1")
    assert wallet.refused(built(twice)) == {"transaction": "tx_not_supported"}
    inner = wallet.order(alice)
    bumped = TransactionBuilder.build_fee_bump_transaction(wallet.keys, FEE * 2, inner, PASSPHRASE)
    bumped.sign(wallet.keys)
    assert wallet.refused(bumped) == {"transaction": "tx_not_supported"}


def test_memos_of_every_type(wallet: Wallet, alice: str) -> None:
    """A stranger's memo may be anything; only a text one can be a payment's identifier."""
    account = wallet.server.load_account(wallet.keys)
    memos: list[tuple[Memo, str, str | None]] = [
        (IdMemo(7), "id", "7"),
        (HashMemo(bytes(32)), "hash", "A" * 43 + "="),
        (ReturnHashMemo(bytes(32)), "return", "A" * 43 + "="),
        (TextMemo(b"\xff"), "text", "\N{REPLACEMENT CHARACTER}"),
        (NoneMemo(), "none", None),
    ]
    for memo, kind, shown in memos:
        builder = TransactionBuilder(account, PASSPHRASE, FEE).add_memo(memo)
        builder.append_payment_op(alice, Asset.native(), "1").add_time_bounds(0, STILL_TRUE)
        envelope = builder.build()
        envelope.sign(wallet.keys)
        answer = wallet.submit(envelope)
        assert (answer["memo_type"], answer.get("memo")) == (kind, shown)


def test_the_same_envelope_is_applied_once(world: World, wallet: Wallet, alice: str) -> None:
    envelope = wallet.order(alice)
    first = wallet.submit(envelope)
    assert wallet.submit(envelope) == first
    world.advance(3600)
    assert wallet.submit(envelope)["hash"] == first["hash"]
    assert len(world.state()["transactions"]) == 1


def test_the_core_forgets_what_it_applied(world: World, wallet: Wallet, alice: str) -> None:
    """As a Horizon that has trimmed its history answers: our own success looks like a failure."""
    world.set(repeats_success=False)
    envelope = wallet.order(alice)
    wallet.submit(envelope)
    assert wallet.refused(envelope) == {"transaction": "tx_bad_seq"}
    world.advance(3600)
    assert wallet.refused(envelope) == {"transaction": "tx_too_late"}
    assert len(world.state()["transactions"]) == 1


@pytest.mark.parametrize("xdr", ["", "AAAA", "not base64", "!", "AAAAAgAAAAA="])
def test_what_is_no_envelope(world: World, xdr: str) -> None:
    body = {"tx": xdr}
    answer = world.session.post(f"{world.url}/horizon/transactions", data=body, timeout=5)
    kind = answer.json()["type"].rpartition("/")[2]
    assert (answer.status_code, kind) == (400, "transaction_malformed" if xdr else "bad_request")
    answer = world.session.post(f"{world.url}/horizon/transactions", json=body, timeout=5)
    assert answer.status_code == 415


def test_a_surge_of_the_base_fee(world: World, wallet: Wallet, alice: str) -> None:
    world.set(base_fee_stroops=FEE * 5)
    assert wallet.server.fetch_base_fee() == FEE * 5
    assert wallet.server.fee_stats().call()["max_fee"]["p99"] == str(FEE * 5)
    assert wallet.refused(wallet.order(alice)) == {"transaction": "tx_insufficient_fee"}
    assert wallet.pay(alice, fee=FEE * 5)["fee_charged"] == str(FEE * 5)


def test_a_wallet_of_ones_own(world: World, alice: str) -> None:
    seed = Keypair.random().secret
    world.control("POST", "/apps", app_id="other", key="other-key", wallet_seed=seed)
    assert world.state()["apps"][1]["wallet"] == address_of_seed(seed)
    assert Wallet(world, seed).pay(alice)["successful"]
    rotated = Keypair.random().secret
    world.control("PATCH", "/apps/other", wallet_seed=rotated)
    assert world.state()["apps"][1]["wallet"] == Keypair.from_secret(rotated).public_key
    assert seed not in str(world.state())
    refused = world.call("PATCH", "/_emulator/apps/other", {"wallet_seed": "SABC"})
    assert refused.status_code == 400


def _hold(world: World, wallet: Wallet, balance_stroops: int) -> None:
    balance = Decimal(balance_stroops).scaleb(-7)
    world.control("POST", "/chain/accounts", address=wallet.address, balance=balance)
