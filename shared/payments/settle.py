"""Bring one payment to its end: ask Pi, decide, act, write. Safe to call at any time, any number of
times.

Every caller (complete, incomplete, cancel and error of the front end, later the worker) gets the
same result. So a lost, repeated or forged call does not change how a payment ends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from shared.base.clock import Clock
from shared.base.errors import (
    ChainUnavailable,
    NotOwner,
    PiInvalidResponse,
    PiRefused,
    UnknownPayment,
)
from shared.base.frozen import frozen
from shared.base.observability import count, logger
from shared.book.expected import expected_transfer
from shared.payments.canary import Canary
from shared.payments.record import (
    Attention,
    Decision,
    Patience,
    PaymentRecord,
    PaymentState,
    Refusal,
    Step,
    Terms,
    after,
    decide,
    informed,
)
from shared.payments.store import PaymentStore
from shared.pi.client import PiClient
from shared.pi.objects import Direction, PaymentDto, UserDto
from shared.stellar.horizon import Horizon

MOST_ROUNDS = 3  # ask and act; another round follows a refusal of Pi's, or another writer
NOTHING = Decision(Step.NOTHING)


@frozen(kw_only=True)
class SettleParts:
    """`silence` asks the wallet's book until when the chain has surely nothing for a payment.
    `patience` None: it is not for this function to cancel any, nor to put any to `rest`."""

    pi: PiClient
    chain: Horizon
    payments: PaymentStore
    terms: Terms
    clock: Clock
    silence: Callable[[PaymentRecord], int]
    canary: Canary
    patience: Patience | None = None
    rest: Callable[[PaymentRecord], None] | None = None


def settle(
    parts: SettleParts,
    record: PaymentRecord,
    *,
    claimed_txid: str | None = None,
) -> PaymentRecord:
    """Do everything that can be done now; the record as it is afterwards.

    Raises PiError, ServiceUnavailable, and UnknownPayment for one that is not from a user to this
    app. Costs 1 call to Pi if there is nothing to do, 2 if it completes or cancels, and 1 write.
    """
    if record.state is PaymentState.COMPLETED:
        return record
    refusal: Refusal | None = None
    for _ in range(MOST_ROUNDS):
        record, decision = next_step(parts, record, claimed_txid, refusal)
        try:
            record, is_done = _carry_out(parts, record, decision)
        except PiRefused as refused:
            refusal = Refusal(decision.step, refused.code, decision.txid)
        else:
            if is_done:
                return record
    return record


def next_step(
    parts: SettleParts,
    record: PaymentRecord,
    claimed_txid: str | None = None,
    refusal: Refusal | None = None,
) -> tuple[PaymentRecord, Decision]:
    """The decision, from Pi's fresh answer, and the chain's answer if needed; and the record that
    it is about."""
    payment = parts.canary.find(record.payment_id)
    if payment is None:
        return record, _after_unknown(record)
    if (known := informed(record, payment)) != record:
        record, _ = parts.payments.replace(record, known)
    choose = partial(decide, payment, now=parts.clock(), patience=parts.patience, refusal=refusal)
    decision = choose(record, claimed_txid=claimed_txid)
    if decision.step is Step.PROVE:
        proven = _prove(parts, payment, decision.txid)
        if proven is None:  # not known yet: not the time to decide
            return record, NOTHING
        # Disproved: as if nothing had been claimed.
        decision = Decision(Step.COMPLETE, decision.txid) if proven else choose(record)
    if decision.step is Step.ASK_BOOK:
        silent_until = parts.silence(record)
        # Read after the book: what the book has noted in it by now is what makes it silent.
        record = parts.payments.get(record.payment_id) or record
        decision = choose(record, silent_until=silent_until)
    return record, decision


def _after_unknown(record: PaymentRecord) -> Decision:
    """Pi does not know it (any more). What the chain has shown counts, whatever Pi says."""
    if record.state is not PaymentState.CANCELLED:
        return Decision(Step.ATTEND, record.paid_by, Attention.GONE)
    if record.is_paid_after_all:
        return Decision(Step.ATTEND, record.paid_by, Attention.CANCELLED_BUT_PAID)
    return NOTHING


def _prove(parts: SettleParts, payment: PaymentDto, txid: str | None) -> bool | None:
    """Whether the chain shows this transaction to be this payment; None: it does not show it
    yet.
    """
    wanted = expected_transfer(payment)
    if wanted is None or txid is None:
        return False
    try:
        transaction = parts.chain.transaction(txid)
    except ChainUnavailable:
        return None
    return None if transaction is None else wanted.is_met_by(transaction)


def _carry_out(
    parts: SettleParts, record: PaymentRecord, decision: Decision
) -> tuple[PaymentRecord, bool]:
    """As `_write`. Raises PiRefused if Pi refuses to complete or cancel: then nothing has
    happened."""
    if decision.step is Step.DISOWN:
        raise UnknownPayment
    if decision.step is Step.COMPLETE and decision.txid is not None:
        if not parts.pi.complete(record.payment_id, decision.txid).status.developer_completed:
            raise PiInvalidResponse
    elif decision.step is Step.REST and parts.rest is not None:
        parts.rest(record)
    elif decision.step is Step.CANCEL and not parts.pi.cancel(record.payment_id).is_cancelled:
        raise PiInvalidResponse
    return _write(parts, record, decision)


def _write(
    parts: SettleParts, record: PaymentRecord, decision: Decision
) -> tuple[PaymentRecord, bool]:
    """The record as it stands, and whether nothing is left to decide. If another writer was first,
    what Pi has completed is written all the same, since it is so, and a reason for a person, which
    only ever gets worse; everything else is decided anew from the record that stands."""
    now = parts.clock()
    while (new := after(record, decision, now)) != record:
        standing, written = parts.payments.replace(record, new)
        if written:
            _tell(record, standing)
        if written or standing.state is PaymentState.COMPLETED:
            return standing, True
        if decision.step not in (Step.COMPLETE, Step.RECORD_COMPLETED, Step.ATTEND):
            return standing, False
        record = standing
    return record, True


def _tell(old: PaymentRecord, new: PaymentRecord) -> None:
    if new.state is not old.state:
        logger.info(f"Payment {new.state}", extra={"txid": new.txid})
        count(f"Payment{new.state.capitalize()}")
        if new.state is PaymentState.COMPLETED:
            count("PaymentVolume", new.amount.stroops)
    if new.needs_review is not None and new.needs_review is not old.needs_review:
        logger.error("This payment needs an operator", extra={"attention": new.needs_review})
        count("PaymentNeedsAttention")


def require_payer(payment: PaymentDto, user: UserDto) -> None:
    """Raises UnknownPayment for one that is not from a user to this app (the ids of others can be
    read on the chain), NotOwner for another user's.
    """
    if payment.direction != Direction.USER_TO_APP:
        raise UnknownPayment
    if payment.user_uid != user.uid:
        raise NotOwner
