"""Find a record by whatever a user, Pi or the chain calls it, and say why it stands as it does."""

import re
from collections.abc import Callable, Iterator

from local.command.deployed import StackError
from local.command.tell import Row
from shared.app import App
from shared.base.amount import Amount
from shared.base.errors import BundleError, PiUnavailable, UnreadableRecord
from shared.base.identifiers import AD_ID, PAYMENT_ID, TXID
from shared.payments.look import look
from shared.payments.record import PaymentRecord
from shared.payments.view import payment_with_story
from shared.payouts.record import PAYOUT_ID, PayoutRecord, Reason
from shared.payouts.view import payout_with_story
from shared.pi.objects import PaymentDto
from shared.rewards.record import RewardRecord
from shared.rewards.view import reward
from shared.stellar.objects import ChainTransaction
from shared.work.story import told

Record = PaymentRecord | PayoutRecord | RewardRecord
MOST_FOUND = 200
# What stands around an id that was copied from a log or a program, and is in none.
AROUND = "\"'`,"
# Of a completed payment that owes nothing and has told nothing.
ELSEWHERE = (
    "Another program has completed it, and has to deliver it. If it did not: pi-bundle deliver ID"
)
REASONS = {reason.value: reason for reason in Reason}


def find(app: App, text: str) -> list[Row]:
    """The records that this is about: the id of a payment, payout or ad, a transaction, a user's
    uid or name (`@name` too). Of a user the newest come last, at most 200."""
    text = _bare(text)
    found = [row(record) for record in by_id(app, text)]
    if not found and re.fullmatch(TXID, text.lower()):
        found = [row(record) for record in _by_transaction(app, text.lower())]
    return found or [row(record) for record in _by_user(app, text)]


def _bare(text: str) -> str:
    """The id or name, without what was copied with it: `"id",` is `id`."""
    return text.strip().strip(AROUND).strip()


def by_id(app: App, key: str) -> Iterator[Record]:
    """The records of this id; in turn a payment, a payout, a reward. Raises StackError: one cannot
    be read."""
    stores: list[tuple[re.Pattern[str], Callable[[str], Record | None]]] = [
        (PAYMENT_ID, app.payments.get),
        (PAYOUT_ID, app.payouts.get),
        (AD_ID, app.rewards.get),
    ]
    for pattern, get in stores:
        record = _read(get, key) if pattern.fullmatch(key) else None
        if record is not None:
            yield record


def _by_transaction(app: App, txid: str) -> Iterator[Record]:
    """Its memo is the id of a payment at Pi, which may be a payout's."""
    transaction = app.chain.transaction(txid)
    if transaction is None or not transaction.memo:
        return
    payout_id = app.payouts.payout_of(transaction.memo)
    for key in filter(None, (transaction.memo, payout_id)):
        yield from by_id(app, key)


def _by_user(app: App, name: str) -> Iterator[Record]:
    ids = [*app.payments.of_user(name), *app.payments.of_username(name.removeprefix("@"))]
    for payment_id in ids[-MOST_FOUND:]:
        if (record := _read(app.payments.get, payment_id)) is not None:
            yield record


def _read(get: Callable[[str], Record | None], key: str) -> Record | None:
    try:
        return get(key)
    except UnreadableRecord:
        raise StackError(f"The record {key} cannot be read: it was edited by hand.") from None


def row(record: Record) -> Row:
    """A line of what was found."""
    match record:
        case PaymentRecord():
            what, needs = "payment", record.needs_review or record.refusal
            found = _row(what, record.payment_id, record, record.amount, needs, record.created_at)
            return {**found, "refunded": str(record.refunded) if record.refunded.stroops else None}
        case PayoutRecord():
            what, needs = "refund" if record.refund_of else "payout", record.reason
            return _row(what, record.payout_id, record, record.amount, needs, record.requested_at)
    return _row("reward", record.ad_id, record, None, None, record.granted_at)


