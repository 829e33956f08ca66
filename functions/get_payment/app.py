"""GET /payments/{payment_id} and GET /payments: a user's own payments, from our records."""

from __future__ import annotations

import re
from decimal import Decimal

from shared.app import app
from shared.base.errors import BadRequest
from shared.base.identifiers import payment_id_of
from shared.edge.http import Answer, Request, serve
from shared.payments.read import Place, ReadParts, read_history, read_payment
from shared.payments.view import payment_for_owner

PAGE, LARGEST_PAGE = 20, 100
PLACE = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{1,64})(?:\.([1-9]))?")


def get_payment(parts: ReadParts, request: Request) -> Answer:
    record = read_payment(parts, payment_id_of(request.path("payment_id")), request.token())
    return Answer(200, payment_for_owner(record))


def list_payments(parts: ReadParts, request: Request) -> Answer:
    """`next` in the answer, given back as `?next=`, continues; null: that was all."""
    payments, place = read_history(parts, request.token(), _limit(request), _place(request))
    return Answer(
        200,
        {
            "payments": [*map(payment_for_owner, payments)],
            "next": None if place is None else _text(place),
        },
    )


def _limit(request: Request) -> int:
    limit = request.query("limit") or str(PAGE)
    if not re.fullmatch(r"[0-9]{1,3}", limit) or not 1 <= int(limit) <= LARGEST_PAGE:
        raise BadRequest("invalid_limit", f"limit must be a number from 1 to {LARGEST_PAGE}.")
    return int(limit)


def _text(place: Place) -> str:
    which, (payment_id, created_at) = place
    return f"{created_at}.{payment_id}" + (f".{which}" if which else "")


def _place(request: Request) -> Place | None:
    text = request.query("next")
    if text is None:
        return None
    if not (match := PLACE.fullmatch(text)):
        raise BadRequest("invalid_cursor", "next must be the value that the previous page gave.")
    return int(match[3] or 0), (match[2], Decimal(match[1]))


handler = serve(
    app.read_payments, {"GET /payments/{payment_id}": get_payment, "GET /payments": list_payments}
)
