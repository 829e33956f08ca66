"""Pay a payout out, once: one step per external effect, each written down before it happens.

Called for every wake-up, in one thread of the world at a time but safe if two are forced at once:
each step begins from the record, asks Pi and the chain what already happened, and writes on
condition that nobody else did. What cannot be decided now waits in `due_at`; what cannot be decided
by a program is `blocked` for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.adapters.context import concerning
from shared.adapters.observability import count, count_outage, logger
from shared.adapters.payout_queue import PayoutWakeUp
from shared.domain.chain import Submission, Wanted
from shared.domain.errors import (
    BundleError,
    ChainUnavailable,
    Conflict,
    PiNonsense,
    PiRefused,
)
from shared.domain.events import payout_event
from shared.domain.identifiers import PAYMENT_ID
from shared.domain.payout import (
    CHAIN_SETTLES_SECONDS,
    ENVELOPE_LIVES_SECONDS,
    MOST_ENVELOPES,
    RETRY_SECONDS,
    UNVERIFIED_PATIENCE_SECONDS,
    PayoutRecord,
    PayoutState,
    completed,
    delivered,
    expired,
    is_moved,
    mismatch,
    never_to_be,
    signed,
    silent_until,
    submitted,
    waiting,
)
from shared.domain.pi import PaymentDto
from shared.operations.create_payout import adopt, create_payout
from shared.operations.deliver import deliver
from shared.operations.move_payout import block, fail, wait, write
from shared.operations.sender import SendParts
from shared.operations.trace_payout import Paid, trace_payout

LONGEST_MEMO_BYTES = 28

# The transaction is dead and another would fare better.
TRANSIENT_CHAIN_ERRORS = frozenset(
    {"never_applied", "tx_bad_seq", "tx_too_late", "tx_too_early", "tx_insufficient_fee"}
)
FINAL_CHAIN_ERRORS = frozenset({"op_no_destination"})


def send_payout(parts: SendParts, wake_up: PayoutWakeUp) -> None:
    """Do all that can be done for this payout now. Whatever this raises is a bug in the bundle;
    what Pi, the chain or our services hold up comes back with `due_at`."""
    concerning(wake_up.payout_id)
    try:
        record = parts.payouts.get(wake_up.payout_id)
        if record is None or not _is_meant(record, wake_up, parts.clock()):
            return
        while (record.due_at is not None and record.state in STEPS) or record.owed is not None:
            record = _advance(parts, record)
            if (record.due_at or 0) > parts.clock():
                return
    except BundleError as error:
        count_outage(error.code)
        logger.warning("Held up", extra={"code": error.code})


def _is_meant(record: PayoutRecord, wake_up: PayoutWakeUp, now: int) -> bool:
    """The sweep puts off when a payout is due and then wakes for that moment; an older message
    finds another one."""
    return record.due_at is not None and (record.due_at <= now or record.due_at == wake_up.due_at)


def _advance(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    if record.owed is not None:
        return _deliver(parts, record)
    try:
        return STEPS[record.state](parts, record)
    except (PiRefused, Conflict) as refused:  # which no step foresees
        return block(parts, record, refused.code)
    except ChainUnavailable:  # before anything was written
        return wait(parts, record, record.giving_up or "chain_unclear")
    except BundleError:
        raise
    except Exception:  # noqa: BLE001 - one bad payout must not lock the only queue for all others
        logger.exception("Unexpected error")
        count("UnexpectedError")
        return block(parts, record, "unexpected_error")


def _sign(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Sign a transaction, once it is certain that none can have paid yet."""
    payment, wanted = _ask_pi(parts, record)
    if payment.transaction is not None or payment.status.developer_completed:
        return _report(parts, record, payment, None)
    # Before the search: a transaction that is applied after it takes this number from ours.
    sequence = parts.chain.sequence(wanted.transfer.source)
    is_over = payment.is_cancelled or record.giving_up is not None
    dead_since = record.max_time if is_over else None
    paid = trace_payout(parts, record, wanted.transfer.source, payment, dead_since)
    if paid is not None:
        return _after_trace(parts, record, payment, paid)
    if is_over and record.max_time is None:
        last = parts.clock() + ENVELOPE_LIVES_SECONDS + CHAIN_SETTLES_SECONDS
        return write(parts, record, silent_until(record, last))
    if is_over:
        return _give_up(parts, record, payment)
    if record.envelopes >= MOST_ENVELOPES:
        return block(parts, record, record.chain_error or "never_applied")
    if not parts.wallet.signs_for(wanted.transfer.source):
        return block(parts, record, "wrong_seed")
    if len(wanted.memo.encode()) > LONGEST_MEMO_BYTES or not PAYMENT_ID.fullmatch(wanted.memo):
        return block(parts, record, "unexpected_identifier")
    fee = parts.chain.base_fee()
    if fee > parts.fee_cap.stroops:
        return wait(parts, record, "fee_above_cap")
    if not parts.switch.is_on():
        return wait(parts, record, "payouts_off")
    now = parts.clock()
    max_time = now + ENVELOPE_LIVES_SECONDS
    envelope = parts.wallet.sign(wanted, sequence=sequence, fee=fee, max_time=max_time)
    parts.memory.payment_of[envelope.txid] = payment  # so that no later search has to ask
    return write(
        parts,
        record,
        signed(record, envelope=envelope.xdr, txid=envelope.txid, max_time=max_time, now=now),
    )


