"""Grant the reward for a watched ad, once."""

from __future__ import annotations

from shared.adapters.observability import count
from shared.adapters.secret import Secret
from shared.adapters.wake_ups import WakeUp, Work
from shared.domain.errors import Conflict
from shared.domain.reward import RewardRecord, granted, judge
from shared.operations.services import RewardServices


def claim(services: RewardServices, ad_id: str, token: Secret | None) -> RewardRecord | None:
    """The grant, the same one for every repeat; None while the ad network has not answered: ask
    again shortly.

    Raises TokenRefused, Conflict (`ad_already_claimed`, `ad_not_granted`, `ad_revoked`,
    `ad_stale`), DailyCapReached, PiError, ServiceUnavailable. Costs 2 calls to Pi and 1
    transaction.
    """
    user, ad = services.users.recognise_while(
        token, services.executor, lambda: services.pi.ad_status(ad_id)
    )
    if services.users.app_id is None:
        count(
            "RewardClaimUnchecked"
        )  # a token of any Pi app is a fresh user to us and evades the cap

    now = services.clock()
    if (objection := judge(ad, services.limits, now)) is None:
        record = services.rewards.grant(
            granted(ad_id, user.uid, services.limits, now), services.limits.daily_cap
        )
    else:
        # What was granted once stays granted to its owner, however the ad looks by now.
        claimed = services.rewards.get(ad_id)
        if claimed is None:
            if ad.is_pending:
                return None
            raise objection
        record = claimed
    if record.uid != user.uid:
        raise Conflict("ad_already_claimed", "Another user has claimed this ad.")
    if record.owed is not None:
        services.wake_ups.hint(WakeUp(Work.REWARD, ad_id))
    return record
