"""A call over a real socket: nothing of the environment, of the server or of another call changes
where it goes and what it carries.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.emulator.server import serving
from shared.base.context import within
from shared.base.http import CallFailed, Failure, Http, connection_pool

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OURS = {"Authorization": "Key k"}


class Server:
    """Answers all alike, and keeps what came: the path, and the request's headers."""

    status, headers = "200 OK", dict[str, str]()

    def __init__(self) -> None:
        self.came: list[tuple[str, Mapping[str, str]]] = []

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
        self.came.append((environ["PATH_INFO"], headers))
        start(self.status, [("Content-Length", "2"), *self.headers.items()])
        return [b"{}"]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    with serving(server) as url, within(30):
        yield url


@pytest.fixture
def http() -> Http:
    return Http(connection_pool())


def test_promise_6_no_cookie_goes_from_one_call_to_the_next(
    server: Server, url: str, http: Http
) -> None:
    server.headers = {"Set-Cookie": "session=canary; Path=/"}

    for _ in range(2):
        http.call("GET", url)

    assert ["HTTP_COOKIE" in headers for _, headers in server.came] == [False, False]


@pytest.mark.parametrize("location", ["/elsewhere", "http://[::bad", "\xff"])
def test_promise_6_no_redirect_leads_the_key_elsewhere(
    server: Server, url: str, http: Http, location: str
) -> None:
    """Nor is an address that is none a surprise."""
    server.status, server.headers = "302 Found", {"Location": location}

    with pytest.raises(CallFailed) as failed:
        http.call("GET", f"{url}/here", headers=OURS, repeatable=False)

    assert failed.value.failure is Failure.UNKNOWN
    assert [path for path, _ in server.came] == ["/here"]


def test_neither_proxy_nor_netrc_gets_between_us_and_pi(
    server: Server, url: str, http: Http, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    http.call("GET", url, headers=OURS)
    http.call("GET", url)

    assert [headers.get("HTTP_AUTHORIZATION") for _, headers in server.came] == ["Key k", None]
