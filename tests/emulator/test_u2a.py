"""User-to-app payments: each step and each refusal up to the transaction, and cancelling."""

import re
from decimal import Decimal
from typing import Any

import pytest

from local.emulator.chain import MAX_AMOUNT
from tests.emulator.world import World, code_of

ADDRESS = re.compile(r"G[A-Z2-7]{55}")
UNKNOWN_TXID = "ab" * 32


def test_a_payment_from_start_to_completion(world: World) -> None:
    user = world.sign_in(username="alice")
    payment = world.start(user["accessToken"])
    identifier = payment["identifier"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{28}", identifier)
    assert ADDRESS.fullmatch(payment["from_address"])
    assert ADDRESS.fullmatch(payment["to_address"])
    assert payment["user_uid"] == user["uid"]
    assert payment["direction"] == "user_to_app"
    assert payment["network"] == "Pi Testnet"
    assert payment["created_at"] == "2026-11-23T12:00:00.250Z"
    assert payment["transaction"] is None
    assert set(payment["status"].values()) == {False}

    approval = world.server("POST", f"/payments/{identifier}/approve")
    assert approval.ok
    assert approval.json()["status"]["developer_approved"]

    txid = world.pay(identifier)
    assert re.fullmatch(r"[0-9a-f]{64}", txid)
    paid = world.get(identifier)
    assert paid["transaction"]["txid"] == txid
    assert paid["transaction"]["verified"]
    assert paid["transaction"]["_link"] == f"{world.url}/horizon/transactions/{txid}"

    completion = world.complete(identifier, txid)
    assert completion.ok
    assert completion.json()["status"] == {
        "developer_approved": True,
        "transaction_verified": True,
        "developer_completed": True,
        "cancelled": False,
        "user_cancelled": False,
    }


def test_a_transactions_link_leads_to_it(real_world: World) -> None:
    """At the address that was asked, as a back end that follows it does."""
    identifier = real_world.approved()
    txid = real_world.pay(identifier)
    for host in ("127.0.0.1", "localhost"):
        url = real_world.url.replace("127.0.0.1", host)
        shown = World(url, real_world.session).get(identifier)["transaction"]
        assert shown["_link"].startswith(url)
        followed = real_world.session.get(shown["_link"], timeout=5)
        assert followed.json()["memo"] == identifier
        assert followed.json()["hash"] == txid


@pytest.mark.parametrize(
    ("network", "url"),
    [
        ("Pi Testnet", "https://api.testnet.minepi.com"),
        ("Pi Network", "https://api.mainnet.minepi.com"),
    ],
)
def test_a_transactions_link_as_pi_has_it(world: World, network: str, url: str) -> None:
    world.set(pi_links=True)
    world.control("PATCH", "/apps/demo-app", network=network)
    identifier = world.approved()
    txid = world.pay(identifier)
    assert world.get(identifier)["transaction"]["_link"] == f"{url}/transactions/{txid}"


def test_identifiers_are_unique_and_some_hold_dashes_and_underscores(world: World) -> None:
    user = world.sign_in()
    identifiers = [world.start(user["accessToken"])["identifier"] for _ in range(50)]
    assert len(set(identifiers)) == 50
    assert any("-" in identifier for identifier in identifiers)
    assert any("_" in identifier for identifier in identifiers)


@pytest.mark.parametrize("written", ["3.14", "1e-7", "0.0000001", "100", "922337203684.4875807"])
def test_amounts_are_exact_numbers(world: World, written: str) -> None:
    identifier = world.approved(amount=Decimal(written))
    payer = world.get(identifier)["from_address"]
    world.control("POST", "/chain/accounts", address=payer, balance=MAX_AMOUNT)
    answer = world.server("GET", f"/payments/{identifier}").text
    assert world.get(identifier)["amount"] == Decimal(written)
    assert f'"amount":{str(Decimal(written)).lower()},' in answer
    txid = world.pay(identifier)
    assert world.complete(identifier, txid).ok


def test_small_amounts_come_in_exponent_form(world: World) -> None:
    identifier = world.approved(amount=Decimal("0.0000001"))
    assert '"amount":1e-7' in world.server("GET", f"/payments/{identifier}").text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"amount": 0}, "invalid_amount"),
        ({"amount": -1}, "invalid_amount"),
        ({"amount": Decimal("0.00000001")}, "invalid_amount"),
        ({"amount": 10**12}, "invalid_amount"),
        ({"amount": Decimal("1e999999")}, "invalid_amount"),
        ({"amount": "1"}, "invalid_amount"),
        ({"amount": True}, "invalid_amount"),
        ({"amount": None}, "invalid_amount"),
        ({"memo": None}, "invalid_arguments"),
        ({"metadata": {}}, "invalid_metadata"),
        ({"metadata": "text"}, "invalid_metadata"),
    ],
)
def test_what_no_payment_can_be_made_of(world: World, arguments: Any, code: str) -> None:
    token = world.sign_in()["accessToken"]
    payment = {"accessToken": token, "amount": 1, "memo": "m", "metadata": {"a": 1}}
    response = world.call("POST", "/_emulator/payments", payment | arguments)
    assert (response.status_code, code_of(response)) == (400, code)


