"""The sweep, the worker, its queues and the bus: nothing is lost, nothing is public."""

from typing import Any

import pytest

from local.template import Template, of_type, routes
from shared.edge.background import MESSAGE_SECONDS

BACKGROUND = {"Sweep", "Settle"}
DEAD_LETTERS = {"WakeUpDeadLetters", "SweepDeadLetters"}
PUBLIC = {
    "AWS::Lambda::Url",
    "AWS::SQS::QueuePolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::Lambda::LayerVersionPermission",
}
FORTNIGHT_SECONDS = 14 * 24 * 3600


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


# --- Nothing here can be reached but what has to be --------------------------------------------


def test_neither_the_sweep_nor_the_worker_has_a_route(translated: Template) -> None:
    assert not BACKGROUND & {route.function for route in routes(translated)}


def test_nobody_outside_is_let_in_by_a_policy_of_a_resource(translated: Template) -> None:
    """No function URL, no queue, bus, secret or layer that others may use; the API invokes only
    its own functions (test_permissions)."""
    assert not {resource["Type"] for resource in translated["Resources"].values()} & PUBLIC
    for permission in of_type(translated, "AWS::Lambda::Permission").values():
        assert permission["Properties"]["FunctionName"]["Ref"] not in BACKGROUND
    for table in of_type(translated, "AWS::DynamoDB::Table").values():
        assert "ResourcePolicy" not in table["Properties"]
    assert "Policy" not in properties(translated, "Bus")


# --- Queues --------------------------------------------------------------------------------------


def test_the_queues_are_these_encrypted_and_gone_with_the_stack(translated: Template) -> None:
    queues = of_type(translated, "AWS::SQS::Queue")
    assert set(queues) == DEAD_LETTERS | {"WakeUps"}
    for queue in queues.values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
        assert queue["DeletionPolicy"] == queue["UpdateReplacePolicy"] == "Delete"


@pytest.mark.parametrize("queue", sorted(DEAD_LETTERS))
def test_a_dead_letter_waits_a_fortnight_for_a_person(translated: Template, queue: str) -> None:
    assert properties(translated, queue)["MessageRetentionPeriod"] == FORTNIGHT_SECONDS


def test_a_wake_up_that_fails_five_times_is_kept(translated: Template) -> None:
    assert properties(translated, "WakeUps")["RedrivePolicy"] == {
        "deadLetterTargetArn": arn("WakeUpDeadLetters"),
        "maxReceiveCount": 5,
    }


def test_a_message_in_work_is_hidden_for_six_timeouts(translated: Template) -> None:
    timeout = properties(translated, "Settle")["Timeout"]
    queue = properties(translated, "WakeUps")
    assert queue["VisibilityTimeout"] >= 6 * timeout
    # One whose worker was killed is seen once more before it ends.
    assert queue["MessageRetentionPeriod"] > queue["VisibilityTimeout"]


# --- Worker --------------------------------------------------------------------------------------


def test_the_worker_takes_ten_and_says_which_failed(translated: Template) -> None:
    (mapping,) = of_type(translated, "AWS::Lambda::EventSourceMapping").values()
    source = mapping["Properties"]
    assert source["FunctionName"] == {"Ref": "Settle"}
    assert source["EventSourceArn"] == arn("WakeUps")
    assert source["BatchSize"] == 10
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_at_least_two_workers_run_at_once(translated: Template) -> None:
    """Two is the least that SQS takes."""
    scaling = properties(translated, "SettleWakeUps")["ScalingConfig"]
    condition, *choices = scaling["MaximumConcurrency"]["Fn::If"]
    assert condition == "IsProd"
    assert min(choices) >= 2


def test_promise_8_a_whole_batch_fits_into_the_workers_time(translated: Template) -> None:
    batch = properties(translated, "SettleWakeUps")["BatchSize"]
    assert batch * MESSAGE_SECONDS < properties(translated, "Settle")["Timeout"]


def test_the_sweeps_limit_is_not_the_front_ends(translated: Template, written: Template) -> None:
    """Never younger than ten minutes, whoever asks."""
    name = "CANCEL_UNPAID_AFTER_SECONDS"
    limits = {
        function: properties(translated, function)["Environment"]["Variables"].get(name)
        for function in ("Settle", "ResolvePayment")
    }
    assert limits == {
        "Settle": {"Ref": "SweepCancelsAfterSeconds"},
        "ResolvePayment": {"Ref": "CancelUnpaidAfterSeconds"},
    }
    assert written["Parameters"]["SweepCancelsAfterSeconds"]["Default"] == 3600
    assert all(written["Parameters"][limit["Ref"]]["MinValue"] >= 600 for limit in limits.values())


# --- Schedule ------------------------------------------------------------------------------------


def test_the_sweep_runs_on_a_schedule_whose_failures_are_kept(translated: Template) -> None:
    (schedule,) = of_type(translated, "AWS::Scheduler::Schedule").values()
    rule = schedule["Properties"]
    assert "Name" not in rule, "two stacks would collide"
    assert rule["ScheduleExpression"] == {"Fn::Sub": "cron(0/${SweepMinutes} * * * ? *)"}
    assert rule["Target"]["Arn"] == arn("Sweep")
    assert rule["Target"]["DeadLetterConfig"] == {"Arn": arn("SweepDeadLetters")}


def test_the_next_sweep_is_the_retry(translated: Template) -> None:
    (schedule,) = of_type(translated, "AWS::Scheduler::Schedule").values()
    assert schedule["Properties"]["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert properties(translated, "SweepEventInvokeConfig")["MaximumRetryAttempts"] == 0


def test_sweeps_are_evenly_spaced(written: Template) -> None:
    """`0/n` starts anew each hour, so n must divide it."""
    parameter = written["Parameters"]["SweepMinutes"]
    assert parameter["Default"] == 5
    assert all(60 % minutes == 0 for minutes in parameter["AllowedValues"])


# --- Bus -----------------------------------------------------------------------------------------


def test_the_bus_is_the_stacks_own_and_has_an_archive(translated: Template) -> None:
    assert properties(translated, "Bus")["Name"] == {"Ref": "AWS::StackName"}
    archive = translated["Resources"]["BusArchive"]
    assert archive["Properties"]["SourceArn"] == arn("Bus")
    assert "EventPattern" not in archive["Properties"], "everything is kept"
    assert archive["Condition"] == "HasArchive"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("AWS::DynamoDB::Table", "TableName"),
        ("AWS::Lambda::Function", "FunctionName"),
        ("AWS::SQS::Queue", "QueueName"),
        ("AWS::CloudWatch::Alarm", "AlarmName"),
    ],
)
def test_two_stacks_do_not_collide(translated: Template, kind: str, name: str) -> None:
    for resource in of_type(translated, kind).values():
        assert name not in resource["Properties"]