def _row(what: str, key: str, record: Record, amount: object, why: str | None, at: int) -> Row:
    user = record.username if isinstance(record, PaymentRecord) else None
    return {
        "what": what,
        "id": key,
        "state": record.state,
        "why": why,
        "amount": None if amount is None else str(amount),
        "refunded": None,
        "uid": record.uid,
        "user": user,
        "at": at,
    }


def why(app: App, key: str) -> Row:
    """Everything about one record: what it says and what became of it, Pi's view and the chain's,
    and what comes next. Raises StackError: there is none."""
    record = next(iter(by_id(app, _bare(key))), None)
    match record:
        case PaymentRecord():
            return _why_payment(app, record)
        case PayoutRecord():
            return _why_payout(app, record)
        case RewardRecord():
            story = {"uid": record.uid, "story": told(record.story)}
            shown = {"reward": {**reward(record), **story}, "means": record.state.meaning}
            return {**shown, "looked_at_again_at": record.due_at}
    raise StackError(f"There is no record {key}. Look for it: pi-bundle find {key}")


def _why_payment(app: App, record: PaymentRecord) -> Row:
    seen = look(app.look, record)
    shown = seen.payment.transaction.txid if seen.payment and seen.payment.transaction else None
    txid = record.txid or shown or record.claimed_txid
    if record.due_at is None:
        step = "Nothing is left to do."
    elif seen.decision is None:
        step = f"It is tried again: {seen.failed_with and seen.failed_with.message}"
    else:
        step = seen.decision.step.meaning
    return {
        "payment": {**payment_with_story(record), "refundable": str(_left(record))},
        "means": ELSEWHERE if record.is_untold else record.state.meaning,
        **({"needs": record.needs_review.meaning} if record.needs_review else {}),
        "pi": _at_pi(seen.payment, seen.failed_with),
        "chain": _on_chain(app, txid),
        "settling it now": step,
        "looked_at_again_at": record.due_at,
    }


def _left(record: PaymentRecord) -> Amount:
    """What can still be refunded of it."""
    return Amount(max(0, record.refundable.stroops - record.refunded.stroops))


def _why_payout(app: App, record: PayoutRecord) -> Row:
    payment, failed_with = None, None
    if record.payment_id is not None:
        try:
            payment = app.pi.get_payment(record.payment_id)
        except BundleError as error:
            failed_with = error
    reason = REASONS.get(record.reason or "")
    return {
        "payout": payout_with_story(record),
        "means": record.state.meaning,
        **({"needs": reason.meaning} if reason else {}),
        "pi": _at_pi(payment, failed_with),
        "chain": _on_chain(app, record.txid),
        "looked_at_again_at": record.due_at,
    }


def _at_pi(payment: PaymentDto | None, failed_with: BundleError | None) -> Row | str:
    if payment is None and isinstance(failed_with, PiUnavailable):
        return failed_with.message
    if payment is None:
        return "Pi does not show it."
    return {
        "approved": payment.status.developer_approved,
        "verified": payment.status.transaction_verified,
        "completed": payment.status.developer_completed,
        "cancelled": payment.is_cancelled,
        "txid": payment.transaction.txid if payment.transaction else None,
        "amount": str(payment.amount),
        "from": payment.from_address,
        "to": payment.to_address,
        "network": payment.network,
    }


def _on_chain(app: App, txid: str | None) -> Row | str:
    if txid is None:
        return "No transaction is known."
    try:
        transaction = app.chain.transaction(txid)
    except BundleError as error:
        return error.message
    return "It does not show this transaction." if transaction is None else _shown(transaction)


def _shown(transaction: ChainTransaction) -> Row:
    moved = [
        {"from": one.source, "to": one.destination, "amount": str(one.amount)}
        for one in transaction.transfers
    ]
    return {
        "txid": transaction.txid,
        "successful": transaction.successful,
        "memo": transaction.memo,
        "transfers": moved,
    }
