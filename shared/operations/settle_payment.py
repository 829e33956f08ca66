"""Bring one payment to its end: ask Pi, decide, act, write down. Safe to call at any time, any
number of times.

Whoever calls it (the front end's complete, incomplete, cancel and error, later the sweep) gets the
same result, so nothing that a caller loses, repeats or makes up changes where a payment ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.adapters.observability import count, logger
from shared.adapters.secret import Secret
from shared.adapters.wake_ups import WakeUp, Work
from shared.domain.chain import Wanted
from shared.domain.errors import (
    ChainUnavailable,
    Conflict,
    NotFound,
    NotOwner,
    PiNonsense,
    PiRefused,
)
from shared.domain.payment import (
    Attention,
    Decision,
    Do,
    PaymentRecord,
    PaymentState,
    Refusal,
    attended,
    cancelled,
    completed,
    decide,
    mismatch,
    opened,
)
from shared.domain.pi import Direction, PaymentDto, UserDto
from shared.operations.price_payment import price_payment
from shared.operations.services import ClosingServices, PaymentServices, SettleServices

MOST_ROUNDS = 3  # ask and act; each further round follows a refusal, which Pi's flags then explain
CHAIN_LAG_ALLOWED = timedelta(minutes=10)


def settle_for_caller(
    services: ClosingServices, payment_id: str, token: Secret | None, claimed_txid: str | None
) -> tuple[PaymentRecord, bool]:
    """Settle the payment that a front end asks about; and whether the caller is known to be its
    owner.

    No token, or an invalid one, is an anonymous caller: it may bring our record to what Pi says is
    true, and nothing else; an id that we do not know costs it one read. Raises NotOwner, NotFound,
    Conflict, and what `settle` raises.
    """
    user = services.users.recognise_if_valid(token)
    record = services.payments.get(payment_id)
    if record is None:
        record = _adopt(services, payment_id, user)
    elif user is not None and user.uid != record.uid:
        raise NotOwner
    record = settle(services, record, claimed_txid)
    if record.owed is not None:
        services.wake_ups.hint(WakeUp(Work.PAYMENT, payment_id))
    return record, user is not None


def settle(
    services: SettleServices, record: PaymentRecord, claimed_txid: str | None = None
) -> PaymentRecord:
    """The record as it stands after everything that can be done now has been done.

    Raises PiError, ServiceUnavailable, and NotFound for a payment that is not from a user to this
    app. Costs 1 call to Pi if there is nothing to do, 2 if it completes or cancels, and 1 write.
    """
    if record.state is PaymentState.COMPLETED:
        return record
    refusal: Refusal | None = None
    for _ in range(MOST_ROUNDS):
        try:
            payment = services.pi.get_payment(record.payment_id)
        except PiRefused as refused:
            if not refused.is_unknown_payment:
                raise
            if record.state is PaymentState.CANCELLED:
                return record
            return _carry_out(services, record, Decision(Do.ATTEND, attention=Attention.GONE))
        now = services.clock()
        decision = decide(
            payment, record, services.terms, now, claimed_txid=claimed_txid, refusal=refusal
        )
        decision = _ask_chain(services, record, payment, decision)
        try:
            return _carry_out(services, record, decision)
        except PiRefused as refused:
            refusal = Refusal(decision.do, refused.code)
    return record


def _ask_chain(
    services: SettleServices, record: PaymentRecord, payment: PaymentDto, decision: Decision
) -> Decision:
    """Turn PROVE and SEARCH into what the chain says; whatever it cannot say for certain is
    NOTHING, for now.
    """
    wanted = Wanted.by(payment)
    if decision.do is Do.PROVE and decision.txid is not None:
        try:
            transaction = services.chain.transaction(decision.txid)
        except ChainUnavailable:
            return Decision(Do.NOTHING)
        proven = wanted is not None and transaction is not None and wanted.is_met_by(transaction)
        return Decision(Do.COMPLETE, txid=decision.txid) if proven else Decision(Do.NOTHING)
    if decision.do is Do.SEARCH:
        if wanted is None:
            return Decision(Do.NOTHING)
        # Any transaction could have applied until now: a chain that shows less than nearly now
        # proves no absence.
        limit = datetime.fromtimestamp(record.created_at + services.terms.cancel_after, UTC)
        covered_until = max(
            limit, datetime.fromtimestamp(services.clock(), UTC) - CHAIN_LAG_ALLOWED
        )
        search = services.chain.search(wanted, payment.created_at, covered_until)
        if search.txid is not None:
            return Decision(Do.COMPLETE, txid=search.txid)
        return Decision(Do.CANCEL if search.conclusive else Do.NOTHING)
    return decision


def _carry_out(
    services: SettleServices, record: PaymentRecord, decision: Decision
) -> PaymentRecord:
    """Raises PiRefused if Pi refuses to complete or cancel: then nothing has happened."""
    now = services.clock()
    match decision:
        case Decision(Do.DISOWN):
            raise _unknown()
        case Decision(Do.RECORD_COMPLETED, txid=txid):
            return _write(services, record, lambda standing: completed(standing, txid, now))
        case Decision(Do.RECORD_CANCELLED):
            return _write(services, record, lambda standing: cancelled(standing, now))
        case Decision(Do.COMPLETE, txid=str(txid)):
            if not services.pi.complete(record.payment_id, txid).status.developer_completed:
                raise PiNonsense
            return _write(services, record, lambda standing: completed(standing, txid, now))
        case Decision(Do.CANCEL):
            if not services.pi.cancel(record.payment_id).is_cancelled:
                raise PiNonsense
            return _write(services, record, lambda standing: cancelled(standing, now))
        case Decision(Do.ATTEND, attention=Attention() as reason):
            logger.error(
                "A payment needs a person",
                extra={"payment_id": record.payment_id, "attention": reason},
            )
            count("PaymentNeedsAttention")
            return _write(services, record, lambda standing: attended(standing, reason, now))
    return record


def _write(
    services: SettleServices,
    record: PaymentRecord,
    transition: Callable[[PaymentRecord], PaymentRecord],
) -> PaymentRecord:
    """Write the transition, again from the record that stands if somebody else wrote first and it
    is still due.
    """
    while True:
        new = transition(record)
        standing, written = services.payments.replace(record, new)
        if written and new.state is not record.state:
            count(f"Payment{new.state.capitalize()}")
        if written or standing.state in (PaymentState.COMPLETED, new.state):
            return standing
        record = standing


def _adopt(services: PaymentServices, payment_id: str, user: UserDto | None) -> PaymentRecord:
    """Take over a payment that another back end of this app approved: only approved payments can be
    paid.

    One that is already completed was delivered by whoever completed it, and is not ours to deliver
    again.
    """
    if user is None:
        raise _unknown()
    payment = services.pi.get_payment(payment_id)
    if payment.direction != Direction.USER_TO_APP:
        raise _unknown()
    if payment.user_uid != user.uid:
        raise NotOwner
    if payment.status.developer_completed:
        raise Conflict("already_completed", "This payment was completed elsewhere.")
    if payment.is_cancelled and payment.transaction is None:
        raise Conflict("payment_cancelled", "This payment was cancelled.")
    if not payment.status.developer_approved:
        raise _unknown()
    price = price_payment(payment, services.products)
    refusal = mismatch(payment, price, services.terms)
    return services.payments.put_if_absent(
        opened(payment, price, refusal, services.terms, services.clock())
    )


def _unknown() -> NotFound:
    return NotFound("payment_not_found", "There is no such payment here.")
