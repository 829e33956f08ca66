"""Pay a payout out, once: one step per external effect, each written down before it happens.

Called for every wake-up, in one thread of the world at a time but safe if two are forced at once:
each step begins from the record, asks Pi and the chain what already happened, and writes on
condition that nobody else did. What cannot be decided now waits in `due_at`; what cannot be decided
by a program is `blocked` for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.base.context import concerning
from shared.base.errors import (
    BundleError,
    ChainUnavailable,
    PiInvalidResponse,
    PiRefused,
    ServiceUnavailable,
    WriteConflict,
)
from shared.base.identifiers import PAYMENT_ID
from shared.base.observability import count, count_outage, logger
from shared.book.expected import expected_transfer
from shared.book.read import read_book
from shared.book.store import wallet_of
from shared.payouts.checks import (
    cause_not_to_pay,
    has_account,
)
from shared.payouts.create import adopt, after_withdrawal, create_payout, may_withdraw
from shared.payouts.move import block, doubt, fail, hold_up, wait, withdraw, write
from shared.payouts.queue import PayoutWakeUp
from shared.payouts.reasons import Reason
from shared.payouts.record import (
    CHAIN_SETTLES_SECONDS,
    ENVELOPE_LIVES_SECONDS,
    MOST_ENVELOPES,
    NO_DESTINATION_RETRY_SECONDS,
    RETRY_SECONDS,
    UNVERIFIED_PATIENCE_SECONDS,
    PayoutRecord,
    PayoutState,
    completed,
    delivered,
    expired,
    is_moved,
    mismatch,
    signed,
    silent_until,
    submitted,
    waiting,
)
from shared.payouts.sender import SendParts
from shared.payouts.trace import trace_payout
from shared.payouts.view import payout_event
from shared.pi.objects import PaymentDto
from shared.stellar.objects import Account, ExpectedTransfer, Submission
from shared.work.deliver import deliver

LONGEST_MEMO_BYTES = 28

# The transaction is dead and another would fare better, once the wallet has enough for it.
TRANSIENT_CHAIN_ERRORS = frozenset(
    {
        *("never_applied", "tx_bad_seq", "tx_too_late", "tx_too_early", "tx_insufficient_fee"),
        *("op_underfunded", "tx_insufficient_balance"),
    }
)
NO_SEED = frozenset({Reason.WALLET_SEED_MISSING, Reason.WALLET_SEED_INVALID})


def send_payout(parts: SendParts, wake_up: PayoutWakeUp) -> None:
    """Do all that can be done now for this payout, or read on in this wallet's book. Whatever this
    raises is a bug in the bundle; what Pi, the chain or our services hold up comes back with
    `due_at`."""
    concerning(wake_up.key)
    try:
        if (wallet := wallet_of(wake_up.key)) is not None:
            read_book(parts.book, wallet)
        else:
            _send(parts, wake_up)
    except BundleError as error:
        count_outage(error.code)
        logger.warning("Held up", extra={"code": error.code})


def _send(parts: SendParts, wake_up: PayoutWakeUp) -> None:
    record = parts.payouts.get(wake_up.key)
    if record is None or not _is_meant(record, wake_up, parts.clock()):
        return
    while (record.due_at is not None and record.state in STEPS) or record.pending_event is not None:
        record = _advance(parts, record)
        if (record.due_at or 0) > parts.clock():
            return


def _is_meant(record: PayoutRecord, wake_up: PayoutWakeUp, now: int) -> bool:
    """The sweep puts off when a payout is due and then wakes for that moment; an older message
    finds another one."""
    return record.due_at is not None and (record.due_at <= now or record.due_at == wake_up.due_at)


def _advance(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    if record.pending_event is not None:
        return _deliver(parts, record)
    try:
        return (_after_sent if record.sent else STEPS[record.state])(parts, record)
    except PiRefused as refused:  # of a question: each step foresees what its effects meet
        return _after_refused_question(parts, _standing(parts, record), refused.code)
    except ChainUnavailable:
        standing = _standing(parts, record)
        return wait(parts, standing, standing.ending or Reason.CHAIN_UNCLEAR)
    except ServiceUnavailable as error:
        if error.code not in NO_SEED:
            raise
        return hold_up(parts, _standing(parts, record), error.code)
    except BundleError:
        raise
    except Exception:  # noqa: BLE001 - one bad payout must not lock the only queue for all others
        logger.exception("Unexpected error")
        count("UnexpectedError")
        return block(parts, _standing(parts, record), Reason.UNEXPECTED_ERROR)


def _standing(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """The record as it stands: the step that failed may have written before. Raises WriteConflict
    where it has come to its end, or waits for a person, meanwhile."""
    standing = parts.payouts.get(record.payout_id)
    if standing is None or standing.state not in STEPS:
        raise WriteConflict
    return standing


def _after_refused_question(parts: SendParts, record: PayoutRecord, code: str) -> PayoutRecord:
    """Pi refuses an answer, which may pass; so another app's key is answered for each payment."""
    if code == Reason.PAYMENT_NOT_FOUND:
        try:
            is_ours = parts.canary.knows_us()
        except PiRefused:
            is_ours = None
        if is_ours is False:
            return hold_up(parts, record, Reason.SERVER_KEY_OF_ANOTHER_APP)
    return doubt(parts, record, code)


