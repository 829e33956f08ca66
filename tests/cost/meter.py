"""What AWS bills for what a world does: each key is one of `prices.toml`.

The code is the real one, in simulated time as in tests/throughput: so the seconds of a function are
those that Pi's and AWS's answers take, and its part of a processor. Items are as large as they are.
"""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from math import ceil
from typing import Any

import pytest
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from local.cloud import template
from shared.base import observability
from tests.throughput.simulated import Clockwork, SideBySide
from tests.world import World, new_world
from tests.world.dynamodb import Client, ConditionalCheckFailedException, Database, Index, Table
from tests.world.effects import Effects
from tests.world.functions import Environment
from tests.world.stage import Metrics
from tests.world.tables import TABLES, Tables

KB, GB = 1024, 10**9
SEED = 1  # the same ids each time
WHOLE_PROCESSOR_MB = 1769  # with so much memory a function has one
STACK = "pi-bundle-dev"
FIFO, STANDARD = "send_payout", "settle"  # what Lambda hands messages to
# What Lambda itself writes into a function's log.
LAMBDA_SAYS = (
    "START RequestId: 4bf4f7a1-4bf4-4bf4-4bf4-4bf4f7a1c0de Version: $LATEST\n"
    "END RequestId: 4bf4f7a1-4bf4-4bf4-4bf4-4bf4f7a1c0de\n"
    "REPORT RequestId: 4bf4f7a1-4bf4-4bf4-4bf4-4bf4f7a1c0de\tDuration: 354.12 ms\t"
    "Billed Duration: 355 ms\tMemory Size: 256 MB\tMax Memory Used: 101 MB\t\n"
)
# What the gateway puts into its own.
ACCESS = {
    "$context.requestId": "JKJaXmPLvHcESHA=",
    "$context.requestTime": "27/Nov/2026:04:30:12 +0000",
    "$context.identity.sourceIp": "203.0.113.195",
    "$context.routeKey": "POST /pi_payment/complete",
    "$context.status": "200",
    "$context.responseLatency": "354",
    "$context.error.message": "-",
    "$context.integrationErrorMessage": "-",
}


@dataclass
class Usage:
    """`billed`: how much of each thing that has a price. `seconds`: of functions. `writes`: write
    units by table, `PaymentsTable`, and index, `PaymentsTable/due`."""

    billed: Counter[str] = field(default_factory=Counter)
    calls: int = 0  # to Pi and the chain
    seconds: float = 0
    seconds_of: dict[str, float] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter)
    metrics: set[str] = field(default_factory=set)

    def less(self, other: "Usage", each: int) -> "Usage":
        """What is left of this without the other, for each of so many."""

        def rest(mine: Mapping[str, float], theirs: Mapping[str, float]) -> Counter[str]:
            left = Counter[str]()
            for name in mine:
                left[name] = (mine[name] - theirs.get(name, 0)) / each  # type: ignore[assignment]
            return left

        return Usage(
            billed=rest(self.billed, other.billed),
            calls=round((self.calls - other.calls) / each),
            seconds=(self.seconds - other.seconds) / each,
            seconds_of=dict(rest(self.seconds_of, other.seconds_of)),
            writes=rest(self.writes, other.writes),
            metrics=self.metrics - other.metrics,
        )

    def each(self, number: int) -> "Usage":
        return self.less(Usage(), number)


class Meter:
    """Counts while `on`. See `metered`."""

    def __init__(self) -> None:
        self._usage: Usage | None = None

    @contextmanager
    def on(self) -> Iterator[Usage]:
        self._usage = Usage()
        yield self._usage
        self._usage = None

    def bill(self, name: str, amount: float) -> None:
        if self._usage is not None:
            self._usage.billed[name] += amount  # type: ignore[assignment]

    def ran(self, function: str, seconds: float) -> None:
        """One invocation."""
        if self._usage is None:
            return
        self._usage.seconds += seconds
        sums = self._usage.seconds_of
        sums[function] = sums.get(function, 0) + seconds
        self.bill("lambda_requests", 1)
        self.bill("lambda_gb_seconds", ceil(1000 * seconds) / 1000 * memory_of(function) / KB)
        self.log(LAMBDA_SAYS)

    def log(self, text: str) -> None:
        self.bill("log_gb", len(text.encode()) / GB)

    def read(self, size: int, *, consistent: bool) -> None:
        self.bill("read_units", max(1, ceil(size / (4 * KB))) * (1 if consistent else 0.5))

    def wrote(self, place: str, units: int) -> None:
        self.bill("write_units", units)
        if self._usage is not None and units:
            self._usage.writes[place] += units

    def sent_metric(self, name: str) -> None:
        if self._usage is not None:
            self._usage.metrics.add(name)

    def called(self) -> None:
        if self._usage is not None:
            self._usage.calls += 1


