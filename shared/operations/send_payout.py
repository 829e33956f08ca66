"""Pay a payout out, once: one step per external effect, each written down before it happens.

Called for every wake-up, in one thread of the world at a time but safe if two are forced at once:
each step begins from the record, asks Pi and the chain what already happened, and writes on
condition that nobody else did. What cannot be decided now waits in `due_at`; what cannot be decided
by a program is `blocked` for a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from shared.adapters.observability import concerning, count, logger
from shared.adapters.payout_queue import PayoutWakeUp
from shared.domain.chain import Submission, Wanted
from shared.domain.errors import (
    BundleError,
    ChainUnavailable,
    Conflict,
    Overtaken,
    PiNonsense,
    PiRefused,
)
from shared.domain.payout import (
    CREATE_SETTLES_SECONDS,
    ENVELOPE_LIVES_SECONDS,
    GIVEN_UP,
    MOST_ENVELOPES,
    RETRY_SECONDS,
    UNVERIFIED_PATIENCE_SECONDS,
    PayoutRecord,
    PayoutState,
    attempted,
    blocked,
    completed,
    created,
    expired,
    failed,
    is_moved,
    knows,
    mismatch,
    never_created,
    payout_of,
    signed,
    submitted,
    waiting,
)
from shared.domain.pi import MalformedDto, PaymentDto
from shared.operations.deliver import deliver_payout
from shared.operations.services import SenderServices
from shared.operations.trace_payout import Paid, trace_payout

LONGEST_MEMO_BYTES = 28

# Refusals of a creation that asking again cannot change.
FINAL_REFUSALS = frozenset(
    {
        *("missing_scope", "user_not_found", "invalid_address", "missing_wallet"),
        *("invalid_amount", "altered_amount", "invalid_arguments", "invalid_metadata"),
        "feature_not_available",
    }
)
# The transaction is dead and another would fare better.
TRANSIENT_CHAIN_ERRORS = frozenset(
    {"never_applied", "tx_bad_seq", "tx_too_late", "tx_too_early", "tx_insufficient_fee"}
)
FINAL_CHAIN_ERRORS = frozenset({"op_no_destination"})


def send_payout(services: SenderServices, wake_up: PayoutWakeUp) -> None:
    """Do all that can be done for this payout now. Anything that this raises is a mistake of ours;
    what Pi, the chain or our services hold up comes back with `due_at`."""
    concerning(wake_up.payout_id)
    try:
        record = services.payouts.get(wake_up.payout_id)
        if record is None or not _is_meant(record, wake_up, services.clock()):
            return
        while (record.due_at is not None and record.state in STEPS) or record.owed is not None:
            record = _advance(services, record)
            if (record.due_at or 0) > services.clock():
                return
    except BundleError as error:
        logger.warning("Held up", extra={"code": error.code})


def _is_meant(record: PayoutRecord, wake_up: PayoutWakeUp, now: int) -> bool:
    """The sweep puts off when a payout is due and then wakes for that moment; an older message
    finds another one."""
    return record.due_at is not None and (record.due_at <= now or record.due_at == wake_up.due_at)


def _advance(services: SenderServices, record: PayoutRecord) -> PayoutRecord:
    if record.owed is not None:
        return deliver_payout(services, record)
    try:
        return STEPS[record.state](services, record)
    except (PiRefused, Conflict) as refused:  # which no step foresees
        return _block(services, record, refused.code)
    except ChainUnavailable:  # before anything was written
        return _wait(services, record, "chain_unclear")
    except BundleError:
        raise
    except Exception:  # noqa: BLE001 - one bad payout must not lock the only queue for all others
        logger.exception("Unexpected error")
        count("UnexpectedError")
        return _block(services, record, "unexpected_error")


def _create(services: SenderServices, record: PayoutRecord) -> PayoutRecord:
    """Ask Pi to create the payment, unless it already has."""
    now = services.clock()
    # A creation has no idempotency key: look first for one that carries our id.
    for payment in services.pi.incomplete_server_payments():
        if payout_of(payment) == record.payout_id:
            return _adopt(services, record, payment)
    if record.create_attempted_at is not None:
        settled_at = record.create_attempted_at + CREATE_SETTLES_SECONDS
        if now < settled_at:
            return _write(services, record, waiting(record, settled_at, "creation_unclear"))
    if record.giving_up is not None:
        return _give_up_request(services, record, record.giving_up)
    if not services.switch.is_on():
        return _wait(services, record, "payouts_off")
    record = _write(services, record, attempted(record, now))
    try:
        payment = services.pi.create_payment(
            uid=record.uid,
            amount=record.amount,
            memo=record.memo,
            metadata=json.loads(record.metadata),
        )
    except PiRefused as refused:
        return _after_refused_creation(services, record, refused)
    return _adopt(services, record, payment)


def _give_up_request(services: SenderServices, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Pi has nothing open for it; but it may have been paid before a restored table forgot that."""
    paid = trace_payout(services, record, services.wallet.address())
    if paid is not None:
        return _adopt(services, record, paid.payment)
    return _fail(services, record, reason)


