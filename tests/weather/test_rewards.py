"""A reward is delivered, checked once more, and done: through the same sweep and worker."""

from typing import Any

import pytest

from tests.weather.ends import RECHECK_SECONDS
from tests.world import World

DAY = 24 * 3600
CHECK = "GET"


def recheck(world: World) -> None:
    world.tick(RECHECK_SECONDS)
    world.rounds(2)


def test_it_is_delivered_at_once(world: World) -> None:
    ad_id = world.granted_ad()

    world.work()

    assert world.events(ad_id) == ["RewardGranted"]
    record = world.reward(ad_id)
    assert record.pending_event is None
    assert record.due_at == record.recheck_at == world.clock() + RECHECK_SECONDS
    assert record.version == 2


def test_nobody_looks_at_it_until_the_re_check(world: World) -> None:
    ad_id = world.granted_ad()
    world.work()
    calls = len(world.calls(ad_id))

    world.live(3600)

    assert world.metrics.counted["WakeUps"] == 0
    assert len(world.calls(ad_id)) == calls


def test_the_grant_stands(each_world: World) -> None:
    world = each_world
    ad_id = world.granted_ad()
    world.work()
    calls = len(world.calls(ad_id))

    recheck(world)

    record = world.reward(ad_id)
    assert (record.state, record.due_at, record.recheck_at) == ("granted", None, None)
    assert len(world.calls(ad_id)) == calls + 1
    recheck(world)
    assert len(world.calls(ad_id)) == calls + 1
    assert world.events(ad_id) == ["RewardGranted"]


def test_the_grant_was_taken_back(each_world: World) -> None:
    world = each_world
    ad_id = world.granted_ad()
    world.work()
    world.pi.judge_ad(ad_id, "revoked")

    recheck(world)

    record = world.reward(ad_id)
    assert (record.state, record.due_at, record.pending_event) == ("revoked", None, None)
    recheck(world)
    assert world.events(ad_id) == ["RewardGranted", "RewardRevoked"]


@pytest.mark.parametrize("revoked", [False, True])
def test_everything_is_down_for_days(world: World, revoked: bool) -> None:
    """Told late, but in order, and each once."""
    world.wake_ups.down = True
    ad_id = world.granted_ad()
    world.wake_ups.down = False
    world.fault(path="/v2/*", drop="before")
    with world.bus.is_down():
        world.tick(1)
        for _ in range(4):
            world.rounds(2)
            world.tick(DAY)
    if revoked:
        world.pi.judge_ad(ad_id, "revoked")
    world.heal()

    world.rounds(2)

    assert world.events(ad_id) == ["RewardGranted", "RewardRevoked"][: 1 + revoked]
    assert world.reward(ad_id).due_at is None
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "ad_not_found"},
        {"code": "invalid_arguments"},
        {"status": 404, "body": "<html>nothing here</html>"},
        {"status": 200, "body": {"identifier": 5}},
    ],
    ids=["unknown ad", "a refusal", "404 in HTML", "malformed"],
)
def test_pi_does_not_tell_for_a_week(world: World, answer: dict[str, Any]) -> None:
    """Then the grant stands: the re-check always ends in a closing write."""
    ad_id = world.granted_ad()
    world.work()
    world.fault("GET", "/v2/ads_network/*", **answer)
    world.tick(RECHECK_SECONDS)
    for _ in range(6):
        world.rounds(2)
        assert world.reward(ad_id).recheck_at is not None
        world.tick(DAY)
    world.tick(DAY)

    world.rounds(2)

    record = world.reward(ad_id)
    assert (record.state, record.due_at, record.recheck_at) == ("granted", None, None)
    assert world.events(ad_id) == ["RewardGranted"]
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []


def test_pi_tells_after_some_days(world: World) -> None:
    ad_id = world.granted_ad()
    world.work()
    world.fault("GET", "/v2/ads_network/*", code="ad_not_found")
    world.tick(RECHECK_SECONDS)
    world.rounds(2)
    world.tick(3 * DAY)
    world.pi.judge_ad(ad_id, "revoked")
    world.heal()

    world.rounds(2)

    assert world.events(ad_id) == ["RewardGranted", "RewardRevoked"]
    assert world.reward(ad_id).due_at is None
