"""The pure decision about a payout: from its record and the answers, the next question or step.

Source: the table in docs/payout-decision.md. These rules hold for every row:

- A missing answer never means that something does not exist: without an answer, the payout waits.
- Only the record's own transaction is submitted.
- Nothing is signed, failed or cancelled before the wallet's book shows that nothing was paid, and
  before every earlier signed transaction is dead. The account's sequence number is read before the
  book: a transaction that is applied in between uses that number.
- A payout is completed only if the chain proves it, or Pi itself says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from shared.base.amount import Amount
from shared.base.described import Described
from shared.base.errors import PiAnswer
from shared.base.frozen import frozen
from shared.base.identifiers import PAYMENT_ID
from shared.base.networks import Network
from shared.book.expected import expected_transfer
from shared.payouts.record import (
    CHAIN_SETTLES_SECONDS,
    CREATE_SETTLES_SECONDS,
    ENVELOPE_LIVES_SECONDS,
    MOST_ENVELOPES,
    MOST_REFUSALS,
    NO_DESTINATION_PATIENCE_SECONDS,
    NO_DESTINATION_RETRY_SECONDS,
    RECIPIENT_PATIENCE_SECONDS,
    RETRY_SECONDS,
    STACK_RETRY_SECONDS,
    UNVERIFIED_PATIENCE_SECONDS,
    PayoutRecord,
    PayoutState,
    Reason,
    attempted,
    awaiting_recipient,
    blocked,
    completed,
    created,
    creation_refused,
    doubtful,
    expired,
    failed,
    is_moved,
    mismatch,
    never_created,
    not_created,
    payout_of,
    silent_until,
    submitted,
    waiting,
    with_account,
    withdrawing,
    withdrawn,
    without_account,
)
from shared.pi.objects import MalformedDto, PaymentDto
from shared.stellar.objects import Account, ChainTransaction, ExpectedTransfer, Submission

MOST_QUESTIONS = 16  # for one step
LONGEST_MEMO_BYTES = 28

# Refusals of a creation that asking again cannot change.
FINAL_REFUSALS = frozenset(
    {
        *("invalid_address", "missing_wallet"),
        *("invalid_amount", "altered_amount", "invalid_arguments", "invalid_metadata"),
    }
)
# Pi allows it later.
PASSING_REFUSALS = frozenset(
    {"ongoing_payment_found", "too_many_payments", "too_many_cancelled_payments"}
)
# The transaction is dead, but another one can succeed, if the wallet has enough for it.
TRANSIENT_CHAIN_ERRORS = frozenset(
    {
        *("never_applied", "tx_bad_seq", "tx_too_late", "tx_too_early", "tx_insufficient_fee"),
        *("op_underfunded", "tx_insufficient_balance"),
    }
)


class Ask(Described):
    """The questions that a decision may ask, each with its answer."""

    SWITCH = "switch", "bool: payouts are on."
    SWITCH_AGAIN = "switch_again", "bool: payouts are on, right before a creation."
    OPEN_PAYMENTS = "open_payments", "tuple[PaymentDto]: the payouts that Pi has open."
    PAYMENT = "payment", "PaymentDto: Pi's payment with this identifier."
    KEY = "key", "bool | None: the server key is this app's; None: nothing can tell."
    KNOWN_WALLET = "known_wallet", "str: the wallet of the seed that was read last."
    WALLET = "wallet", "str: the wallet of the seed as it is now."
    SIGNS_FOR = "signs_for", "bool: the seed is this wallet's."
    ACCOUNT = "account", "Account | None: this wallet's account on the chain."
    HAS_ACCOUNT = "has_account", "bool: the chain knows this address."
    FEE = "fee", "int: stroops that the chain takes for a transaction now."
    RESERVE = "reserve", "int: stroops that an account must keep for each of its reserves."
    TRANSACTION = "transaction", "ChainTransaction | None: what the chain shows of this one."
    IS_BEHIND = "is_behind", "bool: this wallet's book has not been read for an hour."
    BOOK = "book", "True: this wallet's book is read; the record's `sent` has what it shows."
    OVER_REFUNDED = "over_refunded", "bool: more was paid back than was received."
    MAY_WITHDRAW = "may_withdraw", "bool: one more may be cancelled at Pi today; it is counted."


class Question(NamedTuple):
    """`about` is an address, a txid or a payment's identifier. `dead_since` is only for the book:
    no signed transaction can be applied after it (seconds since 1970), so later movements do not
    matter."""

    ask: Ask
    about: str | None = None
    dead_since: int | None = None


class Why(StrEnum):
    """Why a question has no answer."""

    CHAIN = "chain"  # it cannot be read, or not far enough
    REFUSED = "refused"  # by Pi
    SEED = "seed"  # is missing or not valid
    LIST = "list"  # of open payouts: Pi refuses the server key, or does not give the list


@frozen
class NoAnswer:
    why: Why
    code: str = ""


@frozen
class Tried:
    """The step just tried. Pi refused it; only a CANCEL may have succeeded. `txid`: the reported
    one."""

    step: Step
    answer: PiAnswer = field(default_factory=PiAnswer)
    txid: str | None = None


@frozen(kw_only=True)
class Seen:
    """What was asked and tried for one step. Known from earlier steps: why and until when creations
    are held up (`held`), and the user's address if it has no account (`no_account`)."""

    answers: Mapping[Question, Any] = field(default_factory=dict)
    created: PaymentDto | None = None
    submission: Submission | None = None
    tried: Tried | None = None
    held: tuple[str, int] | None = None
    no_account: str | None = None


