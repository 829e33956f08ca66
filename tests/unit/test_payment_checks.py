"""Promise 1: what differs from what we sell is refused; and what the record of it then says."""

from dataclasses import replace
from typing import Any

import pytest

from shared.payments.prices import NotForSale
from shared.payments.record import (
    Attention,
    PaymentEvent,
    PaymentState,
    completed,
    mismatch,
    opened,
)
from tests.unit.samples import APP_WALLET, NOW, PAYMENT_ID, PRICE, TERMS, TXID, UID, payment

MOON = NotForSale("no_such_product", "moon")


def test_what_we_sell_is_no_mismatch() -> None:
    assert mismatch(payment(), PRICE, TERMS) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"network": "Pi Network"}, "unexpected_network"),
        ({"network": None}, "unexpected_network"),
        ({"network": "pi testnet"}, "unexpected_network"),
        ({"token_canonical": "GOLD:GISSUER"}, "unexpected_token"),
        ({"token_canonical": {}}, "unexpected_token"),
        ({"split_recipients": [{"uid": "x", "amount": 1}]}, "unexpected_split"),
        ({"to_address": "GSOMEONEELSE"}, "unexpected_wallet"),
        ({"to_address": None}, "unexpected_wallet"),
        ({"amount": "3.13"}, "unexpected_amount"),
        ({"amount": "3.1400001"}, "unexpected_amount"),
        ({"amount": 0}, "unexpected_amount"),
        ({"amount": 314}, "unexpected_amount"),
    ],
)
def test_each_difference_has_its_code(changes: dict[str, Any], code: str) -> None:
    assert mismatch(payment(**changes), PRICE, TERMS) == code


def test_what_we_do_not_sell_is_unknown() -> None:
    assert mismatch(payment(), MOON, TERMS) == "unknown_product"


@pytest.mark.parametrize("wallet", ["GSOMEONEELSE", None, APP_WALLET])
def test_without_a_configured_wallet_any_is_right(wallet: str | None) -> None:
    assert mismatch(payment(to_address=wallet), PRICE, replace(TERMS, wallet=None)) is None


@pytest.mark.parametrize("empty", [None, []])
def test_no_recipients_are_no_split(empty: object) -> None:
    assert mismatch(payment(split_recipients=empty), PRICE, TERMS) is None


def test_a_matching_payment_opens_with_the_price_it_was_checked_against() -> None:
    record = opened(payment(), PRICE, None, TERMS, NOW)
    assert (record.payment_id, record.uid, record.amount) == (PAYMENT_ID, UID, payment().amount)
    assert (record.state, record.price, record.refusal) == (PaymentState.OPEN, PRICE, None)
    assert (record.created_at, record.due_at, record.version) == (NOW, NOW + 60, 1)
    assert (record.pending_event, record.needs_review, record.txid) == (None, None, None)
    assert (record.expected, record.not_for_sale) == (None, None)


def test_a_refused_payment_closes_at_once_and_owes_nothing() -> None:
    record = opened(payment(), PRICE, "unexpected_amount", TERMS, NOW)
    assert (record.state, record.cancelled_at) == (PaymentState.CANCELLED, NOW)
    assert (record.price, record.refusal) == (None, "unexpected_amount")
    # The worker looks at it once: whether its wallet has a book.
    assert (record.pending_event, record.due_at) == (None, NOW + 60)


@pytest.mark.parametrize("refusal", ["unexpected_amount", "unexpected_wallet"])
def test_a_refused_payment_keeps_what_was_expected(refusal: str) -> None:
    """Apart from its price: it owes no goods, even if it is paid."""
    record = opened(payment("developer_approved"), PRICE, refusal, TERMS, NOW)
    assert (record.expected, record.not_for_sale, record.price) == (PRICE, None, None)
    assert completed(record, TXID, NOW).pending_event is PaymentEvent.UNMATCHED


def test_what_is_not_for_sale_keeps_why() -> None:
    record = opened(payment("developer_approved"), MOON, "unknown_product", TERMS, NOW)
    assert (record.expected, record.not_for_sale, record.price) == (None, MOON, None)
    assert completed(record, TXID, NOW).pending_event is PaymentEvent.UNMATCHED


def test_a_refused_payment_that_is_approved_already_is_watched() -> None:
    # It can be paid: then it must be found, completed for the user's sake, and refunded.
    record = opened(payment("developer_approved"), PRICE, "unexpected_amount", TERMS, NOW)
    assert (record.state, record.cancelled_at) == (PaymentState.OPEN, None)
    assert (record.price, record.refusal) == (None, "unexpected_amount")
    assert (record.pending_event, record.due_at) == (None, NOW + 60)


def test_the_codes_that_programs_depend_on() -> None:
    assert [state.value for state in PaymentState] == ["open", "completed", "cancelled"]
    assert [owed.value for owed in PaymentEvent] == [
        "PaymentCompleted",
        "PaymentCancelled",
        "PaymentUnmatched",
    ]
    assert [reason.value for reason in Attention] == [
        "gone",
        "odd_receipt",
        "never_verifies",
        "cancelled_but_paid",
        "unmatched",
    ]
