"""The request or the worker dies, or an answer is lost, at each single effect: each user is
notified at most once, and what became of each is known, or known to be unclear. Promise 4.

How many effects a story has is counted by running it once, so a new one is crashed by itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from shared.base.errors import ServiceUnavailable
from tests.notifications.promises import check, check_at_rest
from tests.world import World, new_world
from tests.world.devices import Died, DiesAt, Loses, LosesAt, deaths, losses
from tests.world.effects import Device, Moment

MOMENTS: list[Moment] = ["before", "after"]


@contextmanager
def begun() -> Iterator[tuple[World, list[str]]]:
    """Somebody is over quota, so that Pi is asked twice; two batches."""
    with new_world() as world:
        world.pi.settings.notification_quota = 1
        users = [world.reader(f"user-{n}") for n in range(3)]
        full = {"title": "Before", "body": "News", "subroute": "/", "user_uid": users[0]}
        world.pi.notify(world.pi.registry.app(), {"notifications": [full]})
        yield world, users + [f"nobody-{n}" for n in range(255)]


def act(world: World, users: list[str]) -> None:
    world.notify("news-1", *users)
    world.work()


def effects_of() -> list[str]:
    """What is done when nobody dies."""
    with begun() as (world, users):
        with world.counting() as spent:
            act(world, users)
        check_at_rest(world)
        return spent.log


def survive(device: Device) -> None:
    with begun() as (world, users):
        with world.effects.watched_by(device), suppress(Died, ServiceUnavailable):
            act(world, users)
            world.tick(world.sweep_seconds)
            world.sweep()
            world.work()
        check(world)
        # The caller asks again, until it has an answer.
        world.cold_start()
        assert world.notify("news-1", *users).status in (200, 202)
        world.rounds(4)
        check_at_rest(world)
        users_told = [uid for uids in world.outcomes("news-1").values() for uid in uids]
        assert sorted(users_told) == sorted(users)


def test_dying_at_any_effect(subtests: pytest.Subtests) -> None:
    for number, moment, effect in deaths(effects_of()):
        with subtests.test(number=number, moment=moment, effect=effect):
            survive(DiesAt(number, moment))


def test_losing_any_answer_once(subtests: pytest.Subtests) -> None:
    for number, moment, effect in losses(effects_of()):
        with subtests.test(number=number, moment=moment, effect=effect):
            survive(LosesAt(number, moment))


@pytest.mark.parametrize("moment", MOMENTS)
def test_losing_every_answer_of_a_kind(subtests: pytest.Subtests, moment: Moment) -> None:
    for effect in dict.fromkeys(effects_of()):
        with subtests.test(effect=effect):
            survive(Loses(effect, moment))


def test_dying_again_and_again() -> None:
    """Each life dies a little later than the last one, twice, until nothing is left to do."""
    with begun() as (world, users):
        for number in range(1, 24):
            for moment in MOMENTS:
                world.cold_start()
                world.tick(200)
                with suppress(Died), world.effects.watched_by(DiesAt(number, moment)):
                    act(world, users)
                check(world)
        world.cold_start()
        world.rounds(6)
        check_at_rest(world)
