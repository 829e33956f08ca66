"""POST /pi_payment/approve: the front end's onReadyForServerApproval."""

from __future__ import annotations

from shared.app import app
from shared.base.identifiers import payment_id_of
from shared.edge.http import Answer, Request, serve
from shared.payments.approve import ApproveParts, approve
from shared.payments.view import payment_for_owner


def approve_payment(parts: ApproveParts, request: Request) -> Answer:
    body = request.body()
    record = approve(parts, payment_id_of(body.get("paymentId")), request.token(body))
    return Answer(200, payment_for_owner(record))


handler = serve(app.approve_payment, {"POST /pi_payment/approve": approve_payment})
