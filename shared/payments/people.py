"""What an operator decides about a user: two uids belong to one person, or a name is erased; and
what follows from it for a sale.

The name that Pi gives (scope `username`) is the only personal data that is stored beside the uid.
"""

from __future__ import annotations

from shared.base.context import concerning, remaining
from shared.base.frozen import frozen
from shared.payments.prices import Price, Quote
from shared.payments.store import PaymentStore
from shared.users.links import Links


@frozen(kw_only=True)
class PeopleParts:
    links: Links
    payments: PaymentStore


def link(parts: PeopleParts, old: str, new: str) -> dict[str, object]:
    """From now on `new` sees the payments of `old` and gets their refunds. Raises Conflict
    `not_linkable`."""
    concerning(new)
    parts.links.add(old, new)
    return {"uid": new, "earlier_uids": list(parts.links.earlier(new))}


def unlink(parts: PeopleParts, old: str, new: str) -> dict[str, object]:
    """Undo a link that was a mistake. Raises Conflict `not_linkable`."""
    concerning(new)
    parts.links.remove(old, new)
    return {"uid": new, "earlier_uids": list(parts.links.earlier(new))}


def has_bought_before(payments: PaymentStore, links: Links, uid: str, quote: Quote) -> bool:
    """Whether another uid of the same person has bought what is sold once."""
    if not isinstance(quote, Price) or not quote.once:
        return False
    return any(payments.has_bought(quote.product_id, one) for one in links.earlier(uid))


def forget(parts: PeopleParts, uid: str) -> dict[str, object]:
    """Erase the user's name from the records of all payments under this uid, as far as there is
    time: `is_done` tells whether to ask again."""
    concerning(uid)
    forgotten = 0
    for payment_id in parts.payments.of_user(uid):
        if remaining() == 0:
            return {"uid": uid, "forgotten": forgotten, "is_done": False}
        forgotten += parts.payments.forget_name(payment_id)
    return {"uid": uid, "forgotten": forgotten, "is_done": True}
