"""Each example in docs/openapi.yaml is played: it is what a function answers, but for ids and
times."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.scenes import SCENES
from tests.docs.spec import codes_of, operations, resolved, spec, validate_answer
from tests.world import new_world

# What differs from one play to the next, wherever it stands in a text.
KINDS = {
    "<uuid>": r"(?<![\w-])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])",
    "<txid>": r"(?<![\w-])[0-9a-f]{64}(?![\w-])",
    "<payment>": r"(?<![\w-])([\w-]{28}|payment-\d+)(?![\w-])",
    "<time>": r"\b(\d{4}-\d\d-\d\d|1[789]\d{8})\b",
}
BY_GATEWAY = "default"  # not by a function: tests/laptop/test_stack.py has its answer


def shape(value: Any) -> Any:
    """The same without ids and times."""
    match value:
        case dict():
            return {name: "<id>" if name == "request_id" else shape(value[name]) for name in value}
        case list():
            return [shape(one) for one in value]
        case bool() | None:
            return value
        case int():
            return "<time>" if value > 10**9 else value
    for kind, pattern in KINDS.items():
        value = re.sub(pattern, kind, str(value))
    return value


def responses() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each route's, by its status. Some routes share one, which is then the same object."""
    for route, operation in operations().items():
        for status, response in operation["responses"].items():
            yield route, status, resolved(response)


def examples(response: dict[str, Any]) -> dict[str, Any]:
    shown = response["content"]["application/json"]["examples"]
    return {name: resolved(example)["value"] for name, example in shown.items()}


@pytest.fixture(scope="module")
def played() -> dict[int, list[Any]]:
    """What was answered in each scene, by the response that documents it."""
    which = {(route, status): id(response) for route, status, response in responses()}
    found = defaultdict[int, list[Any]](list)
    for expected in SCENES:
        with new_world() as world:
            world.deploy(PiWalletAddress=world.wallet)
            reply = expected.scene(world, world.user("alice"), world.user("bob"))
        found[which[expected.route, str(reply.status)]].append(shape(reply.body))
    return found


def test_each_example_is_what_a_function_answers(played: dict[int, list[Any]]) -> None:
    for route, status, response in responses():
        if status != BY_GATEWAY:
            for name, example in examples(response).items():
                assert shape(example) in played[id(response)], f"{route} {status} {name}"


def test_each_answer_and_each_error_of_each_route_has_its_example() -> None:
    for route, status, response in responses():
        shown = examples(response).values()
        assert shown, f"{route} {status}"
        if status.isdigit() and int(status) >= 400:
            codes = {code for of, code in codes_of(route) if of == int(status)}
            assert codes <= {example.get("error") for example in shown}, f"{route} {status}"


def test_each_example_fits_its_schema_and_is_shown_somewhere() -> None:
    seen = set[str]()
    for route, status, response in responses():
        for name, example in examples(response).items():
            validate_answer(route, status, example)
            seen.add(name)
    assert seen == set(spec()["components"]["examples"])
