"""What the worker does for one wake-up: finish what the record says is unfinished.

The record is the truth: a message about finished work, or the fifth one about the same, finds
nothing to do. What Pi, the chain or our own services hold up is acknowledged all the same, because
`due_at` brings it back; so an outage fills no queue and holds up nobody else.

The app is told what a closed record owes it, and then it is written down that it was told: a crash
in between sends the event again, with the same identity; the other order would lose it.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.context import concerning
from shared.adapters.event_bus import EventBus
from shared.adapters.observability import count, count_outage, logger
from shared.adapters.reward_store import RewardStore
from shared.adapters.wake_ups import WakeUp, Work
from shared.domain import payment, reward
from shared.domain.errors import BundleError, NotFound, PiRefused
from shared.domain.events import payment_event, reward_event
from shared.domain.payment import PaymentRecord
from shared.domain.reward import RewardRecord
from shared.operations.settle_payment import SettleParts, settle


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkParts(SettleParts):
    rewards: RewardStore
    bus: EventBus


def work(parts: WorkParts, wake_up: WakeUp) -> None:
    """Whatever this raises is a bug in the bundle, and a person should look at the message."""
    concerning(wake_up.key)
    try:
        match wake_up.work:
            case Work.PAYMENT:
                finish_payment(parts, wake_up.key)
            case Work.REWARD:
                finish_reward(parts, wake_up.key)
    except BundleError as error:
        count_outage(error.code)
        logger.warning("Held up", extra={"work": wake_up.work, "code": error.code})


def finish_payment(parts: WorkParts, payment_id: str) -> None:
    """Settle it unless it is closed, then deliver what it owes."""
    record = parts.payments.get(payment_id)
    if record is None or record.due_at is None:
        return
    if record.owed is None:
        record = settle(parts, record)
    deliver_payment(parts, record)


def finish_reward(parts: WorkParts, key: str) -> None:
    """Deliver what it owes; when its time has come, ask once whether the grant was taken back."""
    record = parts.rewards.get(key)
    if record is None or record.due_at is None:
        return
    record = deliver_reward(parts, record)
    now = parts.clock()
    if record.recheck_at is None or now < record.recheck_at:
        return
    try:
        is_revoked = parts.pi.ad_status(record.ad_id).is_revoked
    except (PiRefused, NotFound):
        if now < record.recheck_at + reward.RECHECK_PATIENCE_SECONDS:
            raise
        is_revoked = False
    record, _ = parts.rewards.replace(record, reward.rechecked(record, now, is_revoked=is_revoked))
    deliver_reward(parts, record)


def deliver_payment(parts: WorkParts, record: PaymentRecord) -> PaymentRecord:
    """Raises ServiceUnavailable; the record then stays due. Costs 1 event and 1 write."""
    while event := payment_event(record):
        parts.bus.put(event)
        # If another writer was first, its record may owe another event, or none.
        told = payment.delivered(record, parts.clock())
        record, written = parts.payments.replace(record, told)
        if written:
            count("EventDelivered")
    return record


def deliver_reward(parts: WorkParts, record: RewardRecord) -> RewardRecord:
    """Raises ServiceUnavailable; the record then stays due. Costs 1 event and 1 write."""
    while event := reward_event(record):
        parts.bus.put(event)
        record, written = parts.rewards.replace(record, reward.delivered(record))
        if written:
            count("EventDelivered")
    return record
