"""The decision table of a payout, row by row as docs/payout-decision.md has it, and what holds for
all of it.

Promise 4: one payment on the chain per payout. Nothing is signed, failed or cancelled before it is
certain that nothing was paid.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

import pytest

from shared.base.amount import Amount
from shared.base.errors import PiAnswer
from shared.base.networks import Network
from shared.payouts.decision import (
    FINAL_REFUSALS,
    MOST_QUESTIONS,
    PASSING_REFUSALS,
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
    CHAIN_SETTLES_SECONDS,
    CREATE_SETTLES_SECONDS,
    ENVELOPE_LIVES_SECONDS,
    MOST_ENVELOPES,
    MOST_REFUSALS,
    PayoutEvent,
    PayoutRecord,
    PayoutState,
    Sent,
    attempted,
    created,
    doubtful,
    never_created,
    payout_of,
    signed,
    submitted,
    withdrawing,
    without_account,
)
from shared.payouts.request import PayoutRequest, requested
from shared.pi.objects import PaymentDto
from shared.stellar.objects import Account, ChainTransaction, Submission
from tests.unit.samples import (
    APP_WALLET,
    NOW,
    OTHER_TXID,
    TXID,
    UID,
    USER_WALLET,
    payment_json,
    transaction_json,
)

TERMS = Terms(network=Network.TESTNET, app_wallet=APP_WALLET, fee_cap=Amount.of("0.1"))
DAY = 24 * 3600


A2U: dict[str, Any] = {
    "identifier": "a2u-1",
    "direction": "app_to_user",
    "amount": "1",
    "metadata": {"payout_id": "p1"},
    "from_address": APP_WALLET,
    "to_address": USER_WALLET,
}


def a2u(*flags: str, txid: str | None = None, **changes: Any) -> PaymentDto:
    """Pi's payment for the payout `p1`; `txid`: Pi shows that transaction."""
    transaction = transaction_json(txid) if txid else None
    given = A2U | {"transaction": transaction} | changes
    return PaymentDto.read(payment_json(dict.fromkeys(flags, True), **given))


OPEN = a2u("developer_approved")
DEAD = a2u("developer_approved", "cancelled")
DONE = a2u("developer_approved", "developer_completed", txid=TXID)

REQUESTED = requested(PayoutRequest("p1", UID, Amount.of(1), "You won", {}), NOW)
ATTEMPTED = attempted(REQUESTED, NOW)
CREATED = created(REQUESTED, OPEN, NOW)
SIGNED = signed(CREATED, envelope="AAAA", txid=TXID, max_time=NOW + ENVELOPE_LIVES_SECONDS, now=NOW)
SUBMITTED = submitted(SIGNED, NOW)
GIVEN_UP = replace(CREATED, giving_up="given_up")
SETTLED = NOW + ENVELOPE_LIVES_SECONDS + CHAIN_SETTLES_SECONDS
"""Later, what was signed is dead, and each node shows it."""

CHAIN, REFUSED = NoAnswer(Why.CHAIN), NoAnswer(Why.REFUSED, "forbidden")
NOT_FOUND = NoAnswer(Why.REFUSED, "payment_not_found")
FORMER = Question(Ask.PAYMENT, "a2u-0")
"""Another payment than the one in hand."""

Answers = Mapping[Ask | Question, Any]
FAIR: Answers = {
    FORMER: a2u("developer_approved", identifier="a2u-0"),
    Ask.SWITCH: True,
    Ask.SWITCH_AGAIN: True,
    Ask.OPEN_PAYMENTS: (),
    Ask.PAYMENT: OPEN,
    Ask.KEY: True,
    Ask.KNOWN_WALLET: APP_WALLET,
    Ask.WALLET: APP_WALLET,
    Ask.SIGNS_FOR: True,
    Ask.ACCOUNT: Account(sequence=7, free=10**9, reserves=2),
    Ask.HAS_ACCOUNT: True,
    Ask.FEE: 100_000,
    Ask.RESERVE: 5_000_000,
    Ask.TRANSACTION: None,
    Ask.IS_BEHIND: False,
    Ask.BOOK: True,
    Ask.OVER_REFUNDED: False,
    Ask.MAY_WITHDRAW: True,
}
"""A fair day: Pi has it open, the wallet is full, and nothing was paid."""


