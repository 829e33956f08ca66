"""The process dies at each single effect; the front end repeats its call. Promise 4.

How many effects a story has is counted by running it once, so a new one is crashed by itself.
"""

from functools import cache

import pytest

from tests.crash.promises import check_promises
from tests.crash.stories import STORIES, Case, Story
from tests.world import World
from tests.world.devices import Died, DiesAt, Loses, LosesAt, deaths, losses
from tests.world.functions import Reply

stories = pytest.mark.parametrize("story", STORIES, ids=str)


@cache
def effects_of(story: Story) -> list[str]:
    """What the story does when nobody dies."""
    with story.begun() as (world, case):
        with world.counting() as spent:
            assert outcome(story.act(world, case)) == story.end
        check_promises(world, case)
        return spent.log


def outcome(reply: Reply) -> tuple[int, str | None]:
    return reply.status, reply.error or reply.state


def repeat_to_the_end(world: World, story: Story, case: Case) -> None:
    """The front end's repeat, in a new process, and one more: the same right end twice."""
    for _ in range(2):
        world.cold_start()
        assert outcome(story.act(world, case)) == story.end
        check_promises(world, case)


@stories
def test_dying_at_any_effect(subtests: pytest.Subtests, story: Story) -> None:
    for number, moment, effect in deaths(effects_of(story)):
        with (
            subtests.test(number=number, moment=moment, effect=effect),
            story.begun() as (world, case),
        ):
            with world.effects.watched_by(DiesAt(number, moment)), pytest.raises(Died):
                story.act(world, case)
            check_promises(world, case)

            repeat_to_the_end(world, story, case)


@stories
def test_dying_again_and_again(story: Story) -> None:
    """Each life dies right after its first write or Pi's first act, until nothing is left to do."""
    with story.begun() as (world, case):
        for number in range(1, 12):
            for _ in range(2):
                world.cold_start()
                try:
                    with world.effects.watched_by(DiesAt(number, "after")):
                        story.act(world, case)
                except Died:
                    check_promises(world, case)

        repeat_to_the_end(world, story, case)


@pytest.mark.parametrize("always", [False, True])
@stories
def test_losing_any_answer(subtests: pytest.Subtests, story: Story, always: bool) -> None:
    """Pi's, the chain's or AWS's answer is lost once, or as often as it is asked for."""
    for number, moment, effect in losses(effects_of(story)):
        with (
            subtests.test(number=number, moment=moment, effect=effect),
            story.begun() as (world, case),
        ):
            device = Loses(effect, moment) if always else LosesAt(number, moment)
            with world.effects.watched_by(device):
                reply = story.act(world, case)

            assert outcome(reply) == story.end or reply.status in {202, 401, 503, 404}
            check_promises(world, case)
            repeat_to_the_end(world, story, case)
