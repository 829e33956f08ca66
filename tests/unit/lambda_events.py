"""Events as an HTTP API sends them, and the context beside them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from tests.world.functions import LambdaContext

FUNCTION = "stack-of-the-tests-AnyFunction"


def context(request_id: str = "request-1", milliseconds: int = 15_000) -> LambdaContext:
    return LambdaContext(FUNCTION, milliseconds, request_id)


def event(
    body: str | bytes | None = None,
    *,
    route: str = "POST /x",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The format 2.0. Bytes are sent as base64, as API Gateway does with what it takes for
    binary.
    """
    is_binary = isinstance(body, bytes)
    text = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": "/x",
        "headers": dict(headers or {}),
        "requestContext": {"http": {"method": "POST"}},
        "isBase64Encoded": is_binary,
        **({} if text is None else {"body": text}),
        **more,
    }


def read(response: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an answer; every answer is a JSON object that nobody may cache."""
    assert response["headers"]["Content-Type"] == "application/json"
    assert response["headers"]["Cache-Control"] == "no-store"
    body = json.loads(response["body"])
    assert isinstance(body, dict)
    return body
