"""What the app is told. Each event has an identity that stays the same however often it is sent,
and says what was true when it came to be owed, also if more has happened to its record since.

The shapes are documented in docs/events/ and checked against them. No personal data beyond the uid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.payment import Owed, PaymentRecord
from shared.domain.payout import PayoutOwed, PayoutRecord
from shared.domain.reward import RewardRecord

REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Event:
    """`event_id` is the business id and the type, and the time of a blocking, of which a payout may
    have several: a consumer that has seen it drops the rest."""

    type: str
    event_id: str
    detail: Mapping[str, Any]


def payment_event(record: PaymentRecord) -> Event | None:
    """The event that this payment owes; None if it owes none. Amounts are fixed-point text in Pi,
    times seconds since 1970."""
    if record.owed is None:
        return None
    # It may match a price and yet sell nothing, since its money went back.
    price = None if record.owed is Owed.UNMATCHED else record.price
    is_cancelled = record.owed is Owed.CANCELLED  # as far as was known then; it may be paid by now
    return _event(
        record.owed,
        record.payment_id,
        {
            "payment_id": record.payment_id,
            "uid": record.uid,
            "amount": str(record.amount),
            "product_id": price.product_id if price else None,
            "quantity": price.quantity if price else None,
            "txid": None if is_cancelled else record.txid,
            "created_at": record.created_at,
            "closed_at": record.cancelled_at if is_cancelled else record.completed_at,
        },
    )


def reward_event(record: RewardRecord) -> Event | None:
    """The event that this reward owes; None if it owes none."""
    if record.owed is None:
        return None
    return _event(
        record.owed,
        record.ad_id,
        {"ad_id": record.ad_id, "uid": record.uid, "granted_at": record.granted_at},
    )


def payout_event(record: PayoutRecord) -> Event | None:
    """The event that this payout owes; None if it owes none."""
    if record.owed is None:
        return None
    is_of_blocking = record.owed is PayoutOwed.BLOCKED
    return _event(
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


def _event(
    kind: str, business_id: str, detail: Mapping[str, Any], which: int | None = None
) -> Event:
    event_id = f"{business_id}:{kind}" + (f":{which}" if which is not None else "")
    return Event(str(kind), event_id, {"event_id": event_id, **detail})
