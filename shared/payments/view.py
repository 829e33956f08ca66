"""A payment as its front end sees it, and as the app is told of it: amounts as fixed-point text in
Pi, times in seconds since 1970.
"""

from __future__ import annotations

from typing import Any

from shared.payments.record import PaymentEvent, PaymentRecord
from shared.work.events import Event, event
from shared.work.story import told


def payment_for_owner(record: PaymentRecord) -> dict[str, Any]:
    """`received` is what came in for it, which may be more than its amount, and `refunded` what has
    gone back, or is on its way; `attention` says why an operator must review it first. Absent parts
    are null."""
    return {
        **payment_for_anyone(record),
        "amount": str(record.amount),
        "product_id": record.price.product_id if record.price else None,
        "quantity": record.price.quantity if record.price else None,
        "txid": record.txid,
        "received": str(record.received),
        "refunded": str(record.refunded),
        "attention": record.needs_review,
        "created_at": record.created_at,
        "completed_at": record.completed_at,
    }


def payment_with_story(record: PaymentRecord) -> dict[str, Any]:
    """For the operator: whose it is, what the chain shows of it, and what became of it."""
    receipts = [
        {"txid": one.txid, "amount": str(one.amount), "odd": one.odd} for one in record.receipts
    ]
    return {
        **payment_for_owner(record),
        "uid": record.uid,
        "username": record.username,
        "refusal": record.refusal,
        "refundable": str(record.refundable),
        "receipts": receipts,
        "claimed_txid": record.claimed_txid,
        "cancelled_at": record.cancelled_at,
        "owes": record.pending_event,
        "last_event": record.last_event,
        "due_at": record.due_at,
        "story": told(record.story),
    }


def payment_for_anyone(record: PaymentRecord) -> dict[str, Any]:
    """For a caller who may not be the owner: only what anyone can see on the chain."""
    return {"payment_id": record.payment_id, "state": record.state}


def payment_event(record: PaymentRecord) -> Event | None:
    """The event that this payment owes; None if it owes none. Amounts are fixed-point text in Pi,
    times seconds since 1970."""
    if record.pending_event is None:
        return None
    # It may match a price and yet sell nothing, since its money went back.
    price = None if record.pending_event is PaymentEvent.UNMATCHED else record.price
    is_cancelled = (
        record.pending_event is PaymentEvent.CANCELLED
    )  # as far as was known then; it may be paid by now
    return event(
        record,
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
