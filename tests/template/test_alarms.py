"""Each alarm watches a number that the code sends, of this stack alone, and can fire and end."""

from typing import Any

import pytest

from local.cloud.template import Template, load, of_type
from local.processes import ROOT
from shared.payouts.record import NO_DESTINATION_RETRY_SECONDS, STACK_RETRY_SECONDS
from tests.docs.pages import DOCS, table
from tests.template.metrics import sent, steady_levels
from tests.template.ringing import CENTS, metrics_of, price, rings

SERVICE = [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
WRITTEN = load(ROOT / "template.yaml")
ALARMS = sorted(of_type(WRITTEN, "AWS::CloudWatch::Alarm"))
FUNCTIONS = sorted(of_type(WRITTEN, "AWS::Serverless::Function"))
GAUGES = {
    "PaymentsStuckAlarm",
    "PaymentsAttentionAlarm",
    "PayoutsStuckAlarm",
    "PayoutBlockedAlarm",
    "BookBehindAlarm",
    "ProofDiffersAlarm",
}
SILENCE = {"SweepSilentAlarm", "ProofMissingAlarm"}
# A level that is not known anew at each sweep.
NOW_AND_THEN = {"WalletBalanceLowAlarm"}
OF_LOGS = {"Fn::Sub": "PiBundle/${AWS::StackName}"}


def alarm(template: Template, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = template["Resources"][name]["Properties"]
    return properties


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_what_this_stack_sends(translated: Template, name: str) -> None:
    queue = {"Fn::GetAtt": [name.removesuffix("Alarm"), "QueueName"]}
    function = {"Ref": name.removesuffix("ErrorsAlarm")}
    known = {
        "PiBundle": (sent(), SERVICE),
        "AWS/SQS": (
            {"ApproximateNumberOfMessagesVisible"},
            [{"Name": "QueueName", "Value": queue}],
        ),
        "AWS/ApiGateway": ({"Count", "5xx"}, [{"Name": "ApiId", "Value": {"Ref": "Api"}}]),
        "AWS/Lambda": ({"Errors", "Throttles"}, [{"Name": "FunctionName", "Value": function}]),
        "AWS/Events": (
            {"TriggeredRules"},
            [{"Name": "RuleName", "Value": {"Ref": name.removesuffix("Alarm")}}],
        ),
    }
    for watched in metrics_of(alarm(translated, name)):
        if watched["Namespace"] == OF_LOGS:  # its own test: FunctionsFailAlarm
            continue
        names, dimensions = known[watched["Namespace"]]
        assert watched["MetricName"] in names
        assert watched["Dimensions"] == dimensions


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_of_its_beginning_and_end(translated: Template, name: str) -> None:
    nobody = {"Ref": "AWS::NoValue"}
    told = [
        {"Fn::If": ["HasAlarmEmail", {"Ref": "AlarmTopic"}, nobody]},
        {"Fn::If": ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}, nobody]},
    ]
    assert alarm(translated, name)["AlarmActions"] == told
    assert alarm(translated, name)["OKActions"] == told


