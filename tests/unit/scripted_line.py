"""A network that does what a test wrote down, one step per request."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from shared.base import http
from tests.unit.clock import Clock

URL = "https://pi.example/v2/payments/p"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes | io.BytesIO = b'{"ok": true}'
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    method: str
    url: str
    headers: Mapping[str, str]
    timeout: tuple[float, float]


class _Received:
    def __init__(self, headers: Mapping[str, str]) -> None:
        self.msg = Message()
        for name, value in headers.items():
            self.msg[name] = value

    def close(self) -> None:
        pass

    def isclosed(self) -> bool:
        return True


class ScriptedLine(HTTPAdapter):
    """Answers with each step in turn; the last one stays."""

    def __init__(self, *steps: Reply | Exception) -> None:
        super().__init__()
        self.steps = list(steps) or [Reply()]
        self.sent: list[Sent] = []
        self.dropped = 0

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:
        method, url = str(request.method), str(request.url)
        self.sent.append(Sent(method, url, request.headers, how["timeout"]))
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        raw = HTTPResponse(
            body=step.body if isinstance(step.body, io.BytesIO) else io.BytesIO(step.body),
            headers=HTTPHeaderDict(step.headers),
            status=step.status,
            preload_content=False,
            request_method=request.method,
        )
        # Where requests looks for cookies.
        raw._original_response = _Received(step.headers)  # type: ignore[assignment]
        return self.build_response(request, raw)

    def close(self) -> None:
        self.dropped += 1


class Net:
    """`Http` over such a line, with a clock of its own."""

    def __init__(self, line: ScriptedLine) -> None:
        self.clock = Clock()
        self._http = http.Http(line, sleep=self.clock.sleep, jitter=lambda: 0.0)

    def call(self, method: str = "GET", seconds: float = 15, **how: Any) -> http.Reply:
        """One call, in an invocation of its own."""
        return self.clock.invocation(seconds, self._http.call, method, URL, **how)
