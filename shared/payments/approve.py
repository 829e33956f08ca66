"""Approve a payment: after that the user can pay. So the record must be written first, and the
price must be right.
"""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import suppress
from functools import partial

from shared.base.context import concerning
from shared.base.errors import BundleError, Conflict, PiError
from shared.base.frozen import frozen
from shared.base.observability import count, logger
from shared.base.secret import Secret
from shared.payments.people import has_bought_before
from shared.payments.price import Prices
from shared.payments.record import (
    ALREADY_BOUGHT,
    PaymentRecord,
    PaymentState,
    mismatch,
    opened,
)
from shared.payments.refusal import CANCELLED, loggable, refused
from shared.payments.sales import Sales
from shared.payments.settle import SettleParts, require_payer, settle
from shared.payments.store import KEY
from shared.pi.client import PiInexactAmount
from shared.pi.objects import PaymentDto, UserDto
from shared.users.links import Links
from shared.users.verify import Users

TOO_MANY_DECIMALS = (
    "The amount of this payment has more than 7 decimals, so nobody can pay it. Round it, and start"
    " a new payment."
)
PRICE_EXPIRED = "The price of this payment has expired. Start a new one at the current price."
NEWEST = 10  # of a user's payments: an older one that is open was long settled
MOST_OTHERS = 3  # are settled while the user waits; the rest is the sweep's


@frozen(kw_only=True)
class ApproveParts(SettleParts):
    users: Users
    links: Links
    prices: Prices
    sales: Sales
    executor: Executor


def approve(parts: ApproveParts, payment_id: str, token: Secret | None) -> PaymentRecord:
    """Check, record, approve, in this order. A repeat gives the same answer and approves once. The
    price is asked for after it is known that the user owns the payment; for a repeat, only while Pi
    does not show the approval.

    Raises TokenRefused, NotOwner, UnknownPayment, Conflict (the stable code of what is wrong with
    the payment), PiError, ServiceUnavailable. Costs 3 calls to Pi (2 with a token seen within a
    minute), 2 reads (1, and a question to the app's price function; 1 more for what is sold once),
    1 write; and for each other payment that the user has open a settlement; and 1 read in ten
    seconds, of the operator's switch.
    """
    concerning(payment_id)
    parts.sales.require()
    user, (payment, others) = parts.users.recognise_while(
        token, parts.executor, lambda: _looked_up(parts, payment_id)
    )
    require_payer(payment, user)
    if others is None:  # nor is there an amount that a record could keep
        _cancel_refused(parts, payment)
        raise Conflict("too_many_decimals", TOO_MANY_DECIMALS)
    _settle_others(parts, others)
    if payment.status.developer_completed:
        return _already_completed(parts, payment_id)

    known = parts.payments.get(payment_id) if payment.status.developer_approved else None
    record = known or _recorded(parts, payment, user)
    if record.refusal is not None:
        raise refused(record, record.refusal)
    if payment.is_cancelled:
        record = settle(parts, record)
    if record.state is PaymentState.COMPLETED:
        return record
    if record.state is PaymentState.CANCELLED or payment.is_cancelled:
        raise Conflict("payment_cancelled", CANCELLED)
    if payment.status.developer_approved:
        return record
    _require_price(record, parts.clock())

    try:
        parts.pi.approve(payment_id)
    except PiError as error:
        return _after_failed_approval(parts, record, error)
    count("PaymentApproved")
    return record


def _looked_up(parts: ApproveParts, payment_id: str) -> tuple[PaymentDto, list[str] | None]:
    """The payment, and the user's other open payments; None if its amount cannot be paid."""
    try:
        payment = parts.pi.get_payment(payment_id)
    except PiInexactAmount as inexact:
        return inexact.payment, None
    newest, _ = parts.payments.history(payment.user_uid, NEWEST, None)
    open_ids = [item[KEY] for item in newest if item.get("state") == PaymentState.OPEN]
    return payment, [other for other in open_ids if other != payment_id][:MOST_OTHERS]


def _recorded(parts: ApproveParts, payment: PaymentDto, payer: UserDto) -> PaymentRecord:
    """The record that stands once the payment was held against its price. One that is refused now
    is cancelled at Pi."""
    quote = parts.prices(payment)
    is_over = payment.is_cancelled
    refusal = "payment_cancelled" if is_over else mismatch(payment, quote, parts.terms)
    if refusal is None and has_bought_before(parts.payments, parts.links, payment.user_uid, quote):
        refusal = ALREADY_BOUGHT
    made = partial(opened, payment, quote, terms=parts.terms, now=parts.clock(), payer=payer)
    first = made(refusal=refusal)
    record, is_new = parts.payments.begin(first, if_bought=made(refusal=ALREADY_BOUGHT))
    if is_new and record.refusal is not None:
        count("PaymentRefused")
        logger.info("Payment refused", extra=loggable(record))
        _cancel_refused(parts, payment)
    return record


def _require_price(record: PaymentRecord, now: int) -> None:
    """Raises Conflict if the app does not name the record's price any more. Pi gives the payment up
    by itself: a cancel might meet an approval that was in time."""
    if record.price is not None and not record.price.holds_at(now):
        raise Conflict("price_expired", PRICE_EXPIRED)


def _settle_others(parts: ApproveParts, payment_ids: list[str]) -> None:
    """Before the user pays again, complete the payments that are paid already. Otherwise the user
    may buy twice because a page did not report the first payment."""
    for payment_id in payment_ids:
        with suppress(BundleError):  # the sweep comes back to it
            record = parts.payments.get(payment_id)
            if record is not None and record.dead_at is None:  # else the chain's silence decides
                settle(parts, record)


def _already_completed(parts: ApproveParts, payment_id: str) -> PaymentRecord:
    record = parts.payments.get(payment_id)
    if record is None:
        raise Conflict("already_completed", "This payment was completed elsewhere.")
    return settle(parts, record)  # it may say less than Pi


def _cancel_refused(parts: ApproveParts, payment: PaymentDto) -> None:
    """So that the user need not wait until Pi gives the payment up; if this is lost, Pi does so
    after 60 s. What somebody else approved may be paid by now, and is left alone.
    """
    if payment.status.developer_approved or payment.is_cancelled:
        return
    try:
        parts.pi.cancel(payment.identifier)
    except PiError as error:
        logger.info("A refused payment is left to expire", extra={"code": error.code})


def _after_failed_approval(
    parts: ApproveParts, record: PaymentRecord, error: PiError
) -> PaymentRecord:
    # Pi has no list of refusals here, so its flags decide: a repeat of an approval may be one.
    if parts.pi.get_payment(record.payment_id).status.developer_approved:
        return record
    settled = settle(parts, record)
    if settled.state is PaymentState.COMPLETED:
        return settled
    raise error
