"""A batch's transitions, row by row."""

from dataclasses import replace

import pytest

from shared.notifications.record import (
    CALL_SECONDS,
    BatchRecord,
    BatchState,
    answered,
    is_given_up,
    requested,
    sending,
    told,
    unclear,
    waiting,
)
from shared.pi.objects import NotificationText, NotifyAnswer

NOW = 1_795_000_000
TEXT = NotificationText("Ready", "Your pie is ready.", "/orders")
[BATCH] = requested("pie-17", TEXT, ["alice", "bob", "carol"], NOW)


def says(*uids: str, refusal: str | None = None) -> NotifyAnswer:
    return NotifyAnswer(frozenset(uids), refusal)


def test_a_request_is_due_at_once() -> None:
    assert BATCH.batch_id == "pie-17:0"
    assert (BATCH.state, BATCH.due_at, BATCH.batches) == (BatchState.PENDING, NOW, 1)
    assert BATCH.pending == ("alice", "bob", "carol")


@pytest.mark.parametrize(("users", "sizes"), [(256, [256]), (257, [256, 1]), (513, [256, 256, 1])])
def test_it_is_cut_into_batches(users: int, sizes: list[int]) -> None:
    batches = requested("news", TEXT, [f"user-{n}" for n in range(users)], NOW)
    assert [len(batch.pending) for batch in batches] == sizes
    assert [batch.batch_id for batch in batches] == [f"news:{n}" for n in range(len(sizes))]
    assert len({uid for batch in batches for uid in batch.pending}) == users


def test_the_same_request_has_the_same_fingerprint() -> None:
    [again] = requested("pie-17", TEXT, ["carol", "bob", "alice", "bob"], NOW + 5)
    assert again.fingerprint == BATCH.fingerprint
    for text in (replace(TEXT, title="x"), replace(TEXT, body="x"), replace(TEXT, subroute="/")):
        assert requested("pie-17", text, BATCH.pending, NOW)[0].fingerprint != BATCH.fingerprint
    assert requested("pie-17", TEXT, ["alice"], NOW)[0].fingerprint != BATCH.fingerprint


def test_an_intent_is_given_up_when_nobody_can_be_waiting_for_its_answer() -> None:
    intent = sending(waiting(BATCH, "pi_unavailable"), NOW)
    assert (intent.state, intent.reason) == (BatchState.SENDING, None)
    assert not is_given_up(intent, NOW + CALL_SECONDS - 1)
    assert is_given_up(intent, NOW + CALL_SECONDS)
    for other in (BATCH, unclear(intent, NOW)):
        assert not is_given_up(other, NOW + 10 * CALL_SECONDS)


ROWS: list[tuple[NotifyAnswer, BatchState, dict[str, tuple[str, ...]], str | None]] = [
    (
        says("alice", "stranger"),
        BatchState.CLOSED,
        {"delivered": ("alice",), "not_consented": ("bob", "carol")},
        None,
    ),
    (
        says("bob", refusal="over_quota"),
        BatchState.PENDING,
        {"over_quota": ("bob",), "pending": ("alice", "carol")},
        None,
    ),
    (
        says("alice", "bob", "carol", refusal="over_quota"),
        BatchState.CLOSED,
        {"over_quota": ("alice", "bob", "carol")},
        None,
    ),
    (
        says("bob", refusal="refused_by_pi"),
        BatchState.PENDING,
        {"refused": ("bob",), "pending": ("alice", "carol")},
        "refused_by_pi",
    ),
    (
        says("alice", "bob", "carol", refusal="notifications_not_enabled"),
        BatchState.CLOSED,
        {"refused": ("alice", "bob", "carol")},
        "notifications_not_enabled",
    ),
]


@pytest.mark.parametrize(("answer", "state", "lists", "reason"), ROWS)
def test_what_pi_answers(
    answer: NotifyAnswer,
    state: BatchState,
    lists: dict[str, tuple[str, ...]],
    reason: str | None,
) -> None:
    new = answered(sending(BATCH, NOW), answer, NOW + 1)
    assert (new.state, new.reason, users_of(new)) == (state, reason, lists)
    assert new.pending_event == ("NotificationSent" if state is BatchState.CLOSED else None)
    assert new.due_at is not None


def test_without_an_answer_all_of_whom_nothing_is_known_are_unclear() -> None:
    first = answered(sending(BATCH, NOW), says("bob", refusal="over_quota"), NOW)
    new = unclear(sending(first, NOW), NOW + 60)
    assert users_of(new) == {"over_quota": ("bob",), "unclear": ("alice", "carol")}
    assert (new.state, new.reason, new.closed_at) == (
        BatchState.CLOSED,
        "no_clear_answer",
        NOW + 60,
    )
    assert (told(new).pending_event, told(new).due_at) == (None, None)


def users_of(batch: BatchRecord) -> dict[str, tuple[str, ...]]:
    names = ("pending", "delivered", "not_consented", "over_quota", "refused", "unclear")
    return {name: getattr(batch, name) for name in names if getattr(batch, name)}
