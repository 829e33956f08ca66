"""Note in a payment's record what its wallet got for it, when the wallet's book reads the movement.

Each movement is noted once, however often it is read, in any state of the record, also in a closed
one. If the table does not know the payment, for example after a restore, Pi is asked and the
payment is adopted.
"""

from __future__ import annotations

from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.errors import (
    BadRequest,
    PiInvalidResponse,
    PiRefused,
    PiUnavailable,
    PriceUnavailable,
    UnreadableRecord,
)
from shared.base.frozen import frozen
from shared.base.identifiers import payment_id_of
from shared.base.observability import count, logger
from shared.book.foreign import ForeignMemos
from shared.book.record import PI_PATIENCE_SECONDS
from shared.payments.adopt import AdoptParts, adopt_payment
from shared.payments.canary import Canary
from shared.payments.record import (
    Attention,
    PaymentRecord,
    informed,
    is_payable,
    noted,
)
from shared.payments.store import PaymentStore
from shared.stellar.objects import Movement


@frozen(kw_only=True)
class NoteParts:
    payments: PaymentStore
    adopting: AdoptParts
    canary: Canary
    foreign: ForeignMemos
    clock: Clock


def note_movement(parts: NoteParts, wallet: str, movement: Movement) -> str | None:
    """None once it is settled; else the payment whose record cannot be read (that is counted), or
    of which Pi does not say what it is, or the app's price function what it costs: to be tried
    again. Raises PiError while Pi answers nothing at all, and ServiceUnavailable."""
    if movement.transfer is None or movement.transfer.destination != wallet:
        return None
    try:
        payment_id = payment_id_of(movement.memo)
    except BadRequest:
        return None  # a deposit
    concerning(payment_id)
    try:
        record = parts.payments.get(payment_id) or _forgotten(parts, payment_id, movement)
        if record is not None:
            _note(parts, _informed(parts, record), movement)
    except PiUnavailable:
        if parts.clock() - movement.at < PI_PATIENCE_SECONDS:
            raise
        return payment_id
    except (UnreadableRecord, PriceUnavailable, PiRefused, PiInvalidResponse):
        return payment_id
    return None


def _note(parts: NoteParts, record: PaymentRecord, movement: Movement) -> None:
    while (new := noted(record, movement, parts.clock())) != record:
        standing, written = parts.payments.replace(record, new)
        if written:
            _tell(record, new, movement)
            return
        record = standing


def _informed(parts: NoteParts, record: PaymentRecord) -> PaymentRecord:
    """With its addresses, if Pi shows them now: without them no movement matches it. Raises
    PiError."""
    if record.from_address is not None and record.to_address is not None:
        return record
    payment = parts.canary.find(record.payment_id)
    if payment is None:
        return record
    standing, _ = parts.payments.replace(record, informed(record, payment))
    return standing


def _tell(old: PaymentRecord, new: PaymentRecord, movement: Movement) -> None:
    logger.info("The chain shows a payment", extra={"txid": movement.txids[0]})
    if new.needs_review is Attention.ODD_RECEIPT and old.needs_review is not new.needs_review:
        logger.error("This payment needs an operator", extra={"attention": new.needs_review})
        count("PaymentNeedsAttention")


def _forgotten(parts: NoteParts, payment_id: str, movement: Movement) -> PaymentRecord | None:
    """A new record of it, if it is an approved payment of this app; None: a stranger's memo. Raises
    PiError."""
    payment, is_certain = parts.canary.look_for(payment_id)
    if payment is not None and payment.direction is None:
        raise PiInvalidResponse  # Pi does not say just now what it is
    if payment is None or not is_payable(payment):
        # Else the key may be another app's: not remembered, so that the daily proof tells of it.
        if is_certain:
            parts.foreign.add(payment_id, movement.txids[0])
        count("UnknownTransfer")
        txid = movement.txids[0]
        logger.warning("The wallet got Pi for an unknown payment", extra={"txid": txid})
        return None
    return adopt_payment(parts.adopting, payment)