def _adopt(services: SenderServices, record: PayoutRecord, payment: PaymentDto) -> PayoutRecord:
    reason = mismatch(payment, record, services.network)
    # One that a person gives up need not match: it is only searched for, and cancelled.
    if reason and not record.giving_up:
        return _block(services, record, reason)
    return _write(services, record, created(record, payment, services.clock()))


def _after_refused_creation(
    services: SenderServices, record: PayoutRecord, refused: PiRefused
) -> PayoutRecord:
    if refused.code in FINAL_REFUSALS:
        return _write(services, record, never_created(record, refused.code, services.clock()))
    if refused.code == "ongoing_payment_found" and refused.answer.payment is not None:
        in_the_way = _read(refused.answer.payment)
        if in_the_way is not None and payout_of(in_the_way) == record.payout_id:
            return _adopt(services, record, in_the_way)
        _advance_other(services, in_the_way)
    return _wait(services, record, refused.code)


def _advance_other(services: SenderServices, in_the_way: PaymentDto | None) -> None:
    """Pi has one payment open at a time: wake ours, report anybody else's, and pay neither here."""
    other_id = in_the_way and payout_of(in_the_way)
    other = services.payouts.get(other_id) if other_id else None
    if in_the_way is not None and other is not None and knows(other, in_the_way):
        services.queue.hint(other)
        return
    count("ForeignPayout")
    logger.error("An open payment that is not ours is in the way")


def _sign(services: SenderServices, record: PayoutRecord) -> PayoutRecord:
    """Sign a transaction, once it is certain that none can have paid yet."""
    payment, wanted = _ask_pi(services, record)
    if payment.transaction is not None or payment.status.developer_completed:
        return _report(services, record, payment, None)
    # Before the search: a transaction that is applied after it takes this number from ours.
    sequence = services.chain.sequence(wanted.transfer.source)
    paid = trace_payout(services, record, wanted.transfer.source, payment)
    if paid is not None:
        return _after_trace(services, record, payment, paid)
    if payment.is_cancelled or record.giving_up:
        return _give_up(
            services, record, payment, record.chain_error or record.giving_up or GIVEN_UP
        )
    if record.envelopes >= MOST_ENVELOPES:
        return _block(services, record, record.chain_error or "never_applied")
    if not services.wallet.signs_for(wanted.transfer.source):
        return _block(services, record, "wrong_seed")
    if len(wanted.memo.encode()) > LONGEST_MEMO_BYTES:
        return _block(services, record, "identifier_too_long")
    fee = services.chain.base_fee()
    if fee > services.fee_cap.stroops:
        return _wait(services, record, "fee_above_cap")
    if not services.switch.is_on():
        return _wait(services, record, "payouts_off")
    now = services.clock()
    max_time = now + ENVELOPE_LIVES_SECONDS
    envelope = services.wallet.sign(wanted, sequence=sequence, fee=fee, max_time=max_time)
    return _write(
        services,
        record,
        signed(record, envelope=envelope.xdr, txid=envelope.txid, max_time=max_time, now=now),
    )


def _submit(services: SenderServices, record: PayoutRecord) -> PayoutRecord:
    """Hand in the one envelope until the chain shows it or it can no longer apply."""
    if record.envelope is None or record.txid is None or record.max_time is None:
        return _block(services, record, "no_envelope")
    payment, wanted = _ask_pi(services, record)
    named = payment.transaction.txid if payment.transaction else None
    if named == record.txid or (named is None and payment.status.developer_completed):
        return _report(services, record, payment, record.txid)
    on_chain = services.chain.transaction(record.txid)
    if on_chain is not None and on_chain.successful:
        return _report(services, record, payment, record.txid)
    now = services.clock()
    is_unpaid = named is None and on_chain is None
    is_wanted = is_unpaid and not record.giving_up and not payment.is_cancelled
    if is_wanted and now <= record.max_time:
        if record.submitted_at is None and not services.switch.is_on():
            return _wait(services, record, "payouts_off")
        return _hand_in(services, record, payment, record.envelope)
    if now <= record.max_time:
        return _write(services, record, waiting(record, record.max_time + 1, "may_still_apply"))
    if named is not None:  # a later one paid, and a restored table has forgotten it
        return _report(services, record, payment, named)

    return _after_expiry(services, record, payment, wanted)


def _after_expiry(
    services: SenderServices, record: PayoutRecord, payment: PaymentDto, wanted: Wanted
) -> PayoutRecord:
    """The envelope's time is over: what the chain shows by now is final."""
    paid = trace_payout(services, record, wanted.transfer.source, payment, record.max_time)
    if paid is not None:
        return _after_trace(services, record, payment, paid)
    error = record.chain_error or "never_applied"
    if payment.is_cancelled or record.giving_up or error in FINAL_CHAIN_ERRORS:
        return _give_up(services, record, payment, error)
    dead = expired(record, services.clock())
    if error in TRANSIENT_CHAIN_ERRORS:
        return _write(services, record, dead)
    return _block(services, dead, error)


