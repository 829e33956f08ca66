"""POST /payouts and GET /payouts/{payout_id}: for the operator's own back end, IAM-signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.app import app
from shared.domain.amount import Amount, InvalidAmount
from shared.domain.errors import BadRequest
from shared.domain.identifiers import payment_id_of
from shared.domain.payout import PayoutRequest, payout_id_of
from shared.edge.http import Answer, Request, serve
from shared.edge.views import payout
from shared.operations.read_payout import read_payout
from shared.operations.request_payout import RequestParts, refund, request_payout


def request(parts: RequestParts, request: Request) -> Answer:
    """202: taken on; 200: this very request stands already and has been closed."""
    wanted = _wanted(parts, request.body())
    record = request_payout(parts, wanted)
    return Answer(200 if record.closed_at else 202, payout(record))


def read(parts: RequestParts, request: Request) -> Answer:
    payout_id = payout_id_of(request.path("payout_id"))
    return Answer(200, payout(read_payout(parts.payouts, payout_id)))


def _wanted(parts: RequestParts, body: Mapping[str, Any]) -> PayoutRequest:
    payout_id = payout_id_of(body.get("payout_id"))
    if body.get("refund_of") is not None:
        amount = _amount(body["amount"]) if body.get("amount") is not None else None
        return refund(parts, payout_id, payment_id_of(body["refund_of"]), amount, body.get("uid"))
    uid, memo, metadata = body.get("uid"), body.get("memo"), body.get("metadata", {})
    if not isinstance(uid, str) or not 1 <= len(uid) <= 64 or not uid.isascii():
        raise BadRequest("invalid_uid", "uid must name a user of this app.")
    if not isinstance(memo, str):
        raise BadRequest("invalid_memo", "memo must be a text.")
    if not isinstance(metadata, dict):
        raise BadRequest("invalid_metadata", "metadata must be an object.")
    return PayoutRequest(payout_id, uid, _amount(body.get("amount")), memo, metadata)


def _amount(value: object) -> Amount:
    """An amount in Pi: a JSON number, or the same as a text."""
    try:
        return Amount.of(value)
    except InvalidAmount as invalid:
        raise BadRequest("invalid_amount", f"The amount is not one: {invalid}.") from None


handler = serve(app.request_payout, {"POST /payouts": request, "GET /payouts/{payout_id}": read})
