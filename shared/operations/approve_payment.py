"""Approve a payment: from here on the user can pay, so our record must stand first and the price
must be ours.
"""

from __future__ import annotations

from concurrent.futures import wait

from shared.adapters.observability import count, logger
from shared.adapters.secret import Secret
from shared.domain.errors import Conflict, NotFound, NotOwner, PiError, PiRefused
from shared.domain.payment import PaymentRecord, PaymentState, mismatch, opened
from shared.domain.pi import Direction, PaymentDto
from shared.domain.price import Price
from shared.operations.price_payment import price_payment
from shared.operations.services import ApprovalServices
from shared.operations.settle_payment import settle


def approve(services: ApprovalServices, payment_id: str, token: Secret | None) -> PaymentRecord:
    """Check, record, approve, in this order. A repeat gives the same answer and approves once.

    Raises TokenRefused, NotOwner, NotFound, Conflict (the stable code of what is wrong with the
    payment), PiError, ServiceUnavailable. Costs 3 calls to Pi (2 with a token seen within a
    minute), 1 read, 1 write.
    """
    priced = services.executor.submit(_priced, services, payment_id)
    try:
        user = services.users.recognise(token)
    finally:
        wait([priced])  # nothing may go on when the environment is frozen
    payment, price = priced.result()
    if payment.direction != Direction.USER_TO_APP:
        raise NotFound("payment_not_found", "There is no such payment from a user to this app.")
    if payment.user_uid != user.uid:
        raise NotOwner
    if payment.status.developer_completed:
        return _already_completed(services, payment_id)

    refusal = (
        "payment_cancelled" if payment.is_cancelled else mismatch(payment, price, services.terms)
    )
    first = opened(payment, price, refusal, services.terms, services.clock())
    record = services.payments.put_if_absent(first)
    if record.refusal is not None:
        if record is first and not payment.status.developer_approved and not payment.is_cancelled:
            _cancel_refused(services, payment_id)
        count("PaymentRefused")
        raise Conflict(
            record.refusal, "This payment is not one that this app sells; it was not approved."
        )
    if record.state is PaymentState.CANCELLED:
        raise Conflict("payment_cancelled", "This payment was cancelled.")
    if record.state is PaymentState.COMPLETED or payment.status.developer_approved:
        return record

    try:
        services.pi.approve(payment_id)
    except PiRefused as refused:
        return _after_refused_approval(services, record, refused)
    return record


def _priced(services: ApprovalServices, payment_id: str) -> tuple[PaymentDto, Price | None]:
    payment = services.pi.get_payment(payment_id)
    return payment, price_payment(payment, services.products)


def _already_completed(services: ApprovalServices, payment_id: str) -> PaymentRecord:
    record = services.payments.get(payment_id)
    if record is None:
        raise Conflict("already_completed", "This payment was completed elsewhere.")
    return record


def _cancel_refused(services: ApprovalServices, payment_id: str) -> None:
    """So that the user need not wait until Pi gives the payment up; if this is lost, Pi does so
    after 60 s.
    """
    try:
        services.pi.cancel(payment_id)
    except PiError as error:
        logger.info(
            "A refused payment is left to expire",
            extra={"payment_id": payment_id, "code": error.code},
        )


def _after_refused_approval(
    services: ApprovalServices, record: PaymentRecord, refused: PiRefused
) -> PaymentRecord:
    # Pi has no list of refusals here, so its flags decide: a repeat of an approval may be one of
    # them.
    if services.pi.get_payment(record.payment_id).status.developer_approved:
        return record
    settle(services, record)
    raise Conflict(refused.code, "Pi did not approve this payment.")
