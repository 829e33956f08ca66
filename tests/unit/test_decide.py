"""The decision table of a settlement, one row per line of Pi's own table, refusals included.

Promise 3: what the chain settled is completed, and what may be paid is never cancelled.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.payments.record import (
    FINAL_REFUSALS,
    UNVERIFIED_PATIENCE_SECONDS,
    Attention,
    Decision,
    PaymentEvent,
    PaymentState,
    Refusal,
    Step,
    after,
    attended,
    cancelled,
    completed,
    decide,
    died,
    noted,
    recovered,
)
from shared.pi.objects import PaymentDto
from shared.work.due import ATTENTION_PAUSE_SECONDS
from tests.unit.samples import MOVED, NOW, OTHER_TXID, PATIENCE, PRICE, TXID, payment, record

OPEN = record()
COMPLETED = record(state=PaymentState.COMPLETED, txid=TXID, completed_at=NOW)
CANCELLED = record(state=PaymentState.CANCELLED, cancelled_at=NOW)
BUT_PAID = attended(OPEN, Attention.CANCELLED_BUT_PAID, NOW)
GONE = record(needs_review=Attention.GONE)
REFUSED = record(state=PaymentState.CANCELLED, price=None, refusal="unexpected_amount")

YOUNG, OLD = NOW + 3599, NOW + 3600
LATE = NOW + UNVERIFIED_PATIENCE_SECONDS

NOTHING = Decision(Step.NOTHING)
COMPLETE = Decision(Step.COMPLETE, txid=TXID)
PROVE = Decision(Step.PROVE, txid=OTHER_TXID)
CANCELLED_BUT_PAID = Decision(Step.ATTEND, TXID, Attention.CANCELLED_BUT_PAID)
NEVER_VERIFIES = Decision(Step.ATTEND, TXID, Attention.NEVER_VERIFIES)
ASK_BOOK, CANCEL = Decision(Step.ASK_BOOK), Decision(Step.CANCEL)
RECORD_CANCELLED, REST = Decision(Step.RECORD_CANCELLED), Decision(Step.REST)


class Row(NamedTuple):
    seen: str
    payment: PaymentDto
    decision: Decision
    record: Any = OPEN
    now: int = YOUNG
    claimed: str | None = None
    refused: tuple[Step, str] | None = None
    silent: int | None = None
    patience: Any = PATIENCE


def after_complete(
    code: str, seen: str, payment: PaymentDto, decision: Decision, now: int = YOUNG
) -> Row:
    return Row(f"{code}: {seen}", payment, decision, now=now, refused=(Step.COMPLETE, code))


APPROVED = payment("developer_approved")
DEAD = payment("developer_approved", "cancelled")
DYING = died(OPEN, NOW + 100)
SILENT = NOW + 100 + CLOCK_SKEW_SECONDS
ASKED = replace(OPEN, asked_at=NOW + 5)
NOTED = noted(OPEN, MOVED, NOW + 50)
ODD = noted(OPEN, replace(MOVED, kind="account_merge"), NOW + 50)
PAID = payment("developer_approved", paid=True)
DONE = payment("developer_approved", "transaction_verified", "developer_completed", paid=True)

TABLE = [
    # Direction is not user_to_app: not ours here, whatever else it shows.
    Row("A2U", payment(direction="app_to_user"), Decision(Step.DISOWN)),
    Row("A2U paid", payment(direction="app_to_user", paid=True), Decision(Step.DISOWN)),
    Row("no direction", payment(direction=None), Decision(Step.DISOWN), now=OLD),
    Row(
        "A2U completed",
        payment("developer_completed", direction="app_to_user"),
        Decision(Step.DISOWN),
        record=COMPLETED,
    ),
    # A completed record is final.
    Row("ours completed", DONE, NOTHING, record=COMPLETED),
    Row("ours completed, Pi not", PAID, NOTHING, record=COMPLETED, now=OLD),
    Row("ours completed, Pi cancelled", payment("cancelled"), NOTHING, record=COMPLETED),
    # developer_completed: record it.
    Row("completed", DONE, Decision(Step.RECORD_COMPLETED, txid=TXID)),
    Row("completed, no txid", payment("developer_completed"), Decision(Step.RECORD_COMPLETED)),
    Row("completed, ours cancelled", DONE, Decision(Step.RECORD_COMPLETED, txid=TXID), CANCELLED),
    Row("completed, ours refused", DONE, Decision(Step.RECORD_COMPLETED, txid=TXID), REFUSED),
    Row(
        "already_completed, with the same txid",
        DONE,
        Decision(Step.RECORD_COMPLETED, txid=TXID),
        refused=(Step.COMPLETE, "already_completed"),
    ),
    # A transaction that is not completed: complete it with that txid, even if flagged cancelled.
    Row("paid", PAID, COMPLETE),
    Row("paid, long ago", PAID, COMPLETE, now=LATE),
    Row("paid, ours cancelled", PAID, COMPLETE, record=CANCELLED),
    Row("paid, ours refused", PAID, COMPLETE, record=REFUSED),
    Row("paid, cancelled", payment("cancelled", paid=True), COMPLETE),
    Row("paid, user cancelled", payment("user_cancelled", paid=True), COMPLETE, now=OLD),
    Row("paid, another txid claimed", PAID, COMPLETE, claimed=OTHER_TXID),
    # A claimed txid that Pi does not show: the chain must prove it.
    Row("unpaid, a txid claimed", APPROVED, PROVE, claimed=OTHER_TXID),
    Row("unpaid and old, a txid claimed", APPROVED, PROVE, now=OLD, claimed=OTHER_TXID),
    Row("cancelled, a txid claimed", payment("cancelled"), PROVE, claimed=OTHER_TXID),
    Row("unpaid, ours cancelled, claimed", APPROVED, PROVE, CANCELLED, claimed=OTHER_TXID),
    # The book has noted a transaction that pays it, whatever Pi calls it.
    Row("noted", APPROVED, COMPLETE, record=NOTED),
    Row("noted, cancelled", DEAD, COMPLETE, record=NOTED),
    Row("noted, ours cancelled", DEAD, COMPLETE, record=cancelled(NOTED, NOW)),
    # Cancelled without a transaction: at once if it was never approved, else on the chain's proof.
    Row("cancelled, never approved", payment("cancelled"), RECORD_CANCELLED),
    Row("user cancelled, never approved", payment("user_cancelled"), RECORD_CANCELLED),
    Row("cancelled", DEAD, Decision(Step.NOTE_DEATH)),
    Row(
        "user cancelled", payment("developer_approved", "user_cancelled"), Decision(Step.NOTE_DEATH)
    ),
    Row("cancelled, seen before", DEAD, ASK_BOOK, record=DYING),
    Row("cancelled, and the chain is silent", DEAD, RECORD_CANCELLED, DYING, silent=SILENT + 1),
    Row("cancelled, not silent for long enough", DEAD, NOTHING, DYING, silent=SILENT),
    Row("cancelled, the book cannot tell", DEAD, NOTHING, DYING, silent=0),
    Row("cancelled, something odd came in", DEAD, NOTHING, record=ODD),
    # Proven on the chain, hidden by Pi: the person who was called is not to be sent away.
    Row("cancelled but paid, again", DEAD, NOTHING, record=BUT_PAID),
    Row("cancelled, ours too", DEAD, NOTHING, record=CANCELLED),
    Row("unpaid, ours cancelled", APPROVED, NOTHING, record=CANCELLED, now=OLD),
    # 404 before, and Pi knows it again: it goes on like any open payment.
    Row("gone and back", APPROVED, Decision(Step.RECOVER), record=GONE),
    Row("gone and back, old", APPROVED, Decision(Step.RECOVER), record=GONE, now=OLD),
    Row("gone and back, paid", PAID, COMPLETE, record=GONE),
    Row("gone and back, cancelled", DEAD, Decision(Step.NOTE_DEATH), GONE),
    # No transaction: leave it while it is young, ask the book before cancelling it.
    Row("unpaid, young", APPROVED, REST),
    Row("unpaid, young, not ours to cancel", APPROVED, NOTHING, patience=None),
    Row("unpaid, young, a step was refused", APPROVED, NOTHING, refused=(Step.CANCEL, "x")),
    Row("unpaid, unapproved, young", payment(), NOTHING),
    Row("unpaid, old", APPROVED, ASK_BOOK, now=OLD),
    Row("unpaid, unapproved, old", payment(), ASK_BOOK, now=OLD),
    Row("unpaid, old, not ours to cancel", APPROVED, NOTHING, now=OLD, patience=None),
    Row("unpaid, old, silent", APPROVED, CANCEL, now=OLD, silent=OLD + 60),
    Row("unpaid, old, the book is behind", APPROVED, NOTHING, now=LATE, silent=LATE - 241),
    Row("unpaid, old, silent till the limit", APPROVED, NOTHING, now=OLD, silent=OLD + 59),
    Row("unpaid, old, the book cannot tell", APPROVED, NOTHING, now=OLD, silent=0),
    Row("unpaid, old, something odd came in", APPROVED, NOTHING, record=ODD, now=OLD),
    Row("unpaid, young, somebody asked", APPROVED, NOTHING, record=ASKED, now=NOW + 599),
    Row("unpaid, somebody asked", APPROVED, ASK_BOOK, record=ASKED, now=NOW + 600),
    Row("unpaid, somebody asked, silent", APPROVED, CANCEL, ASKED, NOW + 700, silent=NOW + 660),
    # Refused cancels: never tried twice in a row.
    Row("tx present", PAID, COMPLETE, now=OLD, refused=(Step.CANCEL, "payment_tx_present")),
    Row("tx hidden", APPROVED, NOTHING, now=OLD, refused=(Step.CANCEL, "payment_tx_present")),
    Row(
        "cancelled meanwhile",
        DEAD,
        Decision(Step.NOTE_DEATH),
        now=OLD,
        refused=(Step.CANCEL, "cancelled_payment"),
    ),
    Row(
        "completed meanwhile",
        DONE,
        Decision(Step.RECORD_COMPLETED, txid=TXID),
        now=OLD,
        refused=(Step.CANCEL, "already_completed"),
    ),
    Row("forbidden", APPROVED, NOTHING, now=OLD, refused=(Step.CANCEL, "forbidden")),
    # Refused completions: refused because cancelled, or for good: a person must look.
    after_complete(
        "cancelled_payment", "flagged", payment("cancelled", paid=True), CANCELLED_BUT_PAID
    ),
    after_complete("cancelled_payment", "unflagged", PAID, CANCELLED_BUT_PAID),
    after_complete("not_verified", "flagged", payment("cancelled", paid=True), CANCELLED_BUT_PAID),
    *(after_complete(code, "for good", PAID, NEVER_VERIFIES) for code in sorted(FINAL_REFUSALS)),
    after_complete("not_verified", "for now", PAID, NOTHING),
    after_complete("not_verified", "nearly a day", PAID, NOTHING, now=LATE - 1),
    after_complete("not_verified", "a day", PAID, NEVER_VERIFIES, now=LATE),
    after_complete("unknown_error", "for now", PAID, NOTHING),
]


@pytest.mark.parametrize("row", TABLE, ids=[row.seen for row in TABLE])
def test_the_decision_table(row: Row) -> None:
    decision = decide(
        row.payment,
        row.record,
        now=row.now,
        patience=row.patience,
        claimed_txid=row.claimed,
        refusal=row.refused and Refusal(*row.refused, TXID),
        silent_until=row.silent,
    )
    assert decision == row.decision


def test_the_table_reaches_every_decision_there_is() -> None:
    assert {row.decision.step for row in TABLE} == set(Step)


FLAGS = ("developer_approved", "transaction_verified", "developer_completed")
payments = st.builds(
    lambda flags, paid, direction: payment(*flags, paid=paid, direction=direction),
    st.sets(st.sampled_from([*FLAGS, "cancelled", "user_cancelled"])),
    st.booleans(),
    st.sampled_from(["user_to_app", "app_to_user", None]),
)
records = st.sampled_from([OPEN, COMPLETED, CANCELLED, REFUSED, GONE, DYING, ASKED, NOTED, ODD])
silences = st.none() | st.just(0) | st.integers(NOW - 300, LATE + 300)
moments = st.integers(NOW - 300, LATE + 300)
refusals = st.none() | st.builds(
    Refusal,
    st.sampled_from([Step.COMPLETE, Step.CANCEL]),
    st.sampled_from([*FINAL_REFUSALS, "cancelled_payment", "payment_tx_present", "not_verified"]),
)


@given(payments, records, moments, st.none() | st.just(OTHER_TXID), refusals, silences)
def test_no_decision_closes_what_may_be_paid(
    seen: PaymentDto,
    ours: Any,
    now: int,
    claimed: str | None,
    refusal: Refusal | None,
    silent: int | None,
) -> None:
    decision = decide(
        seen,
        ours,
        now=now,
        patience=PATIENCE,
        claimed_txid=claimed,
        refusal=refusal,
        silent_until=silent,
    )
    if decision.step in (Step.ASK_BOOK, Step.CANCEL, Step.RECORD_CANCELLED):
        assert seen.transaction is None
        assert ours.state is PaymentState.OPEN
        assert ours.receipts == ()
    if decision.step is Step.REST:
        assert seen.status.developer_approved
        assert seen.transaction is None
        assert not seen.is_cancelled
        assert (ours.asked_at, ours.receipts, ours.needs_review) == (None, (), None)
        assert refusal is None
    if decision.step is Step.CANCEL:
        assert silent is not None
        assert now - ours.created_at >= PATIENCE.of(ours)
        assert silent - ours.created_at >= PATIENCE.of(ours) + 60
        assert now - silent <= 240
        assert refusal is None
        assert not seen.is_cancelled
    if decision.step is Step.RECORD_CANCELLED and seen.status.developer_approved:
        assert (silent or 0) > ours.dead_at
    if decision.step is Step.COMPLETE:
        assert decision.txid == (seen.transaction.txid if seen.transaction else ours.paid_by)
    if ours.state is PaymentState.COMPLETED:
        assert decision.step in (Step.NOTHING, Step.DISOWN)
    assert (decision.needs_review is not None) == (decision.step is Step.ATTEND)


def test_completing_owes_the_goods_once_checked_against_a_price() -> None:
    done = completed(OPEN, TXID, NOW + 5)
    assert (done.state, done.txid, done.completed_at) == (PaymentState.COMPLETED, TXID, NOW + 5)
    assert (done.pending_event, done.due_at, done.needs_review) == (
        PaymentEvent.COMPLETED,
        NOW + 5,
        None,
    )
    assert done.price == PRICE


@pytest.mark.parametrize("ours", [REFUSED, record(price=None, refusal="unknown_product")])
def test_what_was_never_checked_against_a_price_owes_no_goods(ours: Any) -> None:
    done = completed(ours, TXID, NOW)
    assert (done.pending_event, done.needs_review) == (PaymentEvent.UNMATCHED, Attention.UNMATCHED)
    assert done.state is PaymentState.COMPLETED


def test_a_cancelled_payment_that_was_paid_completes() -> None:
    done = completed(CANCELLED, TXID, NOW + 5)
    assert (done.state, done.pending_event) == (PaymentState.COMPLETED, PaymentEvent.COMPLETED)


@pytest.mark.parametrize("reason", list(Attention))
def test_attention_keeps_the_state_and_comes_back_tomorrow(reason: Attention) -> None:
    watched = attended(OPEN, reason, NOW)
    assert (watched.state, watched.needs_review) == (PaymentState.OPEN, reason)
    assert watched.due_at == NOW + ATTENTION_PAUSE_SECONDS
    assert watched.pending_event is None


def test_what_is_owed_does_not_wait_for_the_person() -> None:
    """Something odd comes in before the app has heard that it was paid."""
    owing = completed(OPEN, TXID, NOW)

    watched = attended(owing, Attention.ODD_RECEIPT, NOW + 5)

    assert (watched.pending_event, watched.due_at) == (PaymentEvent.COMPLETED, owing.due_at)


def test_a_recovered_payment_needs_nobody_and_is_looked_at_soon() -> None:
    back = recovered(GONE, NOW)
    assert (back.state, back.needs_review, back.due_at) == (PaymentState.OPEN, None, NOW)


WATCHED = attended(OPEN, Attention.GONE, NOW - 9)
OUTCOMES = [
    (OPEN, COMPLETE, completed(OPEN, TXID, NOW)),
    (OPEN, Decision(Step.RECORD_COMPLETED), completed(OPEN, None, NOW)),
    (CANCELLED, COMPLETE, completed(CANCELLED, TXID, NOW)),
    (OPEN, CANCEL, died(OPEN, NOW)),
    (OPEN, Decision(Step.NOTE_DEATH), died(OPEN, NOW)),
    (OPEN, RECORD_CANCELLED, cancelled(OPEN, NOW)),
    (WATCHED, Decision(Step.RECOVER), recovered(WATCHED, NOW)),
    (OPEN, NEVER_VERIFIES, attended(OPEN, Attention.NEVER_VERIFIES, NOW, TXID)),
    (WATCHED, NEVER_VERIFIES, attended(WATCHED, Attention.NEVER_VERIFIES, NOW, TXID)),
    # Seen again and again by a front end: written, and alarmed, once.
    (WATCHED, Decision(Step.ATTEND, needs_review=Attention.GONE), WATCHED),
    *((OPEN, Decision(do), OPEN) for do in (Step.NOTHING, Step.DISOWN, Step.PROVE, Step.ASK_BOOK)),
]


@pytest.mark.parametrize(("ours", "decision", "then"), OUTCOMES)
def test_what_was_carried_out_is_written_down(ours: Any, decision: Decision, then: Any) -> None:
    assert after(ours, decision, NOW) == then


def test_closing_ends_the_attention() -> None:
    watched = attended(OPEN, Attention.GONE, NOW)
    assert completed(watched, TXID, NOW).needs_review is None
    closed = cancelled(watched, NOW + 9)
    assert (closed.state, closed.needs_review) == (PaymentState.CANCELLED, None)
    assert (closed.pending_event, closed.cancelled_at, closed.due_at) == (
        PaymentEvent.CANCELLED,
        NOW + 9,
        NOW + 9,
    )


def test_gone_does_not_make_room_for_what_the_chain_has_shown() -> None:
    held = attended(record(), Attention.CANCELLED_BUT_PAID, NOW)

    gone = after(held, Decision(Step.ATTEND, needs_review=Attention.GONE), NOW)

    assert gone.needs_review is Attention.CANCELLED_BUT_PAID
