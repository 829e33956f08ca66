"""Tell the app what a closed record owes it, then write down that it was told.

In this order: a crash in between sends the event again, with the same identity; the other order
would lose it.
"""

from __future__ import annotations

from shared.adapters.observability import count
from shared.domain import payment, payout, reward
from shared.domain.events import payment_event, payout_event, reward_event
from shared.domain.payment import PaymentRecord
from shared.domain.payout import PayoutRecord
from shared.domain.reward import RewardRecord
from shared.operations.services import SenderServices, WorkerServices


def deliver_payment(services: WorkerServices, record: PaymentRecord) -> PaymentRecord:
    """Raises ServiceUnavailable; the record then stays due. Costs 1 event and 1 write."""
    while event := payment_event(record):
        services.bus.put(event)
        # If somebody wrote first, theirs may owe another event, or none.
        record, written = services.payments.replace(
            record, payment.delivered(record, services.clock())
        )
        if written:
            count("EventDelivered")
    return record


def deliver_reward(services: WorkerServices, record: RewardRecord) -> RewardRecord:
    """Raises ServiceUnavailable; the record then stays due. Costs 1 event and 1 write."""
    while event := reward_event(record):
        services.bus.put(event)
        record, written = services.rewards.replace(record, reward.delivered(record))
        if written:
            count("EventDelivered")
    return record


def deliver_payout(services: SenderServices, record: PayoutRecord) -> PayoutRecord:
    """Raises ServiceUnavailable; the record then stays due. Costs 1 event and 1 write."""
    while event := payout_event(record):
        services.bus.put(event)
        told = payout.delivered(record, services.clock())
        record, written = services.payouts.replace(record, told)
        if written:
            count("EventDelivered")
    return record
