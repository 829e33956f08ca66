"""What an operator's commands work with: each is carried out by one function, which only an
operator can invoke, so that the deployed version decides, under its own role."""

from __future__ import annotations

from shared.base.frozen import frozen
from shared.payments.by_hand import ByHandParts
from shared.payments.migrate import MigrateParts
from shared.payments.people import PeopleParts
from shared.payments.sales import Sales
from shared.payouts.request import RequestParts


@frozen(kw_only=True)
class OperateParts:
    people: PeopleParts
    by_hand: ByHandParts
    refunds: RequestParts
    sales: Sales
    migration: MigrateParts
