"""Take on a payout: written down with everything it reserves, in one transaction, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from shared.aws.switch import Switch
from shared.base.amount import ZERO, Amount
from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.errors import BadRequest, Conflict, NotFound
from shared.payments.record import PaymentRecord
from shared.payments.store import PaymentStore
from shared.payouts.queue import PayoutQueue
from shared.payouts.record import REFUND_MEMO, Caps, PayoutRecord, PayoutRequest, check, requested
from shared.payouts.store import PayoutStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestParts:
    payouts: PayoutStore
    payments: PaymentStore
    queue: PayoutQueue
    switch: Switch
    caps: Caps
    clock: Clock


def request_payout(parts: RequestParts, request: PayoutRequest) -> PayoutRecord:
    """The payout under this id. The same request again gives the same payout, whatever has become
    of it and of the caps; another request under the same id is refused.

    Raises BadRequest, Conflict with the stable code of what forbids it, ServiceUnavailable.
    """
    concerning(request.payout_id)
    if (standing := parts.payouts.get(request.payout_id)) is None:
        check(request, parts.caps)
        if not parts.switch.is_on():
            raise Conflict("payouts_off", "Payouts are switched off.")
        refunded = _refundable(parts, request)
        record = requested(request, parts.clock())
        standing = parts.payouts.reserve(record, parts.caps, refunded)
        if standing is record:
            parts.queue.hint(record)
    if standing.fingerprint != request.fingerprint:
        raise Conflict("payout_id_taken", "Another payout was requested under this id.")
    return standing


def refund(
    parts: RequestParts,
    payout_id: str,
    payment_id: str,
    *,
    amount: Amount | None,
    uid: str | None = None,
    refund_to: str | None = None,
) -> PayoutRequest:
    """The request that pays a payment back to its user; `amount` None: all of what was paid, or
    what came in for a payment that nobody has paid as asked. `refund_to` is the user's new uid, if
    Pi has given him one. `uid`, if the caller names one, must be that of the payment.

    What the caller leaves open is decided once: a repeat gets what stands, whatever has become of
    the payment. Raises NotFound, Conflict `not_refundable`, BadRequest `invalid_uid`.
    """
    if uid is not None and refund_to is not None:
        raise BadRequest("invalid_uid", "uid and refund_to name two recipients: leave uid out.")
    standing = parts.payouts.get(payout_id)
    if standing is not None:
        payer, whole = standing.uid, standing.amount
    else:
        payment = _received(parts, payment_id)
        payer, whole = payment.uid, min(payment.amount, payment.refundable)
        if uid not in (None, payer):
            raise BadRequest("invalid_uid", "A refund goes to the user who paid: leave uid out.")
    return PayoutRequest(
        payout_id=payout_id,
        uid=refund_to or uid or payer,
        amount=whole if amount is None else amount,
        memo=REFUND_MEMO,
        # Part of the request's identity: without it, a repeat could not tell who was to be paid.
        metadata={"refund_of": payment_id} | ({"refund_to": refund_to} if refund_to else {}),
        refund_of=payment_id,
    )


def _refundable(parts: RequestParts, request: PayoutRequest) -> PaymentRecord | None:
    return _received(parts, request.refund_of) if request.refund_of else None


def _received(parts: RequestParts, payment_id: str) -> PaymentRecord:
    payment = parts.payments.get(payment_id)
    if payment is None:
        raise NotFound("payment_not_found", "There is no such payment here.")
    if payment.refundable == ZERO:
        raise Conflict("not_refundable", "Nothing was received for it that can be paid back.")
    return payment
