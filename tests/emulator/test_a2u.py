"""App-to-user payments: approved at creation, one at a time, the txid known only by /complete."""

from decimal import Decimal
from typing import Any

import pytest

from local.emulator.address import address_of, seed_of
from local.emulator.pi import Pi
from tests.emulator.wallet import FEE, Wallet
from tests.emulator.world import World, code_of


def test_a_payout_from_creation_to_completion(world: World) -> None:
    user = world.sign_in(username="alice")
    created = world.create_payout(user["uid"], amount=Decimal("0.42"))
    payment = created.json()
    identifier = payment["identifier"]
    assert payment["direction"] == "app_to_user"
    assert payment["user_uid"] == user["uid"]
    assert payment["status"]["developer_approved"]
    assert payment["from_address"] == world.state()["apps"][0]["wallet"]

    txid = world.pay(identifier)
    assert world.get(identifier)["transaction"] is None
    listed = world.server("GET", "/payments/incomplete_server_payments").json()
    assert [p["identifier"] for p in listed["incomplete_server_payments"]] == [identifier]

    assert world.complete(identifier, txid).json()["transaction"]["verified"]
    listed = world.server("GET", "/payments/incomplete_server_payments").json()
    assert listed == {"incomplete_server_payments": []}


def test_one_open_payout_at_a_time(world: World) -> None:
    first = world.create_payout(world.sign_in()["uid"]).json()["identifier"]
    second = world.create_payout(world.sign_in()["uid"])
    assert code_of(second) == "ongoing_payment_found"
    assert second.json()["payment"]["identifier"] == first
    assert world.cancel(first).ok
    assert world.create_payout(world.sign_in()["uid"]).ok


def test_a_payout_stays_open_without_approval_and_never_blocks_its_user(world: World) -> None:
    user = world.sign_in()
    identifier = world.create_payout(user["uid"]).json()["identifier"]
    world.advance(3600)
    assert not world.get(identifier)["status"]["cancelled"]
    world.start(world.sign_in(uid=user["uid"])["accessToken"])
    assert code_of(world.server("POST", f"/payments/{identifier}/approve")) == "forbidden"


def test_only_user_to_app_payments_are_the_browsers_business(world: World) -> None:
    user = world.sign_in()
    world.create_payout(user["uid"])
    assert not world.browser("/payments/incomplete", user["accessToken"]).json()["exists"]


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ({"uid": "nobody"}, 404, "user_not_found"),
        ({"uid": None}, 404, "user_not_found"),
        ({"amount": 0}, 400, "invalid_amount"),
        ({"amount": "1"}, 400, "invalid_amount"),
        ({"memo": 5}, 400, "invalid_arguments"),
        ({"metadata": {}}, 400, "invalid_metadata"),
    ],
)
def test_what_no_payout_can_be_of(world: World, arguments: Any, status: int, code: str) -> None:
    response = world.create_payout(**{"uid": world.sign_in()["uid"]} | arguments)
    assert (response.status_code, code_of(response)) == (status, code)


def test_the_recipient_must_have_granted_the_wallet_address(world: World) -> None:
    uid = world.sign_in(scopes=["username", "payments"])["uid"]
    response = world.create_payout(uid)
    assert (response.status_code, code_of(response)) == (401, "missing_scope")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"a2u": False}, "feature_not_available"), ({"wallet": None}, "missing_wallet")],
)
def test_what_the_app_lacks(world: World, change: Any, code: str) -> None:
    uid = world.sign_in()["uid"]
    world.control("PATCH", "/apps/demo-app", **change)
    assert code_of(world.create_payout(uid)) == code


def test_a_user_of_another_app_is_unknown(world: World) -> None:
    world.control("POST", "/apps", app_id="other", key="other-key")
    uid = world.sign_in(app_id="other")["uid"]
    assert code_of(world.create_payout(uid)) == "user_not_found"


def test_a_body_without_a_payment(world: World) -> None:
    assert code_of(world.server("POST", "/payments", {"amount": 1})) == "invalid_arguments"


