"""Take over a payment that our table does not know: another back end of this app approved it, or a
restore forgot it."""

from __future__ import annotations

from shared.adapters.payment_store import PaymentStore
from shared.adapters.product_store import ProductStore
from shared.domain.payment import PaymentRecord, Terms, mismatch, taken_over
from shared.domain.pi import PaymentDto
from shared.operations.price_payment import price_payment


def adopt_payment(
    payments: PaymentStore,
    products: ProductStore,
    terms: Terms,
    now: int,
    payment: PaymentDto,
) -> PaymentRecord:
    """The record that stands afterwards. One that is completed at Pi was delivered by whoever
    completed it: it is kept for its refund, and owes nothing."""
    price = price_payment(payment, products)
    refusal = mismatch(payment, price, terms)
    return payments.put_if_absent(taken_over(payment, price, refusal, terms, now))
