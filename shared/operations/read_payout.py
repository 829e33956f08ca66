"""One payout, for the operator."""

from __future__ import annotations

from shared.adapters.context import concerning
from shared.adapters.payout_store import PayoutStore
from shared.domain.errors import NotFound
from shared.domain.payout import PayoutRecord


def read_payout(payouts: PayoutStore, payout_id: str) -> PayoutRecord:
    """Raises NotFound."""
    concerning(payout_id)
    record = payouts.get(payout_id)
    if record is None:
        raise NotFound("payout_not_found", "There is no such payout.")
    return record