@frozen
class Terms:
    """What this deployment pays. `app_wallet` is the app's wallet, if the operator has named it;
    `fee_cap` is the most that one transaction may cost."""

    network: Network
    app_wallet: str | None
    fee_cap: Amount


class Step(StrEnum):
    """What is done next. Each has at most one external effect; only UNDO has two."""

    WRITE = "write"  # nothing else
    HOLD_UP = "hold_up"  # write; all payouts wait for the same
    HOLD_CREATIONS = "hold_creations"  # the same; and no payout is created meanwhile
    BLOCK = "block"  # write; an operator must decide
    FAIL = "fail"  # write, and release what it had reserved
    ADOPT = "adopt"  # Pi's payment is this payout's: remember that, and write
    MAKE_WAY = "make_way"  # wake, or report, what Pi has open instead, and write
    CREATE = "create"  # write; then the payment at Pi
    UNDO = "undo"  # adopt what was created just now, and cancel it at once
    SIGN = "sign"  # sign, and write
    SUBMIT = "submit"  # write; then submit the record's transaction
    REPORT = "report"  # tell Pi what has paid it, and write that it is completed
    COMPLETE = "complete"  # write: Pi has completed it
    CANCEL = "cancel"  # at Pi
    BEGIN_ANEW = "begin_anew"  # write: its payment is cancelled, its recipient has no account


@frozen
class Decision:
    """`new` is the record to write. CREATE, UNDO and SUBMIT write it before their effect. For SIGN,
    REPORT and CANCEL it is the old record: what they write depends on the answer. `fee` is in
    stroops."""

    step: Step
    new: PayoutRecord
    payment: PaymentDto | None = None
    txid: str | None = None
    transfer: ExpectedTransfer | None = None
    sequence: int = 0
    fee: int = 0


class _AskError(Exception):
    def __init__(self, question: Question) -> None:
        self.question = question


class _NoAnswerError(Exception):
    def __init__(self, answer: NoAnswer) -> None:
        self.answer = answer


