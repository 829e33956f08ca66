"""Every effect of the code under test passes here, so a test can count it, forbid it or die at it.

An effect is one call to Pi, to the chain or to DynamoDB. The code itself is untouched: HTTP calls
are seen by the session's adapter, DynamoDB's by botocore's own events.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from mypy_boto3_dynamodb import DynamoDBClient
from requests import PreparedRequest, Response

from local.emulator.in_process import InProcessAdapter

Moment = Literal["before", "after"]
Device = Callable[[Moment, str], None]
"""Told of each effect, before it and after it; may raise."""

READS = {"GetItem", "Query"}
WRITES = {"PutItem", "UpdateItem"}
LONGEST_WORD = 27  # a longer part of a path is an id


@dataclass(slots=True)
class StorageFault:
    """Refuse `times` calls of `operation` with an error code; or lose the answer of ones that took
    effect."""

    operation: str
    code: str | None = None
    status: int = 400
    times: int = 1
    reasons: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Effects:
    """What happened, in order: `GET /v2/payments/*`, `POST /v2/payments/*/approve`, `PutItem`."""

    log: list[str] = field(default_factory=list)
    faults: list[StorageFault] = field(default_factory=list)
    landed: Counter[str] = field(default_factory=Counter)
    """How many writes DynamoDB has carried out, by payment id."""
    device: Device | None = None

    @property
    def pi(self) -> list[str]:
        return [effect for effect in self.log if " /v2/" in effect]

    @property
    def chain(self) -> list[str]:
        return [effect for effect in self.log if " /horizon/" in effect]

    @property
    def reads(self) -> list[str]:
        return [effect for effect in self.log if effect in READS]

    @property
    def writes(self) -> list[str]:
        return [effect for effect in self.log if " " not in effect and effect not in READS]

    def tell(self, moment: Moment, effect: str) -> None:
        if self.device is not None:
            self.device(moment, effect)
        if moment == "before":
            self.log.append(effect)

    @contextmanager
    def watched_by(self, device: Device | None) -> Iterator[None]:
        """Tell this device, and no other, for as long as the block runs."""
        before, self.device = self.device, device
        try:
            yield
        finally:
            self.device = before

    @contextmanager
    def of_storage(self, client: DynamoDBClient) -> Iterator[None]:
        """See this client's calls for as long as the block runs."""
        events = client.meta.events
        hooks: dict[str, Callable[..., Any]] = {
            "before-call.dynamodb": self._called,
            "after-call.dynamodb": self._answered,
        }
        for name, hook in hooks.items():
            events.register(name, hook, unique_id=f"{name}.{id(self)}")
        try:
            yield
        finally:
            for name, hook in hooks.items():
                events.unregister(name, hook, unique_id=f"{name}.{id(self)}")

    def _called(self, *, model: Any, params: Any, context: Any, **_: Any) -> Any:
        """Botocore takes what a hook returns here as the answer, and sends nothing."""
        self.tell("before", model.name)
        context["request"] = json.loads(params["body"])
        fault = self._take(model.name, sent=False)
        if fault is None:
            return None
        parsed = {
            "Error": {"Code": fault.code, "Message": "injected"},
            "CancellationReasons": fault.reasons,
            "ResponseMetadata": {"HTTPStatusCode": fault.status, "HTTPHeaders": {}},
        }
        return AWSResponse("", fault.status, HTTPHeaders(), None), parsed

    def _answered(self, *, model: Any, http_response: Any, context: Any, **_: Any) -> None:
        item = context["request"].get("Item") or context["request"].get("Key") or {}
        if "payment_id" in item and model.name in WRITES and http_response.status_code == 200:
            self.landed[item["payment_id"]["S"]] += 1
        self.tell("after", model.name)
        if self._take(model.name, sent=True):
            raise ReadTimeoutError(endpoint_url="dynamodb")

    def _take(self, operation: str, *, sent: bool) -> StorageFault | None:
        for fault in self.faults:
            if fault.operation == operation and (fault.code is None) is sent:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None


class WatchedAdapter(InProcessAdapter):
    """The way to the emulator, past the watcher."""

    def __init__(self, app: Any, effects: Effects) -> None:
        super().__init__(app)
        self._effects = effects
        self.sent: list[tuple[str, Any]] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        path = urlsplit(str(request.url)).path
        parts = ("*" if len(part) > LONGEST_WORD else part for part in path.split("/"))
        effect = f"{request.method} {'/'.join(parts)}"
        self._effects.tell("before", effect)
        self.sent.append((effect, request.body and json.loads(request.body)))
        response = super().send(request, *args, **kwargs)
        self._effects.tell("after", effect)
        return response


class Inline(Executor):
    """Runs at once, in the caller's thread: the order of effects is the same in every run."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as an executor's thread does
            future.set_exception(error)
        return future
