"""docs/example_consumer is fit to be copied: least privilege, nothing public, nothing lost."""

from typing import Any

import pytest

from local.cloud.template import Template, load, of_type, translate
from local.play.consumer import TEMPLATE
from shared.payments.record import PaymentEvent
from shared.work.event_bus import SOURCE
from tests.template.example import verbs_of_the_role


@pytest.fixture(scope="module")
def consumer() -> Template:
    return translate(load(TEMPLATE))


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def test_it_hears_completed_payments_of_the_bundle(consumer: Template) -> None:
    rule = properties(consumer, "Completed")
    assert rule["EventBusName"] == {"Ref": "EventBusName"}
    assert rule["EventPattern"] == {"source": [SOURCE], "detail-type": [PaymentEvent.COMPLETED]}
    (target,) = rule["Targets"]
    assert target["Arn"] == arn("Queue")
    assert target["DeadLetterConfig"] == {"Arn": arn("DeadLetters")}


def test_only_its_own_rule_may_fill_its_queues(consumer: Template) -> None:
    (policy,) = of_type(consumer, "AWS::SQS::QueuePolicy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": [arn("Queue"), arn("DeadLetters")],
        "Condition": {"ArnEquals": {"aws:SourceArn": arn("Completed")}},
    }


def test_its_queues_are_encrypted_and_patient(consumer: Template) -> None:
    for queue in of_type(consumer, "AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
        assert queue["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    queue = properties(consumer, "Queue")
    assert queue["VisibilityTimeout"] >= 6 * properties(consumer, "HandOut")["Timeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == arn("DeadLetters")


def test_a_message_that_fails_takes_no_other_with_it(consumer: Template) -> None:
    (source,) = of_type(consumer, "AWS::Lambda::EventSourceMapping").values()
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_its_one_role_has_these_verbs_on_its_own_resources(consumer: Template) -> None:
    assert verbs_of_the_role(consumer) == {
        ("logs:CreateLogStream", "HandOutLogs", "Arn"),
        ("logs:PutLogEvents", "HandOutLogs", "Arn"),
        ("sqs:ReceiveMessage", "Queue", "Arn"),
        ("sqs:DeleteMessage", "Queue", "Arn"),
        ("sqs:GetQueueAttributes", "Queue", "Arn"),
        ("dynamodb:PutItem", "Goods", "Arn"),
        ("dynamodb:UpdateItem", "Goods", "Arn"),
    }


def test_what_the_users_own_outlives_the_stack(consumer: Template) -> None:
    table = consumer["Resources"]["Goods"]
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }
