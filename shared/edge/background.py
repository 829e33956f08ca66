"""Between the scheduler, the queues or a person, and the operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, TypeVar

from shared.base.context import within
from shared.base.errors import BadRequest, BundleError
from shared.base.observability import count, logger
from shared.edge.invocation import Event, LambdaContext, invoked

Parts = TypeVar("Parts")
Message = TypeVar("Message")
Handler = Callable[[Event, LambdaContext], dict[str, Any]]


def on_schedule(parts: Parts, operation: Callable[[Parts], int], answer: str = "woken") -> Handler:
    """A handler for a scheduled run, which answers with what the operation has counted; an error
    ends the invocation, and the next run goes on."""

    def handler(_event: Event, context: LambdaContext) -> dict[str, Any]:
        with invoked(context):
            return {answer: operation(parts)}

    return handler


def on_command(parts: Parts, operation: Callable[[Parts, Event], dict[str, Any]]) -> Handler:
    """A handler that a person invokes: it answers what the operation gives, or why it refuses."""

    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        with invoked(context):
            try:
                if not isinstance(event, dict):
                    raise BadRequest("invalid_command", "The command must be a JSON object.")
                return operation(parts, event)
            except BundleError as error:
                return {"error": error.code, "error_message": error.message}

    return handler


def on_messages(
    parts: Parts,
    operation: Callable[[Parts, Message], None],
    read: Callable[[str], Message],
    *,
    seconds: float,
    side_by_side: Executor | None = None,
) -> Handler:
    """A handler for a batch of wake-ups, each of which may take `seconds`: one after the other, or
    side by side. A message that cannot be read, or whose operation raises, is kept; the others are
    acknowledged."""

    def is_done(record: Mapping[str, Any]) -> bool:
        body: Any = record.get("body")
        with within(seconds):
            try:
                operation(parts, read(body))
            except Exception:  # noqa: BLE001 - the edge: one bad message repeats no other
                logger.exception("This message needs an operator", extra={"body": body})
                count("UnexpectedError")
                return False
        return True

    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        records = event["Records"]
        with invoked(context):
            done = (side_by_side.map if side_by_side else map)(is_done, records)
            kept = [
                one["messageId"] for one, is_one in zip(records, done, strict=True) if not is_one
            ]
        return {"batchItemFailures": [{"itemIdentifier": kept_id} for kept_id in kept]}

    return handler
