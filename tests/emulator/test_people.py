"""Users who revoke the app and come back, their roles, and what an app may do no more."""

from decimal import Decimal
from typing import Any

import pytest

from tests.emulator.world import World, code_of


def revoke(world: World, user: dict[str, str]) -> None:
    world.control("POST", f"/users/{user['uid']}/revoke")


def test_a_user_who_revoked_the_app_comes_back_with_a_new_uid(world: World) -> None:
    before = world.sign_in(username="alice")
    wallet = world.start(before["accessToken"])["from_address"]
    revoke(world, before)
    assert world.browser("/me", before["accessToken"]).status_code == 401

    after = world.sign_in(username="alice")
    assert after["uid"] != before["uid"]
    me = world.browser("/me", after["accessToken"]).json()
    assert (me["uid"], me["username"]) == (after["uid"], "alice")
    assert world.start(after["accessToken"])["from_address"] == wallet
    assert world.sign_in(username="alice")["uid"] == after["uid"]


def test_a_revoked_uid_never_comes_back(world: World) -> None:
    user = world.sign_in(username="alice")
    revoke(world, user)
    answer = world.call("POST", "/_emulator/users", {"uid": user["uid"]})
    assert answer.status_code == 409
    assert code_of(world.call("POST", "/_emulator/users/nobody/revoke")) == "user_not_found"


def test_what_was_open_is_still_the_persons(world: World) -> None:
    """Paid under the old uid: it says so, it blocks the new one, and can be completed."""
    before = world.sign_in(username="alice")
    identifier = world.approved(token=before["accessToken"])
    txid = world.pay(identifier)
    revoke(world, before)
    after = world.sign_in(username="alice")

    found = world.browser("/payments/incomplete", after["accessToken"]).json()["payment"]
    assert (found["identifier"], found["user_uid"]) == (identifier, before["uid"])
    order = {"accessToken": after["accessToken"], "amount": 1, "memo": "m", "metadata": {"a": 1}}
    refused = world.call("POST", "/_emulator/payments", order)
    assert code_of(refused) == "ongoing_payment_found"
    assert world.complete(identifier, txid).ok
    assert world.start(after["accessToken"])["user_uid"] == after["uid"]


@pytest.mark.parametrize(("unknown", "code"), [(True, "user_not_found"), (False, "missing_scope")])
def test_a_payout_to_a_revoked_uid(world: World, unknown: bool, code: str) -> None:
    world.set(revoked_is_unknown=unknown)
    before = world.sign_in(username="alice")
    revoke(world, before)
    after = world.sign_in(username="alice")
    assert code_of(world.create_payout(before["uid"])) == code
    assert world.create_payout(after["uid"]).ok


def test_a_revocation_concerns_one_app_and_one_user(world: World) -> None:
    world.control("POST", "/apps", app_id="other", key="other-key")
    alice, elsewhere = (
        world.sign_in(username="alice"),
        world.sign_in(username="alice", app_id="other"),
    )
    bob = world.sign_in(username="bob")
    revoke(world, alice)
    for user in (elsewhere, bob):
        assert world.browser("/me", user["accessToken"]).ok
    assert world.sign_in(username="alice", app_id="other")["uid"] == elsewhere["uid"]


def test_roles(world: World) -> None:
    token = world.sign_in(username="alice", roles=["core_team"])["accessToken"]
    assert world.browser("/me", token).json()["roles"] == ["core_team"]
    again = world.sign_in(username="alice")["accessToken"]
    assert world.browser("/me", again).json()["roles"] == ["core_team"]
    assert world.browser("/me", world.sign_in()["accessToken"]).json()["roles"] == []


def test_an_app_with_too_many_cancelled_payments(world: World) -> None:
    """Whoever they were for; those that users opened do not count."""
    world.set(cancelled_limit=2)
    world.control("POST", f"/payments/{world.start()['identifier']}/user_cancel")
    for _ in range(2):
        payout = world.create_payout(world.sign_in()["uid"])
        assert world.cancel(payout.json()["identifier"]).ok
    refused = world.create_payout(world.sign_in()["uid"])
    assert (refused.status_code, code_of(refused)) == (400, "too_many_cancelled_payments")
    assert refused.json()["error_message"] == "Your app has too many cancelled payments."

    world.control("POST", "/apps", app_id="other", key="other-key")
    order = {"amount": 1, "memo": "m", "metadata": {"a": 1}}
    order["uid"] = world.sign_in(app_id="other")["uid"]
    assert world.server("POST", "/payments", {"payment": order}, "other-key").ok
    world.set(cancelled_limit=None)
    assert world.create_payout(world.sign_in()["uid"]).ok


@pytest.mark.parametrize(
    ("text", "amount"), [("3.14", "3.14"), ("0.314e1", "3.14"), ("1e-7", "1e-7"), ("5", "5")]
)
def test_amounts_as_texts(world: World, text: str, amount: str) -> None:
    uid = world.sign_in()["uid"]
    assert code_of(world.create_payout(uid, amount=text)) == "invalid_amount"
    world.set(text_amounts=True)
    identifier = world.create_payout(uid, amount=text).json()["identifier"]
    assert world.get(identifier)["amount"] == Decimal(amount)


@pytest.mark.parametrize("text", ["", "one", "0", "-1", "1e99", "NaN", "true", "[1]", "0x1", "1_0"])
def test_texts_that_are_no_amount(world: World, text: Any) -> None:
    world.set(text_amounts=True)
    uid = world.sign_in()["uid"]
    assert code_of(world.create_payout(uid, amount=text)) == "invalid_amount"
