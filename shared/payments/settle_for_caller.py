"""Settle the payment that a front end asks about: its complete, incomplete, cancel and error."""

from __future__ import annotations

from shared.base.context import concerning
from shared.base.errors import NotOwner, UnknownPayment
from shared.base.frozen import frozen
from shared.base.secret import Secret
from shared.payments.adopt import AdoptParts, adopt_payment, require_open
from shared.payments.record import PaymentRecord, PaymentState
from shared.payments.settle import SettleParts, require_payer, settle
from shared.pi.objects import UserDto
from shared.users.links import Links
from shared.users.verify import Users
from shared.work.wake_ups import WakeUp, WakeUps, Work


@frozen(kw_only=True)
class CallerParts(SettleParts):
    """What is needed to settle for a front end, which may name a payment without a record."""

    users: Users
    links: Links
    adopting: AdoptParts
    wake_ups: WakeUps[WakeUp]


def settle_for_caller(
    parts: CallerParts,
    payment_id: str,
    token: Secret | None,
    claimed_txid: str | None,
    *,
    frees: bool = False,
) -> tuple[PaymentRecord, bool]:
    """Settle the payment that a front end asks about; and whether the caller is known to be its
    owner. `frees`: the user wants to pay another one, so if nobody pays this one it is cancelled
    earlier than by itself, by the worker and on the chain's proof.

    No token, or an invalid one, is an anonymous caller: it may bring our record to what Pi says is
    true, and ask; an id that we do not know costs it one read. An id is known to its page alone
    until it is paid. Raises NotOwner, UnknownPayment, Conflict, and what `settle` raises.
    """
    concerning(payment_id)
    record = parts.payments.get(payment_id)
    if record is None and token is None:
        raise UnknownPayment
    user = parts.users.recognise_if_valid(token)
    if record is None:
        record = _adopt(parts, payment_id, user)
    elif user is not None and not parts.links.are_one(record.uid, user.uid):
        raise NotOwner
    record = settle(parts, record, claimed_txid=claimed_txid)
    if claimed_txid is not None:
        _keep_claim(parts, record, claimed_txid, user)
    if record.pending_event is not None or (frees and _is_asked_first(parts, record)):
        parts.wake_ups.hint(WakeUp(Work.PAYMENT, payment_id))
    return record, user is not None


def _keep_claim(parts: CallerParts, record: PaymentRecord, txid: str, user: UserDto | None) -> None:
    """Only while its transaction is not known. The payer's claim replaces that of other callers."""
    is_news = record.state is not PaymentState.COMPLETED and txid != record.claimed_txid
    if is_news and (user is not None or record.claimed_txid is None):
        parts.payments.keep_claim(record.payment_id, txid, is_its_payer=user is not None)


def _is_asked_first(parts: CallerParts, record: PaymentRecord) -> bool:
    is_open = record.state is PaymentState.OPEN and record.asked_at is None
    return is_open and parts.payments.ask_to_free(record, parts.clock())


def _adopt(parts: CallerParts, payment_id: str, user: UserDto | None) -> PaymentRecord:
    """Take over a payment that another back end of this app approved: only approved payments can be
    paid.

    If it is already completed, the program that completed it has delivered it. It must not be
    delivered again.
    """
    if user is None:
        raise UnknownPayment
    payment = parts.pi.get_payment(payment_id)
    require_payer(payment, user)
    require_open(payment)
    if not payment.status.developer_approved:
        raise UnknownPayment
    return adopt_payment(parts.adopting, payment)
