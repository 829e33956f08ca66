"""docs/cost.md shows what the code computes; the targets; and how AWS's units are counted."""

import re
import tomllib

import pytest

from local.command.stack import tear_down
from local.processes import ROOT
from shared.aws.dynamodb import encoded
from shared.base.observability import logger
from tests.cost import bill, flows, page
from tests.cost.__main__ import main
from tests.cost.limits import payouts_per_second
from tests.cost.meter import PARAMETERS, access_line, size_of, units, units_of_index
from tests.docs.pages import DOCS, table, text
from tests.world.dynamodb import Index

PAGE = DOCS / "cost.md"
# A line of the log that is worded anew shifts a number a little; more is a change to tell of.
CLOSE = 0.03
TARGET = 0.02  # USD per 1 000 payments
IDLE = 3.00  # USD a month beyond free tiers
NUMBER = re.compile(r"-?[\d ]*\d(?:\.\d+)?")


def same(told: str, computed: str) -> bool:
    """The same words, and numbers that are close."""
    if NUMBER.sub("#", told) != NUMBER.sub("#", computed):
        return False
    pairs = zip(numbers(told), numbers(computed), strict=True)
    return all(one == pytest.approx(other, rel=CLOSE, abs=0.0001) for one, other in pairs)


def numbers(cell: str) -> list[float]:
    return [float(found.replace(" ", "")) for found in NUMBER.findall(cell)]


@pytest.mark.parametrize("number", range(5))
def test_the_page_shows_what_is_computed(number: int) -> None:
    heading, rows = list(page.tables())[number]
    told = table(heading, PAGE)
    assert [row[0] for row in told] == [row[0] for row in rows]
    wrong = [
        (one, other)
        for told_row, row in zip(told, rows, strict=True)
        for one, other in zip(told_row, row, strict=True)
        if not same(one, other)
    ]
    assert wrong == [], "run `make cost`, and tell of it in docs/cost.md"


def test_make_cost_prints_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logger._logger, "disabled", logger._logger.disabled)  # is put back
    main()
    told = capsys.readouterr().out
    assert [heading for heading, _ in page.tables() if heading not in told] == []


def test_a_number_that_is_wrong_would_be_noticed() -> None:
    assert same("8 x 1 000", "8 x 1010")
    assert not same("8 x 1 000", "8 x 1 100")
    assert not same("ask AWS", "it is free")


def test_a_thousand_payments_cost_two_cents() -> None:
    """Whether their pages complete them or not, and without any free tier."""
    for flow in flows.FLOWS[:2]:
        assert 1000 * bill.usd(flows.played(flow)) <= TARGET


def test_a_stack_without_sales_costs_less_than_three_dollars() -> None:
    beyond_free_tiers = sum(beyond for _, beyond in bill.paid(bill.idle_month()).values())
    assert beyond_free_tiers < IDLE
    assert f"{beyond_free_tiers:.2f} USD" in text(PAGE)


def test_a_payment_is_one_write_unit_each_time() -> None:
    """Approved, completed, told of: its item stays below 1 KB. The wallet's book has its part."""
    usage = flows.played(flows.FLOWS[0])
    assert 3 <= usage.writes["PaymentsTable"] < 3.3
    in_table, _ = flows.bytes_of_a_payment()
    assert in_table - flows.OVERHEAD < 1024


def test_the_page_says_how_many_payouts_a_day_make() -> None:
    a_day = f"{round(24 * 3600 * payouts_per_second(), -3):,.0f}".replace(",", " ")
    assert f"{a_day} a day for each wallet" in " ".join(text(PAGE).split())


def test_what_is_deployed_is_what_is_counted() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for environment in ("default", "staging", "prod"):
        given = config[environment]["deploy"]["parameters"]["parameter_overrides"]
        assert {f'{name}="{value}"' for name, value in PARAMETERS.items()} <= set(given)


def test_each_price_has_its_source_and_a_name() -> None:
    assert all(
        price.source.startswith("https://aws.amazon.com/") for price in bill.prices().values()
    )
    billed = {name for flow in flows.FLOWS for name in flows.played(flow).billed}
    billed |= set(bill.idle_month())
    assert billed <= set(bill.prices())
    assert billed <= set(page.NAMES)
    assert f"{bill.read_on():%Y-%m-%d}" in text(PAGE)


def test_what_a_tear_down_says_that_it_costs_is_of_this_table() -> None:
    told = (tear_down.STORED_GB, tear_down.RECOVERABLE_GB, tear_down.ONE_SECRET)
    table = bill.prices()
    assert told == tuple(table[name].usd for name in ("stored_gb", "restorable_gb", "secrets"))


# --- AWS's units ----------------------------------------------------------------------------------


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    """AWS's own example: a name and a text are their bytes, a number is half its digits and one."""
    assert size_of(encoded({"id": "ab"})) == 4
    assert size_of(encoded({"n": 27})) == 1 + 3
    assert size_of(encoded({"n": 1_764_205_000})) == 1 + 7
    assert size_of(encoded({"is": True, "of": ["a", "b"]})) == 2 + 1 + 2 + 3 + 2 + 2
    assert [units(size) for size in (0, 1024, 1025)] == [1, 1, 2]


def test_a_write_costs_in_an_index_only_what_changes_there() -> None:
    index = Index("shard", "at", "id", frozenset({"id", "shard", "at", "state"}))
    absent = encoded({"id": "a"})
    shown = encoded({"id": "a", "shard": "1", "at": 5, "state": "open", "other": 1})
    for old, new, cost in (
        (absent, absent, 0),
        (absent, shown, 1),
        (shown, absent, 1),
        (shown, {**shown, "other": {"N": "2"}}, 0),
        (shown, {**shown, "state": {"S": "completed"}}, 1),
        (shown, {**shown, "at": {"N": "6"}}, 2),
    ):
        assert units_of_index(index, old, new) == cost


def test_the_gateways_line_is_the_templates() -> None:
    line = access_line()
    assert '"route":"POST /pi_payment/complete"' in line
    assert len(line) > 150
