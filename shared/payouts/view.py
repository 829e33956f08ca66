"""A payout as the operator sees it, and as the app is told of it: amounts as fixed-point text in
Pi, times in seconds since 1970.
"""

from __future__ import annotations

from typing import Any

from shared.base.identifiers import CODE
from shared.payouts.record import PayoutEvent, PayoutRecord
from shared.work.events import Event, event
from shared.work.story import told


def payout(record: PayoutRecord) -> dict[str, Any]:
    """For the operator. `reason` says what it waits for, or why it failed or is blocked,
    `warning` what may prevent it while it is open."""
    return {
        "payout_id": record.payout_id,
        "state": record.state,
        "uid": record.uid,
        "amount": str(record.amount),
        "refund_of": record.refund_of,
        "payment_id": record.payment_id,
        "txid": record.txid,
        "reason": record.reason,
        "warning": None if record.closed_at else record.warning,
        "requested_at": record.requested_at,
        "closed_at": record.closed_at,
    }


def payout_with_story(record: PayoutRecord) -> dict[str, Any]:
    """And what became of it."""
    return {**payout(record), "handed_in": list(record.handed_in), "story": told(record.story)}


def payout_event(record: PayoutRecord) -> Event | None:
    """The pending event of this payout; None if there is none."""
    if record.pending_event is None:
        return None
    return event(
        record,
        record.payout_id,
        {
            "payout_id": record.payout_id,
            "uid": record.uid,
            "amount": str(record.amount),
            "refund_of": record.refund_of,
            "payment_id": record.payment_id,
            "txid": record.txid if record.pending_event is PayoutEvent.COMPLETED else None,
            "reason": _reason(record),
            "requested_at": record.requested_at,
            "closed_at": record.closed_at,
        },
        which=_which(record),
    )


def _which(record: PayoutRecord) -> int | None:
    """When it began: it may block, or wait, more than once."""
    match record.pending_event:
        case PayoutEvent.BLOCKED:
            return record.blocked_at
        case PayoutEvent.WAITING:
            return record.doubt_since
    return None


def _reason(record: PayoutRecord) -> str | None:
    """Why it failed, or was blocked, whatever an operator decided later; None: it was paid."""
    if record.pending_event is PayoutEvent.COMPLETED:
        return None
    is_of_blocking = record.pending_event is PayoutEvent.BLOCKED
    reason = (is_of_blocking and record.blocked_reason) or record.reason or ""
    # The chain's words are no codes, and former versions did not keep the reason of a blocking.
    return reason if CODE.fullmatch(reason) else "unknown_reason"
