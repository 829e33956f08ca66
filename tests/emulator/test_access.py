"""Who may call what: keys, tokens, and what users and ads look like."""

import pytest

from local.emulator.pi import Pi
from tests.emulator.world import World, code_of

DEEP = b'{"payment":' + b"[" * 5000 + b"]" * 5000 + b"}"


def test_a_user_as_pi_shows_them(world: World) -> None:
    user = world.sign_in(username="alice")
    me = world.browser("/me", user["accessToken"]).json()
    assert me["uid"] == user["uid"]
    assert me["username"] == "alice"
    assert me["app_id"] == "demo-app"
    assert me["credentials"]["scopes"] == ["username", "payments", "wallet_address", "platform"]
    assert me["credentials"]["valid_until"] == {
        "timestamp": 1798027200,
        "iso8601": "2026-12-23T12:00:00.250Z",
    }


def test_the_username_needs_its_scope(world: World) -> None:
    token = world.sign_in(username="alice", scopes=["payments"])["accessToken"]
    assert "username" not in world.browser("/me", token).json()


def test_signing_in_again_gives_another_token_of_the_same_user(world: World) -> None:
    first, second = world.sign_in(username="alice"), world.sign_in(username="alice")
    assert first["uid"] == second["uid"]
    assert first["accessToken"] != second["accessToken"]
    for user in (first, second):
        assert world.browser("/me", user["accessToken"]).ok
    assert world.sign_in()["uid"] != world.sign_in()["uid"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer x", "Key x", "nonsense"])
@pytest.mark.parametrize("path", ["/me", "/payments/incomplete"])
def test_a_refused_token_is_an_empty_401(
    world: World, path: str, authorization: str | None
) -> None:
    response = world.call("GET", f"/v2{path}", None, authorization)
    assert (response.status_code, response.content) == (401, b"")
    assert response.headers["x-request-id"]


def test_tokens_expire(world: World) -> None:
    user, other = world.sign_in(), world.sign_in()
    world.control("POST", f"/users/{user['uid']}/expire")
    assert world.browser("/me", user["accessToken"]).status_code == 401
    assert world.browser("/me", world.sign_in(uid=user["uid"])["accessToken"]).ok
    world.advance(30 * 86_400)
    assert world.browser("/me", other["accessToken"]).status_code == 401


@pytest.mark.parametrize("authorization", [None, "Key ", "Key x", "Bearer emulator-server-key"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/payments/x"),
        ("POST", "/payments"),
        ("POST", "/payments/x/approve"),
        ("POST", "/payments/x/complete"),
        ("POST", "/payments/x/cancel"),
        ("GET", "/payments/incomplete_server_payments"),
        ("GET", "/ads_network/status/x"),
    ],
)
def test_a_refused_key(world: World, method: str, path: str, authorization: str | None) -> None:
    response = world.call(method, f"/v2{path}", None, authorization)
    assert (response.status_code, code_of(response)) == (401, "unauthorized")


def test_a_rotated_key(world: World) -> None:
    identifier = world.start()["identifier"]
    world.control("PATCH", "/apps/demo-app", key="new-key")
    assert world.server("GET", f"/payments/{identifier}").status_code == 401
    assert world.server("GET", f"/payments/{identifier}", key="new-key").ok


def test_another_apps_key_sees_nothing(world: World) -> None:
    identifier = world.approved()
    ad = world.control("POST", "/ads", status="granted")["adId"]
    world.control("POST", "/apps", app_id="other", key="other-key", network="Pi Network")
    for method, path in (
        ("GET", f"/payments/{identifier}"),
        ("POST", f"/payments/{identifier}/approve"),
        ("POST", f"/payments/{identifier}/complete"),
        ("POST", f"/payments/{identifier}/cancel"),
    ):
        response = world.server(method, path, key="other-key")
        assert (response.status_code, code_of(response)) == (404, "payment_not_found")
    assert world.server("GET", f"/ads_network/status/{ad}", key="other-key").status_code == 404

    token = world.sign_in(app_id="other")["accessToken"]
    assert world.browser("/me", token).json()["app_id"] == "other"
    assert world.start(token)["network"] == "Pi Network"


def test_ads(world: World) -> None:
    pending = world.control("POST", "/ads")["adId"]
    status = world.server("GET", f"/ads_network/status/{pending}").json()
    assert status == {
        "identifier": pending,
        "mediator_ack_status": None,
        "mediator_granted_at": None,
        "mediator_revoked_at": None,
    }
    world.advance(5)
    world.control("PATCH", f"/ads/{pending}", status="granted")
    status = world.server("GET", f"/ads_network/status/{pending}").json()
    assert status["mediator_ack_status"] == "granted"
    assert status["mediator_granted_at"] == "2026-11-23T12:00:05.250Z"
    world.control("PATCH", f"/ads/{pending}", status="revoked", revoked_at="2026-11-24T00:00:00Z")
    status = world.server("GET", f"/ads_network/status/{pending}").json()
    assert status["mediator_granted_at"] == "2026-11-23T12:00:05.250Z"
    assert status["mediator_revoked_at"] == "2026-11-24T00:00:00Z"
    assert world.server("GET", "/ads_network/status/unknown").status_code == 404


def test_the_state_shows_everything_but_secrets(world: World) -> None:
    user = world.sign_in(username="alice")
    identifier = world.approved(token=user["accessToken"])
    txid = world.pay(identifier)
    world.browser("/me", user["accessToken"])
    ad = world.control("POST", "/ads", status="failed")["adId"]
    state = world.state()
    assert state["now"] == "2026-11-23T12:00:00.250Z"
    assert state["users"][0]["uid"] == user["uid"]
    assert state["payments"][0]["identifier"] == identifier
    assert state["payments"][0]["_emulator"] == {"app_id": "demo-app", "on_chain": [txid]}
    assert state["transactions"][0]["amount"] == "3.1400000"
    assert state["ads"][0]["identifier"] == ad
    assert [(c["method"], c["path"], c["status"]) for c in state["calls"]] == [
        ("POST", f"/v2/payments/{identifier}/approve", 200),
        ("GET", "/v2/me", 200),
    ]
    text = world.call("GET", "/_emulator/state").text
    assert user["accessToken"] not in text
    assert "emulator-server-key" not in text
    world.control("DELETE", "/calls")
    assert world.state()["calls"] == []


def test_reset_forgets_everything_but_the_first_app(world: World, pi: Pi) -> None:
    world.approved()
    world.advance(100)
    world.fault(path="/v2/*", status=500)
    world.control("PATCH", "/apps/demo-app", key="new-key")
    world.set(auto_cancel=False)
    world.control("POST", "/reset")
    state = world.state()
    assert not state["payments"]
    assert not state["users"]
    assert not state["calls"]
    assert state["settings"]["auto_cancel"]
    assert state["now"] == "2026-11-23T12:00:00.250Z"
    world.approved()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"nickname": "x"}),
        ("POST", "/users", {"username": 5}),
        ("POST", "/apps", {"app_id": "x"}),
        ("POST", "/ads", {"status": "maybe"}),
        ("POST", "/clock", {"advance_s": "5"}),
        ("POST", "/clock", [1]),
        ("PATCH", "/settings", {"speed": 5}),
        ("PATCH", "/settings", {"page_limit": 0}),
        ("POST", "/faults", {"path": "/v2/*"}),
        ("POST", "/faults", {"drop": "sometimes"}),
        ("POST", "/faults", {"status": 500, "times": 0}),
        ("POST", "/chain/transactions", {"destination": "G", "amount": 1, "memo": "é" * 15}),
    ],
)
def test_a_wrong_control_call_is_400(world: World, method: str, path: str, body: object) -> None:
    response = world.call(method, f"/_emulator{path}", body)
    assert response.status_code == 400, response.text
    assert response.json()["error_message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"a": NaN}', b"[" * 5000, DEEP, b"\xff"])
def test_a_body_that_is_no_json_object(world: World, body: bytes) -> None:
    response = world.session.post(
        f"{world.url}/v2/payments",
        data=body,
        headers={"authorization": "Key emulator-server-key"},
        timeout=5,
    )
    assert (response.status_code, code_of(response)) == (400, "invalid_arguments")


def test_unknown_routes(world: World) -> None:
    assert world.server("GET", "/nothing").status_code == 404
    assert world.server("DELETE", "/payments").status_code == 405
    assert (
        world.call("GET", "/horizon/nothing")
        .headers["content-type"]
        .startswith("application/problem+json")
    )
