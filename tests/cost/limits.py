"""The limits that a growing shop meets, and the payments per second at each."""

from collections.abc import Iterator
from dataclasses import dataclass

from local.cloud import template
from shared.aws.dynamodb import DUE_SHARDS
from tests.cost import flows
from tests.cost.meter import Usage
from tests.throughput.scenes import LEDGER_SECONDS, WORKERS

# AWS's quotas in us-east-1, as of November 2026.
NEW_ACCOUNT, ACCOUNT = 10, 1000  # functions at once
OF_THE_BACKGROUND = 4  # of a new account's ten: two workers, a sweep, a sender
KEY_WRITES = 1000  # write units per second of one key
TABLE_WRITES, NEW_TABLE_WRITES = 40_000, 4_000  # of a table, and of each of its indexes
API_REQUESTS = 10_000  # per second, of all HTTP APIs of an account
EVENTS = 10_000  # PutEvents per second
LOG_CALLS = 5_000  # PutLogEvents per second
SETTLED_BY_A_WORKER = 25  # payments per second: tests/throughput


@dataclass(frozen=True, slots=True)
class Limit:
    """`takes`: what one payment takes of it."""

    name: str
    quota: str
    takes: str
    per_second: float
    more: str


def limits() -> list[Limit]:
    """The narrowest first."""
    return sorted(_limits(flows.played(flows.FLOWS[0])), key=lambda one: one.per_second)


def _limits(payment: Usage) -> Iterator[Limit]:
    functions = payment.seconds_of["approve_payment"] + payment.seconds_of["complete_payment"]
    seconds = f"{functions:.2f} s"
    yield Limit(
        "functions at once, a new account",
        f"{NEW_ACCOUNT}, {OF_THE_BACKGROUND} of them for the background",
        seconds,
        (NEW_ACCOUNT - OF_THE_BACKGROUND) / functions,
        "ask AWS; it is free",
    )
    bucket = int(template.bundle()["Parameters"]["ThrottlingRateLimit"]["Default"])
    yield Limit(
        "the stack's own bucket of a route",
        f"{bucket} requests per second",
        "1",
        bucket,
        "`ThrottlingRateLimit`",
    )
    yield Limit(
        "functions at once, an older account",
        f"{ACCOUNT}",
        f"{payment.seconds:.2f} s",
        ACCOUNT / payment.seconds,
        "ask AWS: tens of thousands",
    )
    of_day = payment.writes["PaymentsTable/by_day"]
    yield Limit(
        "one key of an index: the day in `by_day`",
        f"{KEY_WRITES} write units per second",
        f"{of_day:.0f}",
        KEY_WRITES / of_day,
        "DynamoDB splits a hot key by its range key, within minutes",
    )
    of_due = payment.writes["PaymentsTable/due"]
    yield Limit(
        "the keys of `due`",
        f"{DUE_SHARDS} x {KEY_WRITES}",
        f"{of_due:.0f}",
        DUE_SHARDS * KEY_WRITES / of_due,
        "the same; or more shards",
    )
    yield Limit(
        "a new table or index, on demand",
        f"{NEW_TABLE_WRITES} write units per second",
        f"{of_due:.0f}, in `due`",
        NEW_TABLE_WRITES / of_due,
        "it doubles by itself in half an hour; or warm throughput",
    )
    yield Limit(
        "a table or index, on demand",
        f"{TABLE_WRITES} write units per second",
        f"{of_due:.0f}, in `due`",
        TABLE_WRITES / of_due,
        "ask AWS",
    )
    yield Limit(
        "HTTP APIs of an account",
        f"{API_REQUESTS} requests per second",
        f"{payment.billed['http_requests']:.0f}",
        API_REQUESTS / payment.billed["http_requests"],
        "ask AWS",
    )
    yield Limit(
        "EventBridge, `PutEvents`",
        f"{EVENTS} per second",
        f"{payment.billed['events']:.0f}",
        EVENTS / payment.billed["events"],
        "ask AWS; other regions begin at 400",
    )
    yield Limit(
        "CloudWatch Logs, `PutLogEvents`",
        f"{LOG_CALLS} per second",
        f"{payment.billed['lambda_requests']:.0f} at most",
        LOG_CALLS / payment.billed["lambda_requests"],
        "ask AWS; sales go on without logs",
    )
    yield Limit(
        "workers, if no page completes",
        f"{WORKERS['large']}, with `Capacity` = `large`",
        f"{SETTLED_BY_A_WORKER} per second and worker",
        WORKERS["large"] * SETTLED_BY_A_WORKER,
        "`MaximumConcurrency`: 1 000",
    )
    movement = flows.seconds_of_a_movement()
    yield Limit(
        "the wallet's book, one movement after the other",
        "1 s in a second",
        f"{1000 * movement:.0f} ms",
        1 / movement,
        "a second wallet, with a stack of its own; sales go on, see below",
    )


def payouts_per_second() -> float:
    """One in each ledger: the wallet has one sequence number."""
    return 1 / LEDGER_SECONDS
