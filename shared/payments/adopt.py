"""Take over a payment that our table does not know: another back end of this app approved it, or a
restore forgot it."""

from __future__ import annotations

from functools import partial

from shared.payments.price import Prices
from shared.payments.record import ALREADY_BOUGHT, PaymentRecord, Terms, mismatch, taken_over
from shared.payments.store import PaymentStore
from shared.pi.objects import PaymentDto


def adopt_payment(
    payments: PaymentStore,
    prices: Prices,
    terms: Terms,
    now: int,
    payment: PaymentDto,
) -> PaymentRecord:
    """The record that stands afterwards. One that is completed at Pi was delivered by whoever
    completed it: it is kept for its refund, and owes nothing. A second one for what is sold once
    is refused, and if it is paid an operator refunds it."""
    quote = prices(payment)
    made = partial(taken_over, payment, quote, terms=terms, now=now)
    first = made(refusal=mismatch(payment, quote, terms))
    record, _ = payments.begin(first, if_bought=made(refusal=ALREADY_BOUGHT))
    return record
