"""Our record of a payment, its transitions, and the decision what to do next about it.

The record holds what Pi cannot tell us: that we wanted this payment, at which price, and what is
still owed for it. Everything else (approved, transaction, verified) is asked of Pi each time. `open
-> completed | cancelled`, and `cancelled -> completed` where a cancelled payment turns out to be
paid; never back. While anything is left to do, the record has a `due_at`, and the sweep will come
back to it: losing a request, an answer or a process costs time only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.amount import ZERO, Amount
from shared.domain.due import ATTENTION_PAUSE_SECONDS
from shared.domain.pi import Direction, Network, PaymentDto
from shared.domain.price import Price

UNVERIFIED_PATIENCE_SECONDS = 24 * 3600


class PaymentState(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Attention(StrEnum):
    """Why a person must look, the mildest first. Retried daily, alarmed, never closed by itself. A
    worse reason never makes room for a milder one: that the chain shows a payment to be paid
    survives a wrong key, and every later answer of Pi."""

    GONE = "gone"  # Pi answers 404; a wrong key does so for every payment
    NEVER_VERIFIES = "never_verifies"  # Pi holds a transaction that it will not accept
    CANCELLED_BUT_PAID = "cancelled_but_paid"
    UNMATCHED = "unmatched"  # paid, completed, and not what we sell: refund it


MILDEST_FIRST = (None, *Attention)


class Owed(StrEnum):
    """The event that the app's delivery has not had yet."""

    COMPLETED = "PaymentCompleted"
    CANCELLED = "PaymentCancelled"
    UNMATCHED = "PaymentUnmatched"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """Times are seconds since 1970. `price` is what the payment was checked against when the record
    was made, and stays; without one (then `refusal` says why) no goods are ever released for it.
    `refunded` is what payouts pay back, or are about to. `version` counts the writes."""

    payment_id: str
    uid: str
    amount: Amount
    state: PaymentState
    created_at: int
    price: Price | None = None
    refusal: str | None = None
    attention: Attention | None = None
    txid: str | None = None
    completed_at: int | None = None
    cancelled_at: int | None = None
    refunded: Amount = ZERO
    owed: Owed | None = None
    due_at: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What this deployment accepts. `wallet` None: any. A payment is never cancelled younger than
    `cancel_after` seconds; `first_look` seconds after its approval the sweep looks at it first."""

    network: Network
    wallet: str | None
    cancel_after: int
    first_look: int


def mismatch(payment: PaymentDto, price: Price | None, terms: Terms) -> str | None:
    """The stable code of the first reason why this payment is not one that we sell; None if it is.

    Source: reference, PaymentDTO; a missing `network` (samples of 2022) is a mismatch, since
    nothing vouches for it.
    """
    if payment.network != terms.network:
        return "unexpected_network"
    if payment.token_canonical is not None:
        return "unexpected_token"
    if payment.split_recipients:
        return "unexpected_split"
    if terms.wallet is not None and payment.to_address != terms.wallet:
        return "unexpected_wallet"
    if price is None:
        return "unknown_product"
    if not price.accepts(payment.amount):
        return "unexpected_amount"
    return None


def opened(
    payment: PaymentDto, price: Price | None, refusal: str | None, terms: Terms, now: int
) -> PaymentRecord:
    """The record that must stand before Pi is asked to approve.

    Refused: closed at once, unless another back end approved the payment; then it can be paid and
    must be watched.
    """
    watched = refusal is None or payment.status.developer_approved
    return PaymentRecord(
        payment_id=payment.identifier,
        uid=payment.user_uid,
        amount=payment.amount,
        price=price if refusal is None else None,
        refusal=refusal,
        state=PaymentState.OPEN if watched else PaymentState.CANCELLED,
        created_at=now,
        cancelled_at=None if watched else now,
        due_at=now + terms.first_look if watched else None,
    )


def completed(record: PaymentRecord, txid: str | None, now: int) -> PaymentRecord:
    """Pi has completed it. Goods are owed only for what was checked against a price."""
    matched = record.price is not None
    return replace(
        record,
        state=PaymentState.COMPLETED,
        attention=None if matched else Attention.UNMATCHED,
        txid=txid,
        completed_at=now,
        owed=Owed.COMPLETED if matched else Owed.UNMATCHED,
        due_at=now,
    )


def cancelled(record: PaymentRecord, now: int) -> PaymentRecord:
    """Pi has cancelled it, unpaid."""
    return replace(
        record,
        state=PaymentState.CANCELLED,
        attention=None,
        cancelled_at=now,
        owed=Owed.CANCELLED,
        due_at=now,
    )


def attended(record: PaymentRecord, reason: Attention, now: int) -> PaymentRecord:
    """Nothing closes it but a person or a change at Pi; it is looked at again tomorrow, or at once
    if the app has still to hear of it."""
    due_at = record.due_at if record.owed is not None else now + ATTENTION_PAUSE_SECONDS
    return replace(record, attention=reason, due_at=due_at)


def delivered(record: PaymentRecord, now: int) -> PaymentRecord:
    """The app has had its event. What needs a person stays in sight."""
    due_at = None if record.attention is None else now + ATTENTION_PAUSE_SECONDS
    return replace(record, owed=None, due_at=due_at)


def recovered(record: PaymentRecord, now: int) -> PaymentRecord:
    """Pi knows it again; it goes on like any open payment."""
    return replace(record, attention=None, due_at=now)


class Do(StrEnum):
    """The next step of a settlement."""

    NOTHING = "nothing"
    DISOWN = "disown"  # not a payment from a user to this app: no effect at all
    RECORD_COMPLETED = "record_completed"
    RECORD_CANCELLED = "record_cancelled"
    COMPLETE = "complete"  # at Pi, with a txid that Pi or the chain has shown
    CANCEL = "cancel"  # at Pi
    PROVE = "prove"  # ask the chain whether the claimed txid is this payment; if so, COMPLETE
    SEARCH = "search"  # ask the chain for any trace of this payment: COMPLETE, CANCEL or NOTHING
    ATTEND = "attend"
    RECOVER = "recover"  # what needed a person has mended itself


@dataclass(frozen=True, slots=True)
class Decision:
    do: Do
    txid: str | None = None
    attention: Attention | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Pi's no to the step just tried, COMPLETE or CANCEL."""

    step: Do
    code: str


