"""Pay a payout out, once: ask, decide, act, write, for each wake-up.

One sender runs at a time, but two at once are safe: each step begins from the record, and ends in a
write on condition that the record did not change. The record stores how to recognise an external
effect before it happens. A payout that cannot be decided now waits until `due_at`; a payout that
the bundle cannot decide is `blocked` for an operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.aws.switch import Switch
from shared.base import exact_json
from shared.base.clock import Clock
from shared.base.errors import (
    BundleError,
    ChainUnavailable,
    PiAuthenticationError,
    PiInvalidResponse,
    PiRefused,
    ServiceUnavailable,
    WriteConflict,
)
from shared.base.frozen import frozen
from shared.base.observability import count, gauge, logger
from shared.book.read import BookParts, book_of, read_book, read_on
from shared.book.record import LATELY_SECONDS, Book
from shared.book.store import wallet_of
from shared.notifications.arrival import ArrivalParts, tell_user
from shared.payments.canary import Canary
from shared.payments.store import PaymentStore
from shared.payouts.decision import (
    BY_STATE,
    MOST_QUESTIONS,
    Ask,
    Decision,
    NoAnswer,
    Question,
    Seen,
    Step,
    Terms,
    Tried,
    Why,
    decide,
)
from shared.payouts.record import (
    ENVELOPE_LIVES_SECONDS,
    STACK_RETRY_SECONDS,
    PayoutEvent,
    PayoutRecord,
    Reason,
    blocked,
    completed,
    delivered,
    knows,
    payout_of,
    signed,
    with_account,
    withdrawn,
    without_account,
)
from shared.payouts.store import PayoutStore
from shared.payouts.view import payout_event
from shared.pi.client import PiClient
from shared.pi.objects import PaymentDto
from shared.stellar.horizon import Horizon
from shared.stellar.objects import Account, Submission
from shared.stellar.submit import Submitter
from shared.work.deliver import deliver
from shared.work.event_bus import EventBus
from shared.work.ordered import OrderedWakeUp, OrderedWakeUps
from shared.work.worker import due_again

if TYPE_CHECKING:
    from shared.stellar.wallet import Wallet  # loads stellar-sdk

MOST_ROUNDS = MOST_QUESTIONS + 4  # and the effects after which more is asked
BEHIND_SECONDS = 3600  # sweeps read the book on much more often
STAYS_KNOWN = frozenset({Ask.ACCOUNT, Ask.FEE})
NO_SEED = frozenset({Reason.WALLET_SEED_MISSING, Reason.WALLET_SEED_INVALID})

Answers = Mapping[Question, Any]


@dataclass(slots=True)
class SenderMemory:
    """What the sender remembers while its environment lives: what never changes (what an account
    must keep, and which accounts exist), and what it has just found. Until `held_until` no payment
    is created at Pi, for the reason `held_for`. `no_account`: the address of each user without an
    account."""

    base_reserve: int | None = None
    accounts: set[str] = field(default_factory=set)
    no_account: dict[str, str] = field(default_factory=dict)
    held_for: str | None = None
    held_until: int = 0


@frozen(kw_only=True)
class SendParts:
    pi: PiClient
    chain: Horizon
    submitter: Submitter
    wallet: Wallet
    payouts: PayoutStore
    payments: PaymentStore
    queue: OrderedWakeUps
    bus: EventBus
    switch: Switch
    terms: Terms
    canary: Canary
    book: BookParts
    memory: SenderMemory
    arrival: ArrivalParts
    clock: Clock


def send_payout(parts: SendParts, wake_up: OrderedWakeUp) -> None:
    """Do everything that can be done now for this payout, or read on in this wallet's book. Raises
    as `due_again`."""
    wallet = wallet_of(wake_up.key)
    with due_again(wake_up.key, "payout" if wallet is None else "book"):
        if wallet is not None:
            read_book(parts.book, wallet)
        else:
            _send(parts, wake_up)


def _send(parts: SendParts, wake_up: OrderedWakeUp) -> None:
    record = parts.payouts.get(wake_up.key)
    known: Answers = {}
    if record is None or not _is_meant(record, wake_up, parts.clock()):
        return
    while (record.due_at is not None and record.state in BY_STATE) or record.pending_event:
        record, known = _advance(parts, record, known)
        if (record.due_at or 0) > parts.clock():
            return


def _is_meant(record: PayoutRecord, wake_up: OrderedWakeUp, now: int) -> bool:
    """The sweep moves `due_at` and sends a wake-up for that moment. An older message has another
    `due_at`."""
    return record.due_at is not None and (record.due_at <= now or record.due_at == wake_up.due_at)


def _advance(
    parts: SendParts, record: PayoutRecord, known: Answers
) -> tuple[PayoutRecord, Answers]:
    """The next record, and the answers that are still valid. `known`: those of the last step."""
    if record.pending_event is not None:
        return _deliver(parts, record), {}
    try:
        return _step(parts, record, known)
    except BundleError:
        raise
    except Exception:  # noqa: BLE001 - one bad payout must not lock the only queue for all others
        logger.exception("Unexpected error")
        count("UnexpectedError")
        standing = _standing(parts, record)  # the step may have written before
        new = blocked(standing, Reason.UNEXPECTED_ERROR, parts.clock())
        return _write_and_tell(parts, standing, Decision(Step.BLOCK, new)), {}


def _step(parts: SendParts, record: PayoutRecord, known: Answers) -> tuple[PayoutRecord, Answers]:
    """Ask until it is decided, and act. An effect may be only half of a step: then its result is
    decided too. Raises WriteConflict if another writer was first: the next wake-up decides from the
    current record."""
    seen = replace(_remembered(parts, record), answers=known)
    for _ in range(MOST_ROUNDS):
        decision = decide(record, seen, parts.terms, parts.clock())
        if isinstance(decision, Question):
            standing, answer = _answered(parts, record, seen, decision)
            seen = replace(seen, answers={**seen.answers, decision: answer})
            if standing != record:  # what was answered was about the former one
                record, seen = standing, _remembered(parts, standing)
            continue
        effect = EFFECTS.get(decision.step, _only_write)
        record, left = effect(parts, record, decision, seen)
        if left is None:
            return record, _still_known(record, decision, seen)
        seen = left
    raise RuntimeError("nothing is decided")


def _still_known(record: PayoutRecord, decision: Decision, seen: Seen) -> Answers:
    """The answers that need not be asked again between a creation and its submission. A sequence
    number is safer if it was read earlier. Pi is asked once more whether it still wants the payment
    before the transaction is submitted."""
    if decision.step not in (Step.ADOPT, Step.SIGN):
        return {}
    known = {
        asked: answer
        for asked, answer in seen.answers.items()
        if asked.ask in STAYS_KNOWN and not isinstance(answer, NoAnswer)
    }
    if seen.created is not None:
        known[Question(Ask.PAYMENT, record.payment_id)] = seen.created
    if decision.step is Step.SIGN:
        known[Question(Ask.TRANSACTION, record.txid)] = None  # nobody has handed it in
    return known


def _remembered(parts: SendParts, record: PayoutRecord) -> Seen:
    memory, left = parts.memory, parts.memory.held_until - parts.clock()
    is_held = memory.held_for is not None and 0 < left <= STACK_RETRY_SECONDS
    held = (str(memory.held_for), memory.held_until) if is_held else None
    return Seen(held=held, no_account=memory.no_account.get(record.uid))


def _standing(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """The current record. Raises WriteConflict if it was closed, or blocked for an operator, in the
    meantime."""
    standing = parts.payouts.get(record.payout_id)
    if standing is None or standing.state not in BY_STATE:
        raise WriteConflict
    return standing


# --- What is asked --------------------------------------------------------------------------------


def _answered(
    parts: SendParts, record: PayoutRecord, seen: Seen, question: Question
) -> tuple[PayoutRecord, Any]:
    """The record as it stands afterwards, and the answer. Raises PiUnavailable and what else holds
    up more than this payout."""
    try:
        if question.ask is Ask.BOOK:
            return _read_wallet(parts, record, seen, question)
        return record, ANSWERS[question.ask](parts, question.about or "-")
    except ChainUnavailable:
        return record, NoAnswer(Why.CHAIN)
    except PiRefused as refused:
        return record, NoAnswer(Why.REFUSED, refused.code)
    except ServiceUnavailable as error:
        if error.code not in NO_SEED:
            raise
        return record, NoAnswer(Why.SEED, error.code)


def _open_payments(parts: SendParts, _about: str) -> tuple[PaymentDto, ...] | NoAnswer:
    try:
        return parts.pi.incomplete_server_payments()
    except (PiAuthenticationError, PiInvalidResponse) as refused:  # of no payout's own
        return NoAnswer(Why.LIST, refused.code)


def _account(parts: SendParts, wallet: str) -> Account | None:
    account = parts.chain.account(wallet)
    if account is not None:
        gauge("WalletBalance", account.free)
    return account


def _has_account(parts: SendParts, address: str) -> bool:
    memory = parts.memory
    if address not in memory.accounts and parts.chain.account(address) is not None:
        memory.accounts.add(address)
        memory.no_account = {uid: of for uid, of in memory.no_account.items() if of != address}
    return address in memory.accounts


def _base_reserve(parts: SendParts, _about: str) -> int:
    if parts.memory.base_reserve is None:
        parts.memory.base_reserve = parts.chain.base_reserve()
    return parts.memory.base_reserve


def _is_behind(parts: SendParts, wallet: str) -> bool:
    book = parts.book.books.get(wallet)
    return book is not None and parts.clock() - book.covers >= BEHIND_SECONDS


def _is_over_refunded(parts: SendParts, payment_id: str) -> bool:
    payment = parts.payments.get(payment_id)
    return payment is not None and payment.refunded > payment.refundable


def _may_withdraw(parts: SendParts, _about: str = "") -> bool:
    """Pi limits an app's cancelled payments, so they are counted."""
    today = datetime.fromtimestamp(parts.clock(), UTC).date()
    return parts.payouts.count_withdrawal(today.isoformat())


