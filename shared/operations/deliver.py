"""Tell the app what a closed record owes it, then write down that it was told.

In this order: a crash in between sends the event again, with the same identity; the other order
would lose it. If somebody wrote first, their record may owe another event, or none.

Each raises ServiceUnavailable, and the record then stays due; each costs 1 event and 1 write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.edges import Clock
from shared.adapters.event_bus import EventBus
from shared.adapters.observability import count
from shared.domain import payment, payout, reward
from shared.domain.events import payment_event, payout_event, reward_event
from shared.domain.payment import PaymentRecord
from shared.domain.payout import PayoutRecord
from shared.domain.reward import RewardRecord

if TYPE_CHECKING:  # no function needs all of them
    from shared.adapters.payment_store import PaymentStore
    from shared.adapters.payout_store import PayoutStore
    from shared.adapters.reward_store import RewardStore


def deliver_payment(
    bus: EventBus, payments: PaymentStore, clock: Clock, record: PaymentRecord
) -> PaymentRecord:
    while event := payment_event(record):
        bus.put(event)
        record, written = payments.replace(record, payment.delivered(record, clock()))
        if written:
            count("EventDelivered")
    return record


def deliver_reward(bus: EventBus, rewards: RewardStore, record: RewardRecord) -> RewardRecord:
    while event := reward_event(record):
        bus.put(event)
        record, written = rewards.replace(record, reward.delivered(record))
        if written:
            count("EventDelivered")
    return record


def deliver_payout(
    bus: EventBus, payouts: PayoutStore, clock: Clock, record: PayoutRecord
) -> PayoutRecord:
    while event := payout_event(record):
        bus.put(event)
        record, written = payouts.replace(record, payout.delivered(record, clock()))
        if written:
            count("EventDelivered")
    return record
