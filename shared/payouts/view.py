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
    """For the operator. `reason` says what it waits for, or why it failed or is blocked."""
    return {
        "payout_id": record.payout_id,
        "state": record.state,
        "uid": record.uid,
        "amount": str(record.amount),
        "refund_of": record.refund_of,
        "payment_id": record.payment_id,
        "txid": record.txid,
        "reason": record.reason,
        "requested_at": record.requested_at,
        "closed_at": record.closed_at,
    }


def payout_with_story(record: PayoutRecord) -> dict[str, Any]:
    """And what became of it."""
    return {**payout(record), "handed_in": list(record.handed_in), "story": told(record.story)}


def payout_event(record: PayoutRecord) -> Event | None:
    """The event that this payout owes; None if it owes none."""
    if record.pending_event is None:
        return None
    is_of_blocking = record.pending_event is PayoutEvent.BLOCKED
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
        # It may block again after a person has resumed it.
        which=record.blocked_at if is_of_blocking else None,
    )


def _reason(record: PayoutRecord) -> str | None:
    """Why it failed, or was blocked, whatever a person has decided since; None: it was paid."""
    if record.pending_event is PayoutEvent.COMPLETED:
        return None
    is_of_blocking = record.pending_event is PayoutEvent.BLOCKED
    reason = (is_of_blocking and record.blocked_reason) or record.reason or ""
    # The chain's words are no codes, and former versions did not keep the reason of a blocking.
    return reason if CODE.fullmatch(reason) else "unknown_reason"
