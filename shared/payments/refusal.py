"""What the developer of a front end is told about a refused payment: what was expected, what came,
and what to do. All of it is read from the record, so a repeat gets the same answer, even if the
price has changed.
"""

from __future__ import annotations

from typing import Any

from shared.base.errors import Conflict
from shared.payments.prices import LARGEST_QUANTITY, NotForSale, Price, Why
from shared.payments.record import ALREADY_BOUGHT, PaymentRecord

CANCELLED = "This payment was cancelled. Start a new one."
UNSOLD = "This payment is not one that this app sells."


def refused(record: PaymentRecord, code: str) -> Conflict:
    """The answer to every call that asks for the approval of this payment; `code` is its
    refusal."""
    return Conflict(code, _sentence(record), _details(record))


def loggable(record: PaymentRecord) -> dict[str, Any]:
    """For the log, whatever the refusal: which product, and amounts, but nothing else of the
    metadata."""
    told: dict[str, Any] = {"code": record.refusal, "amount": str(record.amount)}
    if record.expected is not None:
        told |= _of_price(record.expected)
    if record.not_for_sale is not None:
        told |= {"why": record.not_for_sale.why, "product_id": record.not_for_sale.product_id}
    return told


def _details(record: PaymentRecord) -> dict[str, Any] | None:
    """Amounts are fixed-point text in Pi. None: there is nothing to add, or the record was made
    before it kept this."""
    price, reason = record.expected, record.not_for_sale
    if record.refusal == "unexpected_amount" and price is not None:
        return {**_of_price(price), "amount": str(record.amount)}
    if record.refusal == ALREADY_BOUGHT and price is not None:
        return {"product_id": price.product_id}
    if record.refusal == "unknown_product" and reason is not None:
        told: dict[str, Any] = {
            "why": reason.why,
            "product_id": reason.product_id,
            "came": reason.came,
        }
        if reason.why == Why.NO_PRODUCT_ID:
            told["metadata_keys"] = list(reason.metadata_keys)
        return {name: value for name, value in told.items() if value is not None}
    return None


def _of_price(price: Price) -> dict[str, Any]:
    return {
        "product_id": price.product_id,
        "quantity": price.quantity,
        "minimum": str(price.minimum),
        "maximum": str(price.maximum),
    }


def _sentence(record: PaymentRecord) -> str:
    if record.refusal == "unexpected_amount" and record.expected is not None:
        return _about_amount(record, record.expected)
    if record.refusal == ALREADY_BOUGHT and record.expected is not None:
        return (
            f"{record.expected.product_id} is sold once to each user, and another payment of this"
            " user has bought it or may still be paid: see GET /payments. If it is not paid, it is"
            " closed, and a new payment is accepted."
        )
    if record.refusal == "unknown_product" and record.not_for_sale is not None:
        return _about_product(record.not_for_sale)
    match record.refusal:
        case "payment_cancelled":
            return CANCELLED
        case "unexpected_network":
            return (
                "This payment is not on the network that this app uses. Check `sandbox` in"
                " Pi.init, and the parameter PiNetwork."
            )
        case "unexpected_token":
            return "This payment is not in native Pi. Start a new one in Pi."
        case "unexpected_split":
            return "This payment also pays others. Start a new one without split recipients."
        case "unexpected_wallet":
            return (
                "This payment does not go to this app's wallet. Check the parameter"
                " PiWalletAddress."
            )
    return UNSOLD


def _about_amount(record: PaymentRecord, price: Price) -> str:
    is_exact = price.minimum == price.maximum
    expected = f"{price.minimum}" if is_exact else f"{price.minimum} to {price.maximum}"
    return (
        f"{price.quantity} x {price.product_id} costs {expected} Pi, but this payment has"
        f" {record.amount} Pi. Start a new one with the right amount."
    )


def _about_product(reason: NotForSale) -> str:
    named = f"The product {reason.product_id}"
    match reason.why:
        case Why.NO_PRODUCT_ID:
            keys = ", ".join(reason.metadata_keys) or "none"
            return f"The metadata has no productId; its keys: {keys}. Name a product in it."
        case Why.INVALID_PRODUCT_ID:
            return (
                "metadata.productId must be 1 to 64 of A-Z a-z 0-9 _ . : - or a whole number from"
                f" 0; this is: {reason.came}."
            )
        case Why.INVALID_QUANTITY:
            return (
                f"metadata.quantity must be a whole number from 1 to {LARGEST_QUANTITY};"
                f" this is: {reason.came}."
            )
        case Why.ONE_PIECE_ONLY:
            return f"{named} is sold once to each user, as one piece. Leave quantity out."
        case Why.UNREADABLE_METADATA:
            return "The metadata is nested too deeply to be read. Send less of it."
        case Why.NO_SUCH_PRODUCT:
            return f"{named} is not in the table of products. Put it there, or correct productId."
        case Why.SWITCHED_OFF:
            return f"{named} is switched off. Set its `active` to true to sell it."
        case Why.UNUSABLE_ROW:
            return f"{named} has no usable price in the table of products. Correct its row."
    return f"{UNSOLD} The reason: {reason.why}."
