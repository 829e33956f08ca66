"""Rewarded ads: granted once per ad id, to the user who claims it first, within the daily cap."""

from datetime import timedelta

import pytest

from local.emulator.model import iso
from tests.integration.conftest import REWARD_DAILY_CAP
from tests.world import User, World


def watched(world: World, status: str | None = "granted") -> str:
    return world.pi.show_ad(status).identifier


def test_a_granted_ad_is_rewarded_once(world: World, alice: User) -> None:
    """Promise 4: every repeat gets the same answer; the counter counts one."""
    ad_id = watched(world)

    replies = [world.claim(ad_id, alice) for _ in range(3)]

    body = {"ad_id": ad_id, "state": "granted", "granted_at": world.clock()}
    assert [(reply.status, reply.body) for reply in replies] == [(200, body)] * 3
    assert world.rewards_of(alice) == ([ad_id], 1)


def test_the_first_answer_is_repeated_later_too(world: World, alice: User) -> None:
    ad_id = watched(world)
    first = world.claim(ad_id, alice)
    world.tick(30)

    assert world.claim(ad_id, alice).body == first.body


@pytest.mark.parametrize(
    ("ad_status", "status", "code"),
    [(None, 202, None), ("failed", 409, "ad_not_granted"), ("revoked", 409, "ad_revoked")],
)
def test_anything_but_granted_earns_nothing(
    world: World, alice: User, ad_status: str | None, status: int, code: str | None
) -> None:
    ad_id = watched(world, ad_status)

    reply = world.claim(ad_id, alice)

    assert (reply.status, reply.error) == (status, code)
    assert world.tables.items("RewardsTable") == []


def test_pending_then_granted(world: World, alice: User) -> None:
    ad_id = watched(world, None)
    assert world.claim(ad_id, alice).body == {"ad_id": ad_id, "state": "pending"}

    world.pi.judge_ad(ad_id, "granted")

    assert world.claim(ad_id, alice).status == 200


def test_granted_and_taken_back_before_the_claim(world: World, alice: User) -> None:
    """`mediator_revoked_at` counts, whatever the status says."""
    ad_id = watched(world)
    world.pi.ads[ad_id].revoked_at = iso(world.now)

    assert world.claim(ad_id, alice).error == "ad_revoked"

    assert world.tables.items("RewardsTable") == []


@pytest.mark.parametrize(
    ("age", "status"), [(3600, 200), (3601, 409), (-300, 200), (-301, 409), (86_400, 409)]
)
def test_a_stale_grant_is_refused(world: World, alice: User, age: int, status: int) -> None:
    ad_id = watched(world)
    world.pi.ads[ad_id].granted_at = iso(world.now - timedelta(seconds=age))

    reply = world.claim(ad_id, alice)

    assert (reply.status, reply.error) == (status, None if status == 200 else "ad_stale")


@pytest.mark.parametrize("change", ["stale", "revoked", "failed", "pending"])
def test_what_was_granted_is_answered_the_same(world: World, alice: User, change: str) -> None:
    """Promise 4: the ad looks different by now, the grant stands."""
    ad_id = watched(world)
    first = world.claim(ad_id, alice)
    match change:
        case "stale":
            world.tick(2 * 3600)
        case "pending":
            world.pi.judge_ad(ad_id, None)
        case _:
            world.pi.judge_ad(ad_id, change)

    repeat = world.claim(ad_id, alice)

    assert (repeat.status, repeat.body) == (200, first.body)
    assert world.rewards_of(alice) == ([ad_id], 1)


@pytest.mark.parametrize("later", [0, 7200])
def test_another_user_is_refused(world: World, alice: User, bob: User, later: int) -> None:
    """An ad id names no user: whoever claims it first has it."""
    ad_id = watched(world)
    world.claim(ad_id, alice)
    world.tick(later)

    assert world.claim(ad_id, bob).error == "ad_already_claimed"

    assert world.rewards_of(bob) == ([], 0)


def test_the_daily_cap(world: World, alice: User, bob: User) -> None:
    """Refused beyond it; what was granted before is still answered; others are not touched."""
    ads = [watched(world) for _ in range(REWARD_DAILY_CAP)]
    for ad_id in ads:
        assert world.claim(ad_id, alice).status == 200
    one_more = watched(world)

    refused = world.claim(one_more, alice)

    assert (refused.status, refused.error) == (429, "daily_cap_reached")
    assert [world.claim(ad_id, alice).status for ad_id in ads] == [200] * len(ads)
    assert world.claim(ads[0], bob).error == "ad_already_claimed"
    assert world.rewards_of(alice) == (sorted(ads), len(ads))
    assert world.claim(one_more, bob).status == 200


def test_the_cap_is_of_one_day(world: World, alice: User) -> None:
    """UTC days: at 14:00 the next one begins in ten hours."""
    for _ in range(REWARD_DAILY_CAP):
        world.claim(watched(world), alice)
    world.tick(10 * 3600 - 1)
    assert world.claim(watched(world), alice).status == 429

    world.tick(1)

    assert world.claim(watched(world), alice).status == 200


def test_a_grant_stays_due_for_delivery_and_one_recheck(world: World, alice: User) -> None:
    ad_id = watched(world)
    world.claim(ad_id, alice)

    (record,) = [item for item in world.tables.items("RewardsTable") if item["id"] == ad_id]

    assert record["owed"] == "RewardGranted"
    assert record["due_at"] == world.clock()
    assert record["recheck_at"] == world.clock() + 24 * 3600
    assert "due_shard" in record


def test_a_token_of_another_app_is_refused(world: World) -> None:
    """A foreign token is a fresh uid, and would evade the cap."""
    world.deploy(PiAppId=world.pi.registry.app().app_id)
    world.pi.registry.add_app("other-app", "its key")
    mallory = world.user("mallory", app_id="other-app")

    assert world.claim(watched(world), mallory).error == "wrong_app"

    assert world.tables.items("RewardsTable") == []


def test_an_unknown_ad_is_refused(world: World, alice: User) -> None:
    reply = world.claim("00000000-0000-4000-8000-000000000000", alice)

    assert reply.error == "ad_not_found"
    assert world.tables.items("RewardsTable") == []


def test_what_was_granted_to_anybodys_token_is_counted_once(world: World, alice: User) -> None:
    """Issue 9, 2.7: each grant, not each try."""
    world.deploy(PiAppId="")
    world.claim(watched(world, None), alice)
    ad_id = watched(world)
    for _ in range(3):
        assert world.claim(ad_id, alice).status == 200

    assert world.metrics.counted["RewardClaimUnchecked"] == 1
