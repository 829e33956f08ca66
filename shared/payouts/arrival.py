"""Tell a user in the Pi App that a payout has arrived, if the operator has given a text for it.

Once per payout, by the id of the notification. It never holds up a payout: if the notification
cannot be recorded now, none is sent.
"""

from __future__ import annotations

from shared.base.errors import BundleError
from shared.base.frozen import frozen
from shared.base.observability import logger
from shared.notifications.request import NotifyParts, notify
from shared.payouts.record import PayoutRecord
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


def tell_user(parts: ArrivalParts, record: PayoutRecord) -> None:
    """Never raises BundleError."""
    text = parts.payout if record.refund_of is None else parts.refund
    if text is None:
        return
    body = text.replace(AMOUNT, str(record.amount))
    try:
        said = NotificationText(parts.title, body, ROUTE)
        notify(parts.notify, f"{ID}{record.payout_id}", said, [record.uid])
    except BundleError as error:
        logger.warning("The user is not told of this payout", extra={"code": error.code})
