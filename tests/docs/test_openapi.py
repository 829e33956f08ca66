"""docs/openapi.yaml says what is deployed: the same routes, the same codes, and valid itself."""

import ast

import pytest
from openapi_spec_validator import validate

from local.cloud.template import load, routes, translate
from local.processes import ROOT
from shared.base.identifiers import CODE
from shared.payments.prices import Why
from tests.docs.pages import DOCS, named, table
from tests.docs.raised import own_codes
from tests.docs.spec import codes_of, operations, spec, validate_request


def test_it_is_valid() -> None:
    validate(spec())


def test_its_routes_are_the_handlers_and_the_templates() -> None:
    in_template = {route.key for route in routes(translate(load(ROOT / "template.yaml")))}
    assert set(operations()) == in_template == _routes_of_the_handlers()


def test_every_code_that_is_raised_is_documented_and_no_other() -> None:
    documented = {code for route in operations() for _, code in codes_of(route)}
    assert documented == own_codes()


def test_every_reason_why_there_is_no_price_is_documented() -> None:
    known, own = spec()["components"]["schemas"]["ProductDetails"]["properties"]["why"]["anyOf"]
    rows = table("| `why` | Means | Do |", DOCS / "errors.md")
    assert known["enum"] == [named(why)[0] for why, *_ in rows] == [str(why) for why in Why]
    assert own["pattern"] == f"^{CODE.pattern}$"


@pytest.mark.parametrize(
    "route", [route for route, operation in operations().items() if "requestBody" in operation]
)
def test_the_examples_are_valid(route: str) -> None:
    content = operations()[route]["requestBody"]["content"]["application/json"]
    validate_request(route, content["example"])


def test_every_operation_says_who_may_call_it() -> None:
    for route, operation in operations().items():
        assert operation["security"], route


def test_the_payout_routes_are_signed_as_the_template_demands() -> None:
    translated = translate(load(ROOT / "template.yaml"))
    for route in routes(translated):
        is_signed = operations()[route.key]["security"] == [{"awsSignature": []}]
        assert is_signed == (route.authorization == "AWS_IAM")


def _routes_of_the_handlers() -> set[str]:
    """The keys of what each app.py gives to `serve`."""
    found: set[str] = set()
    for app in (ROOT / "functions").glob("*/app.py"):
        for node in ast.walk(ast.parse(app.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="serve"), args=[_, ast.Dict(keys=keys)]):
                    found |= {str(key.value) for key in keys if isinstance(key, ast.Constant)}
    return found