def test_the_same_payout_can_be_paid_twice_on_chain(world: World, pi: Pi) -> None:
    identifier = world.create_payout(world.sign_in()["uid"]).json()["identifier"]
    first = world.pay(identifier)
    second = world.pay(identifier, skip_approval_check=True)
    assert first != second
    assert pi.payment(identifier).on_chain == [first, second]
    assert world.complete(identifier, second).ok


@pytest.mark.parametrize(
    ("altered", "verification_error"),
    [
        ({"memo": "another memo"}, "tx_memo_payment_identifier_mismatch"),
        ({"amount": "0.9999999"}, "tx_amount_mismatch"),
        ({"destination": address_of("app:demo-app")}, "tx_recipient_mismatch"),
        ({"seed": seed_of("user:mallory")}, "tx_sender_mismatch"),
    ],
)
def test_pi_verifies_on_the_chain_what_was_signed(
    world: World, altered: dict[str, str], verification_error: str
) -> None:
    """A transaction that is not the payment's jams it, whoever has submitted it."""
    world.sign_in(username="mallory")
    payment = world.create_payout(world.sign_in(username="alice")["uid"]).json()
    identifier = payment["identifier"]
    how = {"destination": payment["to_address"], "memo": identifier} | altered
    answer = Wallet(world, how.pop("seed", None)).pay(**how)
    refused = world.complete(identifier, answer["hash"])
    assert code_of(refused) == "verification_failed"
    assert refused.json()["verification_error"] == verification_error
    assert code_of(world.cancel(identifier)) == "payment_tx_present"


def test_a_payout_that_somebody_signed(world: World, pi: Pi) -> None:
    """Pi knows nothing of the transaction until it is told; then nobody can cancel or repeat."""
    payment = world.create_payout(world.sign_in()["uid"], amount=Decimal("0.42")).json()
    identifier, wallet = payment["identifier"], Wallet(world)
    assert payment["from_address"] == wallet.address
    txid = wallet.pay(payment["to_address"], "0.42", memo=identifier)["hash"]
    assert world.get(identifier)["transaction"] is None
    assert pi.payment(identifier).on_chain == [txid]

    completed = world.complete(identifier, txid.upper()).json()
    assert completed["transaction"]["txid"] == txid
    assert completed["transaction"]["verified"]
    assert code_of(world.complete(identifier, txid)) == "already_completed"
    assert code_of(world.cancel(identifier)) == "already_completed"


def test_a_payout_that_failed_on_chain_is_not_verified(world: World) -> None:
    payment = world.create_payout(world.sign_in()["uid"]).json()
    wallet = Wallet(world)
    world.control("POST", "/chain/accounts", address=wallet.address, balance=1)
    envelope = wallet.order(payment["to_address"], memo=payment["identifier"])
    assert wallet.refused(envelope)["transaction"] == "tx_failed"
    assert code_of(world.complete(payment["identifier"], envelope.hash_hex())) == "not_verified"
    assert world.cancel(payment["identifier"]).ok


def test_a_paid_payout_that_pi_was_not_told_of_can_be_cancelled(world: World) -> None:
    """The trap: Pi lets us cancel what the chain has paid."""
    payment = world.create_payout(world.sign_in()["uid"]).json()
    txid = Wallet(world).pay(payment["to_address"], memo=payment["identifier"])["hash"]
    assert world.cancel(payment["identifier"]).ok
    assert code_of(world.complete(payment["identifier"], txid)) == "cancelled_payment"


def test_two_payouts_one_after_the_other(world: World) -> None:
    wallet = Wallet(world)
    for name in ("alice", "bob"):
        payment = world.create_payout(world.sign_in(username=name)["uid"]).json()
        txid = wallet.pay(payment["to_address"], memo=payment["identifier"])["hash"]
        assert world.complete(payment["identifier"], txid).ok
    state = world.state()
    assert state["fee_pool"] == 2 * FEE
    assert state["total_coins"] == state["minted"]
