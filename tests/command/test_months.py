"""A month of the ledger: held against the chain, and written out."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.command.read.months import days_of
from shared.base.errors import ServiceUnavailable
from shared.proof.day_index import DayIndex
from tests.command.operator import Operator
from tests.world import World

DAY = 24 * 3600


@pytest.fixture
def day(world: World) -> str:
    """Two payments, one of them refunded, and a payout; and the day is over."""
    world.ledgers_close_seldom()
    first = world.settled_payment()
    world.settled_payment()
    world.post(payout_id="refund-1", refund_of=first)
    world.send()
    world.requested("prize")
    world.send()
    name = f"{world.now:%Y-%m-%d}"
    world.tick(DAY)
    world.rounds(3)
    return name


def test_wallet_and_records_agree(operator: Operator, day: str) -> None:
    found = operator.does("reconcile", day)
    assert found["in_by_chain"] == found["in_by_records"] == "6.28"
    assert found["out_by_chain"] == found["out_by_records"] == "6.28"
    assert (found["differing"], found["not_proven"]) == ([], [])


def test_a_row_that_differs_is_named(operator: Operator, world: World, day: str) -> None:
    payment = world.all_payments()[0]
    world.tables.edit("PaymentsTable", payment.payment_id, amount=1)
    found = operator.does("reconcile", day, status=3)
    [row] = found["differing"]
    assert (row["id"], row["why"]) == (payment.payment_id, "other_amount")
    assert (row["by_chain"], row["by_record"]) == ("3.14", "0.0000001")


def test_a_day_that_cannot_be_proven_ends_nothing(
    operator: Operator, world: World, day: str
) -> None:
    world.fault("GET", "/horizon/*", status=503)
    found = operator.does("reconcile", day, status=3)
    assert found["differing"] == []
    assert {row["why"] for row in found["not_proven"]} == {
        "The Pi blockchain cannot be read at the moment."
    }


@pytest.mark.parametrize("month", ["2026-13", "november", "2026-1", "2026-02-30", ""])
def test_what_is_no_month(operator: Operator, month: str, tmp_path: Path) -> None:
    assert "no month" in operator.is_refused("reconcile", month)
    assert "no month" in operator.is_refused("export", month, "--csv", tmp_path / "x.csv")


def test_a_folder_is_not_made(operator: Operator, day: str, tmp_path: Path) -> None:
    """Its name was a slip, perhaps."""
    told = operator.is_refused("export", day, "--csv", tmp_path / "none" / "x.csv")
    assert f"no folder {tmp_path / 'none'}" in told
    assert not (tmp_path / "none").exists()


def test_what_is_not_over_is_refused(operator: Operator, world: World, tmp_path: Path) -> None:
    """Sums of nothing would read as if all agreed."""
    today = f"{world.now:%Y-%m-%d}"
    assert "is over yet" in operator.is_refused("reconcile", today)
    assert "is over yet" in operator.is_refused("export", today, "--csv", tmp_path / "x.csv")


def test_which_days_were_looked_at_is_told(operator: Operator, day: str) -> None:
    found = operator.does("reconcile", day)
    assert (found["first_day"], found["last_day"]) == (day, day)


def test_only_days_that_are_over() -> None:
    days = days_of("2026-02", date(2026, 2, 3))
    assert days == [date(2026, 2, 1), date(2026, 2, 2)]
    assert len(days_of("2028-02", date(2029, 1, 1))) == 29
    assert days_of("2026-02-03", date(2026, 2, 4)) == [date(2026, 2, 3)]
    assert days_of("2026-02-04", date(2026, 2, 4)) == []


# --- Export ---------------------------------------------------------------------------------------


@pytest.fixture
def month(day: str) -> str:
    return day[:7]


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_a_month_is_written_out(operator: Operator, month: str, tmp_path: Path) -> None:
    file = tmp_path / "month.csv"
    told = operator.does("export", month, "--csv", file)
    rows = read(file)
    assert told["rows"] == len(rows) == 4
    kinds = sorted((row["what"], row["amount"], row["refunded"]) for row in rows)
    assert kinds == [
        ("payment", "3.14", "0"),
        ("payment", "3.14", "3.14"),
        ("payout", "3.14", ""),
        ("refund", "3.14", ""),
    ]
    paid_out = [row for row in rows if row["what"] != "payment"]
    assert {row["fee"] for row in paid_out} == {"0.01"}
    assert all(row["txid"] and row["completed_at"].endswith("+00:00") for row in rows)
    assert [path.name for path in tmp_path.iterdir()] == ["month.csv"]


def test_broken_off_it_goes_on_where_it_was(
    operator: Operator,
    world: World,
    month: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second day fails; the days before it are not read again."""
    file, whole = tmp_path / "month.csv", tmp_path / "whole.csv"
    operator.does("export", month, "--csv", whole)
    asked: list[str] = []
    fails = [True]

    settled = DayIndex.settled

    def failing(index: Any, day: str) -> Any:
        asked.append(day)
        if fails[0] and len(set(asked)) > 1:
            raise ServiceUnavailable
        return settled(index, day)

    monkeypatch.setattr(DayIndex, "settled", failing)
    operator.is_refused("export", month, "--csv", file)
    assert not file.exists()
    first, fails[0] = asked[0], False
    asked.clear()
    operator.does("export", month, "--csv", file)
    assert first not in asked
    assert file.read_text() == whole.read_text()


def test_a_record_that_cannot_be_read_is_a_row_too(
    operator: Operator, world: World, month: str, tmp_path: Path
) -> None:
    payment = world.all_payments()[0]
    world.tables.edit("PaymentsTable", payment.payment_id, version="x")
    operator.does("export", month, "--csv", tmp_path / "month.csv")
    rows = read(tmp_path / "month.csv")
    assert [row["id"] for row in rows if row["what"] == "unreadable"] == [payment.payment_id]


def test_names_are_not_exported(
    operator: Operator, world: World, month: str, tmp_path: Path
) -> None:
    """The bookkeeper needs none."""
    assert any(record.username for record in world.all_payments())
    operator.does("export", month, "--csv", tmp_path / "month.csv")
    text = (tmp_path / "month.csv").read_text()
    assert not any(record.username in text for record in world.all_payments() if record.username)
