"""A user's own payments, only from the Payments table: Pi is asked only who the user is."""

from __future__ import annotations

from contextlib import suppress

from shared.base.context import concerning
from shared.base.errors import UnknownPayment, UnreadableRecord
from shared.base.frozen import frozen
from shared.base.secret import Secret
from shared.payments.record import PaymentRecord
from shared.payments.store import NEWEST, Cursor, PaymentStore, can_be_named, key_of_row
from shared.users.links import Links
from shared.users.verify import Users

Place = tuple[int, Cursor]
"""Where a history continues, and under which of the person's uids; 0 is the newest."""


@frozen(kw_only=True)
class ReadParts:
    users: Users
    links: Links
    payments: PaymentStore


def read_payment(parts: ReadParts, payment_id: str, token: Secret | None) -> PaymentRecord:
    """Raises TokenRefused, and UnknownPayment for another user's payment too: no caller
    learns which ids exist.
    """
    concerning(payment_id)
    user = parts.users.recognise(token)
    record = parts.payments.get(payment_id)
    if record is None or not parts.links.are_one(record.uid, user.uid):
        raise UnknownPayment
    return record


def read_history(
    parts: ReadParts, token: Secret | None, limit: int, after: Place | None
) -> tuple[list[PaymentRecord], Place | None]:
    """Newest first, and after them what was paid under the person's earlier uids; the place
    continues where a page ended, if anything follows. A record that cannot be read is counted and
    left out, so a page may be shorter than `limit`. Raises TokenRefused."""
    user = parts.users.recognise(token)
    uids = (user.uid, *parts.links.earlier(user.uid))
    which, cursor = after or (0, None)
    if which >= len(uids):  # unlinked since
        return [], None
    items, cursor = parts.payments.history(uids[which], limit, cursor)
    while cursor is not None and not can_be_named(cursor):
        # That row is left out, so there is room for the next one.
        more, cursor = parts.payments.history(uids[which], 1, cursor)
        items += more
    if cursor is not None and parts.payments.history(uids[which], 1, cursor) == ([], None):
        cursor = None  # DynamoDB names the last row of a full page, whether or not more follow
    keys = list[str]()
    for item in items:
        with suppress(UnreadableRecord):
            keys.append(key_of_row(item))
    # An index may follow late where a record was edited by hand.
    payments = [one for one in parts.payments.get_each(keys) if one.uid == uids[which]]
    if cursor is not None:
        return payments, (which, cursor)
    return payments, (which + 1, NEWEST) if which + 1 < len(uids) else None
