"""Our records as a front end sees them: amounts as fixed-point text in Pi, times in seconds since
1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.domain.payment import PaymentRecord
from shared.domain.payout import PayoutRecord
from shared.domain.reward import RewardRecord

if TYPE_CHECKING:
    from shared.adapters.payment_store import HistoryRow


def payment_for_owner(record: PaymentRecord) -> dict[str, Any]:
    """`attention` tells why a person of the app must look at it first; absent parts are null."""
    return {
        **payment_for_anyone(record),
        "amount": str(record.amount),
        "product_id": record.price.product_id if record.price else None,
        "quantity": record.price.quantity if record.price else None,
        "txid": record.txid,
        "attention": record.attention,
        "created_at": record.created_at,
        "completed_at": record.completed_at,
    }


def payment_for_anyone(record: PaymentRecord) -> dict[str, Any]:
    """For a caller who may not be the owner: what Pi's chain tells everybody."""
    return {"payment_id": record.payment_id, "state": record.state}


def payment_in_history(row: HistoryRow) -> dict[str, Any]:
    """The same shape as for the owner, from the index of a user's payments."""
    return {
        "payment_id": row.payment_id,
        "state": row.state,
        "amount": str(row.amount),
        "product_id": row.product_id,
        "quantity": row.quantity,
        "txid": row.txid,
        "attention": row.attention,
        "created_at": row.created_at,
        "completed_at": row.completed_at,
    }


def reward(record: RewardRecord) -> dict[str, Any]:
    return {"ad_id": record.ad_id, "state": record.state, "granted_at": record.granted_at}


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
