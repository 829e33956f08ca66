"""A reward is earned by `granted` alone, fresh and not taken back."""

from typing import Any

import pytest

from shared.pi.objects import RewardedAdStatusDto
from shared.rewards.record import RewardEvent, RewardLimits, RewardState, granted, judge
from tests.unit.samples import NOW, ad_json

LIMITS = RewardLimits(daily_cap=20, fresh_seconds=3600, recheck_after=24 * 3600)
LATER = "2026-09-21T14:20:00Z"


def verdict(now: int = NOW, **ad: Any) -> str | None:
    error = judge(RewardedAdStatusDto.read(ad_json() | ad), LIMITS, now)
    if error is None:
        return None
    assert error.status == 409
    return error.code


@pytest.mark.parametrize(
    ("status", "changes", "code"),
    [
        ("granted", {}, None),
        ("granted", {"mediator_revoked_at": LATER}, "ad_revoked"),
        ("granted", {"mediator_granted_at": None}, "ad_not_granted"),
        ("revoked", {}, "ad_revoked"),
        ("revoked", {"mediator_revoked_at": LATER}, "ad_revoked"),
        ("failed", {}, "ad_not_granted"),
        ("failed", {"mediator_revoked_at": LATER}, "ad_revoked"),
        (None, {}, "ad_not_granted"),
        (None, {"mediator_granted_at": LATER}, "ad_not_granted"),
        (None, {"mediator_revoked_at": LATER}, "ad_revoked"),
        ("GRANTED", {}, "ad_not_granted"),
        ("brand_new", {}, "ad_not_granted"),
    ],
)
def test_only_granted_earns(status: str | None, changes: dict[str, Any], code: str | None) -> None:
    assert verdict(mediator_ack_status=status, **changes) == code


@pytest.mark.parametrize(
    ("age", "code"), [(0, None), (3600, None), (3601, "ad_stale"), (-300, None), (-301, "ad_stale")]
)
def test_a_grant_is_fresh_for_a_while_with_room_for_clocks(age: int, code: str | None) -> None:
    assert verdict(now=NOW + age) == code


def test_a_grant_is_owed_at_once_and_checked_again_after_a_day() -> None:
    record = granted("ad-1", "uid-1", LIMITS, NOW)
    assert (record.ad_id, record.uid, record.state) == ("ad-1", "uid-1", RewardState.GRANTED)
    assert (record.pending_event, record.due_at) == (RewardEvent.GRANTED, NOW)
    assert record.recheck_at == NOW + 24 * 3600


@pytest.mark.parametrize(
    ("now", "day"), [(1_790_035_199, "2026-09-21"), (1_790_035_200, "2026-09-22")]
)
def test_it_counts_for_the_day_in_utc(now: int, day: str) -> None:
    assert granted("ad-1", "uid-1", LIMITS, now).day == day
