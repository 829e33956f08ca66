"""What a person may decide about a payout: go on with a blocked one, or give an unfinished one up.

Neither pays nor fails anything here: the sender goes on from where it stood, and gives up only with
the same proof that it needs by itself.
"""

from __future__ import annotations

from shared.domain.errors import Conflict, Overtaken
from shared.domain.payout import GIVEN_UP, PayoutRecord, PayoutState, decided
from shared.operations.request_payout import read_payout
from shared.operations.services import DecisionServices


def resume(services: DecisionServices, payout_id: str) -> PayoutRecord:
    """It goes on where it stood, whatever it was to fail for. Raises NotFound, Conflict
    `not_blocked`, Overtaken."""
    record = read_payout(services, payout_id)
    if record.state is not PayoutState.BLOCKED:
        raise Conflict("not_blocked", "Only a blocked payout can be resumed.")
    return _go_on(services, record, decided(record, services.clock(), giving_up=None))


def give_up(services: DecisionServices, payout_id: str) -> PayoutRecord:
    """It becomes `failed` once it is certain that it was not paid, `completed` if it was.

    Raises NotFound, Conflict `payout_closed`, Overtaken.
    """
    record = read_payout(services, payout_id)
    if record.closed_at is not None:
        raise Conflict("payout_closed", "This payout has come to its end.")
    return _go_on(services, record, decided(record, services.clock(), giving_up=GIVEN_UP))


def _go_on(services: DecisionServices, record: PayoutRecord, new: PayoutRecord) -> PayoutRecord:
    standing, written = services.payouts.replace(record, new)
    if not written:
        raise Overtaken
    services.queue.hint(standing)
    return standing
