"""What a person may decide about a payout: go on with a blocked one, or give an unfinished one up.

Neither pays nor fails anything here: the sender goes on from where it stood, and gives up only with
the same proof that it needs by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.base.clock import Clock
from shared.base.errors import Conflict, WriteConflict
from shared.payouts.queue import PayoutQueue
from shared.payouts.reasons import Reason
from shared.payouts.record import PayoutRecord, PayoutState, decided
from shared.payouts.store import PayoutStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideParts:
    payouts: PayoutStore
    queue: PayoutQueue
    clock: Clock


def resume(parts: DecideParts, payout_id: str) -> PayoutRecord:
    """It goes on where it stood, whatever it was to fail for. Raises NotFound, Conflict
    `not_blocked`, WriteConflict."""
    record = parts.payouts.require(payout_id)
    if record.state is not PayoutState.BLOCKED:
        raise Conflict("not_blocked", "Only a blocked payout can be resumed.")
    return _go_on(parts, record, decided(record, parts.clock(), giving_up=None))


def give_up(parts: DecideParts, payout_id: str) -> PayoutRecord:
    """It becomes `failed` once it is certain that it was not paid, `completed` if it was.

    Raises NotFound, Conflict `payout_closed`, WriteConflict.
    """
    record = parts.payouts.require(payout_id)
    if record.closed_at is not None:
        raise Conflict("payout_closed", "This payout has come to its end.")
    return _go_on(parts, record, decided(record, parts.clock(), giving_up=Reason.GIVEN_UP))


def _go_on(parts: DecideParts, record: PayoutRecord, new: PayoutRecord) -> PayoutRecord:
    standing, written = parts.payouts.replace(record, new)
    if not written:
        raise WriteConflict
    parts.queue.hint(standing)
    return standing
