"""What is left to do for a payment: settle it, then deliver its pending event."""

from __future__ import annotations

from shared.base.frozen import frozen
from shared.payments.record import PaymentRecord, PaymentState, delivered, is_at_rest, rested
from shared.payments.settle import SettleParts, settle
from shared.payments.silence import Watch
from shared.payments.view import payment_event
from shared.work.deliver import deliver
from shared.work.event_bus import EventBus


@frozen(kw_only=True)
class FinishParts(SettleParts):
    bus: EventBus
    watch: Watch


def finish_payment(parts: FinishParts, payment_id: str) -> None:
    """Settle it unless it is closed, then deliver its pending event. Raises BundleError: it
    stays due."""
    record = parts.payments.get(payment_id)
    if record is None or record.due_at is None:
        return
    if record.pending_event is None:
        record = settle(parts, record)
    record = _deliver(parts, record)
    # What another back end has sold may be years old: the book is not taken back so far.
    is_past = record.delivered_before and record.state is PaymentState.COMPLETED
    if (is_past or parts.watch.covers(record)) and is_at_rest(record) and record.due_at is not None:
        parts.payments.replace(record, rested(record))


def _deliver(parts: FinishParts, record: PaymentRecord) -> PaymentRecord:
    def told(standing: PaymentRecord) -> PaymentRecord:
        return delivered(standing, parts.clock())

    standing = deliver(parts.bus, record, payment_event, told, parts.payments.replace)
    # What an operator has closed need not be completed at Pi, nor known to it.
    if standing.state is PaymentState.COMPLETED and standing.settled_by_hand is None:
        parts.canary.remember(standing.payment_id)
    return standing
