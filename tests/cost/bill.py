"""Counts times prices: of a flow, and of a month in which nothing is sold."""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from local.cloud import template
from tests.cost import flows
from tests.cost.meter import PARAMETERS, Usage
from tests.template.ringing import metrics_of

MINUTES = 30 * 24 * 60  # a month
PROOFS_A_DAY = 4
# Lambda's pollers of a queue, each with one call in 20 s while it is empty. Source: "Configuring
# scaling behavior for SQS event source mappings"; of a FIFO queue it says no number.
POLLERS, POLLS_A_MINUTE = 5, 3
CONDITIONS = ("", "HasFailureAlarms", "HasAlarmOfAll")  # of the alarms, as samconfig.toml has it


@dataclass(frozen=True, slots=True)
class Price:
    usd: float
    per: str
    source: str
    free: float = 0  # a month


@cache
def prices() -> Mapping[str, Price]:
    return {name: Price(**row) for name, row in _file().items() if isinstance(row, dict)}


def read_on() -> date:
    found = _file()["read_on"]
    assert isinstance(found, date)
    return found


@cache
def _file() -> Mapping[str, object]:
    return tomllib.loads(Path(__file__).with_name("prices.toml").read_text())


def usd(usage: Usage) -> float:
    """Without free tiers."""
    return sum(shares(usage).values())


def shares(usage: Usage) -> dict[str, float]:
    """By what is paid for, the dearest first."""
    found = {name: amount * prices()[name].usd for name, amount in usage.billed.items()}
    return dict(sorted(found.items(), key=lambda one: -one[1]))


# --- A month in which nothing is sold -------------------------------------------------------------


def idle_month() -> dict[str, float]:
    """What a stack uses that has sold and paid out before; as samconfig.toml deploys it."""
    used = defaultdict[str, float](float)
    for usage, times in (
        (flows.sweep(), MINUTES // _sweep_minutes()),
        (flows.proof(), MINUTES // (24 * 60) * PROOFS_A_DAY),
    ):
        for name, amount in usage.billed.items():
            used[name] += amount * times
        used["schedules"] += times
    empty = POLLERS * POLLS_A_MINUTE * MINUTES
    used["sqs_requests"] += empty
    used["fifo_requests"] += empty
    used["metrics"] += len(flows.sweep().metrics)
    # An hour in which it is sent is paid.
    used["metrics"] += len(flows.proof().metrics) * PROOFS_A_DAY / 24
    used["alarm_metrics"] += sum(_metrics_of_alarms())
    used["dashboards"] += 1
    used["secrets"] += _secrets()
    return used


def _sweep_minutes() -> int:
    return int(template.bundle()["Parameters"]["SweepMinutes"]["Default"])


def _metrics_of_alarms() -> Iterator[int]:
    assert PARAMETERS["FailureAlarms"] == "one"
    for alarm in template.of_type(template.bundle(), "AWS::CloudWatch::Alarm").values():
        if alarm.get("Condition", "") in CONDITIONS:
            yield len(list(metrics_of(alarm["Properties"])))


def _secrets() -> int:
    found = template.of_type(template.bundle(), "AWS::SecretsManager::Secret").values()
    return sum("Condition" not in one for one in found)


def paid(used: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """By what is paid for: the list price, and what is left of it in an account that has nothing
    else, the dearest first."""
    free = {name: price.free for name, price in prices().items()}
    free["fifo_requests"] = max(0.0, free["sqs_requests"] - used["sqs_requests"])
    found = {
        name: (
            amount * prices()[name].usd,
            max(0.0, amount - free[name]) * prices()[name].usd,
        )
        for name, amount in used.items()
    }
    return dict(sorted(found.items(), key=lambda one: -one[1][0]))
