"""What a person may decide about a payout: go on with a blocked one, or give an unfinished one up.

Neither pays nor fails anything here: the sender goes on from where it stood, and gives up only with
the same proof that it needs by itself. There is one case in which nothing can prove it: a request
so old that the record may come from a backup. Then the person has to vouch that it was not paid.
"""

from __future__ import annotations

from shared.domain.errors import Conflict, Overtaken
from shared.domain.payout import TOO_OLD, PayoutRecord, PayoutState, is_too_old, resumed
from shared.operations.request_payout import read_payout
from shared.operations.services import PayoutServices


def resume(services: PayoutServices, payout_id: str, *, is_unpaid: bool = False) -> PayoutRecord:
    """Raises NotFound, Conflict `not_blocked` or `proof_needed`, Overtaken."""
    record = read_payout(services, payout_id)
    if record.state is not PayoutState.BLOCKED:
        raise Conflict("not_blocked", "Only a blocked payout can be resumed.")
    return _go_on(services, record, is_unpaid=is_unpaid, giving_up=False)


def give_up(services: PayoutServices, payout_id: str, *, is_unpaid: bool = False) -> PayoutRecord:
    """It becomes `failed` once it is certain that it was not paid, `completed` if it was.

    Raises NotFound, Conflict `payout_closed` or `proof_needed`, Overtaken.
    """
    record = read_payout(services, payout_id)
    if record.closed_at is not None:
        raise Conflict("payout_closed", "This payout has come to its end.")
    return _go_on(services, record, is_unpaid=is_unpaid, giving_up=True)


def _go_on(
    services: PayoutServices, record: PayoutRecord, *, is_unpaid: bool, giving_up: bool
) -> PayoutRecord:
    now = services.clock()
    # Whether the sender has come to it yet or not.
    if (record.reason == TOO_OLD or is_too_old(record, now)) and not is_unpaid:
        raise Conflict("proof_needed", "Look whether it was paid, then say that it was not.")
    new = resumed(record, now, giving_up=giving_up)
    standing, written = services.payouts.replace(record, new)
    if not written:
        raise Overtaken
    services.queue.hint(standing)
    return standing
