"""Bad weather: in process, where nothing waits, and over a real socket."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from requests.exceptions import ReadTimeout
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from tests.emulator.world import World, code_of


@pytest.fixture(params=["world", "real_world"])
def either_world(request: pytest.FixtureRequest) -> World:
    """In process and over HTTP, a caller must not be able to tell the difference."""
    world: World = request.getfixturevalue(request.param)
    return world


def test_an_answer_lost_before_the_effect(either_world: World) -> None:
    world = either_world
    identifier = world.start()["identifier"]
    world.fault(method="POST", path="/v2/payments/*/approve", drop="before")
    with pytest.raises(requests.ConnectionError) as lost:
        world.server("POST", f"/payments/{identifier}/approve")
    assert isinstance(lost.value.args[0], ProtocolError)
    assert not world.get(identifier)["status"]["developer_approved"]
    assert world.server("POST", f"/payments/{identifier}/approve").ok


def test_an_answer_lost_after_the_effect(either_world: World) -> None:
    world = either_world
    identifier = world.approved()
    txid = world.pay(identifier)
    world.fault(method="POST", path="/v2/payments/*/complete", drop="after")
    with pytest.raises(requests.ConnectionError) as lost:
        world.complete(identifier, txid)
    assert isinstance(lost.value.args[0], ProtocolError)
    assert world.get(identifier)["status"]["developer_completed"]
    assert code_of(world.complete(identifier, txid)) == "already_completed"


def test_a_delay_beyond_the_callers_patience_takes_effect(either_world: World) -> None:
    world = either_world
    identifier = world.start()["identifier"]
    world.fault(path="/v2/payments/*/approve", delay_s=2)
    with pytest.raises(ReadTimeout) as late:
        world.session.post(
            f"{world.url}/v2/payments/{identifier}/approve",
            headers={"authorization": "Key emulator-server-key"},
            timeout=(1, 0.05),
        )
    assert isinstance(late.value.args[0], ReadTimeoutError)
    assert world.get(identifier)["status"]["developer_approved"]


def test_a_delay_within_the_callers_patience(either_world: World) -> None:
    identifier = either_world.start()["identifier"]
    either_world.fault(delay_s=0.05)
    assert either_world.get(identifier)["identifier"] == identifier


def test_an_answer_in_place_of_the_effect(either_world: World) -> None:
    world = either_world
    identifier = world.start()["identifier"]
    page = "<html><body>We're sorry, but something went wrong (500)</body></html>"
    world.fault(path="*/approve", status=500, body=page)
    response = world.server("POST", f"/payments/{identifier}/approve")
    assert (response.status_code, response.text) == (500, page)
    assert response.headers["content-type"] == "text/html"
    assert response.headers["x-request-id"]
    assert not world.get(identifier)["status"]["developer_approved"]


def test_an_answer_in_place_of_pis_own_after_the_effect(world: World) -> None:
    identifier = world.start()["identifier"]
    world.fault(path="*/approve", status=502, effect=True)
    response = world.server("POST", f"/payments/{identifier}/approve")
    assert (response.status_code, response.content) == (502, b"")
    assert world.get(identifier)["status"]["developer_approved"]


def test_any_of_pis_codes_on_demand(world: World) -> None:
    identifier = world.start()["identifier"]
    for code in ("too_many_payments", "too_many_cancelled_payments", "altered_amount"):
        world.fault(code=code)
        assert code_of(world.server("POST", f"/payments/{identifier}/cancel")) == code
    world.fault(code="forbidden", status=400)
    assert world.server("POST", f"/payments/{identifier}/cancel").status_code == 400


def test_headers_and_types_on_demand(world: World) -> None:
    world.fault(status=429, headers={"Retry-After": 7}, body={"a": 1})
    response = world.server("GET", "/payments/x")
    assert response.headers["retry-after"] == "7"
    assert response.json() == {"a": 1}
    world.fault(status=200, body='{"trunc', content_type="application/json")
    response = world.server("GET", "/payments/x")
    assert (response.text, response.headers["content-type"]) == ('{"trunc', "application/json")


def test_faults_match_method_and_path_and_are_used_up(world: World) -> None:
    identifier = world.approved()
    world.fault(method="POST", path="/v2/*", times=2, status=500)
    world.fault(path="/horizon/*", times=None, status=504)
    assert world.get(identifier)
    for _ in range(2):
        assert world.cancel(identifier).status_code == 500
    assert world.cancel(identifier).ok
    for _ in range(5):
        assert world.call("GET", "/horizon/ledgers").status_code == 504
    world.control("DELETE", "/faults")
    assert world.call("GET", "/horizon/ledgers").ok


def test_the_control_api_has_no_weather(world: World) -> None:
    world.fault(times=None, drop="before")
    world.state()


def test_the_log_of_calls_tells_what_was_lost(world: World) -> None:
    identifier = world.start()["identifier"]
    world.fault(drop="after")
    with pytest.raises(requests.ConnectionError):
        world.server("POST", f"/payments/{identifier}/approve")
    [call] = world.state()["calls"]
    assert call["status"] is None
    assert call["fault"] == "drop after"


def test_bodies_can_be_read_as_they_come(either_world: World) -> None:
    identifier = either_world.start()["identifier"]
    with either_world.session.get(
        f"{either_world.url}/v2/payments/{identifier}",
        headers={"authorization": "Key emulator-server-key"},
        timeout=5,
        stream=True,
    ) as response:
        parts = iter(lambda: response.raw.read1(64, decode_content=True), b"")
        assert identifier.encode() in b"".join(parts)


def test_the_server_keeps_connections(real_world: World) -> None:
    address = urlsplit(real_world.url)
    request = b"GET /_emulator/health HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((address.hostname, address.port or 0), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(request)
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b'{"status":"ok"}')


def test_the_server_answers_at_once(real_world: World) -> None:
    """Neither Nagle's algorithm nor a linger: 40 ms each would show in every call."""
    real_world.state()
    started = time.perf_counter()
    for _ in range(20):
        real_world.call("GET", "/_emulator/health")
    assert (time.perf_counter() - started) / 20 < 0.02


def test_threads_see_one_pi(either_world: World) -> None:
    world = either_world
    token = world.sign_in()["accessToken"]

    def start(_: int) -> str:
        identifier: str = world.start(token)["identifier"]
        return identifier

    with ThreadPoolExecutor(8) as pool:
        identifiers = set(pool.map(start, range(40)))
    assert len(identifiers) == 40
    open_payments = [p for p in world.state()["payments"] if not p["status"]["cancelled"]]
    assert len(open_payments) == 1
