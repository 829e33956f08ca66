"""Our clock, Pi's and the chain's differ by five minutes, either way: the ends are the same."""

from datetime import timedelta

import pytest

from local.emulator.control import STRANGER
from local.emulator.model import iso
from tests.weather.ends import CANCELLED, COMPLETED, OPEN, SWEEP_CANCELS_AFTER, check_all, populate
from tests.world import World

SKEW = timedelta(minutes=5)
either_way = pytest.mark.parametrize("skew", [SKEW, -SKEW], ids=["ahead", "behind"])


@either_way
def test_our_clock_is_off(world: World, skew: timedelta) -> None:
    world.ahead = skew
    ends = populate(world)
    world.tick(SWEEP_CANCELS_AFTER)
    young = world.approved()

    world.until_proven()

    check_all(world, ends)
    OPEN.check(world, young)


@either_way
def test_our_clock_is_set_right(world: World, skew: timedelta) -> None:
    """In the middle of everything."""
    world.ahead = skew
    ends = populate(world)
    world.tick(SWEEP_CANCELS_AFTER)
    world.ahead = timedelta()

    world.until_proven()

    check_all(world, ends)


@either_way
def test_pis_clock_is_off(world: World, skew: timedelta) -> None:
    """Pi dates a payment after the transaction that pays it: the search goes back far enough."""
    created_at = iso(world.now + skew)
    paid, unpaid = world.approved(created_at=created_at), world.approved(created_at=created_at)
    world.pay(paid, link=False)
    for _ in range(10):
        world.tick(60)
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo="hello")
    world.pi.settings.page_limit = 20

    world.tick(SWEEP_CANCELS_AFTER)
    world.until_proven()

    CANCELLED.check(world, unpaid)
    COMPLETED.check(world, paid)


@either_way
def test_an_ad_is_claimed_with_our_clock_off(world: World, skew: timedelta) -> None:
    world.ahead = skew

    ad_id = world.granted_ad()
    world.work()

    assert world.events(ad_id) == ["RewardGranted"]
