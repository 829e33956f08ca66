"""What is left to do for a reward: deliver it, and ask once whether it was taken back."""

from __future__ import annotations

from shared.base.clock import Clock
from shared.base.errors import NotFound, PiInvalidResponse, PiRefused
from shared.base.frozen import frozen
from shared.pi.client import PiClient
from shared.rewards.record import RECHECK_PATIENCE_SECONDS, RewardRecord, delivered, rechecked
from shared.rewards.store import RewardStore
from shared.rewards.view import reward_event
from shared.work.deliver import deliver
from shared.work.event_bus import EventBus


@frozen(kw_only=True)
class FinishParts:
    rewards: RewardStore
    pi: PiClient
    bus: EventBus
    clock: Clock


def finish_reward(parts: FinishParts, key: str) -> None:
    """Deliver what it owes; when its time has come, ask once whether the grant was taken back.
    Raises BundleError: it stays due."""
    record = parts.rewards.get(key)
    if record is None or record.due_at is None:
        return
    record = _deliver(parts, record)
    now = parts.clock()
    if record.recheck_at is None or now < record.recheck_at:
        return
    try:
        is_revoked = parts.pi.ad_status(record.ad_id).is_revoked
    except (PiRefused, PiInvalidResponse, NotFound):
        if now < record.recheck_at + RECHECK_PATIENCE_SECONDS:
            raise
        is_revoked = False
    record, _ = parts.rewards.replace(record, rechecked(record, now, is_revoked=is_revoked))
    _deliver(parts, record)


def _deliver(parts: FinishParts, record: RewardRecord) -> RewardRecord:
    return deliver(parts.bus, record, reward_event, delivered, parts.rewards.replace)
