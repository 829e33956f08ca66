"""JSON in and out of a Flask request, with exact numbers and checked fields."""

from decimal import Decimal
from types import UnionType
from typing import Any

from flask import Response, request

from .errors import PiError
from .wire import dumps, loads

NUMBER = int | Decimal
TEXT_OR_NULL = str | None


def answer(body: Any, status: int = 200, kind: str = "application/json") -> Response:
    return Response(dumps(body), status, content_type=kind)


def json_body() -> dict[str, Any]:
    """The request's JSON object; an empty one for no body."""
    text = request.get_data()
    try:
        body = loads(text) if text else {}
    except ValueError:
        raise PiError("invalid_arguments", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise PiError("invalid_arguments", "The body is not a JSON object.")
    return body


def json_fields(*required: str, **types: type | UnionType) -> dict[str, Any]:
    """The request's JSON object, of which every key is named here and has its type."""
    body = json_body()
    if unknown := body.keys() - types.keys():
        raise PiError("invalid_arguments", f"Unknown: {', '.join(sorted(unknown))}.")
    if missing := set(required) - body.keys():
        raise PiError("invalid_arguments", f"Missing: {', '.join(sorted(missing))}.")
    for key, value in body.items():
        if not isinstance(value, types[key]):
            raise PiError("invalid_arguments", f"{key} has the wrong type.")
    return body
