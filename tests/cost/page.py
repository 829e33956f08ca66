"""The tables of docs/cost.md, as the code computes them."""

from collections.abc import Iterator, Sequence

from tests.cost import bill, flows
from tests.cost.limits import limits
from tests.cost.meter import GB

NAMES = {
    "lambda_gb_seconds": "Lambda, time",
    "lambda_requests": "Lambda, requests",
    "http_requests": "HTTP API",
    "write_units": "DynamoDB, writes",
    "read_units": "DynamoDB, reads",
    "sqs_requests": "SQS",
    "fifo_requests": "SQS, FIFO",
    "events": "EventBridge",
    "archived_gb": "EventBridge, archive",
    "schedules": "EventBridge Scheduler",
    "log_gb": "CloudWatch, logs",
    "metrics": "CloudWatch, metrics of its own",
    "alarm_metrics": "CloudWatch, alarms",
    "dashboards": "CloudWatch, dashboard",
    "secrets": "Secrets Manager",
}
FLOWS = (
    "| 1 000 times | API calls | Functions | ms | Write units | Read units | Queue calls "
    "| Events | Log KB | USD |"
)
SHARES = "| Of a payment whose page completes it | USD per 1 000 | % |"
MONTH = "| In a month without sales | Number | USD | Beyond free tiers |"
KEPT = "| A million payments, kept | GB | USD a month |"
LIMITS = "| Limit | It is | A payment takes | Payments per second | More |"
TOTAL = "all"

Row = Sequence[str]


def tables() -> Iterator[tuple[str, list[Row]]]:
    """The heading of each table, and its rows."""
    yield FLOWS, [_flow(flow) for flow in flows.FLOWS]
    yield SHARES, list(_shares())
    yield MONTH, list(_month())
    yield KEPT, list(_kept())
    yield (
        LIMITS,
        [
            (one.name, one.quota, one.takes, _per_second(one.per_second), one.more)
            for one in limits()
        ],
    )


def _flow(flow: flows.Flow) -> Row:
    usage = flows.played(flow)
    billed = usage.billed
    return (
        flow.name,
        f"{billed['http_requests']:.0f}",
        f"{billed['lambda_requests']:.1f}",
        f"{1000 * usage.seconds:.0f}",
        f"{billed['write_units']:.1f}",
        f"{billed['read_units']:.1f}",
        f"{billed['sqs_requests'] + billed['fifo_requests']:.1f}",
        f"{billed['events']:.0f}",
        f"{1e6 * billed['log_gb']:.1f}",
        f"{1000 * bill.usd(usage):.4f}",
    )


def _shares() -> Iterator[Row]:
    usage = flows.played(flows.FLOWS[0])
    whole = bill.usd(usage)
    for name, usd in bill.shares(usage).items():
        if usd > whole / 1000:
            yield NAMES[name], f"{1000 * usd:.4f}", f"{100 * usd / whole:.0f}"


def _month() -> Iterator[Row]:
    used = bill.idle_month()
    paid = bill.paid(used)
    for name, (usd, beyond) in paid.items():
        if usd >= 0.005:
            yield NAMES[name], _number(used[name]), f"{usd:.2f}", f"{beyond:.2f}"
    yield (
        TOTAL,
        "",
        f"{sum(u for u, _ in paid.values()):.2f}",
        f"{sum(b for _, b in paid.values()):.2f}",
    )


def _kept() -> Iterator[Row]:
    prices = bill.prices()
    in_table, in_indexes = (number * 10**6 / GB for number in flows.bytes_of_a_payment())
    for name, stored, price in (
        ("in the table and its indexes", in_table + in_indexes, prices["stored_gb"]),
        ("to be restored from a point in time", in_table, prices["restorable_gb"]),
    ):
        yield name, f"{stored:.2f}", f"{stored * price.usd:.2f}"


def _number(amount: float) -> str:
    return f"{amount:.3f} GB" if amount < 1 else f"{amount:,.0f}".replace(",", " ")


def _per_second(number: float) -> str:
    if number < 20:
        return f"{number:.1f}"
    return f"{round(number, -1 if number < 1000 else -2):,.0f}".replace(",", " ")


def lines() -> Iterator[str]:
    """As they stand on the page."""
    for heading, rows in tables():
        yield ""
        yield heading
        yield "|" + "---|" * (heading.count("|") - 1)
        yield from (f"| {' | '.join(row)} |" for row in rows)
