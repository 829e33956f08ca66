"""Messages are only wake-ups: lost, doubled, swallowed or late, they change nothing but when."""

import pytest

from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT
from tests.payouts.test_pi import stranger_opens
from tests.world import World
from tests.world.devices import Died, DiesAt, Loses


def test_the_queue_holds_the_others_up_behind_one_in_flight(world: World) -> None:
    """As the template's FIFO queue does with its one group; a message whose sender always dies
    moves to the dead letters, and the next one is sent."""
    world.requested("first")
    world.requested("second", world.uid("bob"))
    queue = world.payout_queue
    with world.effects.watched_by(DiesAt(1, "before")):
        for _ in range(queue.most_receives):
            with pytest.raises(Died):
                world.send()
            assert world.send() == 0
            world.tick(queue.visibility_seconds)
    assert world.send() == 1
    assert [letter.body.split(":")[0] for letter in queue.dead_letters] == ["first"]
    check_at_rest(world, PayoutState.COMPLETED, "second")


def test_a_message_is_lost(each_world: World) -> None:
    world = each_world
    world.requested(PAYOUT)
    world.payout_queue.messages.clear()
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_the_queue_is_down_at_the_request(world: World) -> None:
    world.payout_queue.down = True
    world.requested(PAYOUT)
    world.payout_queue.down = False
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_a_message_comes_five_times(world: World) -> None:
    world.requested(PAYOUT)
    for _ in range(5):
        world.wake_sender(PAYOUT)
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.events(PAYOUT) == ["PayoutCompleted"]


def test_the_sweeps_wake_ups_are_not_swallowed(each_world: World) -> None:
    """Pi is away: every sweep sends another deduplication id."""
    world = each_world
    world.requested(PAYOUT)
    world.fault(path="/v2/*", drop="before")
    world.send()
    woken = 0
    for _ in range(9):
        world.tick(300)
        woken += world.sweep()
        world.send()
    assert woken == world.metrics.counted["WakeUps"] >= 5
    assert world.payout_queue.swallowed == 0
    assert world.payout_queue.messages == world.payout_queue.dead_letters == []
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)  # the second sweep at the latest


def test_a_message_twice_within_five_minutes_is_swallowed(world: World) -> None:
    """As SQS does; so the test above sees what it says."""
    world.requested(PAYOUT)
    for _ in range(2):
        world.payout_queue.send("x", "x:1")
    assert world.payout_queue.swallowed == 1


def test_two_sweeps_wake_it_once(each_world: World) -> None:
    world = each_world
    world.requested(PAYOUT)
    world.payout_queue.messages.clear()
    world.tick(300)
    assert world.sweep() + world.sweep() == 1


def test_one_that_waits_holds_up_nobody(world: World) -> None:
    world.requested("stuck", world.uid("alice"))
    with world.effects.watched_by(Loses("GET /v2/payments/incomplete_server_payments", "before")):
        world.send()
    world.requested("next", world.uid("bob"))
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "next")
    assert world.payout("stuck").state is PayoutState.REQUESTED
    check_at_rest(world, PayoutState.COMPLETED, "stuck", after=1)


def test_a_message_about_nothing(world: World) -> None:
    world.wake_sender("unheard-of")
    record = {"messageId": "1", "body": "day#x", "eventSource": "aws:sqs"}
    answer = world.function("send_payout")({"Records": [record]})
    assert answer["batchItemFailures"] == [{"itemIdentifier": "1"}]  # no message of ours


@pytest.mark.parametrize("down", ["bus", "refused entries"])
def test_the_event_cannot_be_delivered(world: World, down: str) -> None:
    world.requested(PAYOUT)
    if down == "bus":
        world.bus.down = True
    else:
        world.bus.refuses = lambda _detail: True
    world.rounds(4)
    assert (world.payout().state, world.payout().pending_event) == (
        PayoutState.COMPLETED,
        "PayoutCompleted",
    )
    world.bus.down, world.bus.refuses = False, lambda _detail: False
    check_at_rest(world, PayoutState.COMPLETED, after=1)
    assert world.events(PAYOUT) == ["PayoutCompleted"]


def test_the_sweep_compares_with_pi(world: World) -> None:
    """What is ours is none of its business, at any step."""
    world.requested(PAYOUT)
    world.rounds(1)
    world.requested("p2", world.uid("bob"))
    with world.effects.watched_by(Loses("GET /horizon/ledgers", "before")):
        world.send()
    assert len(world.pi.incomplete_server_payments(world.pi.registry.app())) == 1
    world.sweep()
    assert world.metrics.counted["ForeignPayout"] == 0
    world.rounds(1)
    check(world)


def test_a_stranger_is_reported_while_payouts_are_off(world: World) -> None:
    """Whoever has our key pays without asking our switch."""
    world.switch.value = "off"
    stranger_opens(world)
    world.sweep()
    assert world.metrics.counted["ForeignPayout"] == 1
