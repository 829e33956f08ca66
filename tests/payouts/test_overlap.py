"""Two senders forced at once, which the queue's one group forbids: still one chain payment.

Promise 4.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT, STORIES, Story, payout_world
from tests.payouts.test_crash import effects_of
from tests.world import World
from tests.world.devices import ActsAt, Died, First, Meeting, starts


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_the_other_one_goes_first_at_any_effect(subtests: pytest.Subtests, story: Story) -> None:
    for number, effect in starts(effects_of(story)):
        with subtests.test(number=number, effect=effect), payout_world() as world:
            story.prepare(world)
            other = world.environment("send_payout")
            act = ActsAt(world.effects, number, partial(world.wake_sender, PAYOUT, other))
            with world.effects.watched_by(act):
                world.wake_sender(PAYOUT)
                world.rounds(1)
            check(world)
            world.rounds(4)
            check_at_rest(world, story.end)
            assert not any(payment.is_open for payment in world.payments_of(PAYOUT))
            # Told twice, perhaps; but then the same.
            told = world.bus.events
            assert len({event.event_id for event in told}) == len(set(map(repr, told)))
            assert len(told) <= len(set(map(repr, told))) + 1


MEETING_POINTS = (
    *("GetItem", "GET /v2/payments/*", "GetParameter", "UpdateItem", "POST /v2/payments"),
    *("GET /horizon/accounts/*", "POST /horizon/transactions", "POST /v2/payments/*/complete"),
)


@pytest.mark.parametrize("effect", MEETING_POINTS)
def test_two_threads_meet_at_an_effect(each_world: World, effect: str) -> None:
    world = each_world
    world.requested(PAYOUT)
    senders = [world.environment("send_payout") for _ in range(2)]
    meeting = Meeting(effect, 2, once=True, patience=0.3)

    with world.effects.watched_by(meeting), ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda sender: world.wake_sender(PAYOUT, sender), senders))

    check(world)
    check_at_rest(world, PayoutState.COMPLETED, after=4)


def test_the_other_one_signs_while_the_book_is_read(world: World) -> None:
    """What was asked about the payout before is not about the one that is signed."""
    world.requested(PAYOUT)
    other = world.environment("send_payout")

    def dies() -> None:
        raise Died

    def signs_and_dies() -> None:
        dying = First("POST /horizon/transactions", dies)
        with world.effects.watched_by(dying), suppress(Died):
            world.wake_sender(PAYOUT, other)
        world.fault("GET", "/horizon/accounts/*/payments", drop="before")

    reading = First("GET /horizon/accounts/*/payments", signs_and_dies)
    with world.effects.watched_by(reading):
        world.wake_sender(PAYOUT)

    assert world.payout(PAYOUT).state is PayoutState.SIGNED
    assert "POST /horizon/transactions" not in world.effects.log
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)
