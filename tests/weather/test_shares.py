"""After an outage everything is due at once. Each shard of each kind gets its share, the rest
follows behind it in the queue, and nothing is woken again that lies there already.
"""

import json
from collections import Counter
from collections.abc import Callable

import pytest

import shared.kinds
from shared.aws.dynamodb import DUE_SHARDS, due_keys
from shared.work import sweep
from tests.weather.ends import COMPLETED
from tests.world import World
from tests.world.devices import Died, DiesAt, deaths
from tests.world.effects import Moment

DAY = 24 * 3600
SHARE = 2
PAYMENTS, REWARDS, PAYOUTS = 60, 20, 5


@pytest.fixture(autouse=True)
def _small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.kinds, "WAKE_UPS_OF_A_WORKER", SHARE * DUE_SHARDS // 2)


def everything_at_once(world: World) -> list[str]:
    """An outage is over: the payments that were paid in it."""
    for _ in range(REWARDS):
        world.granted_ad()
    paid = [world.paid_payment() for _ in range(PAYMENTS)]
    for number in range(PAYOUTS):
        world.requested(f"payout-{number}")
    world.wake_ups.messages.clear()
    world.payout_queue.messages.clear()
    world.tick(3600)
    return paid


def woken(world: World) -> Counter[str]:
    """By the kind of work."""
    return Counter(json.loads(message.body)["work"] for message in world.wake_ups.messages)


def test_no_backlog_holds_up_another_kind_or_shard(world: World) -> None:
    paid = everything_at_once(world)
    rows = Counter(due_keys(each, 1)["due_shard"] for each in paid)

    world.sweep()

    of = woken(world)
    least = sum(min(SHARE, row) for row in rows.values())
    assert least <= of["payment"] + of["book"] <= SHARE * DUE_SHARDS
    assert DUE_SHARDS < of["reward"] <= SHARE * DUE_SHARDS
    assert 0 < of["sweep"] <= 2 * DUE_SHARDS  # one for each shard that has more
    assert len(world.payout_queue.messages) == PAYOUTS
    assert world.metrics.last["PaymentsUnfinished"] == PAYMENTS  # what is not woken is counted


def test_no_backlog_holds_up_a_wallets_book(world: World) -> None:
    """All that rests relies on it, and it is due later than what waits for hours."""
    world.settled_payment()
    for _ in range(PAYMENTS):
        world.paid_payment()
    world.tick(3600)

    world.sweep()

    assert woken(world)["book"] == 1
    assert woken(world)["payment"] <= SHARE * DUE_SHARDS


def test_one_sweep_is_enough_for_all_of_it(world: World) -> None:
    paid = everything_at_once(world)
    world.sweep()
    assert woken(world)["payment"] < PAYMENTS / 2

    world.work()

    COMPLETED.check(world, *paid)
    assert world.wake_ups.messages == []
    world.sweep()
    assert set(woken(world)) <= {"book"}  # which is read again and again


def test_little_is_woken_for_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though sweep follows sweep, and the workers come to none of it: a call for each shard."""
    monkeypatch.setattr(sweep, "ROWS_IN_A_CALL", 1)
    everything_at_once(world)
    world.sweep()
    lay_there = woken(world)

    for _ in range(5):
        world.tick(world.sweep_seconds)
        world.sweep()

    lies_there = woken(world)
    assert lies_there["sweep"] == lay_there["sweep"]
    for kind in ("payment", "reward"):
        assert lies_there[kind] <= lay_there[kind] + 5 * DUE_SHARDS
    assert world.metrics.last["PaymentsUnfinished"] == PAYMENTS


def test_a_backlog_of_one_kind_does_not_starve_another(world: World) -> None:
    """Found by attack: all kinds but payouts share a queue, and it was full of one."""
    for _ in range(20 * REWARDS):
        world.granted_ad()
    late = world.paid_payment()
    world.wake_ups.messages.clear()
    world.tick(DAY)
    world.sweep()
    world.wake_ups.messages = [m for m in world.wake_ups.messages if late not in m.body]

    for _ in range(2):
        world.tick(world.sweep_seconds)
        world.sweep()
        world.wake_ups.feed_batch(world.function("settle"))  # the workers are slow

    assert any(late in message.body for message in world.wake_ups.messages)


def test_the_rest_that_there_was_no_time_for_follows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by attack: the message about it was sent only where the whole share had been woken."""
    monkeypatch.setattr(shared.kinds, "WAKE_UPS_OF_A_WORKER", 1000)
    monkeypatch.setattr(sweep, "ROWS_IN_A_CALL", 1)
    paid = everything_at_once(world)
    [(fullest, _)] = Counter(due_keys(each, 1)["due_shard"] for each in paid).most_common(1)
    world.wake_ups.put(json.dumps({"work": "sweep", "key": f"Payment#{fullest}"}))

    def slow(moment: Moment, _effect: str) -> None:
        world.tick(0.5 * (moment == "before"))

    with world.effects.watched_by(slow):
        world.wake_ups.feed_batch(world.function("settle"))

    assert woken(world)["sweep"] == 1
    world.rounds(2)
    COMPLETED.check(world, *paid)


