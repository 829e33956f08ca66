"""Our records as a front end sees them: amounts as fixed-point text in Pi, times in seconds since
1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.domain.amount import Amount
from shared.domain.payment import PaymentRecord
from shared.domain.payout import PayoutRecord
from shared.domain.reward import RewardRecord


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


def payment_in_history(item: Mapping[str, Any]) -> dict[str, Any]:
    """The same shape as for the owner, from the index of a user's payments."""
    return {
        "payment_id": item["payment_id"],
        "state": item["state"],
        "amount": str(Amount(int(item["amount"]))),
        "product_id": item.get("product_id"),
        "quantity": int(item["quantity"]) if "quantity" in item else None,
        "txid": item.get("txid"),
        "attention": item.get("attention"),
        "created_at": int(item["created_at"]),
        "completed_at": int(item["completed_at"]) if "completed_at" in item else None,
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
