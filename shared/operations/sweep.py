"""Find unfinished work and wake the worker for it. Run on a schedule; two at once do no harm.

For each row the time of the next look is written first, on condition that nobody else did, then the
worker is woken. A crash in between costs one pause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from shared.adapters.book_store import wallet_of
from shared.adapters.context import remaining
from shared.adapters.due_index import DueIndex
from shared.adapters.dynamodb import DUE_SHARDS
from shared.adapters.edges import Clock
from shared.adapters.observability import count, gauge, logger
from shared.adapters.payout_store import PayoutStore
from shared.adapters.pi_client import PiClient
from shared.adapters.wake_ups import WakeUp, Work
from shared.domain.due import STUCK_SECONDS, DueRow, next_look
from shared.domain.errors import BundleError, ServiceUnavailable
from shared.domain.payout import knows, payout_of
from shared.domain.pi import PaymentDto

MOST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class DueWork:
    """One table's unfinished work. `wake` is given a record's key and when it is due next."""

    index: DueIndex
    wake: Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepParts:
    """`sweep_seconds` is the time from one sweep to the next, `alarm_seconds` the age above which
    what is unfinished alarms."""

    payments: DueWork
    rewards: DueWork
    payouts: DueWork
    pi: PiClient
    payout_store: PayoutStore
    sweep_seconds: int
    alarm_seconds: int
    clock: Clock


@dataclass(slots=True)
class Tally:
    """What an index of unfinished work holds; ages in seconds."""

    unfinished: int = 0
    stuck: int = 0
    attention: int = 0
    oldest: int = 0

    def add(self, row: DueRow, now: int) -> None:
        self.unfinished += 1
        if row.attention is not None:
            self.attention += 1
        elif row.created_at is not None:
            self.oldest = max(self.oldest, now - row.created_at)
            self.stuck += now - row.created_at > STUCK_SECONDS


@dataclass(slots=True)
class Found:
    """What a sweep has come by so far."""

    payments: Tally = field(default_factory=Tally)
    payouts: Tally = field(default_factory=Tally)
    woken: int = 0
    failed: int = 0
    book_behind: int = 0

    def add_book(self, row: DueRow, now: int) -> None:
        """Such a row says until when the book was read where others say since when they wait."""
        self.book_behind = max(self.book_behind, now - (row.created_at or 0))


def about_payments(key: str) -> WakeUp:
    """What a row of the Payments table is about: a payment, or a wallet's book."""
    wallet = wallet_of(key)
    return WakeUp(Work.PAYMENT, key) if wallet is None else WakeUp(Work.BOOK, wallet)


def sweep(parts: SweepParts) -> int:
    """The number of wake-ups sent. Raises ServiceUnavailable if the index cannot be read, or if
    rows keep failing; the next sweep goes on.

    Costs, per shard, the reading of unfinished work, and per due row one write and one message.
    """
    found, is_complete = Found(), False
    try:
        is_complete = _wake_all(parts, found, parts.clock())
    finally:
        _report(found, parts.alarm_seconds, is_complete=is_complete)
    _report_strangers(parts)
    if found.failed and not found.woken:
        raise ServiceUnavailable  # so that the alarm on its errors rings
    return found.woken


def _wake_all(parts: SweepParts, found: Found, now: int) -> bool:
    """Whether the time was enough for all of them."""
    for work, row in _rows(parts, now):
        if remaining() == 0:
            return False
        if wallet_of(row.key) is not None:
            found.add_book(row, now)
        elif work is not parts.rewards:
            (found.payments if work is parts.payments else found.payouts).add(row, now)
        if row.due_at > now:
            continue
        try:
            found.woken += _wake(parts, work, row, now)
        except ServiceUnavailable:
            # One bad row holds up nobody; a service that is down need not be waited for.
            found.failed += 1
            if found.failed > MOST_FAILURES:
                raise
    return True


def _wake(parts: SweepParts, work: DueWork, row: DueRow, now: int) -> bool:
    waiting = row if wallet_of(row.key) is None else replace(row, created_at=None)
    later = next_look(waiting, now, parts.sweep_seconds)
    if not work.index.push(row, later):
        return False
    work.wake(row.key, later)
    return True


def _rows(parts: SweepParts, now: int) -> Iterator[tuple[DueWork, DueRow]]:
    """Payments and payouts with everything unfinished, so that they can be counted; rewards only
    when due, since each waits a day for its re-check. The first shard rotates, so that no shard is
    always last when time is short."""
    start = now // parts.sweep_seconds
    for n in range(DUE_SHARDS):
        shard = str((start + n) % DUE_SHARDS)
        for work in (parts.payments, parts.payouts):
            for row in work.index.unfinished(shard):
                yield work, row
        for row in parts.rewards.index.unfinished(shard, due_by=now):
            yield parts.rewards, row


def _report_strangers(parts: SweepParts) -> None:
    """Payouts that are open at Pi but that we know nothing of: never paid, never cancelled here."""
    try:
        payments = parts.pi.incomplete_server_payments()
    except BundleError as error:
        logger.warning("Payouts were not compared", extra={"code": error.code})
        return
    for payment in payments:
        try:
            is_known = _is_known(parts, payment)
        except BundleError as error:
            subject = {"subject": payment.identifier, "code": error.code}
            logger.warning("A payout was not compared", extra=subject)
            continue
        if not is_known:
            count("ForeignPayout")
            logger.error(
                "A payout is open at Pi that is not ours", extra={"subject": payment.identifier}
            )


def _is_known(parts: SweepParts, payment: PaymentDto) -> bool:
    payout_id = payout_of(payment)
    record = parts.payout_store.get(payout_id) if payout_id else None
    return record is not None and knows(record, payment, parts.clock())


def _report(found: Found, alarm_seconds: int, *, is_complete: bool) -> None:
    """What a sweep that could not finish has seen is a lower bound: true, but it must not end an
    alarm that a whole sweep has started. So a level that is too low to alarm is left out."""
    if not is_complete:
        logger.warning("The sweep could not finish", extra={"woken": found.woken})
    gauge("SweepIncomplete", int(not is_complete))
    gauge("WakeUps", found.woken)
    if is_complete or found.book_behind > alarm_seconds:
        gauge("BookSecondsBehind", found.book_behind)
    for name, tally in (("Payment", found.payments), ("Payout", found.payouts)):
        levels = {
            f"{name}sUnfinished": (tally.unfinished, 0),
            f"{name}sStuck": (tally.stuck, 0),
            f"{name}sAttention": (tally.attention, 0),
            f"Oldest{name}Seconds": (tally.oldest, alarm_seconds),
        }
        for level, (value, alarms_above) in levels.items():
            if is_complete or value > alarms_above:
                gauge(level, value)
