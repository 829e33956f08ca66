"""Each alarm watches a number that the code sends, of this stack alone, and can fire and end."""

from typing import Any

import pytest

from local.processes import ROOT
from local.template import Template, load, of_type
from tests.template.metrics import sent

SERVICE = [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
ALARMS = sorted(of_type(load(ROOT / "template.yaml"), "AWS::CloudWatch::Alarm"))
GAUGES = {
    "PaymentsStuckAlarm",
    "PaymentsAttentionAlarm",
    "PayoutsStuckAlarm",
    "PayoutBlockedAlarm",
}


def alarm(template: Template, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = template["Resources"][name]["Properties"]
    return properties


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_what_this_stack_sends(translated: Template, name: str) -> None:
    watched = alarm(translated, name)
    if watched["Namespace"] == "AWS/SQS":
        queue = {"Fn::GetAtt": [name.removesuffix("Alarm"), "QueueName"]}
        assert watched["Dimensions"] == [{"Name": "QueueName", "Value": queue}]
    else:
        assert watched["Namespace"] == "PiBundle"
        assert watched["MetricName"] in sent()
        assert watched["Dimensions"] == SERVICE


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_the_topic_when_it_begins_and_when_it_ends(
    translated: Template, name: str
) -> None:
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert alarm(translated, name)["AlarmActions"] == told
    assert alarm(translated, name)["OKActions"] == told


def test_a_silent_sweep_alarms_and_other_silence_does_not(translated: Template) -> None:
    """A level is sent once per sweep; an alarm on one keeps its state until the next."""
    missing = {name: alarm(translated, name)["TreatMissingData"] for name in ALARMS}
    expected = dict.fromkeys(ALARMS, "notBreaching") | dict.fromkeys(GAUGES, "ignore")
    assert missing == expected | {"SweepSilentAlarm": "breaching"}


def test_an_unpaid_payment_that_waits_for_its_cancelling_does_not_alarm(
    translated: Template, written: Template
) -> None:
    """It is rightly open until the sweep may cancel it, and two sweeps more."""
    for name in ("PaymentsStuckAlarm", "PayoutsStuckAlarm"):
        assert alarm(translated, name)["Threshold"] == {"Ref": "StuckAlarmSeconds"}
    default = {name: one["Default"] for name, one in written["Parameters"].items()}
    two_sweeps = 2 * 60 * default["SweepMinutes"]
    assert default["StuckAlarmSeconds"] > default["SweepCancelsAfterSeconds"] + two_sweeps


def test_the_sweep_is_silent_only_after_two_that_should_have_run(
    translated: Template, written: Template
) -> None:
    longest = max(written["Parameters"]["SweepMinutes"]["AllowedValues"])
    assert alarm(translated, "SweepSilentAlarm")["Period"] >= 2 * 60 * longest


def test_a_foreign_payout_alarms_until_a_sweep_finds_it_gone(
    translated: Template, written: Template
) -> None:
    """It is counted once per sweep: a shorter period would end the alarm in between."""
    longest = max(written["Parameters"]["SweepMinutes"]["AllowedValues"])
    assert alarm(translated, "ForeignPayoutAlarm")["Period"] >= 2 * 60 * longest


def test_nobody_misses_a_dead_letter(translated: Template) -> None:
    """Messages that the scheduler could not send are only notes: the next sweep does their work."""
    queues = {name for name in of_type(translated, "AWS::SQS::Queue") if "DeadLetters" in name}
    assert {name for name in queues if f"{name}Alarm" in ALARMS} == queues - {"SweepDeadLetters"}
