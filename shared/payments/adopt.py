"""Take over a payment that our table does not know: another back end of this app approved it, or a
restore forgot it."""

from __future__ import annotations

from shared.payments.price import price_payment
from shared.payments.products import ProductStore
from shared.payments.record import PaymentRecord, Terms, mismatch, taken_over
from shared.payments.store import PaymentStore
from shared.pi.objects import PaymentDto


def adopt_payment(
    payments: PaymentStore,
    products: ProductStore,
    terms: Terms,
    now: int,
    payment: PaymentDto,
) -> PaymentRecord:
    """The record that stands afterwards. One that is completed at Pi was delivered by whoever
    completed it: it is kept for its refund, and owes nothing."""
    quote = price_payment(payment, products)
    refusal = mismatch(payment, quote, terms)
    return payments.put_if_absent(taken_over(payment, quote, refusal, terms, now))
