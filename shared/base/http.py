"""One way to make an HTTP call: pooled, bounded in time and size, retried by one pure rule, and not
made at all while its server is down.

A call that failed is one of three things: not sent, refused for now (429), or of unknown outcome.
The difference decides whether it may be sent again, so it is kept all the way up.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from itertools import count
from math import inf
from typing import Any
from urllib.parse import urlsplit

from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from shared.base.context import remaining
from shared.base.frozen import frozen
from shared.base.health import MOST_AT_ONCE, Call, Down, Health, Outcome
from shared.base.lean_requests import requests

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
SHORTEST_ATTEMPT_SECONDS = 0.25
IDLE_SECONDS = 60.0  # a frozen Lambda's sockets are dead by then
LARGEST_BODY = 2_000_000
MOST_ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
HEADERS = dict(requests.utils.default_headers())
EXACT = json.JSONDecoder(parse_float=Decimal)


class Failure(Enum):
    """Why there is no usable answer."""

    NOT_SENT = "not sent"
    BUSY = "busy"  # 429
    UNKNOWN = "outcome unknown"


@frozen
class Reply:
    """An HTTP answer. `json` is None unless the body is a JSON object; its numbers are int or
    Decimal.
    """

    status: int
    headers: Mapping[str, str]
    json: dict[str, Any] | None

    @property
    def failure(self) -> Failure | None:
        """A 2xx without JSON and any 5xx or redirect leave open what happened; a 4xx is an
        answer.
        """
        if self.status == 429:
            return Failure.BUSY
        if 400 <= self.status < 500 or (200 <= self.status < 300 and self.json is not None):
            return None
        return Failure.UNKNOWN

    @property
    def retry_after(self) -> int | None:
        """The whole seconds that the server asks us to wait; None if it names none or a date."""
        value = self.headers.get("Retry-After", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else None


class CallFailed(Exception):
    """No usable answer within the attempts allowed; `reply` is the last one, if there was one."""

    def __init__(self, failure: Failure, reply: Reply | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.reply = reply


def pause_before_retry(
    failure: Failure,
    attempt: int,
    *,
    repeatable: bool,
    remaining: float,
    retry_after: int | None,
    jitter: float,
) -> float | None:
    """Seconds to wait before attempt `attempt + 1`, or None: give up.

    `repeatable`: a second execution does no harm. `jitter` is uniform in [0, 1). What was not sent
    may always be sent again; a wait that leaves no time for the attempt is not begun, so a server
    cannot make us sleep for hours.
    """
    if attempt >= MOST_ATTEMPTS or not (repeatable or failure is Failure.NOT_SENT):
        return None
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)) * (
        0.5 + jitter / 2
    )
    pause = max(pause, retry_after or 0)
    return pause if pause + SHORTEST_ATTEMPT_SECONDS <= remaining else None


class Http:
    """The environment's pooled connections. Safe for threads; nothing in it belongs to one
    invocation.
    """

    def __init__(
        self,
        connections: requests.adapters.HTTPAdapter,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connections = connections
        self._sleep, self._jitter = sleep, jitter
        self._lock = threading.Lock()
        self._used_at = inf  # never
        self._health: dict[str, Health] = {}

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        repeatable: bool = True,
    ) -> Reply:
        """Send until there is an answer or no more time. Raises CallFailed."""
        may_have_happened, health = False, self._health_of(url)
        for attempt in count(1):
            try:
                with health.turn(counted=attempt == 1) as call:
                    return self._attempt(call, method, url, headers, body)
            except Down:
                failure = Failure.UNKNOWN if may_have_happened else Failure.NOT_SENT
                raise CallFailed(failure) from None
            except CallFailed as failed:
                may_have_happened = may_have_happened or failed.failure is Failure.UNKNOWN
                pause = pause_before_retry(
                    failed.failure,
                    attempt,
                    repeatable=repeatable,
                    remaining=remaining(),
                    retry_after=failed.reply.retry_after if failed.reply else None,
                    jitter=self._jitter(),
                )
                if pause is None or health.is_down:
                    if may_have_happened:
                        raise CallFailed(Failure.UNKNOWN, failed.reply) from None
                    raise
            self._sleep(pause)
        raise AssertionError("count() has no end")

    def _attempt(
        self,
        call: Call,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: str | None,
    ) -> Reply:
        self._drop_idle_connections(call.began)
        reply = self._exchange(method, url, headers, body)
        call.outcome = Outcome.BUSY if reply.failure is Failure.BUSY else Outcome.ANSWERED
        if reply.failure is not None:
            raise CallFailed(reply.failure, reply)
        return reply

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: str | None
    ) -> Reply:
        """The server's answer, whatever it is. Raises CallFailed if there is none."""
        left = remaining()
        if left < SHORTEST_ATTEMPT_SECONDS:
            raise CallFailed(Failure.NOT_SENT)
        connect = min(CONNECT_SECONDS, left / 2)
        try:
            with self._connections.send(
                _prepared(method, url, {**HEADERS, **(headers or {})}, body),
                timeout=(connect, min(READ_SECONDS, left - connect)),
                stream=True,
            ) as response:
                return Reply(response.status_code, response.headers, _json_object(_read(response)))
        except (requests.RequestException, HTTPError, OSError) as error:
            raise CallFailed(
                Failure.NOT_SENT if _never_connected(error) else Failure.UNKNOWN
            ) from None

    def _health_of(self, url: str) -> Health:
        """Of the server behind it."""
        with self._lock:
            return self._health.setdefault(urlsplit(url).netloc, Health())

    def _drop_idle_connections(self, now: float) -> None:
        with self._lock:
            if now - self._used_at > IDLE_SECONDS:
                self._connections.close()
            self._used_at = now


def connection_pool() -> requests.adapters.HTTPAdapter:
    """Without a session around them, nothing redirects money: no proxy of the environment, no
    .netrc that would replace our Authorization header, no redirect; and no user's cookie goes out
    with another's token, or with our key."""
    return requests.adapters.HTTPAdapter(
        pool_connections=2, pool_maxsize=MOST_AT_ONCE, max_retries=0
    )


def _prepared(
    method: str, url: str, headers: Mapping[str, str], body: str | None
) -> requests.PreparedRequest:
    """As `requests.Request` prepares it, at a fifth of the price: no address here needs to be
    repaired, none has a password in it, and no call has cookies or hooks."""
    made = requests.PreparedRequest()
    made.method, made.url = method, url
    made.prepare_headers(headers)
    made.prepare_body(body, None)
    return made


def _read(response: requests.Response) -> bytes:
    """The body, given up if it grows too large or drips past the deadline: a read timeout bounds
    only one wait of many."""
    body = b""
    while chunk := response.raw.read1(65536, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY or not (left := remaining()):
            raise CallFailed(Failure.UNKNOWN)
        if sock := getattr(response.raw.connection, "sock", None):
            sock.settimeout(min(READ_SECONDS, left))
    return body


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = EXACT.decode(body.decode())
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _never_connected(error: Exception) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = (
        error.args[0]
        if isinstance(error, requests.exceptions.ConnectionError) and error.args
        else None
    )
    return isinstance(reason, MaxRetryError) and isinstance(
        reason.reason, NewConnectionError | ConnectTimeoutError
    )