@dataclass(frozen=True)
class Played:
    decision: Decision
    asked: list[Ask]


def play(record: PayoutRecord, answers: Answers, now: int, seen: Seen | None = None) -> Played:
    """Ask until it is decided."""
    seen, asked = seen or Seen(), list[Ask]()
    while isinstance(decision := decide(record, seen, TERMS, now), Question):
        assert decision not in seen.answers
        asked.append(decision.ask)
        answer = answers[decision] if decision in answers else answers[decision.ask]
        seen = replace(seen, answers={**seen.answers, decision: answer})
    assert len(asked) <= MOST_QUESTIONS
    return Played(decision, asked)


class Row(NamedTuple):
    """`expected`: the step, the state if that is another one, the reason, and the seconds until it
    is due; SIGN, REPORT and CANCEL write nothing yet."""

    told: str
    record: PayoutRecord
    expected: str
    answers: Mapping[Ask | Question, Any] = {}
    seen: Seen | None = None
    now: int = NOW


def described(old: PayoutRecord, decision: Decision, now: int) -> str:
    new = decision.new
    state = None if new.state is old.state else new.state
    reason, due = new.reason or new.giving_up, new.due_at is not None and f"+{new.due_at - now}"
    waits = new.pending_event if new.pending_event is PayoutEvent.WAITING else None
    written = [state, reason, due, waits] if new != old else []
    return " ".join(str(each) for each in [decision.step, *written] if each)


def not_created(code: str) -> Seen:
    return Seen(tried=Tried(Step.CREATE, PiAnswer(code=code)))


def found_open(payment: Mapping[str, Any]) -> Seen:
    return Seen(tried=Tried(Step.CREATE, PiAnswer(code="ongoing_payment_found", payment=payment)))


def not_reported(code: str) -> Seen:
    return Seen(tried=Tried(Step.REPORT, PiAnswer(code=code), TXID))


def sent(record: PayoutRecord, *txids: str, payment_id: str = "a2u-1") -> PayoutRecord:
    return replace(record, sent=tuple(Sent(n, txid, payment_id) for n, txid in enumerate(txids)))


def failed(chain_error: str) -> PayoutRecord:
    return replace(SUBMITTED, chain_error=chain_error)


def pi_shows(payment: PaymentDto | NoAnswer) -> Answers:
    return {Ask.PAYMENT: payment}


def account(free: int) -> Account:
    return Account(sequence=7, free=free, reserves=2)


PAID_BY = ChainTransaction(TXID, True, "a2u-1", ())
APPLIED_AND_REFUSED = ChainTransaction(TXID, False, "a2u-1", ())
ANOTHER = a2u(metadata={}, identifier="another")
OURS = payment_json(**A2U) | {"amount": 1}
CREATION_SHOWS = NOW + CREATE_SETTLES_SECONDS

