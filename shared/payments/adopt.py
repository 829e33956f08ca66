"""Adopt a payment that the table does not know: another back end of this app approved it, or a
restore has removed it."""

from __future__ import annotations

from functools import partial

from shared.base.clock import Clock
from shared.base.errors import Conflict
from shared.base.frozen import frozen
from shared.payments.people import has_bought_before
from shared.payments.price import Prices
from shared.payments.record import ALREADY_BOUGHT, PaymentRecord, Terms, mismatch, taken_over
from shared.payments.store import PaymentStore
from shared.pi.objects import PaymentDto
from shared.users.links import Links


@frozen(kw_only=True)
class AdoptParts:
    payments: PaymentStore
    links: Links
    prices: Prices
    terms: Terms
    clock: Clock


def adopt_payment(parts: AdoptParts, payment: PaymentDto) -> PaymentRecord:
    """The record afterwards. If it is completed at Pi, the program that completed it has delivered
    it: the record is kept for a refund, and sends no event. A second payment for a product that is
    sold once is refused, and if it is paid an operator refunds it."""
    first, if_bought = records_of(parts, payment)
    record, _ = parts.payments.begin(first, if_bought=if_bought)
    return record


def records_of(parts: AdoptParts, payment: PaymentDto) -> tuple[PaymentRecord, PaymentRecord]:
    """The record of a payment that is taken over, and the one where its user has bought the same
    before, and it is sold once."""
    quote = parts.prices(payment)
    refusal = mismatch(payment, quote, parts.terms)
    if refusal is None and has_bought_before(parts.payments, parts.links, payment.user_uid, quote):
        refusal = ALREADY_BOUGHT
    made = partial(taken_over, payment, quote, terms=parts.terms, now=parts.clock())
    return made(refusal=refusal), made(refusal=ALREADY_BOUGHT)


def require_open(payment: PaymentDto) -> None:
    """Raises Conflict `already_completed` or `payment_cancelled`: it is over. If it was completed,
    the program that completed it has delivered it."""
    if payment.status.developer_completed:
        raise Conflict("already_completed", "This payment was completed elsewhere.")
    if payment.is_cancelled and payment.transaction is None:
        raise Conflict("payment_cancelled", "This payment was cancelled.")
