"""The sweep, the worker, its queues and the bus: nothing is lost, nothing is public."""

import re
from typing import Any

import pytest

from local.cloud.template import Template, of_type, routes
from local.processes import ROOT

BACKGROUND = {"Sweep", "ProveWallet", "Settle", "SendPayout", "DecidePayout", "Operate"}
# What starts each of them, and when.
SCHEDULES: dict[str, object] = {
    "Sweep": {"Fn::Sub": "cron(0/${SweepMinutes} * * * ? *)"},
    "ProveWallet": "cron(30 2/6 * * ? *)",  # yesterday, four times
}
# What each queue's failures end in, and who takes from it.
QUEUES = {
    "WakeUps": ("WakeUpDeadLetters", "Settle"),
    "Payouts": ("PayoutDeadLetters", "SendPayout"),
}
DEAD_LETTERS = {"WakeUpDeadLetters", "SweepDeadLetters", "PayoutDeadLetters", "WebhookDeadLetters"}
PUBLIC = {
    "AWS::Lambda::Url",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::Lambda::LayerVersionPermission",
}
FORTNIGHT_SECONDS = 14 * 24 * 3600


FUNCTIONS = list((ROOT / "functions").glob("*/app.py"))


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


# --- Nothing here can be reached but what has to be --------------------------------------------


def test_nobody_in_the_background_has_a_route(translated: Template) -> None:
    assert not BACKGROUND & {route.function for route in routes(translated)}


def test_nobody_outside_is_let_in_by_a_policy_of_a_resource(translated: Template) -> None:
    """No function URL, no queue, bus, secret or layer that others may use; the API invokes only
    its own functions (test_permissions)."""
    open_to_others = {
        name for name, one in translated["Resources"].items() if one["Type"] in PUBLIC
    }
    # EventBridge may put there what it could not deliver: test_webhook. CloudWatch may publish:
    # test_alarms. The seed's only denies: test_resources.
    known = {"WebhookDeadLettersPolicy", "AlarmTopicPolicy", "WalletSeedPolicy"}
    assert open_to_others == known
    for permission in of_type(translated, "AWS::Lambda::Permission").values():
        assert permission["Properties"]["FunctionName"]["Ref"] not in BACKGROUND
    for table in of_type(translated, "AWS::DynamoDB::Table").values():
        assert "ResourcePolicy" not in table["Properties"]
    assert "Policy" not in properties(translated, "Bus")


# --- Queues --------------------------------------------------------------------------------------


def test_the_queues_are_these_encrypted_and_gone_with_the_stack(translated: Template) -> None:
    queues = of_type(translated, "AWS::SQS::Queue")
    assert set(queues) == DEAD_LETTERS | set(QUEUES)
    for queue in queues.values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
        assert queue["DeletionPolicy"] == queue["UpdateReplacePolicy"] == "Delete"


@pytest.mark.parametrize("queue", sorted(DEAD_LETTERS))
def test_a_dead_letter_waits_a_fortnight_for_a_person(translated: Template, queue: str) -> None:
    assert properties(translated, queue)["MessageRetentionPeriod"] == FORTNIGHT_SECONDS


@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_that_keeps_failing_is_kept(translated: Template, queue: str) -> None:
    assert properties(translated, queue)["RedrivePolicy"] == {
        "deadLetterTargetArn": arn(QUEUES[queue][0]),
        "maxReceiveCount": 5,
    }


@pytest.mark.parametrize("name", QUEUES)
def test_a_message_in_work_is_hidden_for_six_timeouts(translated: Template, name: str) -> None:
    timeout = properties(translated, QUEUES[name][1])["Timeout"]
    queue = properties(translated, name)
    assert queue["VisibilityTimeout"] >= 6 * timeout
    # One whose worker was killed is seen once more before it ends.
    assert queue["MessageRetentionPeriod"] > queue["VisibilityTimeout"]


def test_one_payout_is_sent_at_a_time(translated: Template) -> None:
    """A FIFO queue, one message at a time; its dead letters are FIFO too, as SQS demands. The one
    message group is in the code, as is the deduplication id: not the content, which repeats."""
    for queue in ("Payouts", "PayoutDeadLetters"):
        assert properties(translated, queue)["FifoQueue"] is True
        assert "ContentBasedDeduplication" not in properties(translated, queue)
    assert properties(translated, "SendPayoutPayouts")["BatchSize"] == 1