@cache
def memory_of(function: str) -> int:
    """In MB, in a stack as samconfig.toml deploys it."""
    own = template.bundle()["Resources"][template.function_of(function)]["Properties"]
    memory = own.get("MemorySize", {"Ref": "FunctionMemory"})
    return int(PARAMETERS["FunctionMemory"]) if isinstance(memory, dict) else int(memory)


# As samconfig.toml has it; tests/cost/test_cost.py holds them against it.
PARAMETERS = {"FunctionMemory": "256", "FailureAlarms": "one"}

# --- DynamoDB -------------------------------------------------------------------------------------


def size_of(item: Mapping[str, Any]) -> int:
    """Of an item in the wire form, in bytes. Source: "DynamoDB item sizes and formats"."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(attribute: Mapping[str, Any]) -> int:
    [(kind, value)] = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return len(Decimal(value).as_tuple().digits) // 2 + 2
        case "L":
            return 3 + sum(1 + _size(one) for one in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(one) for name, one in value.items())
        case "SS":
            return sum(len(one.encode()) for one in value)
        case "BOOL" | "NULL":
            return 1
    raise ValueError(f"no item has had one of these yet: {kind}")


def units(size: int) -> int:
    return max(1, ceil(size / KB))


def units_of_index(index: Index, old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """What a write costs in an index: nothing if what it shows stays as it is, two if it moves."""
    before = index.project(dict(old)) if index.shows(dict(old)) else None
    after = index.project(dict(new)) if index.shows(dict(new)) else None
    if before == after:
        return 0
    if before is None or after is None:
        return units(size_of(before or after or {}))
    keys = (index.hash_key, index.range_key)
    if all(before[name] == after[name] for name in keys):
        return units(max(size_of(before), size_of(after)))
    return units(size_of(before)) + units(size_of(after))


class MeteredClient(Client):
    def __init__(self, database: Database, effects: Effects, meter: Meter) -> None:
        super().__init__(database, effects)
        self._meter, self._times = meter, 1

    def get_item(self, **call: Any) -> Any:
        answer = super().get_item(**call)
        found = size_of(answer.get("Item", {}))
        self._meter.read(found, consistent=bool(call.get("ConsistentRead")))
        return answer

    def batch_get_item(self, **call: Any) -> Any:
        answer = super().batch_get_item(**call)
        for item in (item for items in answer["Responses"].values() for item in items):
            self._meter.read(size_of(item), consistent=True)
        return answer

    def query(self, **call: Any) -> Any:
        answer = super().query(**call)
        self._meter.read(sum(map(size_of, answer["Items"])), consistent=False)
        return answer

    def _all(self, writes: list[Any]) -> Any:
        self._times = 2  # a transaction's writes to a table, not to its indexes
        try:
            return super()._all(writes)
        finally:
            self._times = 1

    def _one(self, write: Any, operation: str) -> Any:
        try:
            return super()._one(write, operation)
        except ConditionalCheckFailedException:  # is billed as well
            call = next(iter(write.values()))
            self._meter.wrote(call["TableName"], units(size_of(self._find(call))))
            raise

    def _apply(self, writes: list[Any]) -> None:
        calls = [next(iter(write.values())) for write in writes]
        before = [dict(self._find(call)) for call in calls]
        super()._apply(writes)
        for call, old in zip(calls, before, strict=True):
            name, new = call["TableName"], self._find(call)
            table: Table = self._table(call)
            self._meter.wrote(name, self._times * units(max(size_of(old), size_of(new))))
            for index_name, index in table.indexes.items():
                self._meter.wrote(f"{name}/{index_name}", units_of_index(index, old, new))


# --- Functions, logs, the rest --------------------------------------------------------------------


class Billed(Environment):
    """An environment of a function whose invocations take time and cost money."""

    def __init__(self, inner: Environment, clockwork: Clockwork, meter: Meter) -> None:
        self.name, self.timeout = inner.name, inner.timeout
        self._inner, self._clockwork, self._meter = inner, clockwork, meter

    def __call__(self, event: Any, seconds: float | None = None) -> Any:
        clockwork = self._clockwork
        clockwork.processor = memory_of(self.name) / WHOLE_PROCESSOR_MB
        began = clockwork.now
        given, ended = clockwork.run(lambda: self._inner(event, seconds), alone=True)
        clockwork.now = ended
        self._meter.ran(self.name, ended - began)
        if "routeKey" in event:
            self._meter.bill("http_requests", 1)
            self._meter.log(access_line())
        if "Records" in event:  # received and deleted, each in one call
            self._meter.bill("fifo_requests" if self.name == FIFO else "sqs_requests", 2)
        return given


@cache
def access_line() -> str:
    line: str = template.bundle()["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    for name, text in ACCESS.items():
        assert name in line, name
        line = line.replace(name, text)
    assert "$context" not in line
    return line + "\n"


class MeteredMetrics(Metrics):
    """Each flush is a line of the log, as Powertools writes it."""

    def __init__(self, world: World, meter: Meter) -> None:
        super().__init__(world.seconds)
        self._meter = meter

    def flush_metrics(self) -> None:
        provider = AmazonCloudWatchEMFProvider(
            metric_set={}, dimension_set={}, namespace="PiBundle", service=STACK
        )
        for name, value in self.metric_set:
            provider.add_metric(name=name, unit="Count", value=value)
            self._meter.sent_metric(name)
        self._meter.log(json.dumps(provider.serialize_metric_set(), separators=(",", ":")) + "\n")
        super().flush_metrics()


class _Lines(io.StringIO):
    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def write(self, text: str) -> int:
        self._meter.log(text)
        return len(text)


@contextmanager
def _logging_to(meter: Meter) -> Iterator[None]:
    logger = observability.logger._logger
    was_off, level = logger.disabled, logger.level
    [handler] = [one for one in logger.handlers if isinstance(one, logging.StreamHandler)]
    stream = handler.setStream(_Lines(meter))
    logger.disabled = False
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        handler.setStream(stream)
        logger.disabled = was_off
        logger.setLevel(level)


class _Device:
    """Each effect takes its time, and is billed."""

    def __init__(self, world: World, clockwork: Clockwork, meter: Meter) -> None:
        self._world, self._clockwork, self._meter = world, clockwork, meter
        self._sent = 0  # to the FIFO queue

    def __call__(self, moment: Any, effect: str) -> None:
        self._clockwork.takes_time(moment, effect)
        if moment == "before":
            return
        if effect in ("SendMessage", "SendMessageBatch", "GetQueueAttributes"):
            sent, self._sent = self._sent, self._world.payout_queue.sent
            self._meter.bill("sqs_requests" if sent == self._sent else "fifo_requests", 1)
        if effect == "PutEvents":
            told = self._world.bus.events[-1]
            detail = len(json.dumps(told.detail))
            self._meter.bill("events", ceil(detail / (64 * KB)))
            self._meter.bill("archived_gb", detail / GB)
        if " " in effect:
            self._meter.called()


@contextmanager
def metered(**parameters: str) -> Iterator[tuple[World, Meter]]:
    """A world whose functions are warm, each with an environment of its own."""
    meter = Meter()

    @contextmanager
    def place(effects: Effects) -> Iterator[Tables]:
        declared = template.bundle()["Resources"]
        database = Database({name: Table(declared[name]["Properties"]) for name in TABLES})
        names = {name: name for name in TABLES}
        bundle: Any = MeteredClient(database, effects, meter)
        yield Tables(names, bundle=bundle, eyes=database.client())

    with (
        new_world(place, SEED, **{**PARAMETERS, **parameters}) as world,
        _logging_to(meter),
        pytest.MonkeyPatch.context() as patch,
    ):
        clockwork = Clockwork(world)
        world.metrics = MeteredMetrics(world, meter)
        patch.setattr(observability, "metrics", world.metrics)
        world.deploy(PiWalletAddress=world.wallet)
        world.executor = SideBySide(clockwork)
        for function in sorted(set(template.folders_by_route().values()) | BACKGROUND):
            inner = world.environment(function)
            world._environments[function] = Billed(inner, clockwork, meter)
        with world.effects.watched_by(_Device(world, clockwork, meter)):
            yield world, meter


BACKGROUND = {"sweep", "settle", "send_payout", "prove_wallet"}
