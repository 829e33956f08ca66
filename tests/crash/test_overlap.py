"""Two callers at once: the second acts, from start to end, in the middle of the first.

Before each effect of the first in turn (after one is before the next); the first then lives on,
or dies.
Promise 4: one transition, one grant, and the right end for both.
"""

from collections.abc import Callable

import pytest

from tests.crash.promises import check_promises
from tests.crash.stories import (
    ADOPT,
    APPROVE,
    CANCEL,
    CLAIM,
    COMPLETE,
    FREE,
    ONCE,
    ONCE_AGAIN,
    PROVE,
    REFUSE,
    SEARCH,
    Case,
    Story,
    approve,
    approve_other,
    cancel,
    claim,
    complete,
    incomplete,
)
from tests.crash.test_crash import effects_of, repeat_to_the_end
from tests.world import World
from tests.world.devices import ActsAt, Died
from tests.world.functions import Reply

Act = Callable[[World, Case], Reply]


def pay_and_complete(world: World, case: Case) -> Reply:
    """The user pays after all, in the very moment, and the front end completes."""
    if world.at_pi(case.business_id).is_open and not world.at_pi(case.business_id).on_chain:
        world.pay(case.business_id)
    return complete(world, case)


def claim_as_bob(world: World, case: Case) -> Reply:
    return world.claim(case.business_id, world.user("bob"))


PAIRS: list[tuple[Story, Act]] = [
    *[(APPROVE, approve), (APPROVE, cancel), (REFUSE, approve), (COMPLETE, complete)],
    *[(COMPLETE, incomplete), (COMPLETE, cancel), (PROVE, cancel), (SEARCH, cancel)],
    *[(CANCEL, cancel), (CANCEL, incomplete), (ADOPT, incomplete), (ADOPT, approve)],
    *[(ADOPT, complete), (FREE, approve), (CLAIM, claim), (ONCE, approve)],
    (ONCE_AGAIN, approve),
]


@pytest.mark.parametrize("dies", [False, True], ids=["lives on", "dies"])
@pytest.mark.parametrize(
    ("story", "other"), PAIRS, ids=lambda part: getattr(part, "__name__", str(part))
)
def test_another_in_between(
    subtests: pytest.Subtests, story: Story, other: Act, dies: bool
) -> None:
    for number, effect in enumerate(effects_of(story), start=1):
        with subtests.test(number=number, effect=effect), story.begun() as (world, case):
            act_in_between(world, story, case, number, other, dies=dies)

            repeat_to_the_end(world, story, case)


def test_paid_in_the_middle_of_a_cancellation(subtests: pytest.Subtests) -> None:
    """Promise 3: either Pi has cancelled, and then it cannot be paid; or it is completed."""
    for number, effect in enumerate(effects_of(CANCEL), start=1):
        with subtests.test(number=number, effect=effect), CANCEL.begun() as (world, case):
            act_in_between(world, CANCEL, case, number, pay_and_complete, dies=False)

            paid = bool(world.at_pi(case.business_id).on_chain)
            end = cancel(world, case)
            assert (end.status, end.state) == ((200, "completed") if paid else (202, "open"))
            check_promises(world, case)


def test_another_user_claims_in_between(subtests: pytest.Subtests) -> None:
    for number, effect in enumerate(effects_of(CLAIM), start=1):
        with subtests.test(number=number, effect=effect), CLAIM.begun() as (world, case):
            act_in_between(world, CLAIM, case, number, claim_as_bob, dies=False)

            statuses = [claim(world, case).status, claim_as_bob(world, case).status]
            assert sorted(statuses) == [200, 409]
            check_promises(world, case)


@pytest.mark.parametrize("dies", [False, True], ids=["lives on", "dies"])
def test_another_payment_for_what_is_sold_once_in_between(
    subtests: pytest.Subtests, dies: bool
) -> None:
    """One of the two is approved, whoever was first, and whoever dies."""
    for number, effect in enumerate(effects_of(ONCE), start=1):
        with subtests.test(number=number, effect=effect), ONCE.begun() as (world, case):
            act_in_between(world, ONCE, case, number, approve_other, dies=dies)

            ends = [approve(world, case), approve_other(world, case)]
            assert sorted(end.status for end in ends) == [200, 409]
            assert {end.error for end in ends} == {None, "already_bought"}
            check_promises(world, case)


def act_in_between(
    world: World, story: Story, case: Case, number: int, other: Act, *, dies: bool
) -> None:
    def act() -> None:
        other(world, case)
        check_promises(world, case)

    try:
        with world.effects.watched_by(ActsAt(world.effects, number, act, dies=dies)):
            story.act(world, case)
    except Died:
        assert dies
    check_promises(world, case)
