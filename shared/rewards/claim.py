"""Grant the reward for a watched ad, once."""

from __future__ import annotations

from concurrent.futures import Executor

from shared.base.clock import Clock
from shared.base.errors import Conflict
from shared.base.frozen import frozen
from shared.base.observability import count
from shared.base.secret import Secret
from shared.pi.client import PiClient
from shared.rewards.record import RewardLimits, RewardRecord, granted, judge
from shared.rewards.store import RewardStore
from shared.users.verify import Users
from shared.work.wake_ups import WakeUp, WakeUps, Work


@frozen(kw_only=True)
class ClaimParts:
    users: Users
    pi: PiClient
    rewards: RewardStore
    limits: RewardLimits
    wake_ups: WakeUps[WakeUp]
    clock: Clock
    executor: Executor


def claim(parts: ClaimParts, ad_id: str, token: Secret | None) -> RewardRecord | None:
    """The grant, the same one for every repeat; None while the ad network has not answered: ask
    again shortly.

    Raises TokenRefused, Conflict (`ad_already_claimed`, `ad_not_granted`, `ad_revoked`,
    `ad_stale`), DailyCapReached, PiError, ServiceUnavailable. Costs 2 calls to Pi and 1
    transaction.
    """
    user, ad = parts.users.recognise_while(token, parts.executor, lambda: parts.pi.ad_status(ad_id))
    now = parts.clock()
    if (objection := judge(ad, parts.limits, now)) is None:
        first = granted(ad_id, user.uid, parts.limits, now)
        record = parts.rewards.grant(first, parts.limits.daily_cap)
        if record is first:
            count("RewardGranted")
            if parts.users.app_id is None:
                # A token of any Pi app is a fresh user to us and evades the cap.
                count("RewardClaimUnchecked")
    else:
        # What was granted once stays granted to its owner, however the ad looks by now.
        claimed = parts.rewards.get(ad_id)
        if claimed is None:
            if ad.is_pending:
                return None
            raise objection
        record = claimed
    if record.uid != user.uid:
        raise Conflict("ad_already_claimed", "Another user has claimed this ad.")
    if record.pending_event is not None:
        parts.wake_ups.hint(WakeUp(Work.REWARD, ad_id))
    return record
