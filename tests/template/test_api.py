"""The API's routes, callers, throttling and CORS, and that whoever is outside waits longest."""

import re
from typing import Any

import pytest

from local.cloud.template import Template, of_type, routes, the_api

ROUTES = {
    "GET /me": "VerifyUser",
    "POST /pi_payment/approve": "ApprovePayment",
    "POST /pi_payment/complete": "CompletePayment",
    "POST /pi_payment/incomplete": "ResolvePayment",
    "POST /pi_payment/cancel": "ResolvePayment",
    "POST /pi_payment/error": "ResolvePayment",
    "GET /payments/{payment_id}": "GetPayment",
    "GET /payments": "GetPayment",
    "POST /rewarded_ads/{ad_id}/claim": "ClaimAdReward",
    "POST /payouts": "RequestPayout",
    "GET /payouts/{payout_id}": "RequestPayout",
    "GET /events": "ReplayEvents",
    "POST /events/send_again": "ReplayEvents",
    "POST /notifications": "NotifyUsers",
    "GET /notifications/{notification_id}": "NotifyUsers",
}
SIGNED = {
    *("POST /payouts", "GET /payouts/{payout_id}"),
    *("POST /notifications", "GET /notifications/{notification_id}"),
    *("GET /events", "POST /events/send_again"),
}


@pytest.fixture(scope="module")
def stage(translated: Template) -> dict[str, Any]:
    (stage,) = of_type(translated, "AWS::ApiGatewayV2::Stage").values()
    properties: dict[str, Any] = stage["Properties"]
    return properties


def test_every_route_has_its_function(translated: Template) -> None:
    assert {route.key: route.function for route in routes(translated)} == ROUTES


def test_the_gateway_lets_users_through_to_the_functions(translated: Template) -> None:
    """A user's token is Pi's to judge, not the gateway's."""
    unsigned = {route.key for route in routes(translated) if route.authorization == "NONE"}
    assert unsigned == set(ROUTES) - SIGNED


def test_only_who_may_sign_for_the_account_can_ask_for_a_payout_or_an_event(
    translated: Template,
) -> None:
    signed = {route.key for route in routes(translated) if route.authorization == "AWS_IAM"}
    assert signed == SIGNED
    # Otherwise the gateway would take the operation's scheme for no scheme at all.
    assert "AWS_IAM" in the_api(translated)["components"]["securitySchemes"]


def test_the_gateway_waits_longer_than_the_function(translated: Template) -> None:
    for route in routes(translated):
        function = translated["Resources"][route.function]["Properties"]
        assert route.timeout_ms / 1000 > function["Timeout"]


def test_requests_are_throttled(stage: dict[str, Any], written: Template) -> None:
    settings = stage["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottlingRateLimit"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottlingBurstLimit"}
    for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        assert written["Parameters"][limit]["MinValue"] > 0


def test_a_flood_of_one_route_is_none_of_another(stage: dict[str, Any]) -> None:
    """Each has a bucket of its own, and what no money waits for the smaller one."""
    buckets = {
        route: (each["ThrottlingRateLimit"]["Ref"], each["ThrottlingBurstLimit"]["Ref"])
        for route, each in stage["RouteSettings"].items()
    }
    reads = {
        *("GET /me", "GET /payments", "GET /payments/{payment_id}"),
        "POST /rewarded_ads/{ad_id}/claim",
    }
    assert buckets.keys() == ROUTES.keys()
    assert {route for route, (rate, _) in buckets.items() if rate == "ReadRateLimit"} == reads
    assert set(buckets.values()) == {
        ("ReadRateLimit", "ReadBurstLimit"),
        ("ThrottlingRateLimit", "ThrottlingBurstLimit"),
    }


def test_a_new_accounts_ten_functions_bear_what_the_small_buckets_let_through(
    written: Template,
) -> None:
    """At a third of a second for each: Pi is asked who the user is."""
    assert written["Parameters"]["ReadRateLimit"]["Default"] / 3 < 10 / 2


def test_browsers_of_the_given_origins_may_call(translated: Template, written: Template) -> None:
    cors = dict(the_api(translated)["x-amazon-apigateway-cors"])
    # The local translator puts the default in the list's place; what was written must be the list.
    del cors["allowOrigins"]
    assert cors == {
        "allowHeaders": ["authorization", "content-type"],
        "allowMethods": ["GET", "POST"],
        "allowCredentials": True,
        "exposeHeaders": ["retry-after"],
        "maxAge": 600,
    }
    api = written["Resources"]["Api"]["Properties"]
    assert api["CorsConfiguration"]["AllowOrigins"] == {"Ref": "AllowOrigins"}
    assert translated["Parameters"]["AllowOrigins"]["Type"] == "CommaDelimitedList"


def accepts(template: Template, origin: str) -> bool:
    """CloudFormation holds each item of a list against the whole pattern."""
    pattern = template["Parameters"]["AllowOrigins"]["AllowedPattern"]
    return re.fullmatch(pattern, origin) is not None


def test_without_a_setting_the_development_url_of_pis_kits_may_call(translated: Template) -> None:
    assert translated["Parameters"]["AllowOrigins"]["Default"] == "http://localhost:3000"
    assert accepts(translated, "http://localhost:3000")


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "https://www.shop.example:8443",
        "https://shop1234.pinet.com",
        "https://localhost:3000",
        "http://localhost",
        "http://127.0.0.1:5173",
    ],
)
def test_an_exact_origin_is_accepted(translated: Template, origin: str) -> None:
    assert accepts(translated, origin)


@pytest.mark.parametrize(
    "origin",
    [
        "*",  # browsers refuse it for calls with credentials
        "https://*",
        "https://*.pinet.com",
        "https://shop.example/",
        "https://shop.example/pay",
        "https://Shop.example",  # browsers send it in lower case
        "http://shop.example",
        "http://localhost:3000/",
        "http://localhost.evil.example",
        "shop.example",
        "null",
        "",
    ],
)
def test_what_no_browser_sends_is_refused(translated: Template, origin: str) -> None:
    assert not accepts(translated, origin)


def test_promise_6_access_logs_hold_no_header_and_no_query(stage: dict[str, Any]) -> None:
    log_format = stage["AccessLogSettings"]["Format"].lower()
    assert "$context.requestid" in log_format
    for leak in ("authorization", "header", "querystring", "path", "body"):
        assert leak not in log_format
