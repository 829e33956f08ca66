"""Compare what Pi and the chain show with the payouts: note what the wallet has sent for each, and
report what no payout requested.

The memo of a transfer from the wallet is the identifier of a payment at Pi, which was made for a
payout. A restored table may have forgotten this, but Pi has not: its payment has the payout's id
and everything that was requested. A payment that is open at Pi and unknown here is neither paid nor
cancelled.
"""

from __future__ import annotations

from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.errors import (
    BadRequest,
    BundleError,
    PiInvalidResponse,
    PiRefused,
    PiUnavailable,
    UnknownPayment,
    UnreadableRecord,
)
from shared.base.frozen import frozen
from shared.base.identifiers import payment_id_of
from shared.base.observability import count, logger
from shared.book.foreign import ForeignMemos
from shared.book.record import PI_PATIENCE_SECONDS
from shared.payments.canary import Canary
from shared.payouts.record import (
    REFUND_MEMO,
    RESERVED_KEY,
    PayoutRecord,
    created,
    knows,
    noted,
    payout_of,
)
from shared.payouts.request import PayoutRequest, requested
from shared.payouts.store import PayoutStore
from shared.pi.client import PiClient
from shared.pi.objects import PaymentDto
from shared.stellar.objects import Movement
from shared.work.ordered import OrderedWakeUps


@frozen(kw_only=True)
class SentParts:
    payouts: PayoutStore
    queue: OrderedWakeUps
    canary: Canary
    foreign: ForeignMemos
    clock: Clock


def note_sent(parts: SentParts, wallet: str, movement: Movement) -> str | None:
    """None once it is settled; else the payout whose record cannot be read (that is counted), or
    which refunds a payment that is forgotten too and not found yet, or an empty text where Pi does
    not say what was paid: to be tried again. Raises PiError while Pi answers nothing at all, and
    ServiceUnavailable."""
    moved = movement.transfer
    if moved is None or moved.source != wallet or moved.destination == wallet:
        return None
    concerning(wallet)
    try:
        payment_id = payment_id_of(movement.memo)
    except BadRequest:
        _report(movement)
        return None
    payout_id = parts.payouts.payout_of(payment_id)
    try:
        if payout_id is None or (record := parts.payouts.get(payout_id)) is None:
            asked = _asked_for(parts, payment_id)
            payout_id = payout_id if asked is None else asked.payout_id
            record = None if asked is None else _made_anew(parts, asked, payment_id)
            if record is not None:  # the proof of another day looks it up by this
                parts.payouts.keep_payment(payment_id, record.payout_id)
    except (UnreadableRecord, UnknownPayment):
        return payout_id or ""
    except PiUnavailable:
        if parts.clock() - movement.at < PI_PATIENCE_SECONDS:
            raise
        return ""
    except (PiRefused, PiInvalidResponse):
        return ""
    if record is None:
        parts.foreign.add(payment_id, movement.txids[0])
        _report(movement)
    else:
        concerning(record.payout_id)
        _note(parts, record, movement, payment_id)
    return None


def _asked_for(parts: SentParts, payment_id: str) -> PayoutRecord | None:
    """The record of the payout for which Pi's payment was made, as it was requested; None: it was
    made for no payout here. Raises PiError."""
    payment, is_certain = parts.canary.look_for(payment_id)
    if not is_certain:
        raise PiInvalidResponse  # nothing tells yet whose key this is
    try:
        asked = None if payment is None else remembered(payment)
    except BadRequest:  # metadata that no request here could have had
        asked = None
    if asked is None and payment is not None and payment.direction is None:
        raise PiInvalidResponse  # Pi does not say just now what it is
    return asked


def _made_anew(parts: SentParts, asked: PayoutRecord, payment_id: str) -> PayoutRecord | None:
    """Its record, created again if it was forgotten; None: it is another stack's. Raises
    UnreadableRecord, and UnknownPayment: what it refunds is not known yet."""
    record = parts.payouts.get(asked.payout_id) or parts.payouts.take_over(asked)
    # Another stack of this app may pay another user under the same id.
    is_its_own = record.uid == asked.uid or record.payment_id == payment_id
    return record if is_its_own else None


def remembered(payment: PaymentDto) -> PayoutRecord | None:
    """The payout for which Pi's payment was made, as it was requested; None: not by this bundle.
    Its other values at Pi need not match: they are checked later."""
    if (payout_id := payout_of(payment)) is None:
        return None
    metadata = {name: value for name, value in payment.metadata.items() if name != RESERVED_KEY}
    is_refund = payment.memo == REFUND_MEMO and set(metadata) <= {"refund_of", "refund_to"}
    refund_of = metadata.get("refund_of") if is_refund else None
    request = PayoutRequest(
        payout_id=payout_id,
        uid=payment.user_uid,
        amount=payment.amount,
        memo=payment.memo,
        metadata=metadata,
        refund_of=refund_of if isinstance(refund_of, str) else None,
    )
    now = int(payment.created_at.timestamp())
    return created(requested(request, now), payment, now)


def _note(parts: SentParts, record: PayoutRecord, movement: Movement, payment_id: str) -> None:
    while (new := noted(record, movement, payment_id, parts.clock())) != record:
        standing, written = parts.payouts.replace(record, new)
        if written:
            logger.info("The chain shows a payout", extra={"txid": movement.txids[0]})
            if record.closed_at is not None:  # paid twice, or after it had failed
                _report(movement)
            elif record.is_on_its_way:
                parts.queue.hint_at(standing.payout_id, standing.due_at)
            return
        record = standing


def _report(movement: Movement) -> None:
    count("UnknownSpending")
    txid = movement.txids[0]
    logger.error("The wallet has paid what no payout asked for", extra={"txid": txid})


# --- What is open at Pi ---------------------------------------------------------------------------


@frozen(kw_only=True)
class CompareParts:
    pi: PiClient
    payouts: PayoutStore
    clock: Clock


def compare(parts: CompareParts) -> None:
    """Report each that is open at Pi and unknown here. Never raises: the next sweep goes on."""
    try:
        payments = parts.pi.incomplete_server_payments()
    except BundleError as error:
        logger.warning("Payouts were not compared", extra={"code": error.code})
        return
    for payment in payments:
        try:
            is_known = _is_known(parts, payment)
        except BundleError as error:
            subject = {"subject": payment.identifier, "code": error.code}
            logger.warning("A payout was not compared", extra=subject)
            continue
        if not is_known:
            count("ForeignPayout")
            logger.error(
                "A payout is open at Pi that is unknown here", extra={"subject": payment.identifier}
            )


def _is_known(parts: CompareParts, payment: PaymentDto) -> bool:
    payout_id = payout_of(payment)
    record = parts.payouts.get(payout_id) if payout_id else None
    return record is not None and knows(record, payment, parts.clock())
