"""docs/prices describes what the bundle asks a price function, and what it takes for an answer."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.processes import ROOT
from shared.payments.price_function import UnusableAnswer, quote_of, request_for
from tests.unit.price_answers import FOR_SALE, NOT_FOR_SALE, UNUSABLE
from tests.unit.samples import NOW, payment

FOLDER = ROOT / "docs" / "prices"
PAGE = ROOT / "docs" / "prices.md"


def schema(name: str) -> Draft202012Validator:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded)


def described(validator: Draft202012Validator) -> dict[str, Any]:
    assert isinstance(validator.schema, dict)
    return validator.schema


REQUEST, ANSWER = schema("request"), schema("answer")


@pytest.mark.parametrize(
    "asked",
    [
        payment(),
        payment("developer_approved", paid=True),
        payment(metadata=None, memo=None, network=None),
        payment(amount="0.0000001"),
        payment(metadata={"cart": ["cart-7", None, 1, {"a": True}]}),
    ],
    ids=range(5),
)
def test_a_request_is_as_it_is_described(asked: Any) -> None:
    REQUEST.validate(json.loads(request_for(asked)))


def test_nothing_is_asked_that_is_not_described() -> None:
    asked, properties = json.loads(request_for(payment())), described(REQUEST)["properties"]
    assert asked.keys() == properties.keys()
    assert asked["payment"].keys() == properties["payment"]["properties"].keys()


@pytest.mark.parametrize("answer", [*FOR_SALE, *NOT_FOR_SALE, *UNUSABLE], ids=str)
def test_an_answer_is_usable_if_it_is_as_described(answer: object) -> None:
    try:
        quote_of(json.dumps(answer).encode(), NOW)
        is_usable = True
    except UnusableAnswer:
        is_usable = False
    assert ANSWER.is_valid(answer) is is_usable is (answer in [*FOR_SALE, *NOT_FOR_SALE])


def test_the_examples_are_as_described() -> None:
    for validator in (REQUEST, ANSWER):
        assert described(validator)["examples"]
        for example in described(validator)["examples"]:
            validator.validate(example)
    asked, *answers = (
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    )
    REQUEST.validate(asked)
    assert len(answers) == 2
    for answer in answers:
        ANSWER.validate(answer)
        quote_of(json.dumps(answer).encode(), NOW)
