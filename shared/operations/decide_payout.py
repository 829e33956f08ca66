"""What a person may decide about a blocked payout: go on with it, or give it up.

Neither pays nor fails anything here: the sender goes on from where it stood, and gives up only with
the same proof that it needs by itself.
"""

from __future__ import annotations

from shared.domain.errors import Conflict, Overtaken
from shared.domain.payout import PayoutRecord, PayoutState, resumed
from shared.operations.request_payout import read_payout
from shared.operations.services import PayoutServices


def resume(services: PayoutServices, payout_id: str) -> PayoutRecord:
    """Raises NotFound, Conflict `not_blocked`, Overtaken."""
    return _decide(services, payout_id, giving_up=False)


def give_up(services: PayoutServices, payout_id: str) -> PayoutRecord:
    """It becomes `failed` once it is certain that it was not paid, `completed` if it was. Raises as
    `resume`."""
    return _decide(services, payout_id, giving_up=True)


def _decide(services: PayoutServices, payout_id: str, *, giving_up: bool) -> PayoutRecord:
    record = read_payout(services, payout_id)
    if record.state is not PayoutState.BLOCKED:
        raise Conflict("not_blocked", "Only a blocked payout waits for a decision.")
    new = resumed(record, services.clock(), giving_up=giving_up)
    standing, written = services.payouts.replace(record, new)
    if not written:
        raise Overtaken
    services.queue.hint(standing)
    return standing
