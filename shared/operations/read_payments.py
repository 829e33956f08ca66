"""A user's own payments, from our table alone: Pi is asked only who the user is."""

from __future__ import annotations

from shared.adapters.dynamodb import Item
from shared.adapters.secret import Secret
from shared.domain.errors import UnknownPayment
from shared.domain.payment import PaymentRecord
from shared.operations.services import HistoryServices

Cursor = tuple[str, int]


def read_payment(services: HistoryServices, payment_id: str, token: Secret | None) -> PaymentRecord:
    """Raises TokenRefused, and UnknownPayment for another user's payment too: nobody learns which
    ids exist.
    """
    user = services.users.recognise(token)
    record = services.payments.get(payment_id)
    if record is None or record.uid != user.uid:
        raise UnknownPayment
    return record


def read_history(
    services: HistoryServices, token: Secret | None, limit: int, after: Cursor | None
) -> tuple[list[Item], Cursor | None]:
    """Newest first; the cursor continues where a page ended. Raises TokenRefused."""
    user = services.users.recognise(token)
    return services.payments.history(user.uid, limit, after)