def test_a_user_without_the_payments_scope_cannot_pay(world: World) -> None:
    token = world.sign_in(scopes=["username"])["accessToken"]
    payment = {"accessToken": token, "amount": 1, "memo": "m", "metadata": {"a": 1}}
    response = world.call("POST", "/_emulator/payments", payment)
    assert (response.status_code, code_of(response)) == (401, "missing_scope")


def test_approving_again_changes_nothing(world: World) -> None:
    identifier = world.approved()
    assert world.server("POST", f"/payments/{identifier}/approve").ok
    world.set(approve_repeat_refused=True)
    again = world.server("POST", f"/payments/{identifier}/approve")
    assert code_of(again) == "already_approved"
    assert again.json()["payment"]["identifier"] == identifier


def test_what_is_not_approved_within_60_s_is_cancelled(world: World) -> None:
    identifier = world.start()["identifier"]
    world.advance(60)
    assert not world.get(identifier)["status"]["cancelled"]
    world.advance(0.001)
    assert code_of(world.server("POST", f"/payments/{identifier}/approve")) == "cancelled_payment"
    assert world.get(identifier)["status"]["cancelled"]
    assert world.state()["payments"][0]["status"]["cancelled"]


def test_an_approved_payment_stays_open(world: World) -> None:
    identifier = world.approved()
    world.advance(100_000)
    txid = world.pay(identifier)
    assert world.complete(identifier, txid).ok


def test_a_new_payment_cancels_an_unpaid_one_silently(world: World) -> None:
    token = world.sign_in()["accessToken"]
    first = world.approved(token=token)
    second = world.start(token)["identifier"]
    assert world.get(first)["status"]["cancelled"]
    assert not world.get(second)["status"]["cancelled"]


def test_without_auto_cancel_an_unpaid_payment_stands_in_the_way(world: World) -> None:
    world.set(auto_cancel=False)
    token = world.sign_in()["accessToken"]
    first = world.start(token)["identifier"]
    body = {"accessToken": token, "amount": 1, "memo": "m", "metadata": {"a": 1}}
    response = world.call("POST", "/_emulator/payments", body)
    assert code_of(response) == "ongoing_payment_found"
    assert response.json()["payment"]["identifier"] == first


def test_a_paid_payment_blocks_its_user_and_nobody_else(world: World) -> None:
    token = world.sign_in(username="alice")["accessToken"]
    first = world.approved(token=token)
    txid = world.pay(first)
    body = {"accessToken": token, "amount": 1, "memo": "m", "metadata": {"a": 1}}
    response = world.call("POST", "/_emulator/payments", body)
    assert code_of(response) == "ongoing_payment_found"
    assert response.json()["payment"]["transaction"]["txid"] == txid
    world.start(world.sign_in(username="bob")["accessToken"])
    assert world.complete(first, txid).ok
    world.start(token)