@frozen
class _Case:
    record: PayoutRecord
    seen: Seen
    terms: Terms
    now: int

    def ask(self, ask: Ask, about: str | None = None, dead_since: int | None = None) -> Any:
        """The answer. If there is none, the decision ends here."""
        question = Question(ask, about, dead_since)
        if question not in self.seen.answers:
            raise _AskError(question)
        answer = self.seen.answers[question]
        if isinstance(answer, NoAnswer):
            raise _NoAnswerError(answer)
        return answer

    def tried(self, step: Step) -> Tried | None:
        tried = self.seen.tried
        return tried if tried is not None and tried.step is step else None

    def write(self, new: PayoutRecord) -> Decision:
        return Decision(Step.WRITE, new)

    def wait(self, reason: str, until: int | None = None) -> Decision:
        return self.write(waiting(self.record, until or self.now + RETRY_SECONDS, reason))

    def unclear(self) -> Decision:
        return self.wait(self.record.ending or Reason.CHAIN_UNCLEAR)

    def hold_up(
        self, reason: str, seconds: int = RETRY_SECONDS, at: PayoutRecord | None = None
    ) -> Decision:
        """`at`: the record from which it goes on, if not the present one."""
        return Decision(Step.HOLD_UP, waiting(at or self.record, self.now + seconds, reason))

    def block(self, reason: str, at: PayoutRecord | None = None) -> Decision:
        return Decision(Step.BLOCK, blocked(at or self.record, reason, self.now))

    def withdraw(self, reason: str, at: PayoutRecord | None = None) -> Decision:
        """It cannot be paid now. It holds up the other payouts only until it is proven unpaid."""
        return self.write(withdrawing(at or self.record, reason, self.now))

    def doubt(self, code: str) -> Decision:
        """Pi refuses to answer: it is asked again for a day, then an operator must decide."""
        asked = doubtful(self.record, code, self.now)
        if self.now - (asked.doubt_since or self.now) >= UNVERIFIED_PATIENCE_SECONDS:
            return self.block(code)
        return self.write(waiting(asked, self.now + RETRY_SECONDS, code))

    def fail(self, reason: str) -> Decision:
        return Decision(Step.FAIL, failed(self.record, reason, self.now))


def decide(record: PayoutRecord, seen: Seen, terms: Terms, now: int) -> Question | Decision:
    """What to ask next, or what to do, about a payout that is requested, created or signed; `now`
    is in seconds since 1970. After CREATE, SUBMIT, CANCEL and a refused REPORT, `decide` is called
    again with the result; every other step ends in a write."""
    case = _Case(record, seen, terms, now)
    try:
        try:
            return _after_sent(case) if record.sent else BY_STATE[record.state](case)
        except _NoAnswerError as unanswered:
            return _without(case, unanswered.answer)
    except _AskError as asked:
        return asked.question


def _without(case: _Case, answer: NoAnswer) -> Decision:
    """A question that matters has no answer now."""
    if answer.why is Why.SEED:
        return case.hold_up(answer.code)
    if answer.why is Why.LIST:
        return replace(case.hold_up(answer.code), step=Step.HOLD_CREATIONS)
    if answer.why is Why.CHAIN:
        return case.unclear()
    if answer.code == Reason.PAYMENT_NOT_FOUND:
        return _not_known_to_pi(case)
    return case.doubt(answer.code)


def _not_known_to_pi(case: _Case) -> Decision:
    """With another app's key, Pi gives this answer for every payment."""
    try:
        is_ours = case.ask(Ask.KEY)
    except _NoAnswerError:
        is_ours = None
    if is_ours is False:
        return case.hold_up(Reason.SERVER_KEY_OF_ANOTHER_APP)
    return case.doubt(Reason.PAYMENT_NOT_FOUND)


# --- Requested: as far as the record knows, Pi has no payment yet ---------------------------------


def _requested(case: _Case) -> Decision:
    """Let Pi create the payment, once. A creation has no idempotency key. But the payment's
    metadata has the payout id, and Pi lists the open payments: this list is read before each
    creation, and after an unclear creation the payment gets time to appear in it."""
    record = case.record
    if case.seen.created is not None:
        return _adopt_new(case, case.seen.created)
    if (refused := case.tried(Step.CREATE)) is not None:
        return _after_refused_creation(case, refused.answer)
    if record.giving_up is None and (first := _wait_first(case)) is not None:
        return first
    open_payments: tuple[PaymentDto, ...] = case.ask(Ask.OPEN_PAYMENTS)
    for payment in open_payments:
        if payout_of(payment) == record.payout_id and not payment.is_cancelled:
            return _adopt(case, payment)
    settled_at = (record.create_attempted_at or 0) + CREATE_SETTLES_SECONDS
    if record.create_attempted_at is not None and case.now < settled_at:
        return case.wait(Reason.CREATION_UNCLEAR, until=settled_at)
    if record.giving_up is not None:
        return _give_up_request(case, record.giving_up)
    return _create(case, open_payments)