def _submit(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Hand in the one envelope until the chain shows it or it can no longer apply."""
    if record.envelope is None or record.txid is None or record.max_time is None:
        return block(parts, record, "no_envelope")
    payment, wanted = _ask_pi(parts, record)
    named = payment.transaction.txid if payment.transaction else None
    if named == record.txid or (named is None and payment.status.developer_completed):
        return _report(parts, record, payment, record.txid)
    on_chain = parts.chain.transaction(record.txid)
    if on_chain is not None and on_chain.successful:
        return _report(parts, record, payment, record.txid)
    if on_chain is not None:  # applied, and refused
        return _after_death(parts, record, payment, wanted, None)
    settled_at = record.max_time + CHAIN_SETTLES_SECONDS
    if parts.clock() > settled_at:
        return _after_death(parts, record, payment, wanted, settled_at)
    is_over = payment.is_cancelled or record.giving_up is not None
    is_late = parts.clock() > record.max_time
    if is_over or is_late or named is not None:
        return write(parts, record, waiting(record, settled_at + 1, "may_still_apply"))
    if record.submitted_at is None and not parts.switch.is_on():
        return wait(parts, record, "payouts_off")
    return _hand_in(parts, record, payment, record.envelope)


def _after_death(
    parts: SendParts,
    record: PayoutRecord,
    payment: PaymentDto,
    wanted: Wanted,
    dead_since: int | None,
) -> PayoutRecord:
    """The envelope can no longer apply: what the chain shows of it by now is final."""
    paid = trace_payout(parts, record, wanted.transfer.source, payment, dead_since)
    if paid is not None:
        return _after_trace(parts, record, payment, paid)
    if payment.transaction is not None:
        return block(parts, record, "other_transaction")  # which the chain does not show
    error, dead = record.chain_error or "never_applied", expired(record, parts.clock())
    if error in FINAL_CHAIN_ERRORS:
        return write(parts, record, never_to_be(dead, error))
    if error in TRANSIENT_CHAIN_ERRORS or payment.is_cancelled or record.giving_up is not None:
        return write(parts, record, dead)
    return block(parts, record, error, at=dead)


def _after_trace(
    parts: SendParts, record: PayoutRecord, payment: PaymentDto, paid: Paid
) -> PayoutRecord:
    """It was paid: by the payment in hand, or by a former one that a restored table has
    forgotten. Then the one in hand must not be paid as well."""
    if record.txid is not None and paid.txid != record.txid:
        # A later one paid, after ours had died; or both did.
        own = parts.chain.transaction(record.txid)
        if own is not None and own.successful:
            return block(parts, record, "other_transaction")
    if paid.payment.identifier == payment.identifier:
        return _report(parts, record, payment, paid.txid)
    if not _is_cancelled_at_pi(parts, record, payment):
        return block(parts, record, "not_cancelled")
    return adopt(parts, record, paid.payment)


def _hand_in(
    parts: SendParts, record: PayoutRecord, payment: PaymentDto, envelope: str
) -> PayoutRecord:
    now = parts.clock()
    record = write(parts, record, submitted(record, now))
    try:
        submission = parts.chain.submit(envelope)
    except ChainUnavailable:
        submission = Submission()  # it may have been applied
    if submission.txid == record.txid:
        return _report(parts, record, payment, submission.txid)
    # On a repeat, an error may be the echo of our own success: only the chain's history tells.
    retry_at = now + RETRY_SECONDS
    noted = waiting(record, retry_at, "not_applied", chain_error=submission.error)
    return write(parts, record, noted)


def _report(
    parts: SendParts, record: PayoutRecord, payment: PaymentDto, txid: str | None
) -> PayoutRecord:
    """Tell Pi of the transaction that paid. `txid` None: Pi itself names it."""
    named = payment.transaction.txid if payment.transaction else None
    if named and txid and named != txid:
        return block(parts, record, "other_transaction")  # paid by somebody else as well?
    txid = named or txid
    if payment.status.developer_completed and txid is not None:
        return write(parts, record, completed(record, txid, parts.clock()))
    if txid is None:
        return block(parts, record, "completed_without_txid")
    try:
        payment = parts.pi.complete(payment.identifier, txid)
    except PiRefused as refused:
        return _after_refused_report(parts, record, txid, refused)
    if not payment.status.developer_completed:
        raise PiNonsense
    return write(parts, record, completed(record, txid, parts.clock()))


def _after_refused_report(
    parts: SendParts, record: PayoutRecord, txid: str, refused: PiRefused
) -> PayoutRecord:
    payment, _ = _ask_pi(parts, record)
    if payment.status.developer_completed:
        return _report(parts, record, payment, txid)
    since = max(record.submitted_at or 0, record.waiting_since)
    is_young = parts.clock() - since < UNVERIFIED_PATIENCE_SECONDS
    if refused.code == "not_verified" and is_young:
        return wait(parts, record, refused.code)
    return block(parts, record, refused.code)


def _give_up(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> PayoutRecord:
    """Certainly unpaid: cancel it at Pi, then release what it reserved."""
    reason = record.giving_up or record.chain_error or "never_applied"
    if not _is_cancelled_at_pi(parts, record, payment):
        return block(parts, record, "not_cancelled")
    return fail(parts, record, reason)


def _is_cancelled_at_pi(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> bool:
    """Cancel it, unless it is already."""
    if payment.is_cancelled:
        return True
    try:
        return parts.pi.cancel(payment.identifier).is_cancelled
    except PiRefused:
        # The echo of our own success, perhaps.
        payment, _ = _ask_pi(parts, record)
        return payment.is_cancelled


def _ask_pi(parts: SendParts, record: PayoutRecord) -> tuple[PaymentDto, Wanted]:
    """Pi's fresh answer, and the transaction that would pay it. Raises Conflict with the reason why
    nothing may."""
    payment = parts.pi.get_payment(record.payment_id or "-")
    wanted, reason = Wanted.by(payment), mismatch(payment, record, parts.network)
    if is_moved(payment, record):
        raise Conflict("unexpected_address", "This is not the payment that was signed.")
    # One that a person gives up need not match, but one can look for it.
    if wanted is None or (reason and not record.giving_up):
        raise Conflict(reason or "missing_address", "This is not the payment that was asked for.")
    return payment, wanted


def _deliver(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    def told(standing: PayoutRecord) -> PayoutRecord:
        return delivered(standing, parts.clock())

    return deliver(parts.bus, record, payout_event, told, parts.payouts.replace)


STEPS: Mapping[PayoutState, Callable[[SendParts, PayoutRecord], PayoutRecord]] = {
    PayoutState.REQUESTED: create_payout,
    PayoutState.CREATED: _sign,
    PayoutState.SIGNED: _submit,
}
