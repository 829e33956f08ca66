"""Tell a user in the Pi App that a payout has arrived, if the operator has given a text for it.

Once per payout, by the id of the notification. It never holds up a payout: if the notification
cannot be recorded now, none is sent.
"""

from __future__ import annotations

from shared.base.amount import Amount
from shared.base.errors import BundleError
from shared.base.frozen import frozen
from shared.base.observability import logger
from shared.notifications.request import NotifyParts, notify
from shared.pi.objects import NotificationText

ID = "payout:"  # no id that an operator chooses has a colon
AMOUNT = "{amount}"
ROUTE = "/"


@frozen(kw_only=True)
class ArrivalParts:
    """`payout` and `refund` are texts in which `{amount}` stands for the paid amount in Pi; None:
    the user gets no notification."""

    notify: NotifyParts
    title: str
    payout: str | None
    refund: str | None


def tell_user(
    parts: ArrivalParts, payout_id: str, uid: str, amount: Amount, *, is_refund: bool
) -> None:
    """Never raises BundleError."""
    text = parts.refund if is_refund else parts.payout
    if text is None:
        return
    try:
        said = NotificationText(parts.title, text.replace(AMOUNT, str(amount)), ROUTE)
        notify(parts.notify, f"{ID}{payout_id}", said, [uid])
    except BundleError as error:
        logger.warning("The user is not told of this payout", extra={"code": error.code})
