"""What the worker does for one wake-up: finish what the record says is unfinished.

The record is the truth: a message about finished work, or the fifth one about the same, finds
nothing to do. What Pi, the chain or our own services hold up is acknowledged all the same, because
`due_at` brings it back; so an outage fills no queue and holds up nobody else.
"""

from __future__ import annotations

from shared.adapters.observability import concerning, logger
from shared.adapters.wake_ups import WakeUp, Work
from shared.domain import reward
from shared.domain.errors import BundleError, NotFound, PiRefused
from shared.operations.deliver import deliver_payment, deliver_reward
from shared.operations.services import WorkerServices
from shared.operations.settle_payment import settle


def work(services: WorkerServices, wake_up: WakeUp) -> None:
    """Anything that this raises is a mistake of ours, and the message is worth a person's look."""
    concerning(wake_up.key)
    try:
        match wake_up.work:
            case Work.PAYMENT:
                finish_payment(services, wake_up.key)
            case Work.REWARD:
                finish_reward(services, wake_up.key)
    except BundleError as error:
        logger.warning("Held up", extra={"work": wake_up.work, "code": error.code})


def finish_payment(services: WorkerServices, payment_id: str) -> None:
    """Settle it unless it is closed, then deliver what it owes."""
    record = services.payments.get(payment_id)
    if record is None or record.due_at is None:
        return
    if record.owed is None:
        record = settle(services, record)
    deliver_payment(services, record)


def finish_reward(services: WorkerServices, key: str) -> None:
    """Deliver what it owes; when its time has come, ask once whether the grant was taken back."""
    record = services.rewards.get(key)
    if record is None or record.due_at is None:
        return
    record = deliver_reward(services, record)
    now = services.clock()
    if record.recheck_at is None or now < record.recheck_at:
        return
    try:
        is_revoked = services.pi.ad_status(record.ad_id).is_revoked
    except (PiRefused, NotFound):
        if now < record.recheck_at + reward.RECHECK_PATIENCE_SECONDS:
            raise
        is_revoked = False
    record, _ = services.rewards.replace(
        record, reward.rechecked(record, now, is_revoked=is_revoked)
    )
    deliver_reward(services, record)
