"""The webhook: made only where there is a URL; its own role, secret and dead letters."""

import re
from typing import Any

import pytest

from local.cloud.template import Template
from shared.work.event_bus import SOURCE

MADE = {
    "Webhook",
    "WebhookConnection",
    "WebhookDeadLetters",
    "WebhookDeadLettersAlarm",
    "WebhookDeadLettersPolicy",
    "WebhookDeauthorized",
    "WebhookDeauthorizedAlarm",
    "WebhookDestination",
    "WebhookRole",
    "WebhookSecret",
}
FROM_EVENTBRIDGE = {"Service": "events.amazonaws.com"}
A_DAY_SECONDS = 86_400


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def test_without_a_url_nothing_of_it_is_made(translated: Template) -> None:
    made = {
        name
        for name, one in {**translated["Resources"], **translated["Outputs"]}.items()
        if one.get("Condition") == "HasWebhook"
    }
    assert made == MADE | {name for name in translated["Outputs"] if name.startswith("Webhook")}
    assert not [n for n in translated["Resources"] if n.startswith("Webhook") and n not in MADE]
    url = translated["Parameters"]["WebhookUrl"]
    assert url["Default"] == ""
    assert translated["Conditions"]["HasWebhook"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "WebhookUrl"}, ""]}]
    }


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://shop.example/pi-events", True),
        ("https://shop.example", True),
        ("https://shop.example:8443/hooks/pi_events-1", True),
        ("http://shop.example/pi-events", False),  # the secret would be readable on its way
        ("https://shop.example/pi?secret=1", False),  # a URL stands in logs
        ("https://*.shop.example/", False),
        ("shop.example", False),
    ],
)
def test_a_url_is_https(translated: Template, url: str, is_one: bool) -> None:
    pattern = translated["Parameters"]["WebhookUrl"]["AllowedPattern"]
    assert (re.fullmatch(pattern, url) is not None) == is_one


def test_every_event_of_the_bundle_is_posted_and_tried_for_a_day(translated: Template) -> None:
    rule = properties(translated, "Webhook")
    assert rule["EventBusName"] == {"Ref": "Bus"}
    assert rule["EventPattern"] == {"source": [SOURCE]}
    [target] = rule["Targets"]
    assert "Input" not in str(target.keys()), "the body is the event as it stands on the bus"
    assert target["Arn"] == arn("WebhookDestination")
    assert target["RoleArn"] == arn("WebhookRole")
    assert target["DeadLetterConfig"] == {"Arn": arn("WebhookDeadLetters")}
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": A_DAY_SECONDS,
        "MaximumRetryAttempts": 185,
    }
    destination = properties(translated, "WebhookDestination")
    assert destination["HttpMethod"] == "POST"
    assert destination["InvocationEndpoint"] == {"Ref": "WebhookUrl"}
    assert destination["InvocationRateLimitPerSecond"] == {"Ref": "WebhookRateLimit"}


def test_promise_6_the_secret_stands_in_no_template_and_no_parameter(translated: Template) -> None:
    """CloudFormation makes it, and hands it to the connection alone."""
    assert set(properties(translated, "WebhookSecret")) == {"Description", "GenerateSecretString"}
    connection = properties(translated, "WebhookConnection")
    assert connection["AuthorizationType"] == "API_KEY"
    assert connection["AuthParameters"] == {
        "ApiKeyAuthParameters": {
            "ApiKeyName": "x-webhook-secret",
            "ApiKeyValue": {"Fn::Sub": "{{resolve:secretsmanager:${WebhookSecret}:SecretString}}"},
        }
    }
    readers = [
        name
        for name, one in translated["Resources"].items()
        if name not in MADE and "WebhookSecret" in str(one)
    ]
    assert readers == []


def test_promise_6_its_role_may_post_there_and_nothing_else(translated: Template) -> None:
    role = properties(translated, "WebhookRole")
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "events:InvokeApiDestination",
            "Resource": arn("WebhookDestination"),
        }
    ]
    # As AWS documents it: no other account can hand this role to EventBridge.
    [trusted] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == FROM_EVENTBRIDGE


def test_only_its_own_rules_put_something_into_its_dead_letters(translated: Template) -> None:
    policy = properties(translated, "WebhookDeadLettersPolicy")
    assert policy["Queues"] == [{"Ref": "WebhookDeadLetters"}]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == FROM_EVENTBRIDGE
    assert (statement["Action"], statement["Resource"]) == (
        "sqs:SendMessage",
        arn("WebhookDeadLetters"),
    )
    mine = [arn("Webhook"), arn("WebhookDeauthorized")]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": mine}}


def test_a_connection_that_is_deauthorized_alarms_and_leaves_a_note(translated: Template) -> None:
    """EventBridge tells of it on the account's default bus."""
    rule = properties(translated, "WebhookDeauthorized")
    assert "EventBusName" not in rule
    assert rule["EventPattern"] == {
        "source": ["aws.events"],
        "detail-type": ["Connection Deauthorized"],
        "detail": {"ConnectionName": [{"Ref": "WebhookConnection"}]},
    }
    assert [target["Arn"] for target in rule["Targets"]] == [arn("WebhookDeadLetters")]
