"""Settle the payment that a front end asks about: its complete, incomplete, cancel and error."""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.context import concerning
from shared.adapters.product_store import ProductStore
from shared.adapters.secret import Secret
from shared.adapters.wake_ups import WakeUp, WakeUps, Work
from shared.domain.errors import Conflict, NotOwner, UnknownPayment
from shared.domain.payment import PaymentRecord, mismatch, opened
from shared.domain.pi import UserDto
from shared.operations.price_payment import price_payment
from shared.operations.settle_payment import SettleParts, require_payer, settle
from shared.operations.verify_user import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerParts(SettleParts):
    """To settle for a front end, which may name a payment that we do not know yet."""

    users: Users
    products: ProductStore
    wake_ups: WakeUps


def settle_for_caller(
    parts: CallerParts, payment_id: str, token: Secret | None, claimed_txid: str | None
) -> tuple[PaymentRecord, bool]:
    """Settle the payment that a front end asks about; and whether the caller is known to be its
    owner.

    No token, or an invalid one, is an anonymous caller: it may bring our record to what Pi says is
    true, and nothing else; an id that we do not know costs it one read. Raises NotOwner,
    UnknownPayment, Conflict, and what `settle` raises.
    """
    concerning(payment_id)
    record = parts.payments.get(payment_id)
    if record is None and token is None:
        raise UnknownPayment
    user = parts.users.recognise_if_valid(token)
    if record is None:
        record = _adopt(parts, payment_id, user)
    elif user is not None and user.uid != record.uid:
        raise NotOwner
    is_owner = user is not None
    record = settle(parts, record, claimed_txid=claimed_txid, may_cancel=is_owner)
    if record.owed is not None:
        parts.wake_ups.hint(WakeUp(Work.PAYMENT, payment_id))
    return record, is_owner


def _adopt(parts: CallerParts, payment_id: str, user: UserDto | None) -> PaymentRecord:
    """Take over a payment that another back end of this app approved: only approved payments can be
    paid.

    One that is already completed was delivered by whoever completed it, and is not ours to deliver
    again.
    """
    if user is None:
        raise UnknownPayment
    payment = parts.pi.get_payment(payment_id)
    require_payer(payment, user)
    if payment.status.developer_completed:
        raise Conflict("already_completed", "This payment was completed elsewhere.")
    if payment.is_cancelled and payment.transaction is None:
        raise Conflict("payment_cancelled", "This payment was cancelled.")
    if not payment.status.developer_approved:
        raise UnknownPayment
    price = price_payment(payment, parts.products)
    refusal = mismatch(payment, price, parts.terms)
    return parts.payments.put_if_absent(opened(payment, price, refusal, parts.terms, parts.clock()))
