"""Metrics leave in CloudWatch's embedded format, with the stack's name on each."""

import json
from typing import Any

import pytest

from shared.base.observability import count, flush_metrics
from tests.unit.conftest import STACK

Capture = pytest.CaptureFixture[str]


def emitted(capture: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def test_a_count_leaves_with_the_service_dimension(capsys: Capture) -> None:
    count("PaymentCompleted")
    count("PaymentCompleted", 2)
    assert emitted(capsys) == []
    flush_metrics()
    [line] = emitted(capsys)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "PiBundle"
    assert directive["Dimensions"] == [["service"]]
    assert [(metric["Name"], metric["Unit"]) for metric in directive["Metrics"]] == [
        ("PaymentCompleted", "Count")
    ]
    assert line["service"] == STACK
    assert sum(line["PaymentCompleted"]) == 3


def test_each_invocation_sends_its_own_counts(capsys: Capture) -> None:
    for _ in range(2):
        count("PaymentCompleted")
        flush_metrics()
    assert [(line["service"], line["PaymentCompleted"]) for line in emitted(capsys)] == [
        (STACK, [1.0])
    ] * 2


def test_an_invocation_that_counted_nothing_sends_nothing(capsys: Capture) -> None:
    flush_metrics()
    assert emitted(capsys) == []
