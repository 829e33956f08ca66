"""Note in a payment's record what its wallet got for it, as the wallet's book comes by it.

Each movement is noted once, however often it is read, in any state of the record: closed is not
forgotten. What our table does not know, after a restore say, is asked of Pi and taken over.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.context import concerning
from shared.adapters.edges import Clock
from shared.adapters.observability import count, logger
from shared.adapters.payment_store import PaymentStore
from shared.adapters.pi_client import PiClient
from shared.adapters.product_store import ProductStore
from shared.domain.chain import Movement
from shared.domain.errors import BadRequest, PiError, PiNonsense, PiRefused, UnreadableRecord
from shared.domain.identifiers import payment_id_of
from shared.domain.payment import Attention, PaymentRecord, Terms, informed, is_payable, received
from shared.domain.pi import PaymentDto
from shared.operations.adopt_payment import adopt_payment

# What Pi does not tell holds the book up as long as the movement is younger, and not for ever: an
# answer that it never should give, or none at all.
PATIENCE_SECONDS = 3600
LONG_PATIENCE_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteParts:
    pi: PiClient
    payments: PaymentStore
    products: ProductStore
    terms: Terms
    clock: Clock


def note_movement(parts: NoteParts, wallet: str, movement: Movement) -> None:
    """Raises PiError where Pi has to be asked and cannot be, and ServiceUnavailable."""
    if movement.transfer is None or movement.transfer.destination != wallet:
        return
    try:
        payment_id = payment_id_of(movement.memo)
    except BadRequest:
        return  # a deposit
    concerning(payment_id)
    try:
        record = parts.payments.get(payment_id) or _forgotten(parts, payment_id, movement)
        if record is not None:
            _note(parts, _informed(parts, record), movement)
    except UnreadableRecord:  # counted; it holds up no other
        return


def _note(parts: NoteParts, record: PaymentRecord, movement: Movement) -> None:
    while (new := received(record, movement, parts.clock())) != record:
        standing, written = parts.payments.replace(record, new)
        if written:
            _tell(record, new, movement)
            return
        record = standing


def _informed(parts: NoteParts, record: PaymentRecord) -> PaymentRecord:
    """With its addresses, if Pi shows them by now: without them nothing matches it."""
    if record.from_address is not None and record.to_address is not None:
        return record
    try:
        payment = parts.pi.get_payment(record.payment_id)
    except (PiRefused, PiNonsense):
        return record
    standing, _ = parts.payments.replace(record, informed(record, payment))
    return standing


def _tell(old: PaymentRecord, new: PaymentRecord, movement: Movement) -> None:
    logger.info("The chain shows a payment", extra={"txid": movement.txids[0]})
    if new.attention is Attention.ODD_RECEIPT and old.attention is not new.attention:
        logger.error("This payment needs a person", extra={"attention": new.attention})
        count("PaymentNeedsAttention")


def _forgotten(parts: NoteParts, payment_id: str, movement: Movement) -> PaymentRecord | None:
    """Our record of it if it is a payment of this app that was approved, made anew; None: a
    stranger's memo."""
    payment: PaymentDto | None = None
    age = parts.clock() - movement.at
    try:
        payment = parts.pi.get_payment(payment_id)
    except (PiRefused, PiNonsense) as error:
        if error.code != "payment_not_found" and age < PATIENCE_SECONDS:
            raise
    except PiError:
        if age < LONG_PATIENCE_SECONDS:
            raise
    if payment is None or not is_payable(payment):
        count("UnknownTransfer")
        logger.warning("The wallet got Pi for no payment here", extra={"txid": movement.txids[0]})
        return None
    return adopt_payment(parts.payments, parts.products, parts.terms, parts.clock(), payment)
