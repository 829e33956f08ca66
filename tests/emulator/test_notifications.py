"""In-app notifications: consent, quotas, and what is unknown about them."""

from typing import Any

import pytest
import requests

from tests.emulator.world import World, code_of

SCOPES = ["payments", "in_app_notifications"]


def reader(world: World, **who: Any) -> str:
    """The uid of a user who takes notifications."""
    return world.sign_in(**{"scopes": SCOPES, **who})["uid"]


def notify(world: World, *uids: str, key: str | None = None, **changes: Any) -> requests.Response:
    one = {"title": "Ready", "body": "Your pie is ready.", "subroute": "/orders", **changes}
    body = {"notifications": [{**one, "user_uid": uid} for uid in uids]}
    return world.server(
        "POST", "/in_app_notifications/notify", body, **({"key": key} if key else {})
    )


def delivered(response: requests.Response) -> list[str]:
    assert response.status_code == 201, response.text
    assert response.json()["success"] is True
    return [one["user_uid"] for one in response.json()["delivered_notifications"]]


def got(world: World) -> list[str]:
    return [one["user_uid"] for one in world.state()["notifications"]]


def test_it_is_delivered_as_pi_documents_it(world: World) -> None:
    alice = reader(world)
    (one,) = notify(world, alice).json()["delivered_notifications"]
    assert one.pop("id")
    assert one == {
        "title": "Ready",
        "body": "Your pie is ready.",
        "user_uid": alice,
        "subroute": "/orders",
        "seen_at": None,
        "dismissed_at": None,
    }
    assert got(world) == [alice]


def test_who_has_not_granted_the_scope_is_left_out(world: World) -> None:
    alice, bob = reader(world), world.sign_in()["uid"]
    assert delivered(notify(world, bob, alice, "nobody")) == [alice]


def test_users_of_another_app_are_strangers(world: World) -> None:
    world.control("POST", "/apps", app_id="other", key="other-key")
    theirs = reader(world, app_id="other")
    assert delivered(notify(world, theirs)) == []
    assert delivered(notify(world, theirs, key="other-key")) == [theirs]


def test_who_has_revoked_the_app_gets_none(world: World) -> None:
    alice = reader(world)
    world.control("POST", f"/users/{alice}/revoke")
    assert delivered(notify(world, alice)) == []


def test_asked_twice_it_notifies_twice(world: World) -> None:
    alice = reader(world)
    notify(world, alice)
    notify(world, alice)
    assert got(world) == [alice, alice]


def test_a_user_over_quota_refuses_the_whole_request_and_is_named(world: World) -> None:
    alice, bob = reader(world), reader(world)
    for _ in range(48):
        delivered(notify(world, alice))
    refused = notify(world, bob, alice)
    assert refused.status_code == 403
    assert refused.json() == {"error": f"Notification quota exceeded for users: {alice}"}
    assert bob not in got(world)
    world.advance(24 * 3600)
    assert delivered(notify(world, bob, alice)) == [bob, alice]


@pytest.mark.parametrize(("names", "shown"), [(None, 3), (1, 1), (0, 0)])
def test_how_many_users_over_quota_are_named_is_a_setting(
    world: World, names: int | None, shown: int
) -> None:
    uids = [reader(world) for _ in range(3)]
    world.control("PATCH", "/settings", notification_quota=0, notification_quota_names=names)
    sentence = code_of(notify(world, *uids))
    assert [uid for uid in uids if uid in sentence] == uids[:shown]
    assert sentence.startswith("Notification quota exceeded")


def test_an_app_may_have_a_quota(world: World) -> None:
    alice, bob = reader(world), reader(world)
    world.control("PATCH", "/settings", notification_app_quota=1)
    assert delivered(notify(world, alice)) == [alice]
    assert notify(world, bob).json() == {"error": "Notification quota exceeded for this app"}


def test_at_most_256_a_request(world: World) -> None:
    refused = notify(world, *["nobody"] * 257)
    assert refused.status_code == 400
    assert refused.json() == {"error": "Maximum 256 notifications allowed per request"}
    assert delivered(notify(world, *["nobody"] * 256)) == []


@pytest.mark.parametrize(
    "changes", [{"title": ""}, {"body": None}, {"subroute": "orders"}, {"title": 5}]
)
def test_a_payload_that_lacks_something_is_refused(world: World, changes: dict[str, Any]) -> None:
    assert notify(world, reader(world), **changes).status_code == 422
    assert got(world) == []


def test_no_notifications_at_all_is_refused(world: World) -> None:
    assert notify(world).status_code == 422


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("sentence", 403, "In-app notifications are not enabled for this app"),
        ("code", 403, "feature_not_available"),
        ("not_found", 404, "not_found"),
    ],
)
def test_how_an_app_hears_that_it_may_send_none_is_a_setting(
    world: World, how: str, status: int, error: str
) -> None:
    world.control("PATCH", "/apps/demo-app", notifications=False)
    world.control("PATCH", "/settings", notification_refusal=how)
    refused = notify(world, reader(world))
    assert (refused.status_code, code_of(refused)) == (status, error)


def test_what_is_no_such_setting_is_refused(world: World) -> None:
    wrong = world.call("PATCH", "/_emulator/settings", {"notification_refusal": "silence"})
    assert code_of(wrong) == "invalid_arguments"


def test_whether_strangers_are_refused_is_a_setting(world: World) -> None:
    world.control("PATCH", "/settings", notification_strangers_refused=True)
    refused = notify(world, reader(world), "nobody")
    assert (refused.status_code, code_of(refused)) == (422, "Unknown users: nobody")
    assert got(world) == []


def test_only_the_apps_own_key_may_notify(world: World) -> None:
    refused = notify(world, reader(world), key="wrong")
    assert (refused.status_code, code_of(refused)) == (401, "unauthorized")