# The table's words: records,
UNWANTED, UNWANTED_SENT = (replace(one, giving_up="given_up") for one in (REQUESTED, SUBMITTED))
ENDING = replace(GIVEN_UP, max_time=NOW - 1)
DYING = withdrawing(replace(CREATED, max_time=NOW), "unexpected_amount", NOW)
HOMELESS = replace(DYING, withdrawing="no_destination")
ALONE = without_account(REQUESTED, USER_WALLET, NOW)
UNKNOWN_SINCE = doubtful(ATTEMPTED, "user_not_found", NOW)
FOUR_TIMES = replace(ATTEMPTED, refusals=MOST_REFUSALS - 1)
REFUND = replace(CREATED, refund_of="pay")
NOTED, NOTED_FORMER = sent(CREATED, TXID), sent(CREATED, TXID, payment_id="a2u-0")
# what becomes of them,
WRONG_KEY = "hold_up server_key_of_another_app +60"
OTHER, UNKNOWN = "block blocked other_transaction +0", "write payment_not_found +60"
# what is answered,
NO_SEED = NoAnswer(Why.SEED, "wallet_seed_missing")
NO_LIST = NoAnswer(Why.LIST, "pi_answer_invalid")
TWO = a2u(amount="2")
CANCELLED, SHOWN, OF_TWO = pi_shows(DEAD), pi_shows(a2u(txid=TXID)), pi_shows(TWO)
COMPLETED, COMPLETED_UNPAID = pi_shows(DONE), pi_shows(a2u("developer_completed"))
COMPLETED_BY_ANOTHER = pi_shows(a2u("developer_completed", txid=OTHER_TXID))
NAMES_ANOTHER = pi_shows(a2u(txid=OTHER_TXID))
FORGOTTEN, NO_WORD = pi_shows(NOT_FOUND), pi_shows(REFUSED)
NO_ACCOUNT: Answers = {Ask.HAS_ACCOUNT: False}
BEHIND: Answers = {Ask.IS_BEHIND: True}
APPLIED_IN_VAIN: Answers = {Ask.TRANSACTION: APPLIED_AND_REFUSED}
# and what was seen before.
HELD, HAD_NONE = Seen(held=("feature_not_available", NOW + 500)), Seen(no_account=USER_WALLET)
NEW, BAD_SEQUENCE = Seen(created=OPEN), Seen(submission=Submission(error="tx_bad_seq"))
NO_USER, NO_REASON = not_created("user_not_found"), not_created("creation_refused")
NO_ADDRESS = not_created("missing_scope")
NOT_CANCELLED = Seen(tried=Tried(Step.CANCEL))
NOT_VERIFIED, MISMATCH = not_reported("not_verified"), not_reported("txid_mismatch")
DONE_BEFORE = not_reported("already_completed")

