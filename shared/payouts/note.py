"""Note in a payout's record what the wallet has sent for it, as the wallet's book comes by it.

The memo of what the wallet sends is the identifier of a payment at Pi, which was made for a payout.
A table that was restored does not remember that; but Pi does: its payment carries the payout's id,
and all that was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.errors import (
    BadRequest,
    PiNonsense,
    PiRefused,
    PiUnavailable,
    UnreadableRecord,
)
from shared.base.identifiers import payment_id_of
from shared.base.observability import count, logger
from shared.book.foreign import ForeignMemos
from shared.book.record import PI_PATIENCE_SECONDS
from shared.payments.canary import Canary
from shared.payouts.queue import PayoutQueue
from shared.payouts.record import PayoutRecord, noted, remembered
from shared.payouts.store import PayoutStore
from shared.stellar.objects import Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class SentParts:
    payouts: PayoutStore
    queue: PayoutQueue
    canary: Canary
    foreign: ForeignMemos
    clock: Clock


def note_sent(parts: SentParts, wallet: str, movement: Movement) -> str | None:
    """None once it is settled; else the payout whose record cannot be read (that is counted), or an
    empty text where Pi does not say what was paid: to be tried again. Raises PiError while Pi
    answers nothing at all, and ServiceUnavailable."""
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
            record = _asked_for(parts, payment_id)
    except UnreadableRecord:
        return payout_id or ""
    except PiUnavailable:
        if parts.clock() - movement.at < PI_PATIENCE_SECONDS:
            raise
        return ""
    except (PiRefused, PiNonsense):
        return ""
    if record is None:
        parts.foreign.add(payment_id, movement.txids[0])
        _report(movement)
    else:
        concerning(record.payout_id)
        _note(parts, record, movement, payment_id)
    return None


def _asked_for(parts: SentParts, payment_id: str) -> PayoutRecord | None:
    """Our record of what Pi knows this payment was made for, made anew if it was forgotten; None:
    for no payout of ours. Raises PiError, and UnreadableRecord."""
    payment = parts.canary.find(payment_id)
    if payment is None and not parts.canary.can_tell:
        raise PiNonsense  # nobody knows yet whose key this is
    if payment is not None and payment.direction is None:
        raise PiNonsense  # Pi does not say just now what it is
    try:
        asked = None if payment is None else remembered(payment)
    except BadRequest:  # metadata that no request here could have had
        asked = None
    if asked is None:
        return None
    record = parts.payouts.get(asked.payout_id) or parts.payouts.take_over(asked)
    # Another stack of this app may pay somebody else under the same id.
    is_its_own = record.uid == asked.uid or record.payment_id == payment_id
    return record if is_its_own else None


def _note(parts: SentParts, record: PayoutRecord, movement: Movement, payment_id: str) -> None:
    while (new := noted(record, movement, payment_id, parts.clock())) != record:
        standing, written = parts.payouts.replace(record, new)
        if written:
            logger.info("The chain shows a payout", extra={"txid": movement.txids[0]})
            if record.closed_at is not None:  # paid twice, or after it had failed
                _report(movement)
            elif record.is_on_its_way:
                parts.queue.hint(standing)
            return
        record = standing


def _report(movement: Movement) -> None:
    count("UnknownSpending")
    txid = movement.txids[0]
    logger.error("The wallet has paid what no payout asked for", extra={"txid": txid})
