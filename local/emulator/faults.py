"""Bad weather on demand: answers that are lost, late, or not what they should be.

Stands in front of the Flask app. Order of effects in one call: take a fault, let the app act
(unless the fault forbids it) under the one lock, write the call down, wait, answer or drop. So
`delay_s` alone is a call that took effect and is answered late; with `drop: "before"` or a
`status` nothing has happened.
"""

import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from .cors import open_to_pages
from .errors import PiError
from .horizon import PROBLEM, PROBLEMS, HorizonError
from .hosts import route
from .model import iso
from .pi import Pi
from .wire import dumps
from .wsgi import WAIT, DroppedError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOGGED = ("/v2/", "/horizon")


@dataclass(slots=True)
class Fault:
    """What to do to the calls that match, `times` times (null: until faults are deleted).

    drop: close the connection without an answer, `before` or `after` the effect.
    code: answer Pi's error of that code, or on `/horizon` Horizon's problem of that kind.
    status, body, content_type, headers: answer this.
    effect: let the call take effect before answering `code` or `status`.
    delay_s: wait before answering or dropping.
    """

    method: str = "*"
    path: str = "*"
    times: int | None = 1
    drop: str | None = None
    code: str | None = None
    status: int | None = None
    body: Any = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    effect: bool = False
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        self.delay_s = float(self.delay_s)
        self.headers = {name: str(value) for name, value in self.headers.items()}
        if self.drop not in (None, "before", "after"):
            raise PiError("invalid_arguments", 'drop is "before" or "after".')
        if self.times is not None and self.times < 1:
            raise PiError("invalid_arguments", "times is at least 1, or null.")
        if not (self.drop or self.code or self.status or self.delay_s):
            raise PiError("invalid_arguments", "A fault has drop, code, status or delay_s.")

    @property
    def takes_effect(self) -> bool:
        replaced = self.code or self.status
        return self.drop == "after" or (self.drop is None and (self.effect or not replaced))

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def answer(self, path: str) -> Response | None:
        """The answer in place of the app's own; None keeps that one."""
        if self.code in PROBLEMS and path.startswith("/horizon"):
            problem = HorizonError(self.code)
            return Response(dumps(problem.body()), problem.status, self.headers, PROBLEM)
        if self.code:
            error = PiError(self.code, status=self.status)
            return Response(dumps(error.body()), error.status, self.headers, "application/json")
        if not self.status:
            return None
        text = self.body if isinstance(self.body, str | None) else dumps(self.body)
        kind = "text/html" if isinstance(self.body, str) else "application/json"
        return Response(
            text or "", self.status, self.headers, content_type=self.content_type or kind
        )

    def __str__(self) -> str:
        parts = {"drop": self.drop, "code": self.code, "status": self.status, "delay": self.delay_s}
        return ", ".join(f"{name} {value}" for name, value in parts.items() if value)


class FaultyFront:
    """The Flask app as WSGI, open to pages, with faults, the log of calls, and the lock around all
    state."""

    def __init__(self, app: "WSGIApplication", pi: Pi) -> None:
        self._app = app
        self._pi = pi
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.faults: list[Fault] = []
        self.calls: list[dict[str, Any]] = []
        # What is switched on by its name: see `weather`.
        self.weather: dict[str, Any] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        route(environ)
        if "HTTP_ORIGIN" in environ:
            return open_to_pages(self._answer, environ, start_response)
        return self._answer(environ, start_response)

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if not path.startswith(_LOGGED):
            with self._lock:
                response = Response.from_app(self._app, environ, buffered=True)
            return response(environ, start_response)
        with self._lock:
            fault = self._take(method, path)
            response = self._respond(environ, fault)
            self._note(method, path, response, fault)
        if fault and fault.delay_s:
            environ.get(WAIT, time.sleep)(fault.delay_s)
        if fault and fault.drop:
            raise DroppedError
        return response(environ, start_response)

    def _take(self, method: str, path: str) -> Fault | None:
        """The first fault that matches, one of its times used up."""
        fault = next((fault for fault in self.faults if fault.matches(method, path)), None)
        if fault and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
        return fault

    def _respond(self, environ: "WSGIEnvironment", fault: Fault | None) -> Response:
        response = Response()
        if fault is None or fault.takes_effect:
            response = Response.from_app(self._app, environ, buffered=True)
        response = (fault and fault.answer(environ["PATH_INFO"])) or response
        if environ["PATH_INFO"].startswith("/v2/"):
            response.headers["x-request-id"] = str(uuid.uuid4())
        return response

    def _note(self, method: str, path: str, response: Response, fault: Fault | None) -> None:
        """Neither headers nor bodies are kept: no key or token can show up in the log."""
        dropped = fault is not None and fault.drop is not None
        call = {
            "method": method,
            "path": path,
            "status": None if dropped else response.status_code,
            "at": iso(self._pi.now()),
        }
        self.calls.append(call | ({"fault": str(fault)} if fault else {}))
