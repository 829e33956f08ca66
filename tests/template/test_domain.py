"""A domain of the app's own, by parameters: off unless it is named, and never without a
certificate."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from local.cloud.template import Template

DOMAIN = {
    "DomainName": "api.shop.example",
    "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/a1b2c3d4",
}
ZONE = {"HostedZoneId": "Z0123456789ABCDEFGHIJ"}
RESOURCES = {"ApiDomain", "ApiDomainMapping", "ApiDomainRecord"}
OFF: Mapping[str, str] = {}


def holds(template: Template, condition: Any, given: Mapping[str, str]) -> bool:
    """What CloudFormation makes of a condition, with these parameters and the others' defaults."""
    match condition:
        case {"Condition": name}:
            return holds(template, template["Conditions"][name], given)
        case {"Fn::Not": [inner]}:
            return not holds(template, inner, given)
        case {"Fn::And": parts}:
            return all(holds(template, part, given) for part in parts)
        case {"Fn::Equals": [{"Ref": name}, text]}:
            value = given.get(name, template["Parameters"][name].get("Default"))
            return str(value) == str(text)
    raise AssertionError(f"no condition has been this one yet: {condition}")


def made(template: Template, given: Mapping[str, str]) -> set[str]:
    return {
        name
        for name in RESOURCES
        if holds(template, {"Condition": template["Resources"][name]["Condition"]}, given)
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (OFF, set[str]()),
        (ZONE, set[str]()),
        (DOMAIN, {"ApiDomain", "ApiDomainMapping"}),
        (DOMAIN | ZONE, RESOURCES),
    ],
    ids=["off", "a zone alone", "a domain", "a domain and its zone"],
)
def test_what_is_made_for_a_domain(
    translated: Template, given: Mapping[str, str], expected: set[str]
) -> None:
    assert made(translated, given) == expected


def test_the_domain_leads_to_the_stage_of_the_api(translated: Template) -> None:
    domain, mapping, record = (
        translated["Resources"][name]["Properties"] for name in sorted(RESOURCES)
    )
    [configured] = domain["DomainNameConfigurations"]
    assert configured["EndpointType"] == "REGIONAL"
    assert configured["SecurityPolicy"] == "TLS_1_2"
    assert configured["CertificateArn"]["Fn::If"][1] == {"Ref": "CertificateArn"}
    stage = mapping["Stage"]["Ref"]
    assert translated["Resources"][stage]["Type"] == "AWS::ApiGatewayV2::Stage"
    assert mapping["ApiId"] == {"Ref": "Api"}
    assert mapping["DomainName"] == {"Ref": "ApiDomain"}
    assert record["Name"] == {"Ref": "DomainName"}
    assert record["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]}


def test_the_output_names_the_address_that_pages_should_call(translated: Template) -> None:
    condition, own, of_aws = translated["Outputs"]["ApiUrl"]["Value"]["Fn::If"]
    assert (condition, own) == ("HasDomain", {"Fn::Sub": "https://${ApiDomain}"})
    assert "${Api}.execute-api." in of_aws["Fn::Sub"]
    assert translated["Outputs"]["DomainTarget"]["Condition"] == "HasDomain"


@pytest.mark.parametrize(
    ("given", "is_right"), [(DOMAIN, True), ({**DOMAIN, "CertificateArn": ""}, False)]
)
def test_a_domain_needs_a_certificate(
    translated: Template, given: Mapping[str, str], *, is_right: bool
) -> None:
    """CloudFormation says so before it changes anything."""
    (rule,) = translated["Rules"].values()
    assert holds(translated, rule["RuleCondition"], given)
    assert not holds(translated, rule["RuleCondition"], OFF)
    [assertion] = rule["Assertions"]
    assert holds(translated, assertion["Assert"], given) is is_right


@pytest.mark.parametrize(
    ("parameter", "value", "is_right"),
    [
        *(("DomainName", name, True) for name in ("", "api.shop.example", "a-1.b.io")),
        *(
            ("DomainName", name, False)
            for name in ("shop", "https://shop.example", "shop.example/", "Shop.example", "-a.io")
        ),
        ("CertificateArn", DOMAIN["CertificateArn"], True),
        ("CertificateArn", "arn:aws:iam::123456789012:server-certificate/a", False),
        ("HostedZoneId", ZONE["HostedZoneId"], True),
        ("HostedZoneId", "/hostedzone/Z0123", False),
    ],
)
def test_what_the_parameters_take(
    translated: Template, parameter: str, value: str, *, is_right: bool
) -> None:
    pattern = translated["Parameters"][parameter]["AllowedPattern"]
    assert (re.fullmatch(pattern, value) is not None) is is_right