ANSWERS: Mapping[Ask, Callable[[SendParts, str], Any]] = {
    Ask.SWITCH: lambda parts, _: parts.switch.is_on(),
    Ask.SWITCH_AGAIN: lambda parts, _: parts.switch.is_on(),
    Ask.OPEN_PAYMENTS: _open_payments,
    Ask.PAYMENT: lambda parts, payment_id: parts.pi.get_payment(payment_id),
    Ask.KEY: lambda parts, _: parts.canary.knows_us(),
    Ask.KNOWN_WALLET: lambda parts, _: parts.wallet.known_address(),
    Ask.WALLET: lambda parts, _: parts.wallet.address(),
    Ask.SIGNS_FOR: lambda parts, wallet: parts.wallet.signs_for(wallet),
    Ask.ACCOUNT: _account,
    Ask.HAS_ACCOUNT: _has_account,
    Ask.FEE: lambda parts, _: parts.chain.base_fee(),
    Ask.RESERVE: _base_reserve,
    Ask.TRANSACTION: lambda parts, txid: parts.chain.transaction(txid),
    Ask.IS_BEHIND: _is_behind,
    Ask.OVER_REFUNDED: _is_over_refunded,
    Ask.MAY_WITHDRAW: _may_withdraw,
}


def _read_wallet(
    parts: SendParts, record: PayoutRecord, seen: Seen, question: Question
) -> tuple[PayoutRecord, Any]:
    """Read the wallet's book to its end: it notes in the record (`sent`) what has paid it, even if
    a restored table has forgotten that. If nothing is noted, then certainly nothing was sent until
    now, or until the moment when every signed transaction is dead."""
    in_hand = seen.answers.get(Question(Ask.PAYMENT, record.payment_id))
    shown = in_hand.identifier if isinstance(in_hand, PaymentDto) else None
    wallet, is_silent = question.about or "-", False
    with parts.canary.while_shown(shown), suppress(ChainUnavailable):
        book = read_on(parts.book, book_of(parts.book, wallet, record.requested_at))
        is_silent = _is_silent(book, record, parts.clock(), question.dead_since)
    standing = _standing(parts, record)
    if not standing.sent and standing != record:
        raise WriteConflict
    return standing, is_silent or NoAnswer(Why.CHAIN)


