"""Bring one payment to its end: ask Pi, decide, act, write down. Safe to call at any time, any
number of times.

Whoever calls it (the front end's complete, incomplete, cancel and error, later the sweep) gets the
same result, so nothing that a caller loses, repeats or makes up changes where a payment ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from shared.adapters.edges import Clock
from shared.adapters.horizon import Horizon
from shared.adapters.observability import count, logger
from shared.adapters.payment_store import PaymentStore
from shared.adapters.pi_client import PiClient
from shared.domain.chain import Wanted
from shared.domain.errors import (
    ChainUnavailable,
    NotOwner,
    PiNonsense,
    PiRefused,
    UnknownPayment,
)
from shared.domain.payment import (
    Attention,
    Decision,
    Do,
    PaymentRecord,
    PaymentState,
    Refusal,
    Terms,
    after,
    decide,
)
from shared.domain.pi import Direction, PaymentDto, UserDto

MOST_ROUNDS = 3  # ask and act; another round follows a refusal of Pi's, or another writer
NOTHING = Decision(Do.NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleParts:
    pi: PiClient
    chain: Horizon
    payments: PaymentStore
    terms: Terms
    clock: Clock


def settle(
    parts: SettleParts,
    record: PaymentRecord,
    *,
    claimed_txid: str | None = None,
    may_cancel: bool = True,
) -> PaymentRecord:
    """The record as it stands after everything that can be done now has been done.

    Raises PiError, ServiceUnavailable, and UnknownPayment for one that is not from a user to this
    app. Costs 1 call to Pi if there is nothing to do, 2 if it completes or cancels, and 1 write.
    """
    if record.state is PaymentState.COMPLETED:
        return record
    refusal: Refusal | None = None
    for _ in range(MOST_ROUNDS):
        decision = _decide(parts, record, claimed_txid, refusal, may_cancel=may_cancel)
        try:
            record, is_done = _carry_out(parts, record, decision)
        except PiRefused as refused:
            refusal = Refusal(decision.do, refused.code)
        else:
            if is_done:
                return record
    return record


def _decide(
    parts: SettleParts,
    record: PaymentRecord,
    claimed_txid: str | None,
    refusal: Refusal | None,
    *,
    may_cancel: bool,
) -> Decision:
    """From Pi's fresh answer, and the chain's where that is needed."""
    try:
        payment = parts.pi.get_payment(record.payment_id)
    except PiRefused as refused:
        if refused.code != "payment_not_found":
            raise
        is_closed = record.state is PaymentState.CANCELLED
        return NOTHING if is_closed else Decision(Do.ATTEND, attention=Attention.GONE)
    choose = partial(decide, payment, record, parts.terms, parts.clock(), refusal=refusal)
    decision = choose(claimed_txid=claimed_txid)
    if decision.do is Do.PROVE:
        proven = _prove(parts, payment, decision.txid)
        if proven is None:  # not known yet: not the time to decide
            return NOTHING
        # Disproved: as if nothing had been claimed.
        decision = Decision(Do.COMPLETE, decision.txid) if proven else choose()
    if decision.do is Do.SEARCH:
        decision = _search(parts, payment) if may_cancel else NOTHING
    return decision


def _prove(parts: SettleParts, payment: PaymentDto, txid: str | None) -> bool | None:
    """Whether the chain shows this transaction to be this payment; None: it does not show it
    yet.
    """
    wanted = Wanted.by(payment)
    if wanted is None or txid is None:
        return False
    try:
        transaction = parts.chain.transaction(txid)
    except ChainUnavailable:
        return None
    return None if transaction is None else wanted.is_met_by(transaction)


def _search(parts: SettleParts, payment: PaymentDto) -> Decision:
    """COMPLETE with what the chain holds, CANCEL if it surely holds nothing, otherwise NOTHING."""
    wanted = Wanted.by(payment)
    if wanted is None:
        return NOTHING
    now = datetime.fromtimestamp(parts.clock(), UTC)
    search = parts.chain.search(wanted, payment.created_at, now)
    if search.txid is not None:
        return Decision(Do.COMPLETE, txid=search.txid)
    return Decision(Do.CANCEL) if search.conclusive else NOTHING


def _carry_out(
    parts: SettleParts, record: PaymentRecord, decision: Decision
) -> tuple[PaymentRecord, bool]:
    """As `_write`. Raises PiRefused if Pi refuses to complete or cancel: then nothing has
    happened."""
    if decision.do is Do.DISOWN:
        raise UnknownPayment
    if decision.do is Do.COMPLETE and decision.txid is not None:
        if not parts.pi.complete(record.payment_id, decision.txid).status.developer_completed:
            raise PiNonsense
    elif decision.do is Do.CANCEL and not parts.pi.cancel(record.payment_id).is_cancelled:
        raise PiNonsense
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
        if decision.do not in (Do.COMPLETE, Do.RECORD_COMPLETED, Do.ATTEND):
            return standing, False
        record = standing
    return record, True


def _tell(old: PaymentRecord, new: PaymentRecord) -> None:
    if new.state is not old.state:
        logger.info(f"Payment {new.state}", extra={"txid": new.txid})
        count(f"Payment{new.state.capitalize()}")
    if new.attention is not None and new.attention is not old.attention:
        logger.error("This payment needs a person", extra={"attention": new.attention})
        count("PaymentNeedsAttention")


def require_payer(payment: PaymentDto, user: UserDto) -> None:
    """Raises UnknownPayment for one that is not from a user to this app (the ids of others can be
    read on the chain), NotOwner for another user's.
    """
    if payment.direction != Direction.USER_TO_APP:
        raise UnknownPayment
    if payment.user_uid != user.uid:
        raise NotOwner
