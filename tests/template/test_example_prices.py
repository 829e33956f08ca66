"""docs/example_prices is fit to be copied: least privilege, nothing public, fast enough."""

from typing import Any

import pytest

from local.cloud.template import Template, load, of_type, translate
from local.processes import ROOT
from shared.base.context import PRICE_READ_SECONDS
from tests.template.example import verbs_of_the_role


@pytest.fixture(scope="module")
def prices() -> Template:
    return translate(load(ROOT / "docs" / "example_prices" / "template.yaml"))


def test_its_one_role_has_these_verbs_on_its_own_resources(prices: Template) -> None:
    assert verbs_of_the_role(prices) == {
        ("logs:CreateLogStream", "PriceCartLogs", "Arn"),
        ("logs:PutLogEvents", "PriceCartLogs", "Arn"),
        ("dynamodb:GetItem", "Carts", "Arn"),
    }


def test_nobody_but_a_role_that_may_invokes_it(prices: Template) -> None:
    """No URL, no route, no permission for a service."""
    assert not of_type(prices, "AWS::Lambda::Permission")
    assert not of_type(prices, "AWS::Lambda::Url")


def test_it_ends_when_nobody_waits_for_it_any_more(prices: Template) -> None:
    (function,) = of_type(prices, "AWS::Lambda::Function").values()
    assert function["Properties"]["Timeout"] <= PRICE_READ_SECONDS


def test_the_bundle_takes_what_it_puts_out(prices: Template) -> None:
    bundle = load(ROOT / "template.yaml")
    output: dict[str, Any] = prices["Outputs"]["PriceFunctionArn"]
    assert output["Value"] == {"Fn::GetAtt": ["PriceCart", "Arn"]}
    assert "PriceFunctionArn" in bundle["Parameters"]


def test_the_carts_outlive_the_stack(prices: Template) -> None:
    table = prices["Resources"]["Carts"]
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }
