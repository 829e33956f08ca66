"""POST /pi_payment/incomplete, cancel and error: the front end met a payment that is not finished.

What it says about the payment is a hint at most; Pi is asked, and the payment is settled by what Pi
shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.app import app
from shared.base.identifiers import payment_id_of, txid_of
from shared.edge.http import Answer, Request, serve
from shared.edge.keys import one_of
from shared.payments.record import PaymentState
from shared.payments.settle_for_caller import CallerParts, settle_for_caller
from shared.payments.view import payment_for_anyone, payment_for_owner


def resolve_payment(parts: CallerParts, request: Request) -> Answer:
    """200: the payment is closed. 202: it is still open, and we come back to it."""
    body = request.body()
    payment_id, txid = _payment_named_in(body)
    record, is_owner = settle_for_caller(parts, payment_id, request.token(body), txid, frees=True)
    view = payment_for_owner if is_owner else payment_for_anyone
    return Answer(202 if record.state is PaymentState.OPEN else 200, view(record))


def _payment_named_in(body: Mapping[str, Any]) -> tuple[str, str | None]:
    """Pi's kit sends `{paymentId, transactionId}`, its demo the whole PaymentDTO as `payment`. The
    txid is a claim, which the chain has to prove; the DTO's `_link` is never followed.
    """
    payment = _object(body.get("payment"))
    payment_id = one_of(body.get("paymentId"), payment.get("identifier"), "invalid_payment_id")
    named = one_of(body.get("transactionId"), body.get("txid"), "invalid_txid")
    txid = one_of(named, _object(payment.get("transaction")).get("txid"), "invalid_txid")
    return payment_id_of(payment_id), txid_of(txid) if txid else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


handler = serve(
    app.settle_for_caller,
    {
        "POST /pi_payment/incomplete": resolve_payment,
        "POST /pi_payment/cancel": resolve_payment,
        "POST /pi_payment/error": resolve_payment,
    },
)