def _create(case: _Case, open_payments: tuple[PaymentDto, ...]) -> Decision:
    if (cause := _why_not_create(case, open_payments)) is not None:
        return case.hold_up(cause)
    # A restored table is as old as its book: first find out what was paid since then.
    wallet = case.terms.app_wallet or _own_wallet(case)
    if case.ask(Ask.IS_BEHIND, wallet):
        case.ask(Ask.BOOK, wallet)
    if not case.ask(Ask.SWITCH_AGAIN):
        return case.wait(Reason.PAYOUTS_OFF)
    return Decision(Step.CREATE, attempted(case.record, case.now))


def _wait_first(case: _Case) -> Decision | None:
    """What prevents the creation, known without a call to Pi. None: nothing does."""
    record = case.record
    if not case.ask(Ask.SWITCH):
        return case.wait(Reason.PAYOUTS_OFF)
    if case.seen.held is not None:
        reason, until = case.seen.held
        return case.hold_up(reason, until - case.now)
    address = record.to_address or case.seen.no_account
    if record.create_attempted_at is not None or address is None:
        return None
    if case.ask(Ask.HAS_ACCOUNT, address):
        if record.to_address is None:
            return None
        return case.write(with_account(record, case.now))
    if case.now - (record.no_account_since or case.now) >= NO_DESTINATION_PATIENCE_SECONDS:
        return case.write(never_created(record, "op_no_destination", case.now))
    return case.write(without_account(record, address, case.now))


def _give_up_request(case: _Case, reason: str) -> Decision:
    """Pi has nothing open for it. But it may have been paid, and a restored table forgot that."""
    wallet = case.terms.app_wallet or case.ask(Ask.WALLET)
    if case.ask(Ask.KEY) is False:
        return case.hold_up(Reason.SERVER_KEY_OF_ANOTHER_APP)
    case.ask(Ask.BOOK, wallet)
    if case.ask(Ask.ACCOUNT, wallet) is None:  # another seed's, perhaps: that proves nothing
        return case.unclear()
    return case.fail(reason)


def _why_not_create(case: _Case, open_payments: tuple[PaymentDto, ...]) -> str | None:
    """Why no payment should be created now, as far as that can be known in advance. So a fault of
    the stack makes no payout fail. Pi's open payments name the wallet too."""
    named = (payment.from_address for payment in open_payments if payment.from_address)
    wallet = case.terms.app_wallet or next(named, None)
    if wallet is not None and not case.ask(Ask.SIGNS_FOR, wallet):
        return Reason.WRONG_SEED
    try:
        if wallet is None and _why_wallet_cannot_pay(case, case.ask(Ask.KNOWN_WALLET)) is None:
            return None
        # Of the seed as it is now: it may have been replaced by another wallet's.
        return _why_wallet_cannot_pay(case, wallet or case.ask(Ask.WALLET))
    except _NoAnswerError as unanswered:
        if unanswered.answer.why is not Why.CHAIN:
            raise
        return None  # asked again before anything is signed


def _why_wallet_cannot_pay(case: _Case, wallet: str) -> str | None:
    account: Account | None = case.ask(Ask.ACCOUNT, wallet)
    return Reason.NO_WALLET if account is None else _why_account_cannot_pay(case, account)


def _why_account_cannot_pay(case: _Case, account: Account) -> str | None:
    """Whether the wallet can pay it, at this fee."""
    fee: int = case.ask(Ask.FEE)
    if fee > case.terms.fee_cap.stroops:
        return Reason.FEE_ABOVE_CAP
    free = account.free - account.reserves * case.ask(Ask.RESERVE)
    return Reason.BALANCE_TOO_LOW if free < case.record.amount.stroops + fee else None


def _own_wallet(case: _Case) -> str:
    """The present wallet, if the seed was read again in this step; else the known one."""
    fresh = case.seen.answers.get(Question(Ask.WALLET))
    return fresh if isinstance(fresh, str) else str(case.ask(Ask.KNOWN_WALLET))


