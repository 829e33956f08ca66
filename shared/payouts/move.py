"""Write down what becomes of a payout: each on condition that nobody else wrote since it was read.

Raises Overtaken where somebody did; whoever comes next finds the record as it is.
"""

from __future__ import annotations

from shared.base.errors import Overtaken
from shared.base.observability import count, logger
from shared.payouts.record import (
    RETRY_SECONDS,
    UNVERIFIED_PATIENCE_SECONDS,
    PayoutRecord,
    blocked,
    doubtful,
    failed,
    waiting,
    withdrawing,
)
from shared.payouts.sender import SendParts


def write(parts: SendParts, old: PayoutRecord, new: PayoutRecord) -> PayoutRecord:
    """The record as it stands now."""
    standing, written = parts.payouts.replace(old, new)
    if not written:
        raise Overtaken
    return standing


def wait(parts: SendParts, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Nothing can be done before the next retry, a minute from now."""
    return write(parts, record, waiting(record, parts.clock() + RETRY_SECONDS, reason))


def hold_up(
    parts: SendParts,
    record: PayoutRecord,
    reason: str,
    seconds: int = RETRY_SECONDS,
    at: PayoutRecord | None = None,
) -> PayoutRecord:
    """All payouts wait for the same: the wallet, its seed, the server key. An alarm rings as long
    as this is counted; each goes on by itself when it is mended. `at`: as `block`."""
    standing = write(parts, record, waiting(at or record, parts.clock() + seconds, reason))
    logger.error("All payouts wait", extra={"reason": reason})
    count("PayoutsHeldUp")
    return standing


def withdraw(
    parts: SendParts, record: PayoutRecord, reason: str, at: PayoutRecord | None = None
) -> PayoutRecord:
    """It cannot be paid as it is, and may hold up the others no longer than the proof takes that it
    was not paid. `at`: as `block`."""
    return write(parts, record, withdrawing(at or record, reason, parts.clock()))


def doubt(parts: SendParts, record: PayoutRecord, code: str) -> PayoutRecord:
    """Pi refuses to answer: it is asked again for a day, then a person has to look."""
    now = parts.clock()
    asked = doubtful(record, code, now)
    if now - (asked.doubt_since or now) >= UNVERIFIED_PATIENCE_SECONDS:
        return block(parts, record, code)
    return write(parts, record, waiting(asked, now + RETRY_SECONDS, code))


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
