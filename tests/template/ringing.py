"""What CloudWatch makes of an alarm, as far as this template uses it: the state that some
periods of data lead to.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from local.cloud import template

Alarm = Mapping[str, Any]
# What a period holds, by metric; a metric that is not in it sent nothing.
Period = Mapping[str, float]

FURTHER_BACK = 2  # periods
CENTS = 10  # a month, that CloudWatch asks for each metric that an alarm reads

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}


def metrics_of(alarm: Alarm) -> Iterator[dict[str, Any]]:
    """The metrics that an alarm reads, each with namespace, name, dimensions, statistic, period."""
    if "Metrics" not in alarm:
        names = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period")
        yield {name: alarm.get(name, []) for name in names}  # dimensions may be none
    for query in alarm.get("Metrics", ()):
        if "MetricStat" in query:
            read = query["MetricStat"]
            yield {**read["Metric"], "Statistic": read["Stat"], "Period": read["Period"]}


def price(condition: str) -> int:
    """Of the template's alarms that stand under this condition, in cents a month; an empty text:
    under none."""
    found = template.of_type(template.bundle(), "AWS::CloudWatch::Alarm").values()
    stand = [one["Properties"] for one in found if one.get("Condition", "") == condition]
    return CENTS * sum(len(list(metrics_of(one))) for one in stand)


def expression_of(alarm: Alarm) -> str:
    """The one expression that the alarm watches."""
    (watched,) = (query for query in alarm["Metrics"] if query["ReturnData"])
    return str(watched["Expression"])


def rings(alarm: Alarm, periods: Sequence[Period], threshold: float | None = None) -> bool:
    """Whether the alarm rings after these periods, of which the last is the newest; there was
    nothing before. `threshold` stands for one that is a parameter.
    """
    limit = alarm["Threshold"] if threshold is None else threshold
    return state(alarm, periods, limit) is True


def state(alarm: Alarm, periods: Sequence[Period], threshold: float) -> bool | None:
    """Whether the alarm is to ring after these periods; None: it stays as it is.

    CloudWatch looks further back than the periods that it evaluates. It takes the newest ones that
    have data, and only what is lacking then is treated as the alarm says. How far it looks is
    nowhere told: AWS's examples for three periods look at five.
    Source: "Configuring how CloudWatch alarms treat missing data" in AWS's guide.
    """
    count = int(alarm["EvaluationPeriods"])
    looked_at = count + FURTHER_BACK
    watched: list[Period] = [*([{}] * looked_at), *periods][-looked_at:]
    values = [_value(alarm, period) for period in watched]
    real = [value for value in values if value is not None][-count:]
    breaching = sum(COMPARISONS[alarm["ComparisonOperator"]](value, threshold) for value in real)
    lacking, needed = count - len(real), int(alarm.get("DatapointsToAlarm", count))
    if alarm["TreatMissingData"] == "breaching":
        return breaching + lacking >= needed
    if alarm["TreatMissingData"] == "notBreaching":
        return breaching >= needed
    return None if lacking else breaching >= needed


def _value(alarm: Alarm, period: Period) -> float | None:
    """The number of a period; None: missing, as the whole expression is if a part of it is."""
    if "Metrics" not in alarm:
        return period.get(alarm["MetricName"])
    given = {
        query["Id"]: period.get(query["MetricStat"]["Metric"]["MetricName"])
        for query in alarm["Metrics"]
        if "MetricStat" in query
    }
    # Metric math is Python's, but for its two functions; nothing missing can be reckoned with.
    names = {"FILL": _fill, "IF": _if, **given}
    try:
        return float(eval(expression_of(alarm), {"__builtins__": {}}, names))
    except (TypeError, ZeroDivisionError):
        return None


def _fill(value: float | None, instead: float) -> float:
    return instead if value is None else value


def _if(condition: bool, then: float, otherwise: float) -> float:
    return then if condition else otherwise