def _adopt(case: _Case, payment: PaymentDto) -> Decision:
    """From now on Pi's payment belongs to this payout. If it differs from the request, it will be
    cancelled. For a payout that is given up it need not match: it is only found, and cancelled."""
    adopted = created(case.record, payment, case.now)
    reason = mismatch(payment, case.record, case.terms.network)
    if reason is not None and case.record.giving_up is None:
        adopted = withdrawing(adopted, reason, case.now)
    return Decision(Step.ADOPT, adopted, payment)


def _adopt_new(case: _Case, payment: PaymentDto) -> Decision:
    """The payment that was created just now. If its recipient has no account on the chain, it is
    cancelled at once: no transaction can be signed for it yet, and none could be applied."""
    adoption = _adopt(case, payment)
    if adoption.new.ending or payment.to_address is None:
        return adoption
    try:
        has_account = case.ask(Ask.HAS_ACCOUNT, payment.to_address)
    except _NoAnswerError:
        has_account = True  # asked again before anything is signed
    if has_account:
        return adoption
    # The intent first: if another sender signs for it, only one of the two writes succeeds.
    doomed = withdrawing(adoption.new, Reason.NO_DESTINATION, case.now)
    return Decision(Step.UNDO, doomed, payment)


def _after_refused_creation(case: _Case, refused: PiAnswer) -> Decision:
    record, now, code = case.record, case.now, refused.code
    if code in FINAL_REFUSALS:
        return case.write(never_created(record, code, now))
    if code == Reason.MISSING_SCOPE:
        return _wait_for_recipient(case, Reason.MISSING_SCOPE)
    if code == Reason.USER_NOT_FOUND:
        return _after_unknown_user(case)
    if code == Reason.FEATURE_NOT_AVAILABLE:  # for this app, not for this payout
        later = not_created(record, now + STACK_RETRY_SECONDS, code)
        return Decision(Step.HOLD_CREATIONS, later)
    if code not in PASSING_REFUSALS:
        return _after_unknown_refusal(case, refused)
    later = not_created(record, now + RETRY_SECONDS, code)
    if code != "ongoing_payment_found" or refused.payment is None:
        return case.write(later)
    in_the_way = _read(refused.payment)
    if in_the_way is not None and payout_of(in_the_way) == record.payout_id:
        return _adopt(case, in_the_way)
    return Decision(Step.MAKE_WAY, later, in_the_way)


def _after_unknown_user(case: _Case) -> Decision:
    """With another app's key, Pi gives this answer for every user. With the right key, the user
    does not exist."""
    record, now = case.record, case.now
    is_ours = case.ask(Ask.KEY)
    if is_ours is False:
        cause = Reason.SERVER_KEY_OF_ANOTHER_APP
        return case.hold_up(cause, at=not_created(record, now, cause))
    if is_ours:
        return _wait_for_recipient(case, Reason.USER_NOT_FOUND)
    asked = doubtful(not_created(record, now, Reason.USER_NOT_FOUND), Reason.USER_NOT_FOUND, now)
    if now - (asked.doubt_since or now) >= UNVERIFIED_PATIENCE_SECONDS:
        return case.block(Reason.USER_NOT_FOUND, at=asked)
    return case.hold_up(Reason.USER_NOT_FOUND, STACK_RETRY_SECONDS, at=asked)


def _wait_for_recipient(case: _Case, reason: Reason) -> Decision:
    """Only the recipient can change this: Pi is asked again daily, and the payout fails after a
    month. A restored table may have forgotten that it was paid, so the book is asked too, if it
    answers."""
    with suppress(_NoAnswerError):
        case.ask(Ask.BOOK, case.terms.app_wallet or _own_wallet(case))
    asked = awaiting_recipient(case.record, reason, case.now)
    if case.now - (asked.doubt_since or case.now) >= RECIPIENT_PATIENCE_SECONDS:
        return case.write(never_created(case.record, reason, case.now))
    return case.write(asked)


def _after_unknown_refusal(case: _Case, refused: PiAnswer) -> Decision:
    """Nothing was created. It is tried again, but only a few times."""
    again = creation_refused(case.record, refused)
    if again.refusals >= MOST_REFUSALS:
        return case.block(refused.code, at=again)
    return case.write(waiting(again, case.now + RETRY_SECONDS, refused.code))