TABLE = [
    # Requested, without a call to Pi.
    Row("off", REQUESTED, "write payouts_off +60", {Ask.SWITCH: False}),
    Row("held up", REQUESTED, "hold_up feature_not_available +500", seen=HELD),
    Row("no account", REQUESTED, "write no_destination +3600", NO_ACCOUNT, seen=HAD_NONE),
    Row("none for a day", ALONE, "write no_destination +0", NO_ACCOUNT, now=NOW + DAY),
    Row("has one by now", ALONE, "write +0"),
    # Requested, by Pi's list.
    Row("open at Pi", ATTEMPTED, "adopt created +0", {Ask.OPEN_PAYMENTS: (ANOTHER, OPEN)}),
    Row("open, of 2", ATTEMPTED, "adopt created unexpected_amount +0", {Ask.OPEN_PAYMENTS: (TWO,)}),
    Row("cancelled there", REQUESTED, "create +120", {Ask.OPEN_PAYMENTS: (DEAD,)}),
    Row("no list", REQUESTED, "hold_creations pi_answer_invalid +60", {Ask.OPEN_PAYMENTS: NO_LIST}),
    Row("may still show", ATTEMPTED, "write creation_unclear +1", now=CREATION_SHOWS - 1),
    Row("it did not show", ATTEMPTED, "create +120", now=CREATION_SHOWS),
    # Requested, and to fail.
    Row("given up", UNWANTED, "fail failed given_up +0"),
    Row("given up, wrong key", UNWANTED, WRONG_KEY, {Ask.KEY: False}),
    Row("given up, and the chain is unclear", UNWANTED, "write given_up +60", {Ask.BOOK: CHAIN}),
    Row("given up, and no wallet", UNWANTED, "write given_up +60", {Ask.ACCOUNT: None}),
    # Requested, and something is wrong with the stack.
    Row("wrong seed", REQUESTED, "hold_up wrong_seed +60", {Ask.SIGNS_FOR: False}),
    Row("no seed", REQUESTED, "hold_up wallet_seed_missing +60", {Ask.SIGNS_FOR: NO_SEED}),
    Row("no wallet", REQUESTED, "hold_up no_wallet +60", {Ask.ACCOUNT: None}),
    Row("fee", REQUESTED, "hold_up fee_above_cap +60", {Ask.FEE: 1_000_001}),
    Row("balance", REQUESTED, "hold_up balance_too_low +60", {Ask.ACCOUNT: account(20_099_999)}),
    Row("just enough", REQUESTED, "create +120", {Ask.ACCOUNT: account(20_100_000)}),
    Row("the chain is asked later", REQUESTED, "create +120", {Ask.ACCOUNT: CHAIN}),
    Row("behind, and unclear", REQUESTED, "write chain_unclear +60", {**BEHIND, Ask.BOOK: CHAIN}),
    Row("the book was behind", REQUESTED, "create +120", BEHIND),
    Row("switched off meanwhile", REQUESTED, "write payouts_off +60", {Ask.SWITCH_AGAIN: False}),
    Row("nothing is in the way", REQUESTED, "create +120"),
    # What came of a creation.
    Row("created", ATTEMPTED, "adopt created +0", seen=NEW),
    Row("created, no account", ATTEMPTED, "undo created no_destination +0", NO_ACCOUNT, seen=NEW),
    Row("created, no chain", ATTEMPTED, "adopt created +0", {Ask.HAS_ACCOUNT: CHAIN}, seen=NEW),
    *(
        Row(f"never: {code}", ATTEMPTED, f"write {code} +0", seen=not_created(code))
        for code in sorted(FINAL_REFUSALS)
    ),
    *(
        Row(f"later: {code}", ATTEMPTED, f"write {code} +60", seen=not_created(code))
        for code in sorted(PASSING_REFUSALS)
    ),
    Row(
        "another one is open",
        ATTEMPTED,
        "make_way ongoing_payment_found +60",
        seen=found_open({"what": "is this"}),
    ),
    Row("ours is open", ATTEMPTED, "adopt created +0", seen=found_open(OURS)),
    Row(
        "no payouts",
        ATTEMPTED,
        "hold_creations feature_not_available +600",
        seen=not_created("feature_not_available"),
    ),
    Row("no such user", ATTEMPTED, "write user_not_found +0 PayoutWaiting", seen=NO_USER),
    Row("still no such user", UNKNOWN_SINCE, "write user_not_found +86400", seen=NO_USER),
    # Nor is the key asked for: Pi knows this user.
    Row(
        "no address granted",
        ATTEMPTED,
        "write missing_scope +0 PayoutWaiting",
        {Ask.KEY: False},
        seen=NO_ADDRESS,
    ),
    Row(
        "nor within a month",
        doubtful(ATTEMPTED, "missing_scope", NOW),
        "write missing_scope +0",
        seen=NO_ADDRESS,
        now=NOW + 30 * DAY,
    ),
    Row(
        "no such user for a month",
        UNKNOWN_SINCE,
        "write user_not_found +0",
        seen=NO_USER,
        now=NOW + 30 * DAY,
    ),
    Row(
        "no such user, wrong key",
        UNKNOWN_SINCE,
        WRONG_KEY,
        {Ask.KEY: False},
        seen=NO_USER,
        now=NOW + 30 * DAY,
    ),
    Row(
        "no such user, whose key?",
        UNKNOWN_SINCE,
        "block blocked user_not_found +0",
        {Ask.KEY: None},
        seen=NO_USER,
        now=NOW + DAY,
    ),
    Row("no reason", ATTEMPTED, "write creation_refused +60", seen=NO_REASON),
    Row("a fifth time", FOUR_TIMES, "block blocked creation_refused +0", seen=NO_REASON),
    # Created.
    Row("nothing has paid it", CREATED, "sign"),
    Row("Pi shows a transaction", CREATED, "report", SHOWN),
    Row("Pi has completed it", CREATED, "complete completed +0", COMPLETED),
    Row("without one", CREATED, "block blocked completed_without_txid +0", COMPLETED_UNPAID),
    Row("another amount", CREATED, "write unexpected_amount +0", OF_TWO),
    Row("moved", CREATED, "write unexpected_address +0", {Ask.PAYMENT: a2u(to_address=APP_WALLET)}),
    Row("the book is unclear", CREATED, "write chain_unclear +60", {Ask.BOOK: CHAIN}),
    Row("no account to pay from", CREATED, "write chain_unclear +60", {Ask.ACCOUNT: None}),
    Row("refunded already", REFUND, "write above_paid_amount +0", {Ask.OVER_REFUNDED: True}),
    Row("five have died", replace(CREATED, envelopes=MOST_ENVELOPES), "write never_applied +0"),
    Row(
        "no memo",
        replace(CREATED, payment_id="a2u 1"),
        "write unexpected_identifier +0",
        {Ask.PAYMENT: a2u(identifier="a2u 1")},
    ),
    Row("another seed", CREATED, "hold_up wrong_seed +60", {Ask.SIGNS_FOR: False}),
    Row("no account to pay", CREATED, "write no_destination +0", NO_ACCOUNT),
    Row("too dear", CREATED, "hold_up fee_above_cap +60", {Ask.FEE: 1_000_001}),
    Row("switched off", CREATED, "write payouts_off +60", {Ask.SWITCH: False}),
    Row("Pi refuses to say", CREATED, "write forbidden +60", NO_WORD),
    Row(
        "refuses for a day",
        doubtful(CREATED, "forbidden", NOW - DAY),
        "block blocked forbidden +0",
        NO_WORD,
    ),
    Row("Pi knows none", CREATED, UNKNOWN, FORGOTTEN),
    Row("a wrong key knows none", CREATED, WRONG_KEY, {**FORGOTTEN, Ask.KEY: False}),
    # Created, and to end.
    Row("to end, what was forgotten may live", GIVEN_UP, "write may_still_apply +376"),
    Row("to end", ENDING, "cancel"),
    Row("cancelled", ENDING, "fail failed given_up +0", CANCELLED, seen=NOT_CANCELLED),
    Row("not cancelled", ENDING, "block blocked not_cancelled +0", seen=NOT_CANCELLED),
    Row("to end, and Pi refuses to say", ENDING, "write forbidden +60", NO_WORD),
    Row("withdrawn", DYING, "cancel"),
    Row("too many", DYING, "hold_up too_many_withdrawals +3600", {Ask.MAY_WITHDRAW: False}),
    Row("withdrawn and cancelled", DYING, "block blocked unexpected_amount +0", CANCELLED),
    Row("withdrawn: no account", HOMELESS, "begin_anew requested no_destination +3600", CANCELLED),
    Row("Pi has forgotten it", ENDING, "fail failed given_up +0", {**FORGOTTEN, Ask.KEY: None}),
    Row("forgotten: whose key?", DYING, UNKNOWN, {**FORGOTTEN, Ask.KEY: None}),
    # Signed.
    Row("to be handed in", SIGNED, "submit +60"),
    Row("off, and not handed in", SIGNED, "write payouts_off +60", {Ask.SWITCH: False}),
    Row("off, and handed in", SUBMITTED, "submit", {Ask.SWITCH: False}),
    Row("Pi shows it", SUBMITTED, "report", SHOWN),
    Row("the chain shows it", SUBMITTED, "report", {Ask.TRANSACTION: PAID_BY}),
    Row(
        "applied, and refused",
        failed("op_not_authorized"),
        "write created op_not_authorized +0",
        APPLIED_IN_VAIN,
    ),
    Row("applied, refused for now", failed("tx_bad_seq"), "write created +0", APPLIED_IN_VAIN),
    Row("dead", SUBMITTED, "write created +0", now=SETTLED + 1),
    Row("dead, another named", SUBMITTED, OTHER, NAMES_ANOTHER, now=SETTLED + 1),
    Row("may still apply", SUBMITTED, "write may_still_apply +1", now=SETTLED),
    Row("Pi names another", SUBMITTED, "write may_still_apply +376", NAMES_ANOTHER),
    Row("cancelled at Pi", SUBMITTED, "write may_still_apply +376", CANCELLED),
    Row(
        "another user, signed", SIGNED, "write unexpected_user +0", {Ask.PAYMENT: a2u(user_uid="b")}
    ),
    Row("forgotten, may still apply", UNWANTED_SENT, "write may_still_apply +376", FORGOTTEN),
    Row(
        "forgotten, and dead",
        UNWANTED_SENT,
        "write created given_up +0",
        FORGOTTEN,
        now=SETTLED + 1,
    ),
    Row("edited", replace(SIGNED, envelope=None), "block blocked no_envelope +0"),
    Row("applied", SUBMITTED, "report", seen=Seen(submission=Submission(TXID))),
    Row("not applied", SUBMITTED, "write not_applied +60", seen=BAD_SEQUENCE),
    # Paid.
    Row("noted", NOTED, "report"),
    Row("noted twice", sent(CREATED, TXID, OTHER_TXID), OTHER),
    Row("noted, a former one", NOTED_FORMER, "cancel"),
    Row("noted, the other cancelled", NOTED_FORMER, "adopt +0", CANCELLED),
    Row(
        "noted, the other stays open",
        NOTED_FORMER,
        "block blocked not_cancelled +0",
        seen=NOT_CANCELLED,
    ),
    Row("noted, and ours applied", sent(SUBMITTED, OTHER_TXID), OTHER, {Ask.TRANSACTION: PAID_BY}),
    Row("noted, of a forgotten creation", sent(REQUESTED, TXID), "adopt created +0"),
    Row("noted, and forgotten", sent(GIVEN_UP, TXID), UNKNOWN, FORGOTTEN),
    # To report.
    Row("refused, and forgotten", ENDING, UNKNOWN, FORGOTTEN, seen=NOT_VERIFIED),
    Row("not cancelled, and forgotten", ENDING, UNKNOWN, FORGOTTEN, seen=NOT_CANCELLED),
    Row("reported, another named", CREATED, OTHER, COMPLETED_BY_ANOTHER, seen=DONE_BEFORE),
    Row("not verified yet", NOTED, "write not_verified +60", seen=NOT_VERIFIED),
    Row(
        "not verified for a day",
        NOTED,
        "block blocked not_verified +0",
        seen=NOT_VERIFIED,
        now=NOW + DAY,
    ),
    Row("refused", NOTED, "block blocked txid_mismatch +0", seen=MISMATCH),
    Row("refused, and completed", NOTED, "complete completed +0", COMPLETED, seen=DONE_BEFORE),
    Row("refused, and no more shown", CREATED, "block blocked txid_mismatch +0", seen=MISMATCH),
    Row("the chain and Pi name two", NOTED, OTHER, NAMES_ANOTHER),
    Row("paid, and it differs", NOTED, "block blocked unexpected_amount +0", OF_TWO),
]