def _is_silent(book: Book, record: PayoutRecord, now: int, dead_since: int | None) -> bool:
    if not book.reaches_back_to(record.requested_at):
        return False
    if book.is_in_doubt_about(record.payout_id, record.amount.stroops):
        return False
    return book.covers >= now - LATELY_SECONDS if dead_since is None else book.until > dead_since


# --- What is done ---------------------------------------------------------------------------------

After = tuple[PayoutRecord, Seen | None]
"""The record as it stands, and what is decided on next; None: the step is done."""


def _only_write(parts: SendParts, record: PayoutRecord, decision: Decision, _seen: Seen) -> After:
    return _write_and_tell(parts, record, decision), None


def _fail(parts: SendParts, record: PayoutRecord, decision: Decision, _seen: Seen) -> After:
    """It is certainly unpaid and will stay so: the same write releases what it reserved."""
    standing, written = parts.payouts.release(record, decision.new)
    if not written:
        raise WriteConflict
    return standing, None


def _adopt(parts: SendParts, record: PayoutRecord, decision: Decision, _seen: Seen) -> After:
    """Before the record is written, the table stores to which payout this payment belongs: the book
    needs it."""
    parts.payouts.keep_payment(str(decision.new.payment_id), record.payout_id)
    return _write(parts, record, decision.new), None