def _sign(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Sign a transaction, once it is certain that none can have paid yet."""
    payment = _ask(parts, record)
    if payment is None:
        return _end_forgotten(parts, record)
    fault = _fault(parts, record, payment)
    if payment.transaction is not None or payment.status.developer_completed:
        return _report(parts, record, payment, None)
    wallet = _wallet_of(parts, record)
    # Before the search: a transaction that is applied after it takes this number from ours.
    account = parts.chain.account(wallet)
    is_over = payment.is_cancelled or record.ending is not None
    dead_since = record.max_time if is_over else None
    record = trace_payout(parts, record, wallet, payment, dead_since)
    if record.sent:
        return record
    if is_over and record.max_time is None:
        return _let_forgotten_die(parts, record)
    if is_over:
        return _give_up(parts, record, payment)
    wanted = expected_transfer(payment)
    if fault or wanted is None:
        return withdraw(parts, record, fault or Reason.MISSING_ADDRESS)
    if account is None:
        raise ChainUnavailable
    return _sign_for(parts, record, wanted, account)


def _sign_for(
    parts: SendParts, record: PayoutRecord, wanted: ExpectedTransfer, account: Account
) -> PayoutRecord:
    """Nothing has paid it: sign for it, unless something is in the way."""
    if _is_refunded_already(parts, record):
        return withdraw(parts, record, Reason.ABOVE_PAID_AMOUNT)
    if record.envelopes >= MOST_ENVELOPES:
        return withdraw(parts, record, record.chain_error or Reason.NEVER_APPLIED)
    if len(wanted.memo.encode()) > LONGEST_MEMO_BYTES or not PAYMENT_ID.fullmatch(wanted.memo):
        return withdraw(parts, record, Reason.UNEXPECTED_IDENTIFIER)
    if not parts.wallet.signs_for(wanted.transfer.source):
        return hold_up(parts, record, Reason.WRONG_SEED)
    if not has_account(parts, wanted.transfer.destination):
        return withdraw(parts, record, Reason.NO_DESTINATION)
    fee = parts.chain.base_fee()
    if (cause := cause_not_to_pay(parts, record, account, fee)) is not None:
        return hold_up(parts, record, cause)
    if not parts.switch.is_on():
        return wait(parts, record, Reason.PAYOUTS_OFF)
    now = parts.clock()
    max_time = now + ENVELOPE_LIVES_SECONDS
    envelope = parts.wallet.sign(wanted, sequence=account.sequence, fee=fee, max_time=max_time)
    return write(
        parts,
        record,
        signed(record, envelope=envelope.xdr, txid=envelope.txid, max_time=max_time, now=now),
    )


def _is_refunded_already(parts: SendParts, record: PayoutRecord) -> bool:
    """A restored table takes on a refund of what a forgotten one has paid back; the wallet's book
    has counted that by now."""
    payment = None if record.refund_of is None else parts.payments.get(record.refund_of)
    return payment is not None and payment.refunded > payment.refundable


def _fault(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> str | None:
    """Why the payment at Pi must not be paid; a person who gives it up does not mind."""
    if record.giving_up is not None:
        return None
    if is_moved(payment, record):
        return Reason.UNEXPECTED_ADDRESS  # not the payment that was adopted
    return mismatch(payment, record, parts.network)


def _let_forgotten_die(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """A restored table may have forgotten what was signed: wait for as long as that may live."""
    last = parts.clock() + ENVELOPE_LIVES_SECONDS + CHAIN_SETTLES_SECONDS
    return write(parts, record, silent_until(record, last))


def _end_forgotten(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """It is to end, and Pi does not know its payment: the chain alone tells what became of it, and
    there is nothing to cancel. Not while the key may be another app's."""
    if record.max_time is None:
        return _let_forgotten_die(parts, record)
    record = trace_payout(parts, record, _wallet_of(parts, record), None, record.max_time)
    if record.sent:
        return record
    is_ours = parts.canary.knows_us()
    # Whoever gives up has seen to it that the key is right, where nothing can tell.
    if is_ours is False or (is_ours is None and record.giving_up != Reason.GIVEN_UP):
        return _after_refused_question(parts, record, Reason.PAYMENT_NOT_FOUND)
    if record.giving_up is None:
        return after_withdrawal(parts, record)
    return fail(parts, record, record.giving_up)


def _submit(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Hand in the one envelope until the chain shows it or it can no longer apply."""
    if record.envelope is None or record.txid is None or record.max_time is None:
        return block(parts, record, Reason.NO_ENVELOPE)
    payment, settled_at = _ask(parts, record), record.max_time + CHAIN_SETTLES_SECONDS
    if payment is None:
        return _outlive(parts, record, settled_at)
    named = payment.transaction.txid if payment.transaction else None
    if named == record.txid or (named is None and payment.status.developer_completed):
        return _report(parts, record, payment, record.txid)
    on_chain = parts.chain.transaction(record.txid)
    if on_chain is not None and on_chain.successful:
        return _report(parts, record, payment, record.txid)
    if on_chain is not None:  # applied, and refused
        return _after_death(parts, record, payment, None)
    if parts.clock() > settled_at:
        return _after_death(parts, record, payment, record.max_time)
    if named is not None or parts.clock() > record.max_time:
        return write(parts, record, waiting(record, settled_at + 1, Reason.MAY_STILL_APPLY))
    return _submit_for(parts, record, payment, record.envelope)


def _submit_for(
    parts: SendParts, record: PayoutRecord, payment: PaymentDto, envelope: str
) -> PayoutRecord:
    """It may still be applied: hand it in, unless something is in the way."""
    if payment.is_cancelled or record.ending is not None:
        settled_at = (record.max_time or 0) + CHAIN_SETTLES_SECONDS
        return write(parts, record, waiting(record, settled_at + 1, Reason.MAY_STILL_APPLY))
    if (fault := _fault(parts, record, payment)) is not None:
        return withdraw(parts, record, fault)
    if record.submitted_at is None and not parts.switch.is_on():
        return wait(parts, record, Reason.PAYOUTS_OFF)
    return _hand_in(parts, record, payment, envelope)


def _outlive(parts: SendParts, record: PayoutRecord, settled_at: int) -> PayoutRecord:
    """It is to end, and Pi does not know its payment: wait until its envelope is dead."""
    if parts.clock() <= settled_at:
        return write(parts, record, waiting(record, settled_at + 1, Reason.MAY_STILL_APPLY))
    record = trace_payout(parts, record, _wallet_of(parts, record), None, record.max_time)
    if record.sent:
        return record
    return write(parts, record, expired(record, parts.clock()))


def _after_death(
    parts: SendParts,
    record: PayoutRecord,
    payment: PaymentDto,
    dead_since: int | None,
) -> PayoutRecord:
    """The envelope can no longer apply: what the chain shows of it by now is final."""
    record = trace_payout(parts, record, _wallet_of(parts, record), payment, dead_since)
    if record.sent:
        return record
    if payment.transaction is not None:
        return block(parts, record, Reason.OTHER_TRANSACTION)  # which the chain does not show
    error, dead = record.chain_error or Reason.NEVER_APPLIED, expired(record, parts.clock())
    if error in TRANSIENT_CHAIN_ERRORS or payment.is_cancelled or record.ending is not None:
        return write(parts, record, dead)
    reason = Reason.NO_DESTINATION if error == "op_no_destination" else error
    return withdraw(parts, record, reason, at=dead)


def _after_sent(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """The chain shows that it was paid: by the payment in hand, or by a former one that a restored
    table has forgotten. Then the one in hand must not be paid as well."""
    if len(record.sent) > 1:
        return block(parts, record, Reason.OTHER_TRANSACTION)
    [sent] = record.sent
    payment = None if record.payment_id is None else _ask(parts, record)
    if payment is None:
        if sent.payment_id == record.payment_id:
            return _after_refused_question(parts, record, Reason.PAYMENT_NOT_FOUND)
        return adopt(parts, record, parts.pi.get_payment(sent.payment_id))
    if record.txid not in (None, sent.txid):
        # A later one paid, after ours had died; or both did.
        own = parts.chain.transaction(record.txid)
        if own is not None and own.successful:
            return block(parts, record, Reason.OTHER_TRANSACTION)
    if sent.payment_id == payment.identifier:
        return _report(parts, record, payment, sent.txid)
    former = parts.pi.get_payment(sent.payment_id)
    if not _is_cancelled_at_pi(parts, payment):
        return block(parts, record, Reason.NOT_CANCELLED)
    return adopt(parts, record, former)


def _hand_in(
    parts: SendParts, record: PayoutRecord, payment: PaymentDto, envelope: str
) -> PayoutRecord:
    now = parts.clock()
    record = write(parts, record, submitted(record, now))
    try:
        submission = parts.submitter.submit(envelope)
    except ChainUnavailable:
        submission = Submission()  # it may have been applied
    if submission.txid == record.txid:
        return _report(parts, record, payment, submission.txid)
    # On a repeat, an error may be the echo of our own success: only the chain's history tells.
    retry_at = now + RETRY_SECONDS
    noted = waiting(record, retry_at, Reason.NOT_APPLIED, chain_error=submission.error)
    return write(parts, record, noted)


def _report(
    parts: SendParts, record: PayoutRecord, payment: PaymentDto, txid: str | None
) -> PayoutRecord:
    """Tell Pi of the transaction that paid. `txid` None: Pi itself names it."""
    if (fault := _fault(parts, record, payment)) is not None:
        return block(parts, record, fault)
    named = payment.transaction.txid if payment.transaction else None
    if named and txid and named != txid:
        return block(parts, record, Reason.OTHER_TRANSACTION)  # paid by somebody else as well?
    txid = named or txid
    if payment.status.developer_completed and txid is not None:
        return _complete(parts, record, payment, txid)
    if txid is None:
        return block(parts, record, Reason.COMPLETED_WITHOUT_TXID)
    try:
        payment = parts.pi.complete(payment.identifier, txid)
    except PiRefused as refused:
        return _after_refused_report(parts, record, txid, refused)
    if not payment.status.developer_completed:
        raise PiInvalidResponse
    return _complete(parts, record, payment, txid)


def _complete(
    parts: SendParts, record: PayoutRecord, payment: PaymentDto, txid: str
) -> PayoutRecord:
    standing = write(parts, record, completed(record, txid, parts.clock()))
    parts.canary.remember(payment.identifier)
    return standing


def _after_refused_report(
    parts: SendParts, record: PayoutRecord, txid: str, refused: PiRefused
) -> PayoutRecord:
    payment = parts.pi.get_payment(record.payment_id or "-")
    if payment.status.developer_completed:
        return _report(parts, record, payment, txid)
    since = max(record.submitted_at or 0, record.waiting_since)
    is_young = parts.clock() - since < UNVERIFIED_PATIENCE_SECONDS
    if refused.code == Reason.NOT_VERIFIED and is_young:
        return wait(parts, record, refused.code)
    return block(parts, record, refused.code)


def _give_up(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> PayoutRecord:
    """Certainly unpaid: cancel it at Pi. Then it has failed, and what it reserved is released; or
    it begins anew."""
    is_withdrawn = record.giving_up is None and record.withdrawing is not None
    if is_withdrawn and not payment.is_cancelled and not may_withdraw(parts):
        return hold_up(parts, record, Reason.TOO_MANY_WITHDRAWALS, NO_DESTINATION_RETRY_SECONDS)
    if not _is_cancelled_at_pi(parts, payment):
        return block(parts, record, Reason.NOT_CANCELLED)
    if is_withdrawn:
        return after_withdrawal(parts, record)
    return fail(parts, record, record.giving_up or record.chain_error or Reason.NEVER_APPLIED)


def _is_cancelled_at_pi(parts: SendParts, payment: PaymentDto) -> bool:
    """Cancel it, unless it is already."""
    if payment.is_cancelled:
        return True
    try:
        return parts.pi.cancel(payment.identifier).is_cancelled
    except PiRefused:
        # The echo of our own success, perhaps.
        return parts.pi.get_payment(payment.identifier).is_cancelled


def _ask(parts: SendParts, record: PayoutRecord) -> PaymentDto | None:
    """Pi's fresh answer. None: it is to end, and Pi does not know it. Raises PiRefused."""
    try:
        return parts.pi.get_payment(record.payment_id or "-")
    except PiRefused as refused:
        if refused.code != Reason.PAYMENT_NOT_FOUND or record.ending is None:
            raise
        return None


def _wallet_of(parts: SendParts, record: PayoutRecord) -> str:
    """The wallet that it is paid from, whatever Pi shows by now."""
    return record.from_address or parts.app_wallet or parts.wallet.address()


def _deliver(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    def told(standing: PayoutRecord) -> PayoutRecord:
        return delivered(standing, parts.clock())

    return deliver(parts.bus, record, payout_event, told, parts.payouts.replace)


STEPS: Mapping[PayoutState, Callable[[SendParts, PayoutRecord], PayoutRecord]] = {
    PayoutState.REQUESTED: create_payout,
    PayoutState.CREATED: _sign,
    PayoutState.SIGNED: _submit,
}
