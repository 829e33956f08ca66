"""Pages in a browser: which may call what, and what their browser lets them see."""

from typing import Any

import pytest
import requests

from tests.emulator.world import TIMEOUT, World

SHOP = "https://shop1234.pinet.com"
LOOPBACK = ["http://localhost:3000", "http://127.0.0.1:5173", "https://localhost", "http://[::1]:8"]
ELSEWHERE = [
    SHOP,
    "http://localhost.evil.test",
    "http://127.0.0.1.evil.test:8314",
    "http://evil.test#localhost",
    "http://192.168.1.7:3000",
    "null",
    "http://[",
]


def send(world: World, method: str, path: str, origin: str, **headers: str) -> requests.Response:
    return world.session.request(
        method, world.url + path, headers={"Origin": origin, **headers}, timeout=TIMEOUT
    )


def preflight(world: World, method: str, path: str, origin: str) -> requests.Response:
    asked = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return send(world, "OPTIONS", path, origin, **asked)


def allows(answer: requests.Response, origin: str) -> bool:
    return answer.headers.get("Access-Control-Allow-Origin") in ("*", origin)


def users_of(world: World) -> Any:
    return world.state()["users"]


def test_a_page_asks_who_its_user_is(real_world: World) -> None:
    user = real_world.sign_in()
    asked = preflight(real_world, "GET", "/v2/me", SHOP)
    assert asked.status_code == 204
    assert allows(asked, SHOP)
    assert "authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert "GET" in asked.headers["Access-Control-Allow-Methods"]
    token = f"Bearer {user['accessToken']}"
    answer = send(real_world, "GET", "/v2/me", SHOP, Authorization=token)
    assert allows(answer, SHOP)
    assert answer.json()["uid"] == user["uid"]


@pytest.mark.parametrize("path", ["/v2/me", "/v2/payments/x", "/v2/nowhere", "/horizon/nowhere"])
def test_a_page_sees_refusals_too(world: World, path: str) -> None:
    answer = send(world, "GET", path, SHOP)
    assert not answer.ok
    assert allows(answer, SHOP)


def test_a_page_sees_the_weather(world: World) -> None:
    """A fault is for the call, and not used up by its preflight."""
    world.fault(path="/v2/me", status=503)
    assert preflight(world, "GET", "/v2/me", SHOP).status_code == 204
    answer = send(world, "GET", "/v2/me", SHOP)
    assert answer.status_code == 503
    assert allows(answer, SHOP)
    assert [call["method"] for call in world.state()["calls"]] == ["GET"]


def test_a_page_reads_the_chain(world: World) -> None:
    assert allows(send(world, "GET", "/horizon/", SHOP), SHOP)


@pytest.mark.parametrize("origin", LOOPBACK)
def test_a_page_of_this_machine_plays_the_pi_browser(world: World, origin: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        asked = preflight(world, method, "/_emulator/users", origin)
        assert allows(asked, origin)
        assert method in asked.headers["Access-Control-Allow-Methods"]
    answer = send(world, "POST", "/_emulator/users", origin)
    assert answer.json()["accessToken"]
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_a_page_from_elsewhere_does_nothing(world: World, origin: str) -> None:
    """Also where its browser asks nothing first, as for a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for answer in (
        preflight(world, "POST", "/_emulator/users", origin),
        send(world, "POST", "/_emulator/users", origin, **form),
        send(world, "GET", "/_emulator/state", origin),
    ):
        assert answer.status_code == 403
        assert answer.json()["error"] == "forbidden"
        assert not allows(answer, origin)
    assert users_of(world) == []


def test_who_is_no_page_is_told_nothing_of_it(world: World) -> None:
    answer = world.server("GET", "/payments/x")
    assert not any(name.lower().startswith("access-control") for name in answer.headers)
