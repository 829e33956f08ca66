"""What became of a call: answered, not sent, refused for now, or unknown; nothing else."""

import gzip
import io
from decimal import Decimal
from http.client import IncompleteRead

import pytest
import requests
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from shared.base.http import MOST_ATTEMPTS, CallFailed, Failure
from shared.base.http import Reply as HttpReply
from tests.unit.clock import Clock
from tests.unit.pi_in_process import not_connected
from tests.unit.scripted_line import URL, Net, Reply, ScriptedLine

POOL = HTTPConnectionPool("pi.example")
NO_NAME = NameResolutionError("pi.example", HTTPConnection("pi.example"), OSError())  # type: ignore[arg-type]
HTML = b"<html><body>We're sorry, but something went wrong (500)</body></html>"


def call(*steps: Reply | Exception, repeatable: bool = False) -> HttpReply:
    return Net(ScriptedLine(*steps)).call("POST", repeatable=repeatable)


def failure(*steps: Reply | Exception) -> Failure:
    with pytest.raises(CallFailed) as failed:
        call(*steps)
    return failed.value.failure


NOT_SENT = [
    not_connected(),
    requests.ConnectTimeout(MaxRetryError(POOL, "/", ConnectTimeoutError())),
    requests.ConnectionError(MaxRetryError(POOL, "/", ConnectTimeoutError())),
    requests.ConnectionError(MaxRetryError(POOL, "/", NO_NAME)),
]
UNKNOWN: list[Reply | Exception] = [
    requests.ReadTimeout(ReadTimeoutError(POOL, "/", "Read timed out.")),
    requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError())),
    requests.ConnectionError(MaxRetryError(POOL, "/", SSLError("bad record"))),
    requests.ConnectionError(),
    requests.exceptions.ChunkedEncodingError(),
    ProtocolError("reset while reading"),
    ConnectionResetError(),
    Reply(500, b'{"error": "unknown_error"}'),
    Reply(500, HTML, {"Content-Type": "text/html"}),
    Reply(502, b""),
    Reply(503, b"{}"),
    Reply(200, b""),
    Reply(200, HTML),
    Reply(200, b'{"identifier": "p", "amou'),
    Reply(200, b"[1, 2]"),
    Reply(200, b"null"),
    Reply(200, b'{"n": ' + b"9" * 5000 + b"}"),
    Reply(200, b'{"n": 1e99999999999999999999}'),
    Reply(200, b"[" * 100_000),
    Reply(200, b"\xff\xfe{"),
    Reply(204, b""),
    Reply(302, b"", {"Location": "https://elsewhere.example/"}),
    Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
    Reply(200, b'{"a": 1}', {"Content-Length": "100"}),
    Reply(200, b'{"a": "' + b"x" * 2_000_001 + b'"}'),
    Reply(200, gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}),
]


@pytest.mark.parametrize("error", NOT_SENT, ids=range(len(NOT_SENT)))
def test_without_a_connection_nothing_was_sent(error: Exception) -> None:
    assert failure(error) is Failure.NOT_SENT


@pytest.mark.parametrize("step", UNKNOWN, ids=range(len(UNKNOWN)))
def test_whatever_may_have_been_carried_out_is_unknown(step: Reply | Exception) -> None:
    assert failure(step) is Failure.UNKNOWN


def test_too_many_requests_is_neither() -> None:
    with pytest.raises(CallFailed) as failed:
        call(Reply(429, b"slow down", {"Retry-After": "7200"}))
    assert failed.value.failure is Failure.BUSY
    assert failed.value.reply is not None
    assert failed.value.reply.retry_after == 7200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
@pytest.mark.parametrize("body", [b"", HTML, b'{"error": "x"'])
def test_a_4xx_is_an_answer_whatever_its_body(status: int, body: bytes) -> None:
    reply = call(Reply(status, body))
    assert (reply.status, reply.json) == (status, None)


def test_json_numbers_are_exact() -> None:
    reply = call(Reply(body=b'{"a": 1e-7, "b": 3.14, "c": 7}'))
    assert reply.json == {"a": Decimal("1e-7"), "b": Decimal("3.14"), "c": 7}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        ("999999", 999_999),
        ("9999999", None),
        ("-1", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_whole_seconds_or_nothing(value: str, seconds: int | None) -> None:
    assert HttpReply(429, {"Retry-After": value}, None).retry_after == seconds


def test_an_error_does_not_drag_the_request_along() -> None:
    # The request holds the Authorization header; a traceback must not lead to it.
    with pytest.raises(CallFailed) as failed:
        call(requests.ReadTimeout(request=requests.PreparedRequest()))
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


def test_a_call_is_repeated_until_it_is_answered() -> None:
    down = requests.ReadTimeout()
    assert call(down, Reply(503), not_connected(), Reply(), repeatable=True).json == {"ok": True}


def test_a_call_is_given_up_after_four_attempts() -> None:
    line = ScriptedLine(requests.ReadTimeout())
    with pytest.raises(CallFailed):
        Net(line).call()
    assert len(line.sent) == MOST_ATTEMPTS


def test_what_may_have_been_carried_out_once_stays_unknown() -> None:
    """Later attempts that never connect do not prove that the first one did not arrive."""
    with pytest.raises(CallFailed) as failed:
        call(requests.ReadTimeout(), *[not_connected()] * MOST_ATTEMPTS, repeatable=True)
    assert failed.value.failure is Failure.UNKNOWN


def test_a_redirect_is_not_followed() -> None:
    line = ScriptedLine(Reply(307, b"", {"Location": "https://elsewhere.example/"}))
    with pytest.raises(CallFailed):
        Net(line).call()
    assert {sent.url for sent in line.sent} == {URL}


class Drip(io.BytesIO):
    """A body of one byte every five seconds, each well within the read timeout."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(b" " * 10_000)
        self._clock = clock

    def read1(self, size: int | None = -1, /) -> bytes:
        self._clock.sleep(4.9)
        return super().read1(1)


def test_promise_8_a_dripping_body_is_given_up_at_the_deadline() -> None:
    line = ScriptedLine()
    net = Net(line)
    line.steps = [Reply(200, Drip(net.clock))]
    started = net.clock.now
    with pytest.raises(CallFailed) as failed:
        net.call(seconds=15)
    assert failed.value.failure is Failure.UNKNOWN
    assert net.clock.now - started < 15
    assert len(line.sent) == 1


class Breaking(io.BytesIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def read1(self, size: int | None = -1, /) -> bytes:
        raise self._error


@pytest.mark.parametrize(
    "error", [TimeoutError(), ConnectionResetError(), IncompleteRead(b"{")], ids=repr
)
def test_a_body_that_breaks_off_is_unknown(error: Exception) -> None:
    assert failure(Reply(200, Breaking(error))) is Failure.UNKNOWN
