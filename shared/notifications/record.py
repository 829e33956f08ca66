"""A batch of a notification: as many users as Pi takes in one call.

Each is notified at most once, whatever crashes: Pi has no idempotency key, so it is written down
that a call is under way before it begins, and a call without a clear answer is never repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, field, replace
from hashlib import sha256
from json import dumps

from shared.base.described import Described
from shared.base.frozen import frozen
from shared.pi.objects import NotificationText, NotifyAnswer
from shared.work.events import owing
from shared.work.story import Story

BATCH = 256
OUTCOMES = ("delivered", "not_consented", "over_quota", "refused", "unclear")
SENT = "NotificationSent"  # the one event
CALL_SECONDS = 60  # longer than the worker has for a call: nobody waits for its answer any more


class BatchState(Described):
    PENDING = "pending", "Nobody in `pending` was notified; Pi is asked as soon as it can be."
    SENDING = "sending", "A call to Pi may be under way. Without an answer it is not repeated."
    CLOSED = "closed", "What became of each user is known, or known to be unclear."


@frozen(kw_only=True)
class BatchRecord:
    """One of `batches`. `pending` are those of whom nothing is known yet; each moves to one of the
    lists below. `reason`: why it waits, or was refused. Times are seconds since 1970."""

    batch_id: str = field(metadata={"stored_as": "id"})  # <notification_id>:<number>
    batches: int
    fingerprint: str
    text: NotificationText
    state: BatchState = BatchState.PENDING
    reason: str | None = None
    pending: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    not_consented: tuple[str, ...] = ()
    over_quota: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    pending_event: str | None = field(default=None, metadata={"stored_as": "owed"})
    last_event: str | None = None
    event_sequence: int | None = None
    requested_at: int
    tried_at: int | None = None
    closed_at: int | None = None
    due_at: int | None
    version: int = 1
    story: Story = ()


def requested(key: str, text: NotificationText, uids: Iterable[str], now: int) -> list[BatchRecord]:
    """The batches of the notification with this id: each user is in one of them, once."""
    users = sorted(set(uids))
    parts = [tuple(users[at : at + BATCH]) for at in range(0, len(users), BATCH)]
    whole = BatchRecord(
        batch_id=key,
        batches=len(parts),
        fingerprint=sha256(dumps([astuple(text), users]).encode()).hexdigest(),
        text=text,
        requested_at=now,
        due_at=now,
    )
    return [replace(whole, batch_id=f"{key}:{n}", pending=part) for n, part in enumerate(parts)]


def is_given_up(record: BatchRecord, now: int) -> bool:
    """Whoever called Pi has died, or could not write down what it answered."""
    return record.state is BatchState.SENDING and now - (record.tried_at or 0) >= CALL_SECONDS


def sending(record: BatchRecord, now: int) -> BatchRecord:
    """The intent: written before Pi is asked."""
    return replace(record, state=BatchState.SENDING, reason=None, tried_at=now)


def waiting(record: BatchRecord, reason: str) -> BatchRecord:
    """Pi certainly did nothing; the next sweep asks again."""
    return replace(record, state=BatchState.PENDING, reason=reason)


def answered(record: BatchRecord, pi: NotifyAnswer, now: int) -> BatchRecord:
    """What Pi says of each user. Those of whom it refuses to notify any are left out, and the
    others asked for once more."""
    named = tuple(uid for uid in record.pending if uid in pi.uids)
    others = tuple(uid for uid in record.pending if uid not in pi.uids)
    match pi.refusal:
        case None:
            return _closed(replace(record, delivered=named, not_consented=others), now)
        case "over_quota":
            new = replace(record, over_quota=(*record.over_quota, *named), pending=others)
        case code:
            new = replace(record, refused=(*record.refused, *named), pending=others, reason=code)
    return replace(new, state=BatchState.PENDING) if others else _closed(new, now)


def unclear(record: BatchRecord, now: int) -> BatchRecord:
    return _closed(replace(record, unclear=record.pending, reason="no_clear_answer"), now)


def _closed(record: BatchRecord, now: int) -> BatchRecord:
    return replace(owing(record, SENT), pending=(), state=BatchState.CLOSED, closed_at=now)


def told(record: BatchRecord) -> BatchRecord:
    return replace(record, pending_event=None, due_at=None)
