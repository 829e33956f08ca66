"""Between the scheduler or the queue and the operations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from shared.adapters.deadline import Deadline
from shared.adapters.observability import count, flush_metrics, logger
from shared.domain.errors import BadRequest, BundleError
from shared.edge.http import Context, Event

Services = TypeVar("Services")
Message = TypeVar("Message")


def on_schedule(
    services: Callable[[Deadline], Services], operation: Callable[[Services], int]
) -> Callable[[Event, Context], dict[str, int]]:
    """A handler for a scheduled run; an error ends the invocation, and the next run goes on."""

    def handler(_event: Event, context: Context) -> dict[str, int]:
        logger.append_keys(request_id=context.aws_request_id)
        try:
            return {"woken": operation(services(_deadline(context)))}
        finally:
            flush_metrics()

    return handler


def on_command(
    services: Callable[[Deadline], Services], operation: Callable[[Services, Event], dict[str, Any]]
) -> Callable[[Event, Context], dict[str, Any]]:
    """A handler that a person invokes: it answers what the operation gives, or why it refuses."""

    def handler(event: Event, context: Context) -> dict[str, Any]:
        logger.append_keys(request_id=context.aws_request_id)
        try:
            if not isinstance(event, dict):
                raise BadRequest("invalid_command", "The command must be a JSON object.")
            return operation(services(_deadline(context)), event)
        except BundleError as error:
            return {"error": error.code, "error_message": error.message}
        finally:
            flush_metrics()

    return handler


def on_messages(
    services: Callable[[Deadline], Services],
    operation: Callable[[Services, Message], None],
    read: Callable[[str], Message],
    *,
    seconds: float,
) -> Callable[[dict[str, Any], Context], Any]:
    """A handler for a batch of wake-ups, each of which may take `seconds`: a message that cannot be
    read, or whose operation raises, is kept; the others are acknowledged."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def handler(event: dict[str, Any], context: Context) -> Any:
        logger.append_keys(request_id=context.aws_request_id)

        def one(record: SQSRecord) -> None:
            try:
                operation(services(_deadline(context, seconds)), read(record.body))
            except Exception:
                logger.exception("This message needs a person", extra={"body": record.body})
                count("UnexpectedError")
                raise

        try:
            return process_partial_response(event, one, processor)
        finally:
            flush_metrics()

    return handler


def _deadline(context: Context, most: float = math.inf) -> Deadline:
    return Deadline(min(most, context.get_remaining_time_in_millis() / 1000))
