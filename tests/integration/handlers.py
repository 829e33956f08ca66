"""The functions' real handlers, each run from its own app.py, on the services of a test.

Only the composition is replaced: routes, parsing, statuses and the edge are what is deployed.
"""

import base64
import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pytest
from aws_lambda_powertools.metrics import Metrics

from local.processes import ROOT
from shared.adapters import observability
from shared.edge import http

# What no front end calls: tests/weather and tests/payouts.
OTHERS = ("sweep", "settle", "request_payout", "send_payout", "decide_payout")
Handler = Callable[[http.Event, http.Context], dict[str, Any]]


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
class Context:
    """The Lambda context, as far as we read it."""

    remaining_ms: int = 15_000
    aws_request_id: str = "4bf4f7a1-request"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


class OneAtATime:
    """Powertools' metrics for several callers in one process; a Lambda has one."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics, self._lock = metrics, Lock()
        self.provider = metrics.provider

    def add_metric(self, **metric: Any) -> None:
        with self._lock:
            self._metrics.add_metric(**metric)

    def flush_metrics(self) -> None:
        with self._lock:
            if self.provider.metric_set:
                self._metrics.flush_metrics()


def metrics_in_process() -> OneAtATime:
    metrics = observability.metrics
    metrics.namespace, metrics.service = "PiBundle", "pi-bundle-tests"
    return OneAtATime(metrics)


def handlers_on(services: Mapping[str, Any]) -> dict[str, Handler]:
    """Every front-end handler by its routes. `services` names functions of `shared.composition`,
    and how to bind what they make to a deadline."""
    found: dict[str, Handler] = {}
    real_serve = http.serve

    def serve(services: Any, routes: Any) -> Handler:
        handler = real_serve(services, routes)
        found.update(dict.fromkeys(routes, handler))
        return handler

    def replaced(bind: Any) -> Callable[[], Any]:
        return lambda: bind

    with pytest.MonkeyPatch.context() as patch:
        for name, bind in services.items():
            patch.setattr(f"shared.composition.{name}", replaced(bind))
        patch.setattr(http, "serve", serve)
        for app in sorted((ROOT / "functions").glob("*/app.py")):
            if app.parent.name not in OTHERS:
                runpy.run_path(str(app))
    return found


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
