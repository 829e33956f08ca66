"""Bad weather by name, switched on and off: what a caller meets, and that nothing of it stays."""

from typing import Any

import pytest
import requests

from local.emulator.weather import PRESETS
from tests.emulator.world import World, code_of


def switch(world: World, name: str, *, on: bool) -> list[str]:
    answer: dict[str, list[str]] = world.control("PUT" if on else "DELETE", f"/weather/{name}")
    return answer["weather"]


def test_pi_is_down(world: World) -> None:
    """Nothing takes effect, and answers are no JSON. The chain goes on."""
    identifier = world.start()["identifier"]
    switch(world, "pi_down", on=True)
    for _ in range(3):
        response = world.server("POST", f"/payments/{identifier}/approve")
        assert response.status_code == 503
        assert response.headers["content-type"] == "text/html"
    assert world.horizon("/ledgers")
    switch(world, "pi_down", on=False)
    assert not world.get(identifier)["status"]["developer_approved"]


def test_answers_are_lost(real_world: World) -> None:
    """What is asked for happens, nobody hears of it, and reading tells."""
    world = real_world
    identifier = world.start()["identifier"]
    switch(world, "answers_lost", on=True)
    with pytest.raises(requests.ConnectionError):
        world.server("POST", f"/payments/{identifier}/approve")
    assert world.get(identifier)["status"]["developer_approved"]
    with pytest.raises(requests.ConnectionError):
        world.call("POST", "/horizon/transactions")
    switch(world, "answers_lost", on=False)
    assert world.server("POST", f"/payments/{identifier}/approve").ok


def test_links_are_forgotten(world: World) -> None:
    """The chain has the transaction, and Pi learns of it only from the app's server."""
    switch(world, "links_forgotten", on=True)
    identifier = world.approved()
    txid = world.pay(identifier)
    assert world.get(identifier)["transaction"] is None
    assert world.call("GET", f"/horizon/transactions/{txid}").ok
    switch(world, "links_forgotten", on=False)
    assert world.get(identifier)["transaction"] is None, "what is forgotten stays so"
    assert world.server("POST", f"/payments/{identifier}/complete", {"txid": txid}).ok
    second = world.approved()
    world.pay(second)
    assert world.get(second)["transaction"]


def test_the_chain_lags(world: World) -> None:
    """Pi has seen the transaction, and Horizon does so a minute later."""
    switch(world, "chain_lags", on=True)
    identifier = world.approved()
    txid = world.pay(identifier)
    assert world.get(identifier)["transaction"]["txid"] == txid
    path = f"/horizon/transactions/{txid}"
    assert world.call("GET", path).status_code == 404
    world.advance(61)
    assert world.call("GET", path).ok
    second = world.pay(world.approved())
    assert world.call("GET", f"/horizon/transactions/{second}").status_code == 404
    switch(world, "chain_lags", on=False)
    assert world.call("GET", f"/horizon/transactions/{second}").ok


def test_a_hole_in_the_history(world: World) -> None:
    """It lacks what was paid within the hour, and does not tell so."""
    old = world.pay(world.approved())
    world.advance(2 * 3600)
    lost = world.pay(world.approved())
    switch(world, "history_hole", on=True)
    world.advance(10)
    new = world.pay(world.approved())

    def shown() -> list[int]:
        paths = [f"/horizon/transactions/{txid}" for txid in (old, lost, new)]
        return [world.call("GET", path).status_code for path in paths]

    assert shown() == [200, 404, 200]
    root = world.horizon("/")
    assert root["history_elder_ledger"] == 1
    assert root["history_latest_ledger"] == world.horizon(f"/transactions/{new}")["ledger"]
    switch(world, "history_hole", on=False)
    assert shown() == [200, 200, 200]


@pytest.mark.parametrize("name", PRESETS)
def test_switched_off_all_is_as_before(world: World, name: str) -> None:
    """Twice on is once on; faults and settings of one's own stay."""
    world.fault(path="/v2/me", status=500, times=None)
    world.set(ledger_lag_s=5, holes=[[2, 3]])
    before = world.state()["settings"]
    for _ in range(2):
        assert switch(world, name, on=True) == [name]
    assert world.state()["weather"] == [name]
    for _ in range(2):
        assert switch(world, name, on=False) == []
    assert world.state()["settings"] == before
    assert world.browser("/me", "x").status_code == 500
    assert code_of(world.server("GET", "/payments/x")) == "payment_not_found"


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/faults"), ("POST", "/reset")])
def test_what_clears_the_faults_clears_the_weather(world: World, method: str, path: str) -> None:
    usual = world.state()["settings"]
    for name in PRESETS:
        switch(world, name, on=True)
    world.control(method, path)
    state: dict[str, Any] = world.state()
    assert (state["weather"], state["settings"]) == ([], usual)
    assert code_of(world.server("GET", "/payments/x")) == "payment_not_found"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_weather_that_there_is_not(world: World, method: str) -> None:
    response = world.call(method, "/_emulator/weather/snow")
    assert code_of(response) == "not_found"
    assert "history_hole" in response.json()["error_message"]
