"""A reward for a watched ad: granted once per ad id, to the first user who claims it, within a
daily cap.

Pi's answer names no user, so the ad id is a bearer voucher; users may run a hacked SDK. Only
`granted` counts.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import UTC, datetime
from enum import StrEnum

from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.base.described import Described
from shared.base.errors import BundleError, Conflict
from shared.base.frozen import frozen
from shared.pi.objects import AdStatus, RewardedAdStatusDto
from shared.work.events import owing
from shared.work.story import Story

RECHECK_PATIENCE_SECONDS = 7 * 24 * 3600  # Pi refuses to tell: then the grant stands


class RewardState(Described):
    GRANTED = (
        "granted",
        "The user watched the ad. It is delivered, and checked once more.",
    )
    REVOKED = "revoked", "The ad network took it back within a day. The app is told."


class RewardEvent(StrEnum):
    GRANTED = "RewardGranted"
    REVOKED = "RewardRevoked"


@frozen(kw_only=True)
class RewardRecord:
    """Times are seconds since 1970. `day` is the UTC day whose counter holds it. `recheck_at`: Pi
    is asked once more then whether the grant was taken back. `last_event` is the event that it came
    to owe last, told or not, and `event_sequence` the version that owed it first."""

    ad_id: str = field(metadata={"stored_as": "id"})
    uid: str
    state: RewardState
    day: str
    granted_at: int
    pending_event: RewardEvent | None = field(metadata={"stored_as": "owed"})
    last_event: RewardEvent | None = None
    event_sequence: int | None = None
    recheck_at: int | None
    due_at: int | None
    version: int = 1
    story: Story = ()


@frozen
class RewardLimits:
    """`fresh_seconds`: how long after the ad network's grant a reward can be claimed;
    `recheck_after`: seconds after the claim at which Pi is asked whether it was taken back."""

    daily_cap: int
    fresh_seconds: int
    recheck_after: int


def judge(ad: RewardedAdStatusDto, limits: RewardLimits, now: int) -> BundleError | None:
    """Why this ad earns nothing, or nothing yet; None if it earns a reward.

    Source: reference, RewardedAdStatusDTO.
    """
    if ad.is_revoked:
        return Conflict("ad_revoked", "The ad network has revoked this grant.")
    if ad.mediator_ack_status != AdStatus.GRANTED or ad.mediator_granted_at is None:
        return Conflict("ad_not_granted", "The ad network did not grant a reward for this ad.")
    age = now - ad.mediator_granted_at.timestamp()
    if not -CLOCK_SKEW_SECONDS <= age <= limits.fresh_seconds:
        return Conflict("ad_stale", "This ad was watched too long ago.")
    return None


def granted(ad_id: str, uid: str, limits: RewardLimits, now: int) -> RewardRecord:
    """The grant; its delivery is owed at once, its re-check later."""
    return RewardRecord(
        ad_id=ad_id,
        uid=uid,
        state=RewardState.GRANTED,
        day=datetime.fromtimestamp(now, UTC).date().isoformat(),
        granted_at=now,
        pending_event=RewardEvent.GRANTED,
        last_event=RewardEvent.GRANTED,
        event_sequence=1,
        recheck_at=now + limits.recheck_after,
        due_at=now,
    )


def delivered(record: RewardRecord) -> RewardRecord:
    """The app has had its event; what is left is the re-check, if it is still to come."""
    return replace(record, pending_event=None, due_at=record.recheck_at)


def rechecked(record: RewardRecord, now: int, *, is_revoked: bool) -> RewardRecord:
    """The one re-check is over: the grant stands for good, or the app is told that it does not."""
    if not is_revoked:
        return replace(record, recheck_at=None, due_at=None)
    return replace(
        owing(record, RewardEvent.REVOKED),
        state=RewardState.REVOKED,
        recheck_at=None,
        due_at=now,
    )
