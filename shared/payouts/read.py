"""One payout, for the operator."""

from __future__ import annotations

from shared.base.context import concerning
from shared.base.errors import NotFound
from shared.payouts.record import PayoutRecord
from shared.payouts.store import PayoutStore


def read_payout(payouts: PayoutStore, payout_id: str) -> PayoutRecord:
    """Raises NotFound."""
    concerning(payout_id)
    record = payouts.get(payout_id)
    if record is None:
        raise NotFound("payout_not_found", "There is no such payout.")
    return record
