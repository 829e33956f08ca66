"""What the worker does for one wake-up: finish what the record says is unfinished.

The record is the truth: a message about finished work, or the fifth one about the same, finds
nothing to do. What Pi, the chain or our own services hold up is acknowledged all the same, because
`due_at` brings it back; so an outage fills no queue and holds up nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.adapters.context import concerning
from shared.adapters.event_bus import EventBus
from shared.adapters.observability import count_outage, logger
from shared.adapters.reward_store import RewardStore
from shared.adapters.wake_ups import WakeUp, Work
from shared.domain import payment, reward
from shared.domain.errors import BundleError, NotFound, PiNonsense, PiRefused
from shared.domain.events import payment_event, reward_event
from shared.domain.payment import PaymentRecord, PaymentState
from shared.domain.reward import RewardRecord
from shared.operations.deliver import deliver
from shared.operations.read_book import BookParts, read_book
from shared.operations.settle_payment import SettleParts, settle
from shared.operations.silence import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkParts(SettleParts):
    rewards: RewardStore
    bus: EventBus
    book: BookParts
    watch: Watch


def work(parts: WorkParts, wake_up: WakeUp) -> None:
    """Whatever this raises is a bug in the bundle, and a person should look at the message."""
    concerning(wake_up.key)
    try:
        match wake_up.work:
            case Work.PAYMENT:
                finish_payment(parts, wake_up.key)
            case Work.REWARD:
                finish_reward(parts, wake_up.key)
            case Work.BOOK:
                read_book(parts.book, wake_up.key)
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
    record = _deliver_payment(parts, record)
    if parts.watch.covers(record) and payment.is_at_rest(record) and record.due_at is not None:
        parts.payments.replace(record, payment.rested(record))


def finish_reward(parts: WorkParts, key: str) -> None:
    """Deliver what it owes; when its time has come, ask once whether the grant was taken back."""
    record = parts.rewards.get(key)
    if record is None or record.due_at is None:
        return
    record = _deliver_reward(parts, record)
    now = parts.clock()
    if record.recheck_at is None or now < record.recheck_at:
        return
    try:
        is_revoked = parts.pi.ad_status(record.ad_id).is_revoked
    except (PiRefused, PiNonsense, NotFound):
        if now < record.recheck_at + reward.RECHECK_PATIENCE_SECONDS:
            raise
        is_revoked = False
    record, _ = parts.rewards.replace(record, reward.rechecked(record, now, is_revoked=is_revoked))
    _deliver_reward(parts, record)


def _deliver_payment(parts: WorkParts, record: PaymentRecord) -> PaymentRecord:
    def told(standing: PaymentRecord) -> PaymentRecord:
        return payment.delivered(standing, parts.clock())

    standing = deliver(parts.bus, record, payment_event, told, parts.payments.replace)
    if standing.state is PaymentState.COMPLETED:
        parts.canary.remember(standing.payment_id)
    return standing


def _deliver_reward(parts: WorkParts, record: RewardRecord) -> RewardRecord:
    return deliver(parts.bus, record, reward_event, reward.delivered, parts.rewards.replace)