@pytest.mark.parametrize("row", TABLE, ids=[row.told for row in TABLE])
def test_the_decision_table(row: Row) -> None:
    decision = play(*arguments(row)).decision
    assert described(row.record, decision, row.now) == row.expected


HAPPY = [
    (
        REQUESTED,
        Seen(),
        [
            *(Ask.SWITCH, Ask.OPEN_PAYMENTS, Ask.SIGNS_FOR, Ask.ACCOUNT, Ask.FEE, Ask.RESERVE),
            *(Ask.IS_BEHIND, Ask.SWITCH_AGAIN),
        ],
        Step.CREATE,
    ),
    (ATTEMPTED, Seen(created=OPEN), [Ask.HAS_ACCOUNT], Step.ADOPT),
    (
        CREATED,
        Seen(),
        [
            *(Ask.PAYMENT, Ask.ACCOUNT, Ask.BOOK, Ask.SIGNS_FOR, Ask.HAS_ACCOUNT, Ask.FEE),
            *(Ask.RESERVE, Ask.SWITCH),
        ],
        Step.SIGN,
    ),
    (SIGNED, Seen(), [Ask.PAYMENT, Ask.TRANSACTION, Ask.SWITCH], Step.SUBMIT),
    (SUBMITTED, Seen(submission=Submission(TXID)), [Ask.PAYMENT, Ask.TRANSACTION], Step.REPORT),
]


