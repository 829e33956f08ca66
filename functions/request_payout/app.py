"""POST /payouts and GET /payouts/{payout_id}: for the operator's own back end, IAM-signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.app import app
from shared.base.amount import Amount, InvalidAmount
from shared.base.errors import BadRequest
from shared.base.identifiers import payment_id_of, uid_of
from shared.edge.http import Answer, Request, serve
from shared.edge.keys import allow_only
from shared.payouts.record import payout_id_of
from shared.payouts.request import PayoutRequest, RequestParts, refund, request_payout
from shared.payouts.view import payout, payout_with_story

KEYS = frozenset({"payout_id", "uid", "amount", "memo", "metadata"})
KEYS_OF_REFUND = frozenset({"payout_id", "refund_of", "refund_to", "uid", "amount"})


def request(parts: RequestParts, request: Request) -> Answer:
    """202: taken on; 200: this very request stands already and has been closed."""
    wanted = _wanted(parts, request.body())
    record = request_payout(parts, wanted)
    return Answer(200 if record.closed_at else 202, payout(record))


def read(parts: RequestParts, request: Request) -> Answer:
    payout_id = payout_id_of(request.path("payout_id"))
    return Answer(200, payout_with_story(parts.payouts.require(payout_id)))


def _wanted(parts: RequestParts, body: Mapping[str, Any]) -> PayoutRequest:
    if "refund_of" in body:
        return _wanted_refund(parts, body)
    allow_only(KEYS, body, "A payout")
    memo, metadata = body.get("memo"), body.get("metadata", {})
    if not isinstance(memo, str):
        raise BadRequest("invalid_memo", "memo must be a text.")
    if not isinstance(metadata, dict):
        raise BadRequest("invalid_metadata", "metadata must be an object.")
    payout_id, uid = payout_id_of(body.get("payout_id")), uid_of(body.get("uid"))
    return PayoutRequest(payout_id, uid, _amount(body.get("amount")), memo, metadata)


def _wanted_refund(parts: RequestParts, body: Mapping[str, Any]) -> PayoutRequest:
    allow_only(KEYS_OF_REFUND, body, "A refund")
    return refund(
        parts,
        payout_id_of(body.get("payout_id")),
        payment_id_of(body["refund_of"], "refund_of"),
        amount=None if body.get("amount") is None else _amount(body["amount"]),
        uid=uid_of(body["uid"]) if "uid" in body else None,
        refund_to=uid_of(body["refund_to"], "refund_to") if "refund_to" in body else None,
    )


def _amount(value: object) -> Amount:
    """An amount in Pi: a JSON number, or the same as a text."""
    try:
        return Amount.of(value)
    except InvalidAmount as invalid:
        raise BadRequest("invalid_amount", f"The amount is not valid: {invalid}.") from None


handler = serve(app.request_payout, {"POST /payouts": request, "GET /payouts/{payout_id}": read})