def _after_trace(
    services: SenderServices, record: PayoutRecord, payment: PaymentDto, paid: Paid
) -> PayoutRecord:
    """It was paid: by the payment in hand, or by a former one that a restored table has
    forgotten. Then the one in hand must not be paid as well."""
    if paid.payment.identifier == payment.identifier:
        return _report(services, record, payment, paid.txid)
    if not _is_cancelled_at_pi(services, record, payment):
        return _block(services, record, "not_cancelled")
    return _adopt(services, record, paid.payment)


def _hand_in(
    services: SenderServices, record: PayoutRecord, payment: PaymentDto, envelope: str
) -> PayoutRecord:
    now = services.clock()
    record = _write(services, record, submitted(record, now))
    try:
        submission = services.chain.submit(envelope)
    except ChainUnavailable:
        submission = Submission()  # it may have been applied
    if submission.txid == record.txid:
        return _report(services, record, payment, submission.txid)
    # On a repeat, an error may be the echo of our own success: only the chain's history tells.
    retry_at = now + RETRY_SECONDS
    noted = waiting(record, retry_at, "not_applied", chain_error=submission.error)
    return _write(services, record, noted)


def _report(
    services: SenderServices, record: PayoutRecord, payment: PaymentDto, txid: str | None
) -> PayoutRecord:
    """Tell Pi of the transaction that paid. `txid` None: Pi itself names it."""
    named = payment.transaction.txid if payment.transaction else None
    if named and txid and named != txid:
        return _block(services, record, "other_transaction")  # paid by somebody else as well?
    txid = named or txid
    if payment.status.developer_completed and txid is not None:
        return _write(services, record, completed(record, txid, services.clock()))
    if txid is None:
        return _block(services, record, "completed_without_txid")
    try:
        payment = services.pi.complete(payment.identifier, txid)
    except PiRefused as refused:
        return _after_refused_report(services, record, txid, refused)
    if not payment.status.developer_completed:
        raise PiNonsense
    return _write(services, record, completed(record, txid, services.clock()))


def _after_refused_report(
    services: SenderServices, record: PayoutRecord, txid: str, refused: PiRefused
) -> PayoutRecord:
    payment, _ = _ask_pi(services, record)
    if payment.status.developer_completed:
        return _report(services, record, payment, txid)
    is_young = services.clock() - record.waiting_since < UNVERIFIED_PATIENCE_SECONDS
    if refused.code == "not_verified" and is_young:
        return _wait(services, record, refused.code)
    return _block(services, record, refused.code)


def _give_up(
    services: SenderServices, record: PayoutRecord, payment: PaymentDto, reason: str
) -> PayoutRecord:
    """Certainly unpaid: cancel it at Pi, then release what it reserved."""
    if not _is_cancelled_at_pi(services, record, payment):
        return _block(services, record, "not_cancelled")
    return _fail(services, record, reason)


def _is_cancelled_at_pi(
    services: SenderServices, record: PayoutRecord, payment: PaymentDto
) -> bool:
    """Cancel it, unless it is already."""
    if payment.is_cancelled:
        return True
    try:
        return services.pi.cancel(payment.identifier).is_cancelled
    except PiRefused:
        # The echo of our own success, perhaps.
        payment, _ = _ask_pi(services, record)
        return payment.is_cancelled


def _ask_pi(services: SenderServices, record: PayoutRecord) -> tuple[PaymentDto, Wanted]:
    """Pi's fresh answer, and the transaction that would pay it. Raises Conflict with the reason why
    nothing may."""
    payment = services.pi.get_payment(record.payment_id or "-")
    wanted, reason = Wanted.by(payment), mismatch(payment, record, services.network)
    if is_moved(payment, record):
        raise Conflict("unexpected_address", "This is not the payment that was signed.")
    # One that a person gives up need not match, but one can look for it.
    if wanted is None or (reason and not record.giving_up):
        raise Conflict(reason or "missing_address", "This is not the payment that was asked for.")
    return payment, wanted


def _wait(services: SenderServices, record: PayoutRecord, reason: str) -> PayoutRecord:
    return _write(services, record, waiting(record, services.clock() + RETRY_SECONDS, reason))


def _block(services: SenderServices, record: PayoutRecord, reason: str) -> PayoutRecord:
    logger.error("This payout needs a person", extra={"reason": reason})
    count("PayoutBlocked")
    return _write(services, record, blocked(record, reason, services.clock()))


def _fail(services: SenderServices, record: PayoutRecord, reason: str) -> PayoutRecord:
    standing, written = services.payouts.release(record, failed(record, reason, services.clock()))
    if not written:
        raise Overtaken
    return standing


def _write(services: SenderServices, old: PayoutRecord, new: PayoutRecord) -> PayoutRecord:
    standing, written = services.payouts.replace(old, new)
    if not written:
        raise Overtaken
    return standing


def _read(json: Mapping[str, object]) -> PaymentDto | None:
    try:
        return PaymentDto.read(json)
    except MalformedDto:
        return None


STEPS: Mapping[PayoutState, Callable[[SenderServices, PayoutRecord], PayoutRecord]] = {
    PayoutState.REQUESTED: _create,
    PayoutState.CREATED: _sign,
    PayoutState.SIGNED: _submit,
}
