"""The process dies before or after each single effect; the front end repeats its call. Promise 4.

How many effects a story has is counted by running it once, so a new one is crashed by itself.
"""

import pytest

from tests.crash.conftest import Tables
from tests.crash.device import Died, DiesAt
from tests.crash.promises import check_promises
from tests.crash.stories import STORIES, Case, Story
from tests.integration.effects import Moment
from tests.integration.handlers import Reply
from tests.integration.world import World


def effects_of(tables: Tables, story: Story) -> list[str]:
    """What the story does when nobody dies."""
    with tables.world() as world:
        case = story.prepare(world)
        world.cold_start()
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


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_dying_at_any_effect(
    tables: Tables, subtests: pytest.Subtests, story: Story, moment: Moment
) -> None:
    for number, effect in enumerate(effects_of(tables, story), start=1):
        with subtests.test(number=number, effect=effect), tables.world() as world:
            case = story.prepare(world)
            world.cold_start()
            with world.effects.watched_by(DiesAt(number, moment)), pytest.raises(Died):
                story.act(world, case)
            check_promises(world, case)

            repeat_to_the_end(world, story, case)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_dying_again_and_again(tables: Tables, story: Story) -> None:
    """Each life dies right after its first write or Pi's first act, until nothing is left to do."""
    with tables.world() as world:
        case = story.prepare(world)
        for number in range(1, 12):
            for _ in range(2):
                world.cold_start()
                try:
                    with world.effects.watched_by(DiesAt(number, "after")):
                        story.act(world, case)
                except Died:
                    check_promises(world, case)

        repeat_to_the_end(world, story, case)


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("story", STORIES, ids=str)
def test_losing_any_answer(
    tables: Tables, subtests: pytest.Subtests, story: Story, times: int | None, drop: str
) -> None:
    """Pi's or the chain's answer is lost once, or as often as it is asked for."""
    for effect in dict.fromkeys(effects_of(tables, story)):
        if " " not in effect:
            continue  # DynamoDB's
        with subtests.test(effect=effect), tables.world() as world:
            case = story.prepare(world)
            world.cold_start()
            method, _, path = effect.partition(" ")
            world.fault(method, path, drop=drop, times=times)

            reply = story.act(world, case)

            assert outcome(reply) == story.end or reply.status in {202, 401, 503, 404}
            check_promises(world, case)
            world.front.faults.clear()
            repeat_to_the_end(world, story, case)
