"""Logs and metrics of the whole bundle, one place. Nothing secret is ever handed to either.

Metrics go out in CloudWatch's embedded format with the stack's name as `service`, so two stacks
never share a number.
"""

from __future__ import annotations

import json
import logging
from threading import Lock

from shared.base.context import log_keys
from shared.base.lean import without
from shared.base.version import VERSION

# Without its tracer, and without the query language that would look for a correlation id in an
# event: both are None in it.
POWERTOOLS = "aws_lambda_powertools"
with (
    without(f"{POWERTOOLS}.tracing", Tracer=None),
    without(f"{POWERTOOLS}.utilities.jmespath_utils", query=None),
):
    from aws_lambda_powertools.logging import Logger
    from aws_lambda_powertools.metrics import Metrics, MetricUnit

# Failures that pass by themselves, and that an operator must hear of if they do not.
OUTAGES = {"service_unavailable": "ServiceUnavailable", "pi_unavailable": "PiUnavailable"}

# A message is a text, and not parsed; the line's one encoder is not made anew for each.
LINE = json.JSONEncoder(default=str, separators=(",", ":"), ensure_ascii=False)
logger = Logger(json_deserializer=str, json_serializer=LINE.encode, version=VERSION)
metrics = Metrics()
_counting = Lock()


def _add_keys(record: logging.LogRecord) -> bool:
    # Powertools' own keys are the process's: tasks side by side would take each other's.
    for name, value in log_keys().items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


logger.addFilter(_add_keys)


def count(name: str, value: int = 1) -> None:
    """Add to a counter; it leaves the function at the end of the invocation."""
    with _counting:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def count_outage(code: str) -> bool:
    """Count an error that says that Pi or one of our own services is not available; whether this
    code says so."""
    metric = OUTAGES.get(code)
    if metric is not None:
        count(metric)
    return metric is not None


def gauge(name: str, value: int) -> None:
    """Note a level as it is right now."""
    with _counting:
        metrics.add_metric(name=name, unit=MetricUnit.NoUnit, value=value)


def flush_metrics() -> None:
    """Write out what was counted; nothing if nothing was."""
    with _counting:
        if metrics.provider.metric_set:
            metrics.flush_metrics()