def _create(parts: SendParts, record: PayoutRecord, decision: Decision, seen: Seen) -> After:
    """Source: `POST /payments` of the reference."""
    record = _write(parts, record, decision.new)
    try:
        payment = parts.pi.create_payment(
            uid=record.uid,
            amount=record.amount,
            memo=record.memo,
            metadata=exact_json.loads(record.metadata),
        )
    except PiRefused as refused:
        told = {"code": refused.code, "pi_request_id": refused.answer.request_id}
        told["pi_status"] = str(refused.answer.http_status)
        logger.warning("Pi has refused to create this payment", extra=told)
        return record, replace(seen, tried=Tried(Step.CREATE, refused.answer))
    if payout_of(payment) != record.payout_id:
        raise PiInvalidResponse  # another payment; ours may have been created all the same
    return record, replace(seen, created=payment)


def _undo(parts: SendParts, record: PayoutRecord, decision: Decision, seen: Seen) -> After:
    record, _ = _adopt(parts, record, decision, seen)
    if not _may_withdraw(parts):
        return record, None
    try:
        is_cancelled = parts.pi.cancel(str(record.payment_id)).is_cancelled
    except PiRefused:
        is_cancelled = False  # the next step asks what became of it
    if not is_cancelled:
        return record, None
    now, address = parts.clock(), record.to_address
    fresh = without_account(withdrawn(record, now), address, now)
    return _begin_anew(parts, record, Decision(Step.BEGIN_ANEW, fresh), seen)


def _begin_anew(parts: SendParts, record: PayoutRecord, decision: Decision, _seen: Seen) -> After:
    """Pi has just named the user's wallet: until it has an account, no other payout to this user is
    created."""
    standing = _write(parts, record, decision.new)
    if standing.to_address is not None:
        parts.memory.no_account[standing.uid] = standing.to_address
    return standing, None


def _make_way(parts: SendParts, record: PayoutRecord, decision: Decision, _seen: Seen) -> After:
    """Pi keeps one payment open at a time. Wake its payout if it is known, else report it. Pay
    neither."""
    in_the_way, now = decision.payment, parts.clock()
    other_id = in_the_way and payout_of(in_the_way)
    other = parts.payouts.get(other_id) if other_id else None
    if in_the_way is not None and other is not None and knows(other, in_the_way, now):
        if other.no_account_since is not None:  # it would ask the chain alone
            other, _ = parts.payouts.replace(other, with_account(other, now))
        parts.queue.hint_at(other.payout_id, other.due_at)
    else:
        count("ForeignPayout")
        logger.error("An unknown open payment is in the way")
    return _write(parts, record, decision.new), None


def _sign(parts: SendParts, record: PayoutRecord, decision: Decision, seen: Seen) -> After:
    if decision.transfer is None:
        raise ValueError("nothing to sign")
    now = parts.clock()
    max_time = now + ENVELOPE_LIVES_SECONDS
    envelope = parts.wallet.sign(
        decision.transfer, sequence=decision.sequence, fee=decision.fee, max_time=max_time
    )
    new = signed(record, envelope=envelope.xdr, txid=envelope.txid, max_time=max_time, now=now)
    standing = _write(parts, record, new)
    account = seen.answers.get(Question(Ask.ACCOUNT, decision.transfer.transfer.source))
    if isinstance(account, Account):  # until the next payout nobody asks what is left
        gauge("WalletBalance", account.free - standing.amount.stroops - decision.fee)
    return standing, None


