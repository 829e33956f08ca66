"""What the unit tests share: an invocation like a function's, logs and metrics to look at."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import settings
from moto import mock_aws

from shared.base.context import within
from shared.base.observability import logger, metrics
from tests.unit.clock import Clock
from tests.unit.dynamodb_in_process import Tables
from tests.unit.pi_in_process import PiInProcess

# The same examples in every run, and nothing written beside the sources.
settings.register_profile("unit", deadline=None, database=None, derandomize=True)
settings.load_profile("unit")

STACK = "stack-of-the-tests"


@dataclass(frozen=True)
class LogLines:
    """What the bundle has logged in this test."""

    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def __call__(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture(autouse=True)
def _stack_variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As the template sets them; read by Powertools when it is imported, so set afterwards."""
    monkeypatch.setattr(metrics.provider, "namespace", "PiBundle")
    monkeypatch.setattr(metrics.provider, "service", STACK)
    yield
    metrics.provider.clear_metrics()


@pytest.fixture
def logs() -> Iterator[LogLines]:
    handler = cast("logging.StreamHandler[Any]", logger.registered_handler)
    lines = LogLines(io.StringIO())
    before = handler.setStream(lines.stream)
    yield lines
    handler.setStream(before)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _invocation(clock: Clock) -> Iterator[None]:
    """Each test is an invocation of 15 seconds; where time matters it opens a narrower block."""
    with within(15, clock=clock):
        yield


@pytest.fixture
def pi(clock: Clock) -> PiInProcess:
    """Pi and its chain as they begin."""
    return PiInProcess(clock)


@pytest.fixture(scope="module")
def _tables() -> Iterator[Tables]:
    with mock_aws():
        yield Tables()


@pytest.fixture
def tables(_tables: Tables, clock: Clock) -> Tables:
    """Empty tables, for one thread."""
    _tables.empty()
    _tables.clock = clock
    return _tables
