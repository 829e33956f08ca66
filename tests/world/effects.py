"""Every effect of the bundle passes here, so a test can count it, forbid it or die at it.

An effect is one call to Pi, to the chain or to AWS. The code itself is untouched: HTTP calls are
seen by the session's adapter, AWS's by the clients that stand in for it, or by botocore's events.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from mypy_boto3_dynamodb import DynamoDBClient

Moment = Literal["before", "after"]
Device = Callable[[Moment, str], None]
"""Told of each effect, before it and after it; may raise. See `devices`."""

READS = {"GetItem", "BatchGetItem", "Query"}
WRITES = {"PutItem", "UpdateItem", "TransactWriteItems", "BatchExecuteStatement"}
# What lies beside a record, and takes part in no transition.
NOTES = ("SET asked_at", "SET due_at", "SET claimed_txid", "REMOVE #username")


@dataclass(slots=True)
class AwsFault:
    """Refuse `times` calls of `operation` with an error code; or, without a code, lose the answers
    of ones that took effect. `after`: how many go well first; `times` None: all that follow."""

    operation: str
    code: str | None = None
    status: int = 400
    times: int | None = 1
    reasons: list[dict[str, Any]] = field(default_factory=list)
    after: int = 0

    def response(self) -> dict[str, Any]:
        """What botocore makes of the refusal."""
        return {
            "Error": {"Code": self.code, "Message": "injected"},
            "CancellationReasons": self.reasons,
            "ResponseMetadata": {"HTTPStatusCode": self.status, "HTTPHeaders": {}},
        }


@dataclass(slots=True)
class Effects:
    """What happened, in order: `GET /v2/payments/*`, `POST /v2/payments/*/approve`, `PutItem`."""

    log: list[str] = field(default_factory=list)
    faults: list[AwsFault] = field(default_factory=list)
    landed: Counter[str] = field(default_factory=Counter)
    """How many transitions DynamoDB has written, by payment id."""
    denied: list[str] = field(default_factory=list)
    """What a function's role would not have let it do: see `roles`."""
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
        return [effect for effect in self.log if effect in WRITES]

    def tell(self, moment: Moment, effect: str) -> None:
        if self.device is not None:
            self.device(moment, effect)
        if moment == "before":
            self.log.append(effect)

    def note_write(self, operation: str, request: dict[str, Any]) -> None:
        is_note = request.get("UpdateExpression", "").startswith(NOTES) or "Statements" in request
        if operation not in WRITES or is_note:
            return
        for write in request.get("TransactItems", [{operation: request}]):
            [call] = write.values()
            item = call.get("Item") or call.get("Key") or {}
            if "payment_id" in item:
                self.landed[item["payment_id"]["S"]] += 1

    def fault(self, operation: str, *, sent: bool) -> AwsFault | None:
        """The fault that this call meets, one of its times used up."""
        for fault in self.faults:
            if fault.operation != operation or (fault.code is None) is not sent:
                continue
            if fault.after:
                fault.after -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
            return fault
        return None

    @contextmanager
    def watched_by(self, device: Device | None) -> Iterator[None]:
        """Tell this device, and no other, for as long as the block runs."""
        before, self.device = self.device, device
        try:
            yield
        finally:
            self.device = before

    @contextmanager
    def counting(self) -> Iterator["Effects"]:
        """The effects of the block alone."""
        spent, before = Effects(), len(self.log)
        yield spent
        spent.log.extend(self.log[before:])

    @contextmanager
    def of_client(self, client: DynamoDBClient) -> Iterator[None]:
        """See a boto3 client's calls for as long as the block runs."""
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
        fault = self.fault(model.name, sent=False)
        if fault is None:
            return None
        return AWSResponse("", fault.status, HTTPHeaders(), None), fault.response()

    def _answered(self, *, model: Any, http_response: Any, context: Any, **_: Any) -> None:
        if http_response.status_code == 200:
            request = context["request"]
            self.note_write(model.name, request)
        self.tell("after", model.name)
        if self.fault(model.name, sent=True):
            raise ReadTimeoutError(endpoint_url="dynamodb")