def _read(json: Mapping[str, object]) -> PaymentDto | None:
    try:
        return PaymentDto.read(json)
    except MalformedDto:
        return None


# --- Created: it is open at Pi, and no transaction that could pay it is valid ---------------------


def _created(case: _Case) -> Decision:
    """Sign a transaction, when it is certain that no earlier one has paid."""
    payment, record = _payment_of(case), case.record
    if payment is None:
        return _end_forgotten(case)
    reported = case.tried(Step.REPORT)
    if payment.transaction or payment.status.developer_completed or reported:
        return _report(case, payment, reported.txid if reported else None)
    wallet = _wallet_of(case)
    account: Account | None = case.ask(Ask.ACCOUNT, wallet)
    is_over = payment.is_cancelled or record.ending is not None
    case.ask(Ask.BOOK, wallet, record.max_time if is_over else None)
    if is_over and record.max_time is None:
        return _let_forgotten_die(case)
    if is_over:
        return _give_up(case, payment)
    fault, expected = _fault(case, payment), expected_transfer(payment)
    if fault or expected is None:
        return case.withdraw(fault or Reason.MISSING_ADDRESS)
    if account is None:
        return case.unclear()
    return _sign(case, expected, account)


def _sign(case: _Case, expected: ExpectedTransfer, account: Account) -> Decision:
    """Nothing has paid it: sign a transaction, unless something prevents it."""
    record = case.record
    # After a restore, a refund may be asked for again that a lost payout has paid. The book has
    # counted it in the payment's `refunded` by now.
    if record.refund_of is not None and case.ask(Ask.OVER_REFUNDED, record.refund_of):
        return case.withdraw(Reason.ABOVE_PAID_AMOUNT)
    if record.envelopes >= MOST_ENVELOPES:
        return case.withdraw(record.chain_error or Reason.NEVER_APPLIED)
    if len(expected.memo.encode()) > LONGEST_MEMO_BYTES or not PAYMENT_ID.fullmatch(expected.memo):
        return case.withdraw(Reason.UNEXPECTED_IDENTIFIER)
    if not case.ask(Ask.SIGNS_FOR, expected.transfer.source):
        return case.hold_up(Reason.WRONG_SEED)
    if not case.ask(Ask.HAS_ACCOUNT, expected.transfer.destination):
        return case.withdraw(Reason.NO_DESTINATION)
    if (cause := _why_account_cannot_pay(case, account)) is not None:
        return case.hold_up(cause)
    if not case.ask(Ask.SWITCH):
        return case.wait(Reason.PAYOUTS_OFF)
    fee = case.ask(Ask.FEE)
    return Decision(Step.SIGN, record, transfer=expected, sequence=account.sequence, fee=fee)


def _let_forgotten_die(case: _Case) -> Decision:
    """A restored table may have forgotten a signed transaction: wait as long as it may be valid."""
    last = case.now + ENVELOPE_LIVES_SECONDS + CHAIN_SETTLES_SECONDS
    return case.write(silent_until(case.record, last))


def _end_forgotten(case: _Case) -> Decision:
    """It is to end, and Pi does not know its payment: the chain alone tells what became of it, and
    there is nothing to cancel. Not while the key may be another app's."""
    record = case.record
    if record.max_time is None:
        return _let_forgotten_die(case)
    case.ask(Ask.BOOK, _wallet_of(case), record.max_time)
    is_ours = case.ask(Ask.KEY)
    # Whoever gives up has seen to it that the key is right, where nothing can tell.
    if is_ours is False or (is_ours is None and record.giving_up != Reason.GIVEN_UP):
        return _not_known_to_pi(case)
    return _end_unpaid(case, record.giving_up)


