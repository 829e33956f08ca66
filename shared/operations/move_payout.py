"""Write down what becomes of a payout: each on condition that nobody else wrote since it was read.

Raises Overtaken where somebody did; whoever comes next finds the record as it is.
"""

from __future__ import annotations

from shared.adapters.observability import count, logger
from shared.domain.errors import Overtaken
from shared.domain.payout import RETRY_SECONDS, PayoutRecord, blocked, failed, waiting
from shared.operations.sender import SendParts


def write(parts: SendParts, old: PayoutRecord, new: PayoutRecord) -> PayoutRecord:
    """The record as it stands now."""
    standing, written = parts.payouts.replace(old, new)
    if not written:
        raise Overtaken
    return standing


def wait(parts: SendParts, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Nothing can be done before the next retry, a minute from now."""
    return write(parts, record, waiting(record, parts.clock() + RETRY_SECONDS, reason))


def block(
    parts: SendParts, record: PayoutRecord, reason: str, at: PayoutRecord | None = None
) -> PayoutRecord:
    """A program cannot decide: it waits for a person, `at` where it goes on from (if that is not
    where it stands), and keeps what it reserved."""
    standing = write(parts, record, blocked(at or record, reason, parts.clock()))
    logger.error("This payout needs a person", extra={"reason": reason})
    count("PayoutBlocked")
    return standing


def fail(parts: SendParts, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Certainly unpaid, for good: what it reserved is released with the same write."""
    standing, written = parts.payouts.release(record, failed(record, reason, parts.clock()))
    if not written:
        raise Overtaken
    return standing
