"""The functions as Lambda runs them: each from its own app.py, in an environment of its own."""

import base64
import json
from collections.abc import Callable, Mapping
from contextvars import Context as Variables
from dataclasses import dataclass
from functools import cache
from threading import Lock
from types import CodeType
from typing import Any

import pytest

import shared.app
from local.cloud import template
from local.processes import ROOT
from shared.app import App
from shared.base.settings import Settings
from shared.edges import Edges

# Parameters of the stack that stand for places on the network.
URLS = {"PiApiUrl": "http://pi.test/v2", "HorizonUrl": "http://pi.test/horizon"}

_starting = Lock()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a front end gets: `body` is the JSON of the answer."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def error(self) -> str | None:
        """The stable code; None: it is not an error."""
        code: str | None = self.body.get("error")
        return code

    @property
    def state(self) -> str | None:
        state: str | None = self.body.get("state")
        return state


@dataclass(slots=True)
class LambdaContext:
    """As far as we read it."""

    function_name: str
    remaining_ms: int
    aws_request_id: str = "4bf4f7a1-request"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


class Environment:
    """One environment of a function: the parts that it keeps between invocations. Its resources are
    called by their logical ids, but for `names`."""

    def __init__(
        self, name: str, parameters: Mapping[str, str], names: Mapping[str, str], edges: Edges
    ) -> None:
        self.name = name
        function = template.function_of(name)
        given = URLS | dict(parameters)
        variables = template.variables(function, given, lambda place: names.get(place, place))
        self.timeout = timeout_of(function)
        self._handler = start(name, App(Settings(variables), edges))

    def __call__(self, event: Any, seconds: float | None = None) -> Any:
        """One invocation; `seconds`: what is left of its time. A process of its own knows nothing
        of the context that it is called from."""
        left = self.timeout if seconds is None else seconds
        context = LambdaContext(self.name, int(left * 1000))
        return Variables().run(self._handler, event, context)


def start(name: str, app: App) -> Callable[[Any, LambdaContext], Any]:
    """The handler that the function's own app.py makes on this root, as in Lambda's INIT phase."""
    with _starting, pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared.app, "app", app)
        namespace: dict[str, Any] = {"__name__": f"functions.{name}.app"}
        exec(_code(name), namespace)
    handler: Callable[[Any, LambdaContext], Any] = namespace["handler"]
    return handler


@cache
def _code(name: str) -> CodeType:
    path = ROOT / "functions" / name / "app.py"
    return compile(path.read_text(), path, "exec")


@cache
def timeout_of(function: str) -> int:
    bundle = template.bundle()
    own = bundle["Resources"][function]["Properties"]
    return int(own.get("Timeout", bundle["Globals"]["Function"]["Timeout"]))


def event(
    route: str,
    *,
    body: object = None,
    token: str | None = None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    base64_encoded: bool = False,
) -> dict[str, Any]:
    """An HTTP API's event (payload 2.0). A body that is not text is sent as JSON."""
    text = body if isinstance(body, str | None) else json.dumps(body)
    if text is not None and base64_encoded:
        text = base64.b64encode(text.encode()).decode()
    method = route.partition(" ")[0]
    return {
        "version": "2.0",
        "routeKey": route,
        "headers": {"content-type": "application/json"}
        | ({} if token is None else {"authorization": f"Bearer {token}"}),
        "requestContext": {"http": {"method": method}, "stage": "$default"},
        "isBase64Encoded": base64_encoded,
    } | {
        name: value
        for name, value in {
            "body": text,
            "pathParameters": path and dict(path),
            "queryStringParameters": query and dict(query),
        }.items()
        if value is not None
    }
