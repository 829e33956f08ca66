"""A second app beside the first: its own key, wallet, users and payments."""

from typing import Any

import pytest

from local.emulator.pi import SERVER_KEY
from tests.emulator.world import World, code_of

KEY = "the-second-apps-key"


@pytest.fixture
def wallet(world: World) -> str:
    """The second app's wallet."""
    address: str = world.control("POST", "/apps", app_id="second", key=KEY)["wallet"]
    return address


@pytest.fixture
def alice(world: World, wallet: str) -> list[dict[str, str]]:
    """One person, in the first app and in the second."""
    return [world.sign_in(username="alice", app_id=app) for app in ("demo-app", "second")]


def test_a_person_is_another_user_in_each_app(world: World, alice: list[dict[str, str]]) -> None:
    """With consents of their own: what one app may do says nothing about the other."""
    here, there = alice
    assert here["uid"] != there["uid"]
    world.sign_in(username="alice", app_id="second", scopes=["username"])
    mine, theirs = (world.browser("/me", user["accessToken"]).json() for user in alice)
    assert (mine["app_id"], theirs["app_id"]) == ("demo-app", "second")
    assert "payments" in mine["credentials"]["scopes"]
    assert "payments" not in theirs["credentials"]["scopes"]

    world.control("POST", f"/users/{there['uid']}/revoke")
    assert world.browser("/me", there["accessToken"]).status_code == 401
    assert world.browser("/me", here["accessToken"]).ok


def test_a_payment_goes_to_its_apps_wallet(
    world: World, alice: list[dict[str, str]], wallet: str
) -> None:
    """From the person's one wallet, by the key of its app alone."""
    here, there = (world.start(user["accessToken"]) for user in alice)
    assert here["from_address"] == there["from_address"]
    assert here["to_address"] != there["to_address"] == wallet
    path = f"/payments/{there['identifier']}"
    assert code_of(world.server("POST", f"{path}/approve")) == "payment_not_found"
    assert world.server("POST", f"{path}/approve", key=KEY).ok
    txid = world.pay(there["identifier"])
    assert code_of(world.complete(there["identifier"], txid)) == "payment_not_found"
    done = world.server("POST", f"{path}/complete", {"txid": txid}, key=KEY)
    assert done.json()["status"]["developer_completed"]


def test_what_is_open_in_one_app_does_not_stand_in_the_others_way(
    world: World, alice: list[dict[str, str]]
) -> None:
    here, there = alice
    identifier = world.approved(token=here["accessToken"])
    world.pay(identifier)
    assert not world.browser("/payments/incomplete", there["accessToken"]).json()["exists"]
    assert world.start(there["accessToken"])["identifier"] != identifier
    found = world.browser("/payments/incomplete", here["accessToken"]).json()
    assert found["payment"]["identifier"] == identifier


def test_payouts_are_apart(world: World, alice: list[dict[str, str]], wallet: str) -> None:
    """Each app may have one open, and lists its own; a uid is its own app's only."""

    def create(key: str, uid: str) -> Any:
        payment = {"amount": 1, "memo": "Refund", "metadata": {"id": "r1"}, "uid": uid}
        return world.server("POST", "/payments", {"payment": payment}, key=key)

    here, there = (user["uid"] for user in alice)
    assert code_of(create(KEY, here)) == "user_not_found"
    payouts = {key: create(key, uid).json() for key, uid in ((SERVER_KEY, here), (KEY, there))}
    assert payouts[KEY]["from_address"] == wallet
    for key, payout in payouts.items():
        listed = world.server("GET", "/payments/incomplete_server_payments", key=key).json()
        [incomplete] = listed["incomplete_server_payments"]
        assert incomplete["identifier"] == payout["identifier"]