@pytest.mark.parametrize(("record", "seen", "asked", "step"), HAPPY)
def test_what_a_payout_asks(record: PayoutRecord, seen: Seen, asked: list[Ask], step: Step) -> None:
    """From its request to its report, in this order."""
    played = play(record, FAIR, NOW, seen)
    assert (played.asked, played.decision.step) == (asked, step)


def test_the_table_reaches_every_step_and_every_question() -> None:
    asked = {ask for row in TABLE for ask in play(*arguments(row)).asked}
    asked |= {*play(replace(REQUESTED, giving_up="x"), FAIR, NOW).asked}
    assert {row.expected.split()[0] for row in TABLE} == set(Step)
    assert set(Ask) - asked == {Ask.KNOWN_WALLET, Ask.WALLET}  # the operator has named the wallet


def arguments(row: Row) -> tuple[PayoutRecord, Answers, int, Seen | None]:
    return row.record, {**FAIR, **row.answers}, row.now, row.seen


# --- What holds for every decision ----------------------------------------------------------------

NONE = [CHAIN, REFUSED, NOT_FOUND, NoAnswer(Why.SEED, "wallet_seed_missing")]
PAYMENTS = [
    *(OPEN, OPEN, OPEN, DEAD, DONE, a2u(txid=TXID), a2u(txid=OTHER_TXID), a2u(amount="2")),
    *(a2u("developer_completed"), a2u("cancelled", txid=TXID), a2u(to_address=None)),
]
ODD: Mapping[Ask | Question, list[Any]] = {
    Ask.SWITCH: [False],
    Ask.SWITCH_AGAIN: [False],
    Ask.OPEN_PAYMENTS: [(OPEN,), (DEAD,), (ANOTHER,), NoAnswer(Why.LIST, "server_key_refused")],
    Ask.PAYMENT: [*PAYMENTS, *NONE],
    FORMER: [*PAYMENTS, *NONE],
    Ask.KEY: [False, None, *NONE],
    Ask.KNOWN_WALLET: NONE,
    Ask.WALLET: NONE,
    Ask.SIGNS_FOR: [False, *NONE],
    Ask.ACCOUNT: [None, CHAIN],
    Ask.HAS_ACCOUNT: [False, CHAIN],
    Ask.FEE: [2_000_000, CHAIN],
    Ask.RESERVE: [500_000_000, CHAIN],
    Ask.TRANSACTION: [PAID_BY, APPLIED_AND_REFUSED, CHAIN],
    Ask.IS_BEHIND: [True],
    Ask.BOOK: [CHAIN],
    Ask.OVER_REFUNDED: [True],
    Ask.MAY_WITHDRAW: [False],
}
RECORDS = [
    *(row.record for row in TABLE),
    replace(SIGNED, withdrawing="unexpected_amount"),
    never_created(REQUESTED, "op_no_destination", NOW),
]
CODES = [*sorted(FINAL_REFUSALS | PASSING_REFUSALS), "user_not_found", "not_verified", "unknown"]
SUBMISSIONS = [Submission(), Submission(TXID), Submission(error="tx_bad_seq")]
MOMENTS = [NOW, NOW + 60, SETTLED, SETTLED + 1, NOW + 2 * DAY, NOW + 40 * DAY]
SITUATIONS = 30_000
ENOUGH = 100


