"""Pi's own host names lead to the right API: back ends that hard-code them need no other code."""

import pytest
import requests

from local.emulator.hosts import HORIZONS
from local.emulator.pi import SERVER_KEY
from tests.emulator.world import TIMEOUT, World


def call(world: World, host: str, method: str, path: str, **headers: str) -> requests.Response:
    """As a proxy in front, or a hosts file, lets it through."""
    return world.session.request(
        method, world.url + path, headers={"host": host} | headers, timeout=TIMEOUT
    )


@pytest.mark.parametrize("host", [*HORIZONS.values(), "API.testnet.minepi.com:8314"])
def test_a_horizon_by_its_name(real_world: World, host: str) -> None:
    """Given a payment on the chain, when it is asked for without a prefix, then it is shown, and
    its links lead on by the same name."""
    txid = real_world.pay(real_world.approved())
    root = call(real_world, host, "GET", "/").json()
    assert root["_links"]["transactions"]["href"].startswith(f"http://{host}/transactions")
    shown = call(real_world, host, "GET", f"/transactions/{txid}").json()
    assert shown["_links"]["self"]["href"] == f"http://{host}/transactions/{txid}"
    assert shown["memo"] == real_world.horizon(f"/transactions/{txid}")["memo"]
    assert call(real_world, host, "POST", "/transactions").json()["status"] == 400


def test_the_platform_api_by_its_name(real_world: World) -> None:
    """A payment's link leads to a chain that this name reaches."""
    identifier = real_world.approved()
    txid = real_world.pay(identifier)
    key = {"authorization": f"Key {SERVER_KEY}"}
    host, path = "api.minepi.com", f"/v2/payments/{identifier}"
    payment = call(real_world, host, "GET", path, **key).json()
    link = payment["transaction"]["_link"]
    assert link == f"http://{host}/horizon/transactions/{txid}"
    followed = call(real_world, host, "GET", link.removeprefix(f"http://{host}"))
    assert followed.json()["memo"] == identifier


def test_the_browser_sdk_by_its_name(world: World) -> None:
    script = call(world, "sdk.minepi.com", "GET", "/pi-sdk.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "window.Pi = Pi" in script.text


def test_behind_a_proxy_that_speaks_tls(world: World) -> None:
    host = HORIZONS["Pi Testnet"]
    root = call(world, host, "GET", "/", **{"x-forwarded-proto": "https"}).json()
    assert root["_links"]["fee_stats"]["href"] == f"https://{host}/fee_stats"


def test_the_control_api_is_under_every_name(world: World) -> None:
    host = HORIZONS["Pi Testnet"]
    assert call(world, host, "GET", "/_emulator/health").json() == {"status": "ok"}
    assert call(world, host, "GET", "/horizon/fee_stats").ok


def test_a_fault_meets_a_horizon_by_its_name_too(world: World) -> None:
    world.control("POST", "/faults", path="/horizon/fee_stats", code="timeout")
    answer = call(world, HORIZONS["Pi Testnet"], "GET", "/fee_stats")
    assert answer.json()["status"] == 504
    [logged] = world.state()["calls"]
    assert logged["path"] == "/horizon/fee_stats"
