"""POST /pi_payment/complete: the front end's onReadyForServerCompletion."""

from __future__ import annotations

from shared.app import app
from shared.base.errors import Conflict
from shared.base.identifiers import payment_id_of, txid_of
from shared.edge.http import Answer, Request, serve
from shared.edge.keys import one_of
from shared.payments.record import PaymentState
from shared.payments.settle_for_caller import CallerParts, settle_for_caller
from shared.payments.view import payment_for_anyone, payment_for_owner


def complete_payment(parts: CallerParts, request: Request) -> Answer:
    """200: completed, the goods are on their way. 202: not yet; ask again, or leave it to us."""
    body = request.body()
    payment_id = payment_id_of(body.get("paymentId"))
    # Pi's own kit says transactionId, its demo txid.
    txid = txid_of(one_of(body.get("txid"), body.get("transactionId"), "invalid_txid"))
    record, is_owner = settle_for_caller(parts, payment_id, request.token(body), txid)
    has_goods = record.state is PaymentState.COMPLETED and record.price is not None
    if record.needs_review is not None and not has_goods:
        raise Conflict(
            "payment_needs_attention", "An operator of this app must review this payment."
        )
    if record.state is PaymentState.CANCELLED:
        raise Conflict("payment_cancelled", "This payment was cancelled.")
    view = payment_for_owner if is_owner else payment_for_anyone
    return Answer(200 if record.state is PaymentState.COMPLETED else 202, view(record))


handler = serve(app.settle_for_caller, {"POST /pi_payment/complete": complete_payment})
