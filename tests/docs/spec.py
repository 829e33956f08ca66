"""docs/openapi.yaml, as far as the tests ask it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from local.processes import ROOT

URI = "urn:openapi"
METHODS = {"get", "put", "post", "delete", "patch"}


@cache
def spec() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    return loaded


def operations() -> dict[str, dict[str, Any]]:
    """By route, as the gateway names it: `GET /payments/{payment_id}`."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in spec()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` stands for."""
    if "$ref" not in node:
        return node
    found: Any = spec()
    for key in node["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return resolved(found)


def validate_answer(route: str, status: int | str, body: object) -> None:
    """Raises jsonschema's ValidationError, and KeyError for a status that the route has not."""
    response = resolved(operations()[route]["responses"][str(status)])
    _validate(response["content"]["application/json"]["schema"], body)


def validate_request(route: str, body: object) -> None:
    """Raises jsonschema's ValidationError."""
    _validate(operations()[route]["requestBody"]["content"]["application/json"]["schema"], body)


def codes_of(route: str) -> set[tuple[int, str]]:
    """The statuses and codes of our own that a route enumerates."""
    return {
        (int(status), code)
        for status, response in operations()[route]["responses"].items()
        if status.isdigit() and int(status) >= 400
        for code in _enumerated(resolved(response))
    }


def _enumerated(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(error := node.get("error"), dict):
            for choice in (error, *error.get("anyOf", [])):
                yield from resolved(choice).get("enum", [])
        for value in node.values():
            yield from _enumerated(value)
    elif isinstance(node, list):
        for value in node:
            yield from _enumerated(value)


def _validate(schema: dict[str, Any], body: object) -> None:
    # The schema's own references point into the whole document.
    registry: Registry[Any] = Registry().with_resource(URI, DRAFT202012.create_resource(spec()))
    absolute = _absolute(schema)
    Draft202012Validator(absolute, registry=registry).validate(body)


def _absolute(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: f"{URI}{value}" if key == "$ref" else _absolute(value)
            for key, value in node.items()
        }
    return [_absolute(value) for value in node] if isinstance(node, list) else node