# --- Worker --------------------------------------------------------------------------------------


def test_each_queue_has_its_worker_who_says_which_failed(translated: Template) -> None:
    sources = [
        mapping["Properties"]
        for mapping in of_type(translated, "AWS::Lambda::EventSourceMapping").values()
    ]
    taken = {(source["FunctionName"]["Ref"], str(source["EventSourceArn"])) for source in sources}
    assert taken == {(worker, str(arn(queue))) for queue, (_, worker) in QUEUES.items()}
    for source in sources:
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_workers_of_a_new_account_leave_room_for_the_front_end(translated: Template) -> None:
    """Two is the least that SQS takes; a new account has ten executions, for all functions."""
    workers = {name: each["Number"] for name, each in translated["Mappings"]["Workers"].items()}
    assert workers == {"dev": 2, "prod": 10, "small": 2, "medium": 10, "large": 50}
    chosen = {
        "Fn::If": [
            "HasCapacity",
            {"Fn::FindInMap": ["Workers", {"Ref": "Capacity"}, "Number"]},
            {"Fn::FindInMap": ["Workers", {"Ref": "Environment"}, "Number"]},
        ]
    }
    scaling = properties(translated, "SettleWakeUps")["ScalingConfig"]
    assert scaling["MaximumConcurrency"] == chosen
    for function in ("Sweep", "Settle"):  # as many as there are, so much they wake at a time
        variables = properties(translated, function)["Environment"]["Variables"]
        assert variables["WORKERS"] == {"Fn::Sub": ["${Workers}", {"Workers": chosen}]}


@pytest.mark.parametrize("queue", QUEUES)
def test_promise_8_a_batch_fits_into_the_workers_time(translated: Template, queue: str) -> None:
    worker = QUEUES[queue][1]
    (folder,) = [app for app in FUNCTIONS if app.parent.name == snake(worker)]
    (seconds,) = re.findall(r"seconds=(\d+)", folder.read_text())
    batch = properties(translated, f"{worker}{queue}")["BatchSize"]
    assert batch * int(seconds) < properties(translated, worker)["Timeout"]


def test_the_sweeps_limit_is_not_the_front_ends(translated: Template, written: Template) -> None:
    """Never younger than ten minutes, whoever asks."""
    names = ("SWEEP_CANCELS_AFTER_SECONDS", "CANCEL_UNPAID_AFTER_SECONDS")
    told = properties(translated, "Settle")["Environment"]["Variables"]
    limits = {name: told[name] for name in names}
    assert limits == {
        "SWEEP_CANCELS_AFTER_SECONDS": {"Ref": "SweepCancelsAfterSeconds"},
        "CANCEL_UNPAID_AFTER_SECONDS": {"Ref": "CancelUnpaidAfterSeconds"},
    }
    assert written["Parameters"]["SweepCancelsAfterSeconds"]["Default"] == 3600
    assert all(written["Parameters"][limit["Ref"]]["MinValue"] >= 600 for limit in limits.values())


# --- Schedule ------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", SCHEDULES)
def test_it_runs_on_a_schedule_whose_failures_are_kept(translated: Template, function: str) -> None:
    assert len(of_type(translated, "AWS::Scheduler::Schedule")) == len(SCHEDULES)
    rule = properties(translated, f"{function}Schedule")
    assert "Name" not in rule, "two stacks would collide"
    assert rule["ScheduleExpression"] == SCHEDULES[function]
    assert rule["Target"]["Arn"] == arn(function)
    assert rule["Target"]["DeadLetterConfig"] == {"Arn": arn("SweepDeadLetters")}


@pytest.mark.parametrize("function", SCHEDULES)
def test_the_next_run_is_the_retry(translated: Template, function: str) -> None:
    rule = properties(translated, f"{function}Schedule")
    assert rule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert properties(translated, f"{function}EventInvokeConfig")["MaximumRetryAttempts"] == 0


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
