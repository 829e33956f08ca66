"""Find unfinished work and wake the worker for it. Run on a schedule; two at once do no harm.

For each row the time of the next look is written first, on condition that nobody else did, then the
worker is woken. A crash in between costs one pause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.adapters.dynamodb import DUE_SHARDS
from shared.adapters.observability import count, gauge, logger
from shared.domain.due import STUCK_SECONDS, DueRow, next_look
from shared.domain.errors import BundleError, ServiceUnavailable
from shared.domain.payout import knows, payout_of
from shared.operations.services import DueWork, SweepServices

MOST_FAILURES = 3


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


def sweep(services: SweepServices) -> int:
    """The number of wake-ups sent. Raises ServiceUnavailable if the index cannot be read, or if
    rows keep failing; the next sweep goes on.

    Costs, per shard, the reading of unfinished work, and per due row one write and one message.
    """
    now = services.clock()
    payments, payouts = Tally(), Tally()
    woken, failed, complete = 0, 0, True
    for work, row in _rows(services, now):
        if services.deadline.remaining() == 0:
            complete = False
            break
        if work is not services.rewards:
            (payments if work is services.payments else payouts).add(row, now)
        if row.due_at > now:
            continue
        try:
            woken += _wake(services, work, row, now)
        except ServiceUnavailable:
            # One bad row holds up nobody; a service that is down need not be waited for.
            if (failed := failed + 1) > MOST_FAILURES:
                raise
    _report({"Payment": payments, "Payout": payouts}, woken, complete=complete)
    _report_strangers(services)
    if failed and not woken:
        raise ServiceUnavailable  # so that somebody hears of it
    return woken


def _wake(services: SweepServices, work: DueWork, row: DueRow, now: int) -> bool:
    later = next_look(row, now, services.sweep_seconds)
    if not work.index.push(row, later):
        return False
    work.wake(row.key, later)
    return True


def _rows(services: SweepServices, now: int) -> Iterator[tuple[DueWork, DueRow]]:
    """Payments and payouts with everything unfinished, so that they can be counted; rewards only
    when due, since each waits a day for its re-check. The first shard rotates, so that no shard is
    always last when time is short."""
    start = now // services.sweep_seconds
    for n in range(DUE_SHARDS):
        shard = str((start + n) % DUE_SHARDS)
        for work in (services.payments, services.payouts):
            for row in work.index.unfinished(shard):
                yield work, row
        for row in services.rewards.index.unfinished(shard, due_by=now):
            yield services.rewards, row


def _report_strangers(services: SweepServices) -> None:
    """Payouts that are open at Pi but that we know nothing of: never paid, never cancelled here."""
    try:
        for payment in services.pi.incomplete_server_payments():
            payout_id = payout_of(payment)
            record = services.payout_store.get(payout_id) if payout_id else None
            if record is not None and knows(record, payment, services.clock()):
                continue
            count("ForeignPayout")
            logger.error(
                "A payout is open at Pi that is not ours", extra={"subject": payment.identifier}
            )
    except BundleError as error:
        logger.warning("Payouts were not compared", extra={"code": error.code})


def _report(tallies: Mapping[str, Tally], woken: int, *, complete: bool) -> None:
    gauge("WakeUps", woken)
    if not complete:
        # Its counts would be too low, and look like healing.
        logger.warning("The sweep ran out of time", extra={"woken": woken})
        gauge("SweepIncomplete", 1)
        return
    for name, tally in tallies.items():
        gauge(f"{name}sUnfinished", tally.unfinished)
        gauge(f"{name}sStuck", tally.stuck)
        gauge(f"{name}sAttention", tally.attention)
        gauge(f"Oldest{name}Seconds", tally.oldest)
