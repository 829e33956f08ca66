"""What an index shows of a record is read as strictly as the record itself."""

from decimal import Decimal
from typing import Any

import pytest

from shared.aws.codec import record_of
from shared.base.amount import Amount
from shared.proof.day_index import of_payment, of_payout
from shared.proof.record import Settled
from shared.work.due import DueRow

PAID: dict[str, Any] = {"payment_id": "p", "amount": Decimal(7), "to_address": "G", "txid": "ab"}
SENT: dict[str, Any] = {**PAID, "payout_id": "o", "from_address": "G", "requested_at": Decimal(5)}
DUE: dict[str, Any] = {"key": "p", "due_at": Decimal(9), "attention": "gone", "owed": "x"}


def test_rows_are_read() -> None:
    assert of_payment(PAID) == Settled("p", Amount(7), "p", "ab", "G", None)
    assert of_payout(SENT) == Settled("o", Amount(7), "p", "ab", "G", 5)
    assert record_of(DueRow, DUE) == DueRow("p", 9, None, "gone", "x")


@pytest.mark.parametrize("amount", [True, Decimal(-1), Decimal("0.5"), "7", None])
def test_an_amount_that_is_none_makes_a_settled_row_unreadable(amount: Any) -> None:
    for read, row in ((of_payment, PAID), (of_payout, SENT)):
        with pytest.raises((KeyError, TypeError, ValueError)):
            read({**row, "amount": amount})


@pytest.mark.parametrize(
    ("name", "value"),
    [("due_at", True), ("due_at", Decimal("0.5")), ("created_at", True), ("attention", Decimal(1))],
)
def test_a_due_row_that_is_odd_is_unreadable(name: str, value: Any) -> None:
    with pytest.raises(TypeError):
        record_of(DueRow, {**DUE, name: value})
