"""Approve a payment: from here on the user can pay, so our record must stand first and the price
must be ours.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from shared.adapters.context import concerning
from shared.adapters.observability import count, logger
from shared.adapters.product_store import ProductStore
from shared.adapters.secret import Secret
from shared.domain.errors import Conflict, PiError
from shared.domain.payment import PaymentRecord, PaymentState, mismatch, opened
from shared.domain.pi import PaymentDto
from shared.domain.price import Price
from shared.operations.price_payment import price_payment
from shared.operations.settle_payment import SettleParts, require_payer, settle
from shared.operations.verify_user import Users

CANCELLED = "This payment was cancelled. Start a new one."


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveParts(SettleParts):
    users: Users
    products: ProductStore
    executor: Executor


def approve(parts: ApproveParts, payment_id: str, token: Secret | None) -> PaymentRecord:
    """Check, record, approve, in this order. A repeat gives the same answer and approves once.

    Raises TokenRefused, NotOwner, UnknownPayment, Conflict (the stable code of what is wrong with
    the payment), PiError, ServiceUnavailable. Costs 3 calls to Pi (2 with a token seen within a
    minute), 1 read, 1 write.
    """
    concerning(payment_id)
    user, (payment, price) = parts.users.recognise_while(
        token, parts.executor, lambda: _priced(parts, payment_id)
    )
    require_payer(payment, user)
    if payment.status.developer_completed:
        return _already_completed(parts, payment_id)

    refusal = mismatch(payment, price, parts.terms)
    if payment.is_cancelled:
        refusal = "payment_cancelled"
    first = opened(payment, price, refusal, parts.terms, parts.clock())
    record = parts.payments.put_if_absent(first)
    if record.refusal is not None:
        if record is first:
            _cancel_refused(parts, payment)
        count("PaymentRefused")
        raise Conflict(record.refusal, _why(record.refusal))
    if payment.is_cancelled:
        record = settle(parts, record)
    if record.state is PaymentState.COMPLETED:
        return record
    if record.state is PaymentState.CANCELLED or payment.is_cancelled:
        raise Conflict("payment_cancelled", CANCELLED)
    if payment.status.developer_approved:
        return record

    try:
        parts.pi.approve(payment_id)
    except PiError as error:
        return _after_failed_approval(parts, record, error)
    return record


def _why(refusal: str) -> str:
    is_over = refusal == "payment_cancelled"
    return CANCELLED if is_over else "This payment is not one that this app sells."


def _priced(parts: ApproveParts, payment_id: str) -> tuple[PaymentDto, Price | None]:
    payment = parts.pi.get_payment(payment_id)
    return payment, price_payment(payment, parts.products)


def _already_completed(parts: ApproveParts, payment_id: str) -> PaymentRecord:
    record = parts.payments.get(payment_id)
    if record is None:
        raise Conflict("already_completed", "This payment was completed elsewhere.")
    return record


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
