"""The worker, or the sweep, is killed before or after any single effect; the next sweep ends it
right. Promise 4.

How many effects a story has is counted by running it once, so a new one is killed at by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from shared.work.wake_ups import Work
from tests.weather.ends import (
    CANCELLED,
    COMPLETED,
    RECHECK_SECONDS,
    SWEEP_CANCELS_AFTER,
    UNMATCHED,
    End,
    closed_untold,
    unmatched,
    weather_world,
)
from tests.world import World
from tests.world.devices import Died, DiesAt, deaths


@dataclass(frozen=True, slots=True)
class Story:
    """`make` a payment that the worker will bring to its `end`, `after` so many seconds."""

    name: str
    make: Callable[[World], str]
    end: End
    after: int = 60
    rounds: int = 2

    def __str__(self) -> str:
        return self.name


def cancelled_but_paid(world: World) -> str:
    payment_id = world.paid_payment()
    world.pi.force(payment_id, {"status": {"cancelled": True}})
    return payment_id


def key_changed(world: World) -> str:
    """The worker has used the old one, and still holds it."""
    payment_id = world.approved()
    world.wake(Work.PAYMENT, payment_id)
    world.work()
    world.pay(payment_id)
    world.pi.registry.app().key = world.server_key = f"key-{world.now:%d%H%M%S}"
    return payment_id


STORIES = [
    Story("complete", World.paid_payment, COMPLETED),
    Story("unseen and complete", partial(World.paid_unseen, known_to_pi=False), COMPLETED),
    Story("prove and cancel", World.approved, CANCELLED, SWEEP_CANCELS_AFTER, rounds=5),
    Story("cancelled by its user", World.cancelled_by_user, CANCELLED, rounds=4),
    Story("deliver", closed_untold, COMPLETED),
    Story("deliver what we do not sell", unmatched, UNMATCHED),
    Story("complete with a new key", key_changed, COMPLETED),
    Story("needs a person", cancelled_but_paid, End("open", (), 2, "cancelled_but_paid")),
]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_the_worker_dies_at_any_effect(subtests: pytest.Subtests, story: Story) -> None:
    """On the whole way to the end, the reading of the wallet's book included."""
    effects: list[str] = []
    with weather_world(seed=1) as world:
        payment_id = begun(world, story)
        for _ in range(story.rounds):
            sweep_comes(world)
            with world.counting() as spent:
                world.work()
            effects += spent.log
        story.end.check(world, payment_id)

    for number, moment, effect in deaths(effects):
        with (
            subtests.test(effect=effect, number=number, moment=moment),
            weather_world(seed=1) as world,
        ):
            payment_id = begun(world, story)
            with pytest.raises(Died):
                die(world, story, DiesAt(number, moment))
            world.cold_start()

            world.until_proven()
            message_comes_back(world)

            check_but_repeats(world, payment_id, story.end)
            assert world.wake_ups.messages == world.wake_ups.dead_letters == []


def begun(world: World, story: Story) -> str:
    """A payment of the story; the front end's own hint was lost."""
    payment_id = story.make(world)
    world.wake_ups.messages.clear()
    world.tick(story.after)
    return payment_id


def sweep_comes(world: World) -> None:
    world.tick(world.sweep_seconds)
    world.sweep()


def die(world: World, story: Story, death: DiesAt) -> None:
    for _ in range(story.rounds):
        sweep_comes(world)
        with world.effects.watched_by(death):
            world.work()


def message_comes_back(world: World) -> None:
    """The one that the dead worker held; by now it finds nothing to do."""
    world.tick(world.wake_ups.visibility_seconds)
    world.work()


def check_but_repeats(world: World, payment_id: str, end: End) -> None:
    """A death after PutEvents sends the event again: the same one, which a consumer drops."""
    sent = world.events(payment_id)
    assert len(sent) <= len(end.events) + 1
    assert tuple(dict.fromkeys(sent)) == end.events
    record = world.record(payment_id)
    assert (record.state, record.needs_review) == (end.state, end.needs_review)
    assert record.version - len(record.receipts) == end.version
    assert record.pending_event is None


def test_the_sweep_dies_at_any_effect(world: World, subtests: pytest.Subtests) -> None:
    def some_due() -> list[str]:
        made = [world.paid_payment(), world.paid_payment(), closed_untold(world)]
        world.wake_ups.messages.clear()
        world.tick(300)
        return made

    some_due()
    with world.counting() as spent:
        world.sweep()
    world.work()

    for number, moment, effect in deaths(spent.log):
        with subtests.test(effect=effect, number=number, moment=moment):
            payments = some_due()
            with world.effects.watched_by(DiesAt(number, moment)), pytest.raises(Died):
                world.sweep()
            world.cold_start()

            world.rounds(2)

            COMPLETED.check(world, *payments)
            assert world.wake_ups.messages == world.wake_ups.dead_letters == []


def grant(world: World) -> str:
    return world.granted_ad()


def grant_told(world: World) -> str:
    """Its event was delivered; the re-check is due."""
    ad_id = world.granted_ad()
    world.work()
    world.tick(RECHECK_SECONDS)
    return ad_id


def grant_taken_back(world: World) -> str:
    ad_id = grant_told(world)
    world.pi.judge_ad(ad_id, "revoked")
    return ad_id


REWARDS = [
    pytest.param(grant, ["RewardGranted"], id="deliver"),
    pytest.param(grant_told, ["RewardGranted"], id="re-check"),
    pytest.param(grant_taken_back, ["RewardGranted", "RewardRevoked"], id="taken back"),
]


@pytest.mark.parametrize(("make", "events"), REWARDS)
def test_the_worker_dies_at_any_effect_of_a_reward(
    world: World, subtests: pytest.Subtests, make: Callable[[World], str], events: list[str]
) -> None:
    def due_reward() -> str:
        ad_id = make(world)
        world.wake_ups.messages.clear()
        world.sweep()
        return ad_id

    world.tick(1)
    due_reward()
    with world.counting() as spent:
        world.work()

    for number, moment, effect in deaths(spent.log):
        with subtests.test(effect=effect, number=number, moment=moment):
            ad_id = due_reward()
            with world.effects.watched_by(DiesAt(number, moment)), pytest.raises(Died):
                world.work()
            world.cold_start()

            world.rounds(2)
            message_comes_back(world)

            sent = world.events(ad_id)
            assert list(dict.fromkeys(sent)) == events
            assert len(sent) <= len(events) + 1
            record = world.reward(ad_id)
            assert record.pending_event is None
            assert record.due_at == record.recheck_at
            assert world.wake_ups.messages == world.wake_ups.dead_letters == []