def test_the_browser_finds_its_users_incomplete_payment(world: World) -> None:
    token = world.sign_in()["accessToken"]
    assert world.browser("/payments/incomplete", token).json() == {"exists": False, "payment": None}
    identifier = world.approved(token=token)
    found = world.browser("/payments/incomplete", token).json()
    assert found["exists"]
    assert found["payment"]["identifier"] == identifier
    other = world.sign_in()["accessToken"]
    assert not world.browser("/payments/incomplete", other).json()["exists"]
    assert world.complete(identifier, world.pay(identifier)).ok
    assert not world.browser("/payments/incomplete", token).json()["exists"]


def test_cancelling(world: World) -> None:
    identifier = world.approved()
    assert world.cancel(identifier).json()["status"]["cancelled"]
    assert code_of(world.cancel(identifier)) == "cancelled_payment"
    assert code_of(world.server("POST", f"/payments/{identifier}/approve")) == "cancelled_payment"
    assert code_of(world.complete(identifier, UNKNOWN_TXID)) == "cancelled_payment"


def test_a_user_cancels(world: World) -> None:
    identifier = world.approved()
    status = world.control("POST", f"/payments/{identifier}/user_cancel")["status"]
    assert status["user_cancelled"]
    assert not status["cancelled"]
    assert code_of(world.cancel(identifier)) == "cancelled_payment"


def test_wallets_refuse_what_cannot_be_paid(world: World) -> None:
    unapproved = world.start()["identifier"]
    cancelled, paid = world.approved(), world.approved()
    assert world.cancel(cancelled).ok
    world.pay(paid)
    for identifier, code in (
        (unapproved, "not_approved"),
        (cancelled, "cancelled_payment"),
        (paid, "already_paid"),
    ):
        response = world.call("POST", f"/_emulator/payments/{identifier}/pay", {})
        assert (response.status_code, code_of(response)) == (409, code)
        world.pay(identifier, skip_approval_check=True)


def test_flags_can_be_forced(world: World) -> None:
    never_verifies, cancelled_though_paid = world.approved(), world.approved()
    txid = world.pay(never_verifies)
    world.control("PATCH", f"/payments/{never_verifies}", status={"transaction_verified": False})
    assert not world.get(never_verifies)["transaction"]["verified"]
    assert code_of(world.complete(never_verifies, txid)) == "not_verified"

    txid = world.pay(cancelled_though_paid)
    world.control("PATCH", f"/payments/{cancelled_though_paid}", status={"cancelled": True})
    assert world.get(cancelled_though_paid)["transaction"]["txid"] == txid
    assert code_of(world.complete(cancelled_though_paid, txid)) == "cancelled_payment"

    response = world.call(
        "PATCH", f"/_emulator/payments/{cancelled_though_paid}", {"status": {"x": 1}}
    )
    assert (response.status_code, code_of(response)) == (400, "invalid_arguments")


def test_a_dto_can_be_made_odd(world: World) -> None:
    payment = world.start(
        overrides={
            "from_address": None,
            "direction": None,
            "network": None,
            "token_canonical": "PIE:ISSUER",
            "added_by_pi": [1, Decimal("0.5")],
        }
    )
    kept = world.get(payment["identifier"])
    assert not {"from_address", "direction", "network"} & kept.keys()
    assert kept["token_canonical"] == "PIE:ISSUER"
    assert kept["added_by_pi"] == [1, Decimal("0.5")]
    world.control("PATCH", f"/payments/{payment['identifier']}", network="Pi Network")
    assert world.get(payment["identifier"])["network"] == "Pi Network"


def test_metadata_comes_back_as_it_was_given(world: World) -> None:
    metadata = {"productId": "π", "n": Decimal("1.10"), "deep": [{"a": None}], "big": 10**30}
    assert world.start(metadata=metadata)["metadata"] == metadata


def test_pi_can_forget_a_payment(world: World) -> None:
    token = world.sign_in()["accessToken"]
    identifier = world.approved(token=token)
    world.control("POST", f"/payments/{identifier}/delete")
    response = world.server("GET", f"/payments/{identifier}")
    assert (response.status_code, code_of(response)) == (404, "payment_not_found")
    world.start(token)