@dataclass(frozen=True)
class Situation:
    record: PayoutRecord
    answers: Answers
    now: int
    seen: Seen
    played: Played


def situation(dice: Random) -> Situation:
    """Any record at any time; what is asked is mostly answered as on a fair day."""
    odd = {ask: dice.choice(choice) for ask, choice in ODD.items() if dice.random() < 0.2}
    record, now, answers = dice.choice(RECORDS), dice.choice(MOMENTS), {**FAIR, **odd}
    seen = Seen()
    match dice.randrange(8):
        case 0:
            answer = PiAnswer(code=dice.choice(CODES))
            step = dice.choice(list(Step))
            seen = Seen(tried=Tried(step, answer, TXID if step is Step.REPORT else None))
        case 1:
            seen = Seen(created=dice.choice(PAYMENTS))
        case 2 if record.submitted_at is not None:
            seen = Seen(submission=dice.choice(SUBMISSIONS))
    return Situation(record, answers, now, seen, play(record, answers, now, seen))


@pytest.fixture(scope="module")
def situations() -> Mapping[Step, list[Situation]]:
    """By what was decided; in each the questions came to an end."""
    dice, found = Random(1), defaultdict[Step, list[Situation]](list)
    for _ in range(SITUATIONS):
        met = situation(dice)
        found[met.played.decision.step].append(met)
    assert {step for step in Step if len(found[step]) >= ENOUGH} == set(Step) - {
        Step.MAKE_WAY,
        Step.BEGIN_ANEW,
    }
    return found