def test_a_queue_that_cannot_be_counted_is_sent_to(world: World) -> None:
    """Woken twice is better than not at all."""
    paid = everything_at_once(world)
    world.wake_ups.is_countable = False
    world.sweep()
    world.work()
    COMPLETED.check(world, *paid)


def test_of_payouts_the_rest_waits_for_the_next_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.kinds, "PAYOUTS_IN_A_SHARE", 1)
    for number in range(30):
        world.requested(f"payout-{number}", amount="0.1")
    world.payout_queue.messages.clear()
    world.tick(3600)

    world.sweep()

    assert 0 < len(world.payout_queue.messages) <= DUE_SHARDS
    assert woken(world) == {}
    world.rounds(30)
    assert all(world.payout(f"payout-{number}").state == "completed" for number in range(30))


def test_payouts_that_only_wait_take_no_others_place(world: World) -> None:
    """Found by attack: each costs a read, and took a place among a hundred."""
    for number in range(200):
        world.requested(f"payout-{number}", world.uid(f"user {number}"), amount="0.01")
    world.payout_queue.messages.clear()
    world.tick(3600)

    world.sweep()

    assert len(world.payout_queue.messages) == 200


def lose(world: World) -> None:
    world.wake_ups.messages = [m for m in world.wake_ups.messages if '"sweep"' not in m.body]


def repeat(world: World) -> None:
    for message in list(world.wake_ups.messages):
        if '"sweep"' in message.body:
            world.wake_ups.put(message.body)


@pytest.mark.parametrize("happens", [lose, repeat])
def test_the_message_about_the_rest_is_only_a_wake_up(
    world: World, happens: Callable[[World], None]
) -> None:
    paid = everything_at_once(world)
    world.sweep()
    happens(world)
    world.work()
    world.rounds(PAYMENTS // SHARE // DUE_SHARDS + 2)
    COMPLETED.check(world, *paid)


def test_a_death_over_the_rest_costs_one_pause(subtests: pytest.Subtests, world: World) -> None:
    paid = everything_at_once(world)
    world.sweep()
    rest = next(
        m.body for m in world.wake_ups.messages if '"sweep": ' in m.body or '"sweep"' in m.body
    )
    message = {"Records": [{"messageId": "1", "body": rest}]}
    backup, queue = world.backup(), list(world.wake_ups.messages)
    with world.counting() as spent:
        world.function("settle")(message)
    for number, moment, effect in deaths(spent.log):
        with subtests.test(effect=effect, moment=moment):
            world.restore(backup)
            world.wake_ups.messages = list(queue)
            with (
                world.effects.watched_by(DiesAt(number, moment)),
                pytest.raises(Died),
            ):
                world.function("settle")(message)
    world.rounds(PAYMENTS // SHARE // DUE_SHARDS + 2)
    COMPLETED.check(world, *paid)


@pytest.mark.parametrize("key", ["x", "Payment", "Payment#9", "Laundry#1", "Payout#1"])
def test_the_rest_of_nothing_is_no_work(world: World, key: str) -> None:
    """Payouts are not for this worker."""
    everything_at_once(world)
    world.wake_ups.put(json.dumps({"work": "sweep", "key": key}))
    world.work()
    assert world.wake_ups.messages == []
    assert len(world.all_payouts()) == PAYOUTS
    assert world.payout_queue.messages == []
