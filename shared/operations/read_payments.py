"""A user's own payments, from our table alone: Pi is asked only who the user is."""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.context import concerning
from shared.adapters.dynamodb import Item
from shared.adapters.payment_store import PaymentStore
from shared.adapters.secret import Secret
from shared.domain.errors import UnknownPayment
from shared.domain.payment import PaymentRecord
from shared.operations.verify_user import Users

Cursor = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadParts:
    users: Users
    payments: PaymentStore


def read_payment(parts: ReadParts, payment_id: str, token: Secret | None) -> PaymentRecord:
    """Raises TokenRefused, and UnknownPayment for another user's payment too: nobody learns which
    ids exist.
    """
    concerning(payment_id)
    user = parts.users.recognise(token)
    record = parts.payments.get(payment_id)
    if record is None or record.uid != user.uid:
        raise UnknownPayment
    return record


def read_history(
    parts: ReadParts, token: Secret | None, limit: int, after: Cursor | None
) -> tuple[list[Item], Cursor | None]:
    """Newest first; the cursor continues where a page ended. Raises TokenRefused."""
    user = parts.users.recognise(token)
    return parts.payments.history(user.uid, limit, after)
