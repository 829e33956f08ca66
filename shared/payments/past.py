"""Past payments of another back end of this app become closed records here.

A file says how they ended, and Pi is asked about each: a payment is refused if Pi shows something
else. Invariant: an existing record is never overwritten, and the app gets no event for what the
other back end has delivered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.base.amount import ZERO, Amount, InvalidAmount
from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.base.described import Described
from shared.base.errors import BadRequest, Conflict
from shared.base.frozen import frozen
from shared.base.identifiers import payment_id_of, txid_of, uid_of
from shared.payments.prices import LARGEST_QUANTITY, PRODUCT_ID, QUANTITY, Price
from shared.payments.record import PaymentRecord, PaymentState, Terms
from shared.pi.objects import Direction, PaymentDto

COLUMNS = (
    *("payment_id", "state", "closed_at", "uid", "amount", "txid"),
    *("product_id", "quantity", "once", "refunded"),
)
NEEDED = ("payment_id", "state", "closed_at")
SECONDS = re.compile(r"[0-9]{1,12}")  # since 1970
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
ADOPT = "It is not finished: adopt it instead, with pi-bundle adopt."


class PastState(Described):
    """What the other back end says of a payment."""

    COMPLETED = "completed", "Paid, and its goods were handed out."
    REFUNDED = "refunded", "The same, and all of it was paid back."
    CANCELLED = "cancelled", "Closed unpaid."
    OPEN = "open", "None of these: it is not imported but adopted."


STATES = {state.value: state for state in PastState}


@frozen(kw_only=True)
class PastPayment:
    """A row of the file. `closed_at` is in seconds since 1970. None: the file does not say it.
    `refunded` is the amount that was paid back, `once` whether each user may buy the product
    once."""

    payment_id: str
    state: PastState
    closed_at: int
    uid: str | None
    amount: Amount | None
    txid: str | None
    product_id: str | None
    quantity: int
    once: bool
    refunded: Amount | None


def read_past(row: Mapping[str, str]) -> PastPayment:
    """Raises BadRequest with the code of what is wrong: an id, the amount, or `invalid_row`; and
    Conflict `not_finished`."""
    given = {name: text.strip() for name, text in row.items()}
    payment_id = payment_id_of(given.get("payment_id"), "payment_id")
    state = STATES.get(given.get("state", "").lower())
    if state is None:
        raise BadRequest("invalid_row", f"state must be one of {', '.join(STATES)}.")
    if state is PastState.OPEN:
        raise Conflict("not_finished", ADOPT)
    return PastPayment(
        payment_id=payment_id,
        state=state,
        closed_at=_moment(given.get("closed_at", "")),
        uid=uid_of(uid) if (uid := given.get("uid")) else None,
        amount=_amount("amount", text) if (text := given.get("amount")) else None,
        txid=txid_of(txid) if (txid := given.get("txid")) else None,
        product_id=_product(given.get("product_id")),
        quantity=_quantity(given.get("quantity") or "1"),
        once=_flag(given.get("once", "")),
        refunded=_amount("refunded", text) if (text := given.get("refunded")) else None,
    )


def _moment(text: str) -> int:
    """Seconds since 1970, written so or as ISO 8601 with its time zone."""
    if SECONDS.fullmatch(text):
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        expected = "seconds since 1970, or a time with its zone: 2026-11-26T12:00:00Z"
        raise BadRequest("invalid_row", f"closed_at must be {expected}")
    return int(at.timestamp())


def _amount(column: str, text: str) -> Amount:
    try:
        return Amount.of(text)
    except InvalidAmount as invalid:
        raise BadRequest("invalid_amount", f"{column} is not an amount of Pi: {invalid}.") from None


def _product(text: str | None) -> str | None:
    if text and not PRODUCT_ID.fullmatch(text):
        raise BadRequest("invalid_row", "product_id is not a valid id of a product.")
    return text or None


def _quantity(text: str) -> int:
    if not QUANTITY.fullmatch(text) or int(text) > LARGEST_QUANTITY:
        raise BadRequest("invalid_row", f"quantity must be from 1 to {LARGEST_QUANTITY}.")
    return int(text)


def _flag(text: str) -> bool:
    if (flag := FLAGS.get(text.lower())) is None:
        raise BadRequest("invalid_row", "once must be yes or no.")
    return flag


# --- Held against Pi ------------------------------------------------------------------------------


def closed_elsewhere(
    past: PastPayment, payment: PaymentDto, terms: Terms, now: int
) -> PaymentRecord:
    """The record of a payment that Pi shows as the file says. It is closed. But if it was delivered
    and is not completed at Pi, it stays open until it is completed, and then sends no event.

    Raises Conflict `differs_at_pi` or `not_finished`, BadRequest `invalid_row`."""
    _require_same(past, payment, terms)
    if not payment.created_at.timestamp() - CLOCK_SKEW_SECONDS <= past.closed_at <= now:
        raise BadRequest("invalid_row", "closed_at is before its creation at Pi, or in the future.")
    record = PaymentRecord(
        payment_id=payment.identifier,
        uid=payment.user_uid,
        amount=payment.amount,
        state=PaymentState.OPEN,
        created_at=int(payment.created_at.timestamp()),
        started_at=int(payment.created_at.timestamp()),
        from_address=payment.from_address,
        to_address=payment.to_address,
    )
    if past.state is PastState.CANCELLED:
        return _unpaid(record, past, payment)
    return _paid(record, past, payment, now)


def _require_same(past: PastPayment, payment: PaymentDto, terms: Terms) -> None:
    shown = payment.transaction.txid if payment.transaction else None
    pairs = {
        "direction": (Direction.USER_TO_APP.value, payment.direction),
        "network": (terms.network.value, payment.network),
        # Else the wallet got less of native Pi than its amount, and could give it back.
        "token": (None, payment.token_canonical),
        "split": (False, bool(payment.split_recipients)),
        "uid": (past.uid or payment.user_uid, payment.user_uid),
        "amount": (past.amount or payment.amount, payment.amount),
        "txid": (past.txid or shown, shown or past.txid),  # Pi may not know one until /complete
    }
    for what, (expected, came) in pairs.items():
        if expected != came:
            message = f"Expected {what} {expected or 'none'}, and Pi shows {came or 'none'}."
            raise Conflict("differs_at_pi", message)


def _unpaid(record: PaymentRecord, past: PastPayment, payment: PaymentDto) -> PaymentRecord:
    if payment.status.developer_completed or payment.transaction is not None:
        raise Conflict(
            "differs_at_pi", "It is paid at Pi. If delivered: completed. Otherwise: adopt it."
        )
    if not payment.is_cancelled:
        raise Conflict("not_finished", ADOPT)
    return replace(record, state=PaymentState.CANCELLED, cancelled_at=past.closed_at)


def _paid(record: PaymentRecord, past: PastPayment, payment: PaymentDto, now: int) -> PaymentRecord:
    shown = payment.transaction.txid if payment.transaction else None
    if not payment.status.developer_approved or (payment.is_cancelled and shown is None):
        raise Conflict("differs_at_pi", "Pi has not approved it, or has cancelled it unpaid.")
    sold = replace(
        record,
        txid=shown,
        claimed_txid=past.txid if shown is None else None,
        price=_price(past, record.amount),
        refunded=given_back(past, record.amount),
        delivered_before=True,
    )
    if payment.status.developer_completed:
        return replace(sold, state=PaymentState.COMPLETED, completed_at=past.closed_at)
    return replace(sold, due_at=now)  # its user cannot pay again until Pi has it completed


def _price(past: PastPayment, amount: Amount) -> Price | None:
    """What it was sold for; None: the file names no product."""
    if past.product_id is None:
        return None
    # Whose money went back may buy again what is sold once.
    is_once = past.once and past.state is not PastState.REFUNDED
    return Price(past.product_id, past.quantity, amount, amount, once=is_once)


def given_back(past: PastPayment, amount: Amount) -> Amount:
    """What the other back end has paid back of this amount. Raises BadRequest `invalid_row`."""
    if past.state is PastState.REFUNDED:
        return amount
    if (refunded := past.refunded or ZERO) > amount:
        raise BadRequest("invalid_row", "refunded is more than what was paid.")
    return refunded
