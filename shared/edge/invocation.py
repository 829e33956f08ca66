"""An invocation from its first line to its last: all that it calls knows by when it must be over,
and what it counted leaves with its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from shared.base.context import About, until_killed, within
from shared.base.observability import count, flush_metrics, logger

# Calls to Pi and the chain end earlier: so late it is only where AWS, or the code, was slow.
NEAR_TIMEOUT_SECONDS = 2.0

Event = Mapping[str, Any]


class LambdaContext(Protocol):
    """What we read of it."""

    function_name: str
    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


@contextmanager
def invoked(context: LambdaContext, route: str | None = None) -> Iterator[None]:
    about = About(context.function_name, context.aws_request_id, route)
    try:
        with within(context.get_remaining_time_in_millis() / 1000, about):
            try:
                yield
            finally:
                _note_time()
    finally:
        flush_metrics()


def _note_time() -> None:
    if (left := until_killed()) < NEAR_TIMEOUT_SECONDS:
        count("NearTimeout")
        logger.warning("This ended near its timeout", extra={"seconds_left": round(left, 1)})