def test_a_mail_reaches_whoever_is_named(translated: Template) -> None:
    """Only this account's alarms may write to the topic; and it has no key that keeps them out."""
    made = {name: translated["Resources"][name] for name in ("AlarmTopic", "AlarmTopicPolicy")}
    subscription = translated["Resources"]["AlarmEmailSubscription"]
    assert {one["Condition"] for one in (*made.values(), subscription)} == {"HasAlarmEmail"}
    assert "KmsMasterKeyId" not in made["AlarmTopic"].get("Properties", {})
    assert subscription["Properties"] == {
        "TopicArn": {"Ref": "AlarmTopic"},
        "Protocol": "email",
        "Endpoint": {"Ref": "AlarmEmail"},
    }
    [allowed] = made["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert (allowed["Action"], allowed["Resource"]) == ("sns:Publish", {"Ref": "AlarmTopic"})
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert allowed["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":alarm:*")


def test_a_silent_sweep_alarms_and_other_silence_does_not(translated: Template) -> None:
    """A level is sent once per sweep; an alarm on one keeps its state until the next."""
    missing = {name: alarm(translated, name)["TreatMissingData"] for name in ALARMS}
    expected = dict.fromkeys(ALARMS, "notBreaching") | dict.fromkeys(GAUGES, "ignore")
    expected |= dict.fromkeys(NOW_AND_THEN, "ignore")
    assert missing == expected | dict.fromkeys(SILENCE, "breaching")


@pytest.mark.parametrize("name", sorted(GAUGES))
def test_an_alarm_that_keeps_its_state_watches_a_level(translated: Template, name: str) -> None:
    """A counter is sent when something happens; it would end before the next sweep."""
    watched = alarm(translated, name)
    assert watched["MetricName"] in steady_levels()
    assert watched["Statistic"] == "Maximum"
    is_age = watched["MetricName"].startswith("Oldest") or watched["MetricName"].startswith("Book")
    assert is_age == (watched["ComparisonOperator"] == "GreaterThanThreshold")


def test_a_cause_that_holds_up_all_payouts_rings_once(translated: Template) -> None:
    """It is counted at each try, the rarest of which comes hourly."""
    period = alarm(translated, "PayoutsHeldUpAlarm")["Period"]
    assert period >= max(STACK_RETRY_SECONDS, NO_DESTINATION_RETRY_SECONDS)


def test_a_stack_without_traffic_rings_two_alarms(translated: Template) -> None:
    quiet = [name for name in ALARMS if not rings(alarm(translated, name), [], threshold=1)]
    assert set(ALARMS) - set(quiet) == SILENCE


def test_zero_sales_ring(translated: Template) -> None:
    """A table is gone: a user is verified, and the approval is asked for again and again."""
    approvals = {"Count": 7, "5xx": 6}
    assert rings(alarm(translated, "ApiErrorsAlarm"), [approvals, approvals])
    assert rings(alarm(translated, "ApiErrorsAlarm"), [approvals, {}, approvals])
    assert rings(alarm(translated, "ServiceUnavailableAlarm"), [{"ServiceUnavailable": 6}])


def test_a_busy_shop_of_which_a_tenth_fails_rings(translated: Template) -> None:
    failing = {"Count": 1000, "5xx": 100}
    assert rings(alarm(translated, "ApiErrorsAlarm"), [failing, failing])


@pytest.mark.parametrize(
    "periods",
    [
        [{"Count": 1, "5xx": 1}],
        [{"Count": 2, "5xx": 1}, {"Count": 2, "5xx": 1}, {"Count": 1, "5xx": 1}],
        [{"Count": 100, "5xx": 100}, {"Count": 100, "5xx": 0}, {"Count": 100}],
        [{"Count": 1000, "5xx": 50}] * 3,
        [{"Count": 1000}] * 3,
    ],
    ids=["one in a quiet night", "a few, far apart", "five minutes", "5 %", "no failures sent"],
)
def test_a_few_failures_do_not_ring(translated: Template, periods: list[dict[str, float]]) -> None:
    assert not rings(alarm(translated, "ApiErrorsAlarm"), periods)
    assert not rings(alarm(translated, "ServiceUnavailableAlarm"), [{"ServiceUnavailable": 1}])


def test_pi_being_down_rings_only_where_customers_notice(translated: Template) -> None:
    """It is usual, and what it holds up comes back by itself: no alarm counts it alone."""
    watched = {one["MetricName"] for name in ALARMS for one in metrics_of(alarm(translated, name))}
    assert "ServiceUnavailable" in watched
    assert "PiUnavailable" not in watched


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f not in ("Sweep", "ProveWallet")])
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_each_function_alarms_when_it_fails_or_is_throttled_again(
    translated: Template, function: str, metric: str
) -> None:
    watching = alarm(translated, f"{function}ErrorsAlarm")
    failed, sound = {"Errors": 0, "Throttles": 0, metric: 1}, {"Errors": 0, "Throttles": 0}
    assert rings(watching, [failed, sound, failed])
    # Lambda sends nothing but throttles for a function that it never starts.
    assert rings(watching, [{metric: 1}, {metric: 1}])
    assert not rings(watching, [failed, sound, sound])
    assert not rings(watching, [failed, failed, sound, sound])
    assert not rings(watching, [sound] * 3)


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_sweeps_that_fail_alarm_however_rare_they_are(
    translated: Template, written: Template, metric: str
) -> None:
    watching = alarm(translated, "SweepErrorsAlarm")
    [period] = {one["Period"] for one in metrics_of(watching)}
    for minutes in written["Parameters"]["SweepMinutes"]["AllowedValues"]:
        assert rings(watching, [{metric: period // 60 // minutes}])
    assert not rings(watching, [{"Errors": 1, "Throttles": 0}])
    assert not rings(watching, [{"Errors": 0, "Throttles": 0}])


def test_a_proof_that_fails_twice_in_a_day_alarms(translated: Template) -> None:
    """Of four runs; one is enough."""
    watching = alarm(translated, "ProveWalletErrorsAlarm")
    assert {one["Period"] for one in metrics_of(watching)} == {24 * 3600}
    assert rings(watching, [{"Errors": 2}])
    assert rings(watching, [{"Throttles": 2}])
    assert not rings(watching, [{"Errors": 1, "Throttles": 0}])


def test_one_record_that_differs_rings(translated: Template) -> None:
    assert rings(alarm(translated, "ProofDiffersAlarm"), [{"ProofDiffers": 1}])
    assert not rings(alarm(translated, "ProofDiffersAlarm"), [{"ProofDiffers": 0}])


def test_no_proof_for_a_day_rings(translated: Template) -> None:
    """One run of the day that could prove it is enough; what sends nothing has proven nothing."""
    watching = alarm(translated, "ProofMissingAlarm")
    assert (watching["Statistic"], watching["Period"]) == ("Minimum", 24 * 3600)
    assert rings(watching, [{"ProofMissing": 1}])
    assert rings(watching, [{}])
    assert not rings(watching, [{"ProofMissing": 0}])


def test_the_dearer_alarms_can_be_switched_off(translated: Template, written: Template) -> None:
    """Or be one for all functions: a stack that is idle then costs less than 3 USD a month."""
    dearer: dict[str, set[str]] = {}
    for name, resource in of_type(translated, "AWS::CloudWatch::Alarm").items():
        dearer.setdefault(resource.get("Condition", ""), set()).add(name)
    assert dearer["HasFailureAlarms"] == {"ApiErrorsAlarm", "NearTimeoutAlarm"}
    assert dearer["HasAlarmOfEach"] == {f"{function}ErrorsAlarm" for function in FUNCTIONS}
    assert dearer["HasAlarmOfAll"] == {"FunctionsFailAlarm"}
    each, of_all = price("HasAlarmOfEach"), price("HasAlarmOfAll")
    parameter = written["Parameters"]["FailureAlarms"]
    for cents in (each, of_all):
        dollars = (cents + price("HasFailureAlarms")) / 100
        assert f"{dollars:.2f} USD" in parameter["Description"]
    assert parameter["Default"] == "on"
    switch = {"Ref": "FailureAlarms"}
    assert (
        translated["Conditions"]
        | {
            "HasFailureAlarms": {"Fn::Not": [{"Fn::Equals": [switch, "off"]}]},
            "HasAlarmOfEach": {"Fn::Equals": [switch, "on"]},
            "HasAlarmOfAll": {"Fn::Equals": [switch, "one"]},
        }
        == translated["Conditions"]
    )


def test_the_one_alarm_of_all_functions_reads_each_functions_log(translated: Template) -> None:
    watched = alarm(translated, "FunctionsFailAlarm")
    filters = of_type(translated, "AWS::Logs::MetricFilter").values()
    read = {one["Properties"]["LogGroupName"]["Ref"] for one in filters}
    assert read == {f"{function}Logs" for function in FUNCTIONS}
    for one in filters:
        assert one["Condition"] == "HasAlarmOfAll"
        [sent_by_it] = one["Properties"]["MetricTransformations"]
        assert sent_by_it["MetricNamespace"] == watched["Namespace"] == OF_LOGS
        assert sent_by_it["MetricName"] == watched["MetricName"]
        assert sent_by_it["MetricValue"] == "1"
    assert len({one["Properties"]["FilterPattern"] for one in filters}) == 1


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_one_that_cloudwatch_takes(translated: Template, name: str) -> None:
    """At most ten metrics, one expression whose result is watched, all of one period."""
    watched = alarm(translated, name)
    metrics = list(metrics_of(watched))
    assert 1 <= len(metrics) <= 10
    assert len({str(one["Period"]) for one in metrics}) == 1
    queries = watched.get("Metrics", [])
    assert [query["ReturnData"] for query in queries].count(True) == bool(queries)
    assert watched.get("DatapointsToAlarm", 1) <= watched["EvaluationPeriods"]


def test_metrics_of_each_route_are_off(translated: Template) -> None:
    """No alarm reads them, and CloudWatch asks for each."""
    (stage,) = of_type(translated, "AWS::ApiGatewayV2::Stage").values()
    assert stage["Properties"]["DefaultRouteSettings"]["DetailedMetricsEnabled"] is False


def test_two_unfinished_sweeps_of_an_hour_ring(translated: Template, written: Template) -> None:
    watching = alarm(translated, "SweepIncompleteAlarm")
    assert rings(watching, [{"SweepIncomplete": 2}])
    assert not rings(watching, [{"SweepIncomplete": 1}])
    assert not rings(watching, [{"SweepIncomplete": 0}])
    # However rare the sweeps are, all of them being unfinished is enough.
    longest = max(written["Parameters"]["SweepMinutes"]["AllowedValues"])
    assert watching["Period"] >= watching["Threshold"] * 60 * longest


def test_an_unpaid_payment_that_waits_for_its_cancelling_does_not_alarm(
    translated: Template, written: Template
) -> None:
    """It is rightly open until the sweep may cancel it, and is proven unpaid."""
    for name in ("PaymentsStuckAlarm", "PayoutsStuckAlarm"):
        assert alarm(translated, name)["Threshold"] == {"Ref": "StuckAlarmSeconds"}
    default = {name: one["Default"] for name, one in written["Parameters"].items()}
    four_sweeps = 4 * 60 * default["SweepMinutes"]
    assert default["StuckAlarmSeconds"] > default["SweepCancelsAfterSeconds"] + four_sweeps


def test_a_book_that_nobody_reads_on_alarms(translated: Template) -> None:
    """An unpaid payment cannot be closed then; what is read at each sweep does not."""
    watching = alarm(translated, "BookBehindAlarm")
    assert rings(watching, [{"BookSecondsBehind": 3700}])
    assert not rings(watching, [{"BookSecondsBehind": 1900}])


def test_the_sweep_is_silent_when_three_are(translated: Template, written: Template) -> None:
    """A period is one sweep, whatever the parameter is; a late one or two ring nothing."""
    watching, of_each = alarm(translated, "SweepSilentAlarm"), translated["Mappings"]["SecondsOf"]
    assert watching["Period"] == {
        "Fn::FindInMap": ["SecondsOf", {"Ref": "SweepMinutes"}, "Seconds"]
    }
    minutes = written["Parameters"]["SweepMinutes"]["AllowedValues"]
    assert of_each == {str(number): {"Seconds": 60 * number} for number in minutes}
    swept: dict[str, float] = {"SweepIncomplete": 1}
    assert not rings(watching, [swept, {}, {}])
    assert rings(watching, [swept, {}, {}, {}])


def test_a_wallet_that_runs_low_rings(translated: Template) -> None:
    """Both are in Pi; what was true at the last payout stands until the next."""
    watching = alarm(translated, "WalletBalanceLowAlarm")
    assert watching["Threshold"] == {"Ref": "WalletLeastBalance"}
    assert translated["Resources"]["WalletBalanceLowAlarm"]["Condition"] == "HasLeastBalance"
    assert rings(watching, [{"WalletBalance": 49_9999999}], threshold=50)
    assert not rings(watching, [{"WalletBalance": 50_0000000}], threshold=50)
    assert {one["Statistic"] for one in metrics_of(watching)} == {"Minimum"}


@pytest.mark.parametrize(
    ("periods", "is_slow"),
    [
        ([{"NearTimeout": 1, "Count": 3}] * 2, True),
        ([{"NearTimeout": 1}, {}, {"NearTimeout": 1}], True),
        ([{"NearTimeout": 10, "Count": 1000}] * 2, True),
        ([{"NearTimeout": 9, "Count": 1000}] * 3, False),
        ([{"NearTimeout": 1, "Count": 3}, {"Count": 3}, {"Count": 3}], False),
        ([{"Count": 1000}] * 3, False),
    ],
    ids=["a small shop", "in the background", "1 %", "0.9 %", "once", "never"],
)
def test_one_of_a_hundred_that_is_slow_rings(
    translated: Template, periods: list[dict[str, float]], is_slow: bool
) -> None:
    """A p99 of all functions together, whatever their timeouts are."""
    assert rings(alarm(translated, "NearTimeoutAlarm"), periods) == is_slow


def test_what_the_alarms_cost_is_told() -> None:
    """Of the table in the documents; and there is no other group."""
    rows = table("| Alarms | Metrics | USD a month |", DOCS / "what-breaks.md")
    told = [(int(number), price) for _, number, price in rows]
    groups = ["", "HasFailureAlarms", "HasAlarmOfEach", "HasAlarmOfAll"]
    groups += ["HasWebhook", "HasLeastBalance"]
    found = of_type(WRITTEN, "AWS::CloudWatch::Alarm").values()
    assert {one.get("Condition", "") for one in found} == set(groups)
    assert told == [(price(g) // CENTS, f"{price(g) / 100:.2f}") for g in groups]


def test_an_unfinished_sweep_is_not_a_silent_one(translated: Template) -> None:
    """That has an alarm of its own."""
    assert alarm(translated, "SweepSilentAlarm")["MetricName"] == "SweepIncomplete"


def test_a_foreign_payout_alarms_until_it_is_gone(translated: Template, written: Template) -> None:
    """It is counted once per sweep: a shorter period would end the alarm in between."""
    longest = max(written["Parameters"]["SweepMinutes"]["AllowedValues"])
    assert alarm(translated, "ForeignPayoutAlarm")["Period"] >= 2 * 60 * longest


def test_nobody_misses_a_dead_letter(translated: Template) -> None:
    """Messages that the scheduler could not send are only notes: the next sweep does their work."""
    queues = {name for name in of_type(translated, "AWS::SQS::Queue") if "DeadLetters" in name}
    assert {name for name in queues if f"{name}Alarm" in ALARMS} == queues - {"SweepDeadLetters"}
