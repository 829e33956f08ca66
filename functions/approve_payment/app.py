"""POST /pi_payment/approve: the front end's onReadyForServerApproval."""

from __future__ import annotations

from shared.composition.payment import approval_services
from shared.domain.identifiers import payment_id_of
from shared.edge.http import Answer, Request, serve
from shared.edge.views import payment_for_owner
from shared.operations.approve_payment import approve
from shared.operations.services import ApprovalServices


def approve_payment(services: ApprovalServices, request: Request) -> Answer:
    body = request.body()
    record = approve(services, payment_id_of(body.get("paymentId")), request.token(body))
    return Answer(200, payment_for_owner(record))


handler = serve(approval_services(), {"POST /pi_payment/approve": approve_payment})