# Refusals of a completion that trying again cannot change.
FINAL_REFUSALS = frozenset({"verification_failed", "txid_mismatch"})


def decide(
    payment: PaymentDto,
    record: PaymentRecord,
    terms: Terms,
    now: int,
    *,
    claimed_txid: str | None = None,
    refusal: Refusal | None = None,
) -> Decision:
    """What to do about a payment, from Pi's fresh answer, our record and the clock.

    `claimed_txid` is what the front end says the transaction is. Source: the table in
    docs/decisions.md.
    """
    if payment.direction != Direction.USER_TO_APP:
        return Decision(Do.DISOWN)
    if record.state is PaymentState.COMPLETED:
        return Decision(Do.NOTHING)
    txid = payment.transaction.txid if payment.transaction else None
    if payment.status.developer_completed:
        return Decision(Do.RECORD_COMPLETED, txid)
    if refusal is not None and refusal.step is Do.COMPLETE:
        return _after_refused_completion(payment, record, refusal, now)
    if txid is not None:
        return Decision(Do.COMPLETE, txid)
    if claimed_txid is not None:
        return Decision(Do.PROVE, claimed_txid)
    return _decide_unpaid(payment, record, terms, now, is_refused=refusal is not None)


def _decide_unpaid(
    payment: PaymentDto, record: PaymentRecord, terms: Terms, now: int, *, is_refused: bool
) -> Decision:
    if record.state is PaymentState.CANCELLED:
        return Decision(Do.NOTHING)
    # Pi or the chain has shown a transaction: that Pi shows none now, and calls the payment
    # cancelled, does not prove that it was not paid.
    if record.attention in (Attention.CANCELLED_BUT_PAID, Attention.NEVER_VERIFIES):
        return Decision(Do.NOTHING)
    if payment.is_cancelled:
        return Decision(Do.RECORD_CANCELLED)
    if record.attention is Attention.GONE:
        return Decision(Do.RECOVER)
    if not is_refused and now - record.created_at >= terms.cancel_after:
        return Decision(Do.SEARCH)
    return Decision(Do.NOTHING)


def _after_refused_completion(
    payment: PaymentDto, record: PaymentRecord, refusal: Refusal, now: int
) -> Decision:
    if payment.is_cancelled or refusal.code == "cancelled_payment":
        return Decision(Do.ATTEND, attention=Attention.CANCELLED_BUT_PAID)
    if refusal.code in FINAL_REFUSALS or now - record.created_at >= UNVERIFIED_PATIENCE_SECONDS:
        return Decision(Do.ATTEND, attention=Attention.NEVER_VERIFIES)
    return Decision(Do.NOTHING)


def after(record: PaymentRecord, decision: Decision, now: int) -> PaymentRecord:
    """The record once `decision` has been carried out at Pi; the same one if it changes nothing."""
    match decision.do:
        case Do.COMPLETE | Do.RECORD_COMPLETED:
            return completed(record, decision.txid, now)
        case Do.CANCEL | Do.RECORD_CANCELLED:
            return cancelled(record, now)
        case Do.RECOVER:
            return recovered(record, now)
        case Do.ATTEND if decision.attention and _is_worse(decision.attention, record.attention):
            return attended(record, decision.attention, now)
    return record


def _is_worse(reason: Attention, standing: Attention | None) -> bool:
    return MILDEST_FIRST.index(reason) > MILDEST_FIRST.index(standing)
