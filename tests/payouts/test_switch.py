"""The kill switch, thrown at any moment: nothing new is created or first submitted; what was
submitted is finished.
"""

from functools import partial

import pytest

from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT, STORIES, payout_world
from tests.payouts.test_crash import effects_of
from tests.world import World
from tests.world.devices import ActsAt, starts
from tests.world.effects import Effects, Moment

NEW = ("POST /v2/payments", "POST /horizon/transactions")
PAID = STORIES[0]


class Watch:
    """Whether the switch was asked, and said on, right before each creation and first submission:
    only our own note of it stands between."""

    def __init__(self, world: World, device: ActsAt) -> None:
        self._world, self._device = world, device
        self.last: list[str] = []

    def __call__(self, moment: Moment, effect: str) -> None:
        self._device(moment, effect)
        if moment == "before":
            if effect in NEW:
                assert self.last[-2:] == ["GetParameter", "UpdateItem"]
                assert self._world.switch.reads[-1] == "on"
            self.last.append(effect)


def test_thrown_before_any_effect(subtests: pytest.Subtests) -> None:
    for number, effect in starts(effects_of(PAID)):
        with subtests.test(number=number, effect=effect), payout_world() as world:
            world.requested(PAYOUT)
            off = ActsAt(world.effects, number, partial(setattr, world.switch, "value", "off"))
            with world.effects.watched_by(Watch(world, off)):
                world.send()
            check(world)
            seen = created_and_submitted(world.effects)
            world.rounds(5)
            assert created_and_submitted(world.effects) == seen
            if seen[1]:
                check_at_rest(world, PayoutState.COMPLETED)
            else:
                assert world.payout().reason == "payouts_off"
                assert world.transfers_of(PAYOUT) == []

            world.switch.value = "on"
            check_at_rest(world, PayoutState.COMPLETED, after=3)


def created_and_submitted(effects: Effects) -> tuple[int, int]:
    created, submitted = (effects.log.count(effect) for effect in NEW)
    return created, submitted


def test_what_was_submitted_is_finished_while_off(world: World) -> None:
    """Its first answer was lost; the same envelope may be submitted again."""
    world.half_sent(NEW[1], "before")
    world.switch.value = "off"
    world.tick(60)
    world.wake_sender(PAYOUT)
    check_at_rest(world, PayoutState.COMPLETED)


def test_what_expired_unpaid_is_not_signed_again_while_off(world: World) -> None:
    world.half_sent(NEW[1], "before")
    world.switch.value = "off"
    world.tick(60)
    world.rounds(5)
    assert world.standing() == (PayoutState.CREATED, "payouts_off")
    world.switch.value = "on"
    check_at_rest(world, PayoutState.COMPLETED, after=1)


@pytest.mark.parametrize("value", ["off", "ON", "", "true"])
def test_only_on_is_on(world: World, value: str) -> None:
    world.requested(PAYOUT)
    world.switch.value = value
    world.rounds(2)
    assert created_and_submitted(world.effects) == (0, 0)


def test_who_cannot_read_the_switch_does_not_pay(world: World) -> None:
    world.requested(PAYOUT)
    world.switch.down = True
    world.send()
    world.rounds(2)
    assert created_and_submitted(world.effects) == (0, 0)
    assert world.post(payout_id="p2", uid=world.uid(), amount=1, memo="x").status == 503
    world.switch.down = False
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_off_for_days(world: World) -> None:
    """What waited goes on by itself."""
    world.requested(PAYOUT)
    world.switch.value = "off"
    world.rounds(3)
    world.tick(3 * 24 * 3600)
    world.rounds(1)
    assert world.standing() == (PayoutState.REQUESTED, "payouts_off")
    world.switch.value = "on"
    # The book, which nobody has read for so long.
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_a_payout_that_is_off_costs_pi_no_calls(world: World) -> None:
    world.requested(PAYOUT)
    world.switch.value = "off"

    with world.counting() as spent:
        world.send()

    assert world.payout().reason == "payouts_off"
    assert spent.pi == []
