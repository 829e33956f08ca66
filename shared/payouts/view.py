"""A payout as the operator sees it, and as the app is told of it: amounts as fixed-point text in
Pi, times in seconds since 1970.
"""

from __future__ import annotations

import re
from typing import Any

from shared.payouts.record import PayoutOwed, PayoutRecord
from shared.work.events import Event, event

REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")


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


def payout_event(record: PayoutRecord) -> Event | None:
    """The event that this payout owes; None if it owes none."""
    if record.owed is None:
        return None
    is_of_blocking = record.owed is PayoutOwed.BLOCKED
    return event(
        record.owed,
        record.payout_id,
        {
            "payout_id": record.payout_id,
            "uid": record.uid,
            "amount": str(record.amount),
            "refund_of": record.refund_of,
            "payment_id": record.payment_id,
            "txid": record.txid if record.owed is PayoutOwed.COMPLETED else None,
            "reason": _reason(record),
            "requested_at": record.requested_at,
            "closed_at": record.closed_at,
        },
        # It may block again after a person has resumed it.
        which=record.blocked_at if is_of_blocking else None,
    )


def _reason(record: PayoutRecord) -> str | None:
    """Why it failed, or was blocked, whatever a person has decided since; None: it was paid."""
    if record.owed is PayoutOwed.COMPLETED:
        return None
    is_of_blocking = record.owed is PayoutOwed.BLOCKED
    reason = (is_of_blocking and record.blocked_reason) or record.reason or ""
    # The chain's words are not ours, and former versions did not keep the reason of a blocking.
    return reason if REASON.fullmatch(reason) else "unknown_reason"
