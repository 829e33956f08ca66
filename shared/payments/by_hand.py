"""What an operator decides about a payment: it is closed by hand, it is delivered although another
program completed it, or its product may be bought again.

Each decision about a reason names the one that the operator has seen, and is refused if the record
now has another one: so it never hits a payment that the worker closes at that moment.
"""

from __future__ import annotations

from dataclasses import replace

from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.described import Described
from shared.base.errors import Conflict, UnknownPayment, WriteConflict
from shared.base.frozen import frozen
from shared.payments.record import (
    Attention,
    PaymentEvent,
    PaymentRecord,
    PaymentState,
    cancelled,
    rested,
    untold,
)
from shared.payments.store import PaymentStore
from shared.work.events import owing
from shared.work.wake_ups import WakeUp, WakeUps, Work

NO_TRANSACTION = "none"  # it was settled by hand, and named no transaction


class Ending(Described):
    """How an operator closes a payment that needs review."""

    SOLD = "sold", "Its transaction has paid it: it is completed, and your app delivers."
    NOT_SOLD = "not_sold", "Nothing is delivered: it is cancelled, and your app is told so."
    LOOKED_AFTER = "looked_after", "It is completed, and stays so. Your app is told nothing."


@frozen(kw_only=True)
class ByHandParts:
    payments: PaymentStore
    wake_ups: WakeUps[WakeUp]
    clock: Clock


def close(
    parts: ByHandParts,
    payment_id: str,
    ending: Ending,
    reason: str,
    txid: str | None = None,
    *,
    dry_run: bool = False,
) -> PaymentRecord:
    """The record as it is afterwards, or would be. `reason` is the one for which it needs review;
    `txid` is the transaction that paid it, if it is closed as sold and its record names none.

    Raises UnknownPayment, Conflict with the code of what forbids it, WriteConflict.
    """
    record = _required(parts, payment_id)
    new = ended(record, ending, reason, txid, parts.clock())
    return new if dry_run else _written(parts, record, new, f"closed as {ending}")


def ended(
    record: PaymentRecord, ending: Ending, reason: str, txid: str | None, now: int
) -> PaymentRecord:
    """The record after it is closed in this way. Raises Conflict."""
    if record.needs_review != reason:
        message = f"It needs review for: {record.needs_review or 'nothing'}. Look at it again."
        raise Conflict("other_reason", message)
    is_completed = record.state is PaymentState.COMPLETED
    if ending is Ending.LOOKED_AFTER:
        if not is_completed or record.pending_event is not None:
            raise Conflict(
                "not_completed", "It is not completed, or its event is not delivered yet."
            )
        return rested(replace(record, needs_review=None))
    if is_completed:
        raise Conflict(
            "already_completed", "It is completed: refund it, or close it as looked_after."
        )
    if ending is Ending.NOT_SOLD:
        settled = replace(record, settled_by_hand=record.txid or NO_TRANSACTION)
        return cancelled(settled, now)
    return _sold(record, record.txid or txid, now)


def _sold(record: PaymentRecord, txid: str | None, now: int) -> PaymentRecord:
    _require_goods(record)
    if txid is None:
        raise Conflict(
            "txid_missing", "Its record names no transaction: give the one that paid it."
        )
    sold = replace(
        owing(record, PaymentEvent.COMPLETED),
        state=PaymentState.COMPLETED,
        needs_review=None,
        txid=txid,
        settled_by_hand=txid,
        completed_at=now,
        due_at=now,
    )
    return untold(sold) if record.delivered_before else sold


def _require_goods(record: PaymentRecord) -> None:
    """Raises Conflict: nothing could be delivered for it."""
    if record.price is None:
        raise Conflict("not_priced", "It was never compared with a price, so no goods are owed.")
    if record.is_given_back:
        raise Conflict("given_back", "It was refunded to the user.")


def deliver(parts: ByHandParts, payment_id: str, *, dry_run: bool = False) -> PaymentRecord:
    """Tell the app of a completed payment of which it has been told nothing, since Pi showed it as
    completed when the record was made: another program had completed it, or this one before a
    restore. The event has the same identity whoever tells it, so it is delivered once.

    Raises UnknownPayment, Conflict `not_completed`, `already_told`, `delivered_before`,
    `not_priced` or `given_back`, WriteConflict."""
    record = _required(parts, payment_id)
    if record.state is not PaymentState.COMPLETED:
        raise Conflict("not_completed", "It is not completed: settle it, or close it.")
    if record.delivered_before:
        raise Conflict("delivered_before", "You imported it as delivered by another back end.")
    if not record.is_untold:
        raise Conflict("already_told", "Your app was told of it, or will be. Have it sent again.")
    _require_goods(record)
    new = replace(owing(record, PaymentEvent.COMPLETED), due_at=parts.clock())
    return new if dry_run else _written(parts, record, new, "to be delivered")


def sell_again(parts: ByHandParts, payment_id: str, *, dry_run: bool = False) -> PaymentRecord:
    """Let its user buy the product again, which is sold once and was refunded. Raises
    UnknownPayment, Conflict `not_sold_once`, `not_refunded` or `not_the_holder`."""
    record = _required(parts, payment_id)
    if record.sold_once is None:
        raise Conflict("not_sold_once", "Its product is not sold once.")
    if not record.is_given_back:
        raise Conflict("not_refunded", "Refund it first.")
    if not dry_run and not parts.payments.let_go(record):
        raise Conflict("not_the_holder", "Its user may already buy it again, or has bought it.")
    return record


def vouch(parts: ByHandParts, payment_id: str, *, dry_run: bool = False) -> PaymentRecord:
    """A payment that Pi has forgotten can be refunded, once: the operator has seen on the chain
    that its amount was received. Raises UnknownPayment, Conflict `not_gone`, WriteConflict."""
    record = _required(parts, payment_id)
    if record.vouched == record.amount:
        return record
    if record.needs_review is not Attention.GONE:
        raise Conflict("not_gone", "Pi knows it: refund it.")
    new = replace(record, vouched=record.amount)
    return new if dry_run else _written(parts, record, new, "seen paid by an operator")


def _written(
    parts: ByHandParts, record: PaymentRecord, new: PaymentRecord, decided: str
) -> PaymentRecord:
    """Raises WriteConflict."""
    standing, written = parts.payments.replace(record, new, decided=decided)
    if not written:
        raise WriteConflict
    if standing.pending_event is not None:
        parts.wake_ups.hint(WakeUp(Work.PAYMENT, record.payment_id))
    return standing


def _required(parts: ByHandParts, payment_id: str) -> PaymentRecord:
    concerning(payment_id)
    record = parts.payments.get(payment_id)
    if record is None:
        raise UnknownPayment
    return record