Situations = Mapping[Step, list[Situation]]


def test_what_is_submitted_is_the_records_own_envelope(situations: Situations) -> None:
    for met in situations[Step.SUBMIT]:
        record, new = met.record, met.played.decision.new
        assert record.state is PayoutState.SIGNED
        assert not record.sent
        assert (new.envelope, new.txid) == (record.envelope, record.txid)
        assert new.handed_in[-1] == record.txid


def test_nothing_is_signed_before_it_is_proven_that_nothing_paid(situations: Situations) -> None:
    """The sequence number before the book, the switch last; all that was signed is dead."""
    for met in situations[Step.SIGN]:
        asked = met.played.asked
        assert met.record.envelope is None
        assert not met.record.sent
        assert not met.record.ending
        assert met.answers[Ask.BOOK] is met.answers[Ask.SWITCH] is True
        assert asked.index(Ask.ACCOUNT) < asked.index(Ask.BOOK) < asked.index(Ask.SWITCH)
        assert asked[-1] is Ask.SWITCH
        assert not any(isinstance(met.answers[ask], NoAnswer) for ask in asked)


def test_nothing_fails_or_is_cancelled_before_that_proof(situations: Situations) -> None:
    """But for what this very call has created for somebody without an account, and what is in hand
    beside the payment that the chain shows paid."""
    for met in situations[Step.FAIL] + situations[Step.CANCEL]:
        record = met.record
        if record.sent:
            assert met.played.decision.step is Step.CANCEL
            assert record.sent[0].payment_id != record.payment_id
            continue
        assert met.answers[Ask.BOOK] is True
        assert Ask.BOOK in met.played.asked
        assert record.envelope is None
        # All that a restored table may have forgotten has had its time.
        assert record.state is PayoutState.REQUESTED or record.max_time is not None


def test_it_is_completed_on_a_proof_or_on_pis_own_word(situations: Situations) -> None:
    for met in situations[Step.REPORT] + situations[Step.COMPLETE]:
        record, decision, payment = met.record, met.played.decision, met.answers[Ask.PAYMENT]
        txid, named = decision.txid or decision.new.txid, payment.transaction
        proofs = {sent.txid for sent in record.sent} | ({named.txid} if named else set())
        if met.seen.tried is not None:  # as it was reported, on a proof
            proofs.add(met.seen.tried.txid)
        if record.state is PayoutState.SIGNED and not record.sent:
            is_applied = met.seen.submission == Submission(TXID)
            is_shown = met.answers[Ask.TRANSACTION] == PAID_BY
            if is_applied or is_shown or payment.status.developer_completed:
                proofs.add(record.txid)
        assert txid in proofs
        assert named is None or txid == named.txid
        assert decision.step is Step.REPORT or payment.status.developer_completed


def test_it_is_created_while_the_switch_is_on_and_nothing_is_open(situations: Situations) -> None:
    for met in situations[Step.CREATE]:
        since = met.record.create_attempted_at
        assert met.record.state is PayoutState.REQUESTED
        assert not met.record.sent
        assert met.record.giving_up is None
        assert met.played.asked[-1] is Ask.SWITCH_AGAIN
        assert met.answers[Ask.SWITCH] is met.answers[Ask.SWITCH_AGAIN] is True
        assert not any(
            payout_of(payment) == "p1" and not payment.is_cancelled
            for payment in met.answers[Ask.OPEN_PAYMENTS]
        )
        assert since is None or met.now >= since + CREATE_SETTLES_SECONDS


def test_no_answer_is_never_the_end(situations: Situations) -> None:
    """It waits, or after a day an operator must look; Pi is asked for more only before a creation,
    where the chain is asked again before anything is signed."""
    for step, of_step in situations.items():
        for met in of_step:
            answers = [met.answers[ask] for ask in met.played.asked]
            if answers and isinstance(answers[-1], NoAnswer):
                assert step in (
                    Step.WRITE,
                    Step.HOLD_UP,
                    Step.HOLD_CREATIONS,
                    Step.BLOCK,
                    Step.ADOPT,
                )
                assert met.played.decision.new.closed_at is None
