"""The sender dies, or an answer is lost, at each single effect; somebody wakes it again: one chain
payment, never none, and records and reservations right. Promise 4.

How many effects a story has is counted by running it once, so a new one is crashed by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from shared.base.errors import ServiceUnavailable
from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT, STORIES, Story, loses_wallet, payout_world
from tests.world import World
from tests.world.devices import Died, DiesAt, Loses, LosesAt, deaths, losses
from tests.world.effects import Device, Moment


def again_at_once(world: World) -> None:
    world.wake_sender(PAYOUT)


def redelivered(world: World) -> None:
    world.tick(360)
    world.send()


def swept(world: World) -> None:
    world.payout_queue.messages.clear()
    world.rounds(1)


WAKERS = [again_at_once, redelivered, swept]
# A payout with each waker; the other stories share what wakes them.
CASES = [*((STORIES[0], waker) for waker in WAKERS), *((story, swept) for story in STORIES[1:])]
CASE_NAMES = [f"{story}, {waker.__name__}" for story, waker in CASES]
MOMENTS: list[Moment] = ["before", "after"]


def effects_of(story: Story) -> list[str]:
    """What the sender does when nothing happens to it."""
    with payout_world() as world:
        story.prepare(world)
        with world.counting() as spent:
            world.wake_sender(PAYOUT)
            world.rounds(2)
        check_at_rest(world, story.end)
        return spent.log


def to_the_end(world: World, story: Story) -> None:
    """A new process, as often as it takes; afterwards nothing changes any more."""
    world.cold_start()
    world.rounds(3)
    check_at_rest(world, story.end)
    assert world.payout_queue.messages == world.payout_queue.dead_letters == []
    assert world.metrics.counted["UnexpectedError"] == 0


def survive(story: Story, device: Device, waker: Callable[[World], None]) -> None:
    with payout_world() as world:
        story.prepare(world)
        # A sweep may fail, the next goes on.
        with world.effects.watched_by(device), suppress(Died, ServiceUnavailable):
            world.send()
            world.tick(world.sweep_seconds)
            world.sweep()
            world.send()
        check(world)
        world.cold_start()
        waker(world)
        check(world)
        to_the_end(world, story)


@pytest.mark.parametrize(("story", "waker"), CASES, ids=CASE_NAMES)
def test_dying_at_any_effect(
    subtests: pytest.Subtests, story: Story, waker: Callable[[World], None]
) -> None:
    for number, moment, effect in deaths(effects_of(story)):
        with subtests.test(number=number, moment=moment, effect=effect):
            survive(story, DiesAt(number, moment), waker)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_losing_any_answer_once(subtests: pytest.Subtests, story: Story) -> None:
    for number, moment, effect in losses(effects_of(story)):
        with subtests.test(number=number, moment=moment, effect=effect):
            survive(story, LosesAt(number, moment), again_at_once)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("story", "waker"), CASES, ids=CASE_NAMES)
def test_losing_every_answer_of_a_kind(
    subtests: pytest.Subtests, story: Story, waker: Callable[[World], None], moment: Moment
) -> None:
    for effect in dict.fromkeys(effects_of(story)):
        with subtests.test(effect=effect):
            survive(story, Loses(effect, moment), waker)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_dying_again_and_again(story: Story) -> None:
    """Each life dies a little later than the last one, twice, until nothing is left to do."""
    with payout_world() as world:
        story.prepare(world)
        for number in range(1, 30):
            for moment in MOMENTS:
                world.cold_start()
                world.tick(20)
                try:
                    with world.effects.watched_by(DiesAt(number, moment)):
                        world.wake_sender(PAYOUT)
                except Died:
                    check(world)
        to_the_end(world, story)


def begin_without_account(world: World) -> None:
    loses_wallet(world, "alice")
    world.requested(PAYOUT)


def go_on_with_account(world: World) -> None:
    assert world.payout().reason == "no_destination"
    world.pi.chain.open_account(world.pi.registry.users[world.payout().uid].wallet)
    world.tick(3600)


def begin_as_something_else(world: World) -> None:
    world.pi.registry.app().network = "Pi Network"
    world.requested(PAYOUT)


def go_on_as_asked(world: World) -> None:
    assert world.standing() == (PayoutState.BLOCKED, "unexpected_network")
    world.pi.registry.app().network = "Pi Testnet"
    world.decide(PAYOUT, "resume")


WITHDRAWALS = [
    (begin_without_account, go_on_with_account),
    (begin_as_something_else, go_on_as_asked),
]


def is_withdrawn(
    begin: Callable[[World], None], go_on: Callable[[World], None], device: Device | None
) -> list[str]:
    """Its effects. Whatever happens there, its payment is cancelled, and it begins anew."""
    with payout_world() as world:
        begin(world)
        with (
            world.counting() as spent,
            world.effects.watched_by(device),
            suppress(Died, ServiceUnavailable),
        ):
            world.send()
            world.rounds(3)
        check(world)
        world.cold_start()
        world.rounds(5)
        assert world.pi.chain.transactions == []
        assert all(payment.is_cancelled for payment in world.payments_of(PAYOUT))
        go_on(world)
        check_at_rest(world, PayoutState.COMPLETED, after=2)
        assert world.metrics.counted["UnexpectedError"] == 0
        return spent.log


@pytest.mark.parametrize(("device", "chances"), [(DiesAt, deaths), (LosesAt, losses)])
@pytest.mark.parametrize(("begin", "go_on"), WITHDRAWALS, ids=["no account", "something else"])
def test_withdrawn_whatever_happens_at_any_effect(
    subtests: pytest.Subtests,
    begin: Callable[[World], None],
    go_on: Callable[[World], None],
    device: type[DiesAt | LosesAt],
    chances: Callable[[list[str]], Iterator[tuple[int, Moment, str]]],
) -> None:
    for number, moment, effect in chances(is_withdrawn(begin, go_on, None)):
        with subtests.test(number=number, moment=moment, effect=effect):
            is_withdrawn(begin, go_on, device(number, moment))


def test_a_request_dies_at_any_effect(subtests: pytest.Subtests) -> None:
    """The caller asks again: one payout, counted once."""
    reads = [*["GetItem"] * 4, "GetParameter", "GetItem"]
    effects = [*reads, "TransactWriteItems", "SendMessage"]
    for number, moment, effect in deaths(effects):
        with subtests.test(number=number, moment=moment), payout_world() as world:
            body = {"payout_id": PAYOUT, "refund_of": world.sold()}
            with world.effects.watched_by(DiesAt(number, moment)), pytest.raises(Died):
                world.post(**body)
            assert moment == "before" or world.effects.log[-1] == effect
            check(world)

            assert world.post(**body).status == 202
            check_at_rest(world, PayoutState.COMPLETED, after=2)