def _give_up(case: _Case, payment: PaymentDto) -> Decision:
    """Certainly unpaid: cancel it at Pi. Then it has failed, and what it reserved is released; or
    it begins anew."""
    record = case.record
    is_withdrawn = record.giving_up is None and record.withdrawing is not None
    if not payment.is_cancelled and case.tried(Step.CANCEL) is None:
        if is_withdrawn and not case.ask(Ask.MAY_WITHDRAW):
            return case.hold_up(Reason.TOO_MANY_WITHDRAWALS, NO_DESTINATION_RETRY_SECONDS)
        return Decision(Step.CANCEL, record)
    if not payment.is_cancelled:
        return case.block(Reason.NOT_CANCELLED)
    reason = record.giving_up or record.chain_error or Reason.NEVER_APPLIED
    return _end_unpaid(case, None if is_withdrawn else reason)


def _end_unpaid(case: _Case, failed_for: str | None) -> Decision:
    """Its payment is cancelled at Pi, unpaid. `failed_for` None: it was withdrawn, and begins anew,
    by itself once its recipient has an account on the chain, else when an operator says so."""
    if failed_for is not None:
        return case.fail(failed_for)
    reason, fresh = case.record.withdrawing or "", withdrawn(case.record, case.now)
    if reason != Reason.NO_DESTINATION:
        return case.block(reason, at=fresh)
    new = without_account(fresh, case.record.to_address, case.now)
    return Decision(Step.BEGIN_ANEW, new)


# --- Signed: a transaction is written down that may pay it, and may have --------------------------


def _signed(case: _Case) -> Decision:
    """Submit the one envelope until the chain shows it or it can no longer apply."""
    record = case.record
    if record.envelope is None or record.txid is None or record.max_time is None:
        return case.block(Reason.NO_ENVELOPE)
    payment, settled_at = _payment_of(case), record.max_time + CHAIN_SETTLES_SECONDS
    if payment is None:
        return _outlive(case, settled_at)
    named = payment.transaction.txid if payment.transaction else None
    if named == record.txid or (named is None and payment.status.developer_completed):
        return _report(case, payment, record.txid)
    on_chain: ChainTransaction | None = case.ask(Ask.TRANSACTION, record.txid)
    if on_chain is not None and on_chain.successful:
        return _report(case, payment, record.txid)
    if case.seen.submission is not None:
        return _after_submission(case, payment, case.seen.submission)
    if on_chain is not None:  # applied, and refused
        return _after_death(case, payment, None)
    if case.now > settled_at:
        return _after_death(case, payment, record.max_time)
    is_over = payment.is_cancelled or record.ending is not None
    if named is not None or case.now > record.max_time or is_over:
        return case.wait(Reason.MAY_STILL_APPLY, until=settled_at + 1)
    return _submit(case, payment)


def _submit(case: _Case, payment: PaymentDto) -> Decision:
    """It may still be applied: submit it, unless something prevents it."""
    record = case.record
    if (fault := _fault(case, payment)) is not None:
        return case.withdraw(fault)
    if record.submitted_at is None and not case.ask(Ask.SWITCH):
        return case.wait(Reason.PAYOUTS_OFF)
    return Decision(Step.SUBMIT, submitted(record, case.now))


def _after_submission(case: _Case, payment: PaymentDto, submission: Submission) -> Decision:
    if submission.txid == case.record.txid:
        return _report(case, payment, submission.txid)
    # On a repeat, an error may follow our own success: only the chain's history shows it.
    record, error = case.record, submission.error
    retry_at = record.due_at or case.now
    return case.write(waiting(record, retry_at, Reason.NOT_APPLIED, chain_error=error))


def _outlive(case: _Case, settled_at: int) -> Decision:
    """It must end, and Pi does not know its payment: wait until its envelope is dead."""
    if case.now <= settled_at:
        return case.wait(Reason.MAY_STILL_APPLY, until=settled_at + 1)
    case.ask(Ask.BOOK, _wallet_of(case), case.record.max_time)
    return case.write(expired(case.record, case.now))


def _after_death(case: _Case, payment: PaymentDto, dead_since: int | None) -> Decision:
    """The envelope can no longer apply: what the chain shows now is final."""
    record = case.record
    case.ask(Ask.BOOK, _wallet_of(case), dead_since)
    if payment.transaction is not None:
        return case.block(Reason.OTHER_TRANSACTION)  # which the chain does not show
    error, dead = record.chain_error or Reason.NEVER_APPLIED, expired(record, case.now)
    if error in TRANSIENT_CHAIN_ERRORS or payment.is_cancelled or record.ending is not None:
        return case.write(dead)
    return case.withdraw(Reason.NO_DESTINATION if error == "op_no_destination" else error, at=dead)


