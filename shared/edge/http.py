"""An HTTP API event to a Request, an operation's outcome to an answer; the one place where an error
gets its status.

Every answer is JSON, whatever happened: Pi's front-end kits read each one with `.json()`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from shared.base.errors import BadRequest, BundleError, PiError
from shared.base.frozen import frozen
from shared.base.observability import count, count_outage, logger
from shared.base.secret import Secret
from shared.edge.invocation import Event, LambdaContext, invoked

LARGEST_BODY = 64 * 1024
TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
RETRY_AFTER_SECONDS = 2
LONGEST_RETRY_AFTER_SECONDS = 60

Parts = TypeVar("Parts")


@frozen
class Answer:
    status: int
    body: Mapping[str, Any]


class Request:
    """A request, read only as far as a route asks. What is malformed raises BadRequest where it is
    read.
    """

    def __init__(self, event: Event) -> None:
        self._event = event

    def path(self, name: str) -> str:
        return str((self._event.get("pathParameters") or {}).get(name, ""))

    def query(self, name: str) -> str | None:
        value = (self._event.get("queryStringParameters") or {}).get(name)
        return None if value is None else str(value)

    def body(self, largest: int = LARGEST_BODY) -> dict[str, Any]:
        """The JSON object in the body, of at most `largest` bytes; numbers are int or Decimal.
        Raises BadRequest `invalid_body` or `body_too_large`.
        """
        text = self._event.get("body") or ""
        if len(text) > largest * 4 // 3 + 4:
            raise BadRequest("body_too_large", f"The body may have at most {largest} bytes.")
        try:
            raw = (
                base64.b64decode(text, validate=True)
                if self._event.get("isBase64Encoded")
                else text.encode()
            )
            value = json.loads(
                raw,
                parse_float=Decimal,
                parse_constant=_no_constant,
                object_pairs_hook=_no_duplicates,
            )
        except (ValueError, ArithmeticError, RecursionError):
            raise BadRequest("invalid_body", "The body must be one JSON object in UTF-8.") from None
        if len(raw) > largest:
            raise BadRequest("body_too_large", f"The body may have at most {largest} bytes.")
        if not isinstance(value, dict):
            raise BadRequest("invalid_body", "The body must be one JSON object in UTF-8.")
        return value

    def token(self, body: Mapping[str, Any] | None = None) -> Secret | None:
        """The user's access token, from the Authorization header or the body's `accessToken`; None:
        none, or one that cannot be a token. Raises BadRequest if both are there and differ."""
        in_header, in_body = self._bearer(), (body or {}).get("accessToken")
        if in_header is not None and in_body is not None and in_header != in_body:
            raise BadRequest(
                "conflicting_tokens", "The header and the body hold different access tokens."
            )
        token = in_header if in_header is not None else in_body
        return Secret(token) if isinstance(token, str) and TOKEN.fullmatch(token) else None

    def _bearer(self) -> str | None:
        for name, value in (self._event.get("headers") or {}).items():
            if name.lower() == "authorization":
                scheme, _, token = str(value).strip().partition(" ")
                return (token.strip() or None) if scheme.lower() == "bearer" else None
        return None


def serve(
    parts: Parts, routes: Mapping[str, Callable[[Parts, Request], Answer]]
) -> Callable[[Event, LambdaContext], dict[str, Any]]:
    """A Lambda handler for these routes, whose operation works with `parts`."""

    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        route = str(event.get("routeKey", ""))
        with invoked(context, route):
            try:
                answer = routes[route](parts, Request(event))
                return _response(answer.status, answer.body)
            except BundleError as error:
                log = logger.warning if count_outage(error.code) else logger.info
                log("Refused", extra={"code": error.code, "status": error.status})
                retry_after = _retry_after(error)
                return _failure(
                    error.status, error.code, error.message, context, retry_after, error.details
                )
            except Exception:  # noqa: BLE001 - the edge: even a bug must answer
                logger.exception("Unexpected error")
                count("UnexpectedError")
                message = "Something went wrong here; nothing was lost. Please try again."
                return _failure(503, "unexpected_error", message, context, RETRY_AFTER_SECONDS)

    return handler


def _response(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
        "body": json.dumps(body),
    }


def _failure(
    status: int,
    code: str,
    message: str,
    context: LambdaContext,
    retry_after: int | None,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    body: dict[str, Any] = {"error": code, "error_message": message}
    body["request_id"] = context.aws_request_id
    if details is not None:
        body["details"] = details
    return _response(
        status, body, None if retry_after is None else {"Retry-After": str(retry_after)}
    )


def _retry_after(error: BundleError) -> int | None:
    if not error.retryable:
        return None
    asked = error.answer.retry_after if isinstance(error, PiError) else None
    return min(asked or RETRY_AFTER_SECONDS, LONGEST_RETRY_AFTER_SECONDS)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers of one body must not see two different payments in it.
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value