def _submit(parts: SendParts, record: PayoutRecord, decision: Decision, seen: Seen) -> After:
    record = _write(parts, record, decision.new)
    try:
        submission = parts.submitter.submit(str(record.envelope))
    except ChainUnavailable:
        submission = Submission()  # it may have been applied
    return record, replace(seen, submission=submission)


def _report(parts: SendParts, record: PayoutRecord, decision: Decision, seen: Seen) -> After:
    """Source: `POST /payments/{id}/complete` of the reference."""
    try:
        payment = parts.pi.complete(str(record.payment_id), str(decision.txid))
    except PiRefused as refused:
        tried = Tried(Step.REPORT, refused.answer, decision.txid)
        return record, _once_more(seen, record, tried)
    if not payment.status.developer_completed:
        raise PiInvalidResponse
    done = completed(record, str(decision.txid), parts.clock())
    return _complete(parts, record, replace(decision, new=done), seen)


def _complete(parts: SendParts, record: PayoutRecord, decision: Decision, _seen: Seen) -> After:
    """From now on this payment shows whether the server key is the app's."""
    standing = _write(parts, record, decision.new)
    count("PayoutCompleted")
    count("PayoutVolume", standing.amount.stroops)
    parts.canary.remember(str(standing.payment_id))
    return standing, None


def _cancel(parts: SendParts, record: PayoutRecord, _decision: Decision, seen: Seen) -> After:
    """Whatever Pi answers, it is asked for the payment again: a refusal may follow our own success.
    Source: `POST /payments/{id}/cancel` of the reference."""
    tried = Tried(Step.CANCEL)
    try:
        payment = parts.pi.cancel(str(record.payment_id))
    except PiRefused:
        return record, _once_more(seen, record, tried)
    asked = Question(Ask.PAYMENT, record.payment_id)
    return record, replace(seen, answers={**seen.answers, asked: payment}, tried=tried)


def _once_more(seen: Seen, record: PayoutRecord, tried: Tried) -> Seen:
    """Pi is asked for the payment again."""
    asked = Question(Ask.PAYMENT, record.payment_id)
    answers = {question: answer for question, answer in seen.answers.items() if question != asked}
    return replace(seen, answers=answers, tried=tried)


EFFECTS: Mapping[Step, Callable[[SendParts, PayoutRecord, Decision, Seen], After]] = {
    Step.FAIL: _fail,
    Step.ADOPT: _adopt,
    Step.MAKE_WAY: _make_way,
    Step.CREATE: _create,
    Step.UNDO: _undo,
    Step.SIGN: _sign,
    Step.SUBMIT: _submit,
    Step.REPORT: _report,
    Step.COMPLETE: _complete,
    Step.CANCEL: _cancel,
    Step.BEGIN_ANEW: _begin_anew,
}


def _deliver(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    def told(standing: PayoutRecord) -> PayoutRecord:
        return delivered(standing, parts.clock())

    if record.pending_event is PayoutEvent.COMPLETED:
        is_refund = record.refund_of is not None
        tell_user(parts.arrival, record.payout_id, record.uid, record.amount, is_refund=is_refund)
    return deliver(parts.bus, record, payout_event, told, parts.payouts.replace)


# --- What is written ------------------------------------------------------------------------------


def _write(parts: SendParts, old: PayoutRecord, new: PayoutRecord) -> PayoutRecord:
    """The record as it stands now. Raises WriteConflict."""
    standing, written = parts.payouts.replace(old, new)
    if not written:
        raise WriteConflict
    return standing


def _write_and_tell(parts: SendParts, old: PayoutRecord, decision: Decision) -> PayoutRecord:
    """Alarms ring while these are counted."""
    standing = _write(parts, old, decision.new)
    match decision.step:
        case Step.HOLD_UP | Step.HOLD_CREATIONS:
            logger.error("All payouts wait", extra={"reason": standing.reason})
            count("PayoutsHeldUp")
        case Step.BLOCK:
            logger.error("This payout needs an operator", extra={"reason": standing.reason})
            count("PayoutBlocked")
    if decision.step is Step.HOLD_CREATIONS:
        parts.memory.held_for, parts.memory.held_until = standing.reason, standing.due_at or 0
    return standing
