"""Write down what becomes of a payout: each on condition that nobody else wrote since it was read.

Raises Overtaken where somebody did; whoever comes next finds the record as it is.
"""

from __future__ import annotations

from shared.adapters.observability import count, logger
from shared.domain.errors import Overtaken
from shared.domain.payout import RETRY_SECONDS, PayoutRecord, blocked, failed, waiting
from shared.operations.services import SenderServices


def write(services: SenderServices, old: PayoutRecord, new: PayoutRecord) -> PayoutRecord:
    """The record as it stands now."""
    standing, written = services.payouts.replace(old, new)
    if not written:
        raise Overtaken
    return standing


def wait(services: SenderServices, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Nothing can be done before the next retry, a minute from now."""
    return write(services, record, waiting(record, services.clock() + RETRY_SECONDS, reason))


def block(
    services: SenderServices, record: PayoutRecord, reason: str, at: PayoutRecord | None = None
) -> PayoutRecord:
    """A program cannot decide: it waits for a person, `at` where it goes on from (if that is not
    where it stands), and keeps what it reserved."""
    logger.error("This payout needs a person", extra={"reason": reason})
    count("PayoutBlocked")
    return write(services, record, blocked(at or record, reason, services.clock()))


def fail(services: SenderServices, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Certainly unpaid, for good: what it reserved is released with the same write."""
    standing, written = services.payouts.release(record, failed(record, reason, services.clock()))
    if not written:
        raise Overtaken
    return standing
