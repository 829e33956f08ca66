"""Records as plain values and back; what was edited by hand is refused, not half read."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.aws.codec import item_of, record_of
from shared.base.amount import ZERO, Amount


class State(StrEnum):
    NEW = "new"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Inner:
    token: int
    amount: Amount
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    name: str
    most: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    key: str = field(metadata={"stored_as": "id"})
    state: State
    amount: Amount
    wanted: State | None
    beside: Beside | None = field(
        default=None, metadata={"stored_as": {"name": "name", "most": "price_most"}}
    )
    inner: tuple[Inner, ...] = ()
    numbers: tuple[int, ...] = ()
    spent: Amount = ZERO
    tries: int = 0
    version: int = 1


amounts = st.integers(0, 10**18).map(Amount)
texts = st.text(max_size=5)
inners = st.builds(Inner, st.integers(), amounts, st.none() | texts)
records = st.builds(
    Record,
    key=texts,
    state=st.sampled_from(State),
    amount=amounts,
    wanted=st.none() | st.sampled_from(State),
    beside=st.none() | st.builds(Beside, texts, amounts),
    inner=st.lists(inners, max_size=2).map(tuple),
    numbers=st.lists(st.integers(), max_size=2).map(tuple),
    spent=amounts,
    tries=st.integers(0, 9),
    version=st.integers(1, 9),
)
WHOLE: dict[str, Any] = {
    "id": "a",
    "state": "new",
    "amount": Decimal(7),
    "version": Decimal(1),
    "name": "pie",
    "price_most": Decimal(9),
    "tries": Decimal(2),
    "spent": Decimal(3),
    "inner": [{"token": Decimal(5), "amount": Decimal(6)}],
    "numbers": [Decimal(8)],
}


@given(records)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    item = {name: value for name, value in item_of(record).items() if value is not None}
    assert record_of(Record, item) == record


def test_what_is_not_there_takes_no_room() -> None:
    item = item_of(Record(key="a", state=State.NEW, amount=ZERO, wanted=None))
    stored = {name: value for name, value in item.items() if value is not None}
    assert stored == {"id": "a", "state": "new", "amount": 0, "tries": 0, "version": 1}


def test_an_attribute_that_it_does_not_know_is_left_alone() -> None:
    assert record_of(Record, {**WHOLE, "later": "x"}) == record_of(Record, WHOLE)


@pytest.mark.parametrize("name", ["id", "state", "amount", "version", "name", "price_most"])
def test_what_is_missing_makes_it_unreadable(name: str) -> None:
    item = {key: value for key, value in WHOLE.items() if key != name}
    with pytest.raises(KeyError):
        record_of(Record, item)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("id", Decimal(1)), ("state", "lost"), ("state", Decimal(1)), ("version", "1")],
        *[("amount", True), ("amount", Decimal("1.5")), ("amount", Decimal(-1)), ("amount", "7")],
        *[("spent", Decimal(-1)), ("spent", False), ("tries", True), ("price_most", "many")],
        *[("inner", "x"), ("inner", [{}]), ("inner", [Decimal(1)]), ("numbers", {"a": "b"})],
        *[("numbers", ["8"]), ("amount", Decimal("NaN")), ("amount", Decimal("Infinity"))],
        ("inner", [{"token": Decimal(5), "amount": Decimal(-6)}]),
    ],
)
def test_what_is_of_another_kind_makes_it_unreadable(name: str, value: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, ArithmeticError)):
        record_of(Record, {**WHOLE, name: value})
