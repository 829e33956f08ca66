"""Logs and metrics of the whole bundle, one place. Nothing secret is ever handed to either.

Metrics go out in CloudWatch's embedded format with the stack's name as `service`, so two stacks
never share a number.
"""

from __future__ import annotations

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

logger = Logger()
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Add to a counter; it leaves the function at the end of the invocation."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def gauge(name: str, value: int) -> None:
    """Note a level as it is right now."""
    metrics.add_metric(name=name, unit=MetricUnit.NoUnit, value=value)


def concerning(subject: str) -> None:
    """Name the payment that every further line of this invocation is about."""
    logger.append_keys(subject=subject)


def flush_metrics() -> None:
    """Write out what was counted; nothing if nothing was."""
    if metrics.provider.metric_set:
        metrics.flush_metrics()