# --- Paid -----------------------------------------------------------------------------------------


def _after_sent(case: _Case) -> Decision:
    """The chain shows that it was paid: by the present payment, or by a former one that a restored
    table has forgotten. In the second case the present one must not be paid too."""
    record = case.record
    if len(record.sent) > 1:
        return case.block(Reason.OTHER_TRANSACTION)
    [sent] = record.sent
    payment = None if record.payment_id is None else _payment_of(case)
    if payment is None and sent.payment_id == record.payment_id:
        return _not_known_to_pi(case)
    if payment is None:
        return _adopt(case, case.ask(Ask.PAYMENT, sent.payment_id))
    if record.txid not in (None, sent.txid):
        # A later one paid, after ours had died; or both did.
        own: ChainTransaction | None = case.ask(Ask.TRANSACTION, record.txid)
        if own is not None and own.successful:
            return case.block(Reason.OTHER_TRANSACTION)
    if sent.payment_id == payment.identifier:
        return _report(case, payment, sent.txid)
    former: PaymentDto = case.ask(Ask.PAYMENT, sent.payment_id)
    if payment.is_cancelled:
        return _adopt(case, former)
    if case.tried(Step.CANCEL) is None:
        return Decision(Step.CANCEL, record)
    return case.block(Reason.NOT_CANCELLED)


def _report(case: _Case, payment: PaymentDto, txid: str | None) -> Decision:
    """Tell Pi which transaction paid. `txid` None: Pi itself names it."""
    record = case.record
    if (fault := _fault(case, payment)) is not None:
        return case.block(fault)
    named = payment.transaction.txid if payment.transaction else None
    if named and txid and named != txid:
        return case.block(Reason.OTHER_TRANSACTION)  # paid by another sender as well?
    if (txid := named or txid) is None:
        return case.block(Reason.COMPLETED_WITHOUT_TXID)
    if payment.status.developer_completed:
        return Decision(Step.COMPLETE, completed(record, txid, case.now))
    if (reported := case.tried(Step.REPORT)) is None:
        return Decision(Step.REPORT, record, txid=txid)
    refused = reported.answer
    since = max(record.submitted_at or 0, record.waiting_since)
    is_young = case.now - since < UNVERIFIED_PATIENCE_SECONDS
    if refused.code == Reason.NOT_VERIFIED and is_young:
        return case.wait(refused.code)
    return case.block(refused.code)


# --- Common to several ----------------------------------------------------------------------------


def _payment_of(case: _Case) -> PaymentDto | None:
    """Pi's fresh answer. None: the payout must end, and Pi does not know its payment. (If a step
    was tried just now, Pi did know it.)"""
    try:
        payment: PaymentDto = case.ask(Ask.PAYMENT, case.record.payment_id)
    except _NoAnswerError as unanswered:
        is_unknown = unanswered.answer.code == Reason.PAYMENT_NOT_FOUND
        if not is_unknown or case.record.ending is None or case.seen.tried is not None:
            raise
        return None
    return payment


def _fault(case: _Case, payment: PaymentDto) -> str | None:
    """Why the payment at Pi must not be paid; this does not matter if the payout is given up."""
    if case.record.giving_up is not None:
        return None
    if is_moved(payment, case.record):
        return Reason.UNEXPECTED_ADDRESS  # not the payment that was adopted
    return mismatch(payment, case.record, case.terms.network)


def _wallet_of(case: _Case) -> str:
    """The wallet from which it is paid, whatever Pi shows now."""
    wallet: str = case.record.from_address or case.terms.app_wallet or case.ask(Ask.WALLET)
    return wallet


BY_STATE: Mapping[PayoutState, Callable[[_Case], Decision]] = {
    PayoutState.REQUESTED: _requested,
    PayoutState.CREATED: _created,
    PayoutState.SIGNED: _signed,
}
