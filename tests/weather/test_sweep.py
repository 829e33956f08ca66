"""A sweep that cannot finish reports what it has seen, and that this is not all; the next one goes
on. What it says is a lower bound: true, and never a zero that looks like healing.
"""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest

from shared.aws.dynamodb import DUE_SHARDS, due_keys
from shared.aws.table import Table
from shared.base.errors import ServiceUnavailable
from shared.work.due import DueRow
from shared.work.due_index import DueIndex
from tests.weather.ends import COMPLETED
from tests.weather.log import logged
from tests.world import World, dynamodb
from tests.world.devices import ActsAt, Loses, starts
from tests.world.effects import AwsFault, Moment

HOUR = 3600
DAY = 24 * HOUR
STUCK_ALARM_SECONDS = 5400  # the template's default
TIMEOUT = 60
QUERIES = 3 * DUE_SHARDS  # payments, payouts and rewards of each shard
GONE, OPEN, PAYOUTS, BOOK = 8, 16, 6, 1


def fill(world: World) -> list[str]:
    """A day old: payments that need a person, payments that are paid, and payouts. All are due."""
    gone = [world.approved() for _ in range(GONE)]
    for payment_id in gone:
        world.pi.delete_payment(payment_id)
    world.rounds(1)
    paid = [world.paid_payment() for _ in range(OPEN)]
    for number in range(PAYOUTS):
        world.requested(f"payout-{number}")
    world.payout_queue.messages.clear()
    world.tick(DAY)
    world.metrics.last.clear()
    return paid


def levels(world: World) -> dict[str, int]:
    """What the last sweep said is unfinished."""
    names = ("Payments", "Payouts", "Oldest")
    return {name: value for name, value in world.metrics.last.items() if name.startswith(names)}


def check_whole(world: World) -> None:
    """The next sweep can finish, and says what is true."""
    world.metrics.last.clear()
    with logged() as lines:
        world.sweep()
    assert world.metrics.last["SweepIncomplete"] == 0
    assert not any("could not finish" in line["message"] for line in lines)
    said = levels(world)
    assert min(said.pop("OldestPaymentSeconds"), said.pop("OldestPayoutSeconds")) >= DAY
    assert said == {
        "PaymentsUnfinished": GONE + OPEN,
        "PaymentsStuck": OPEN,
        "PaymentsAttention": GONE,
        "PayoutsUnfinished": PAYOUTS,
        "PayoutsStuck": PAYOUTS,
        "PayoutsAttention": 0,
    }


def check_part(world: World) -> dict[str, int]:
    """The last sweep could not finish, and said so; what it said is a lower bound of what a whole
    sweep finds."""
    assert world.metrics.last["SweepIncomplete"] == 1
    part = levels(world)
    check_whole(world)
    assert all(0 < value <= levels(world)[name] for name, value in part.items())
    return part


Break = Callable[[World], None]


def no_index(world: World) -> None:
    world.effects.faults.append(AwsFault("Query", "InternalServerError", 500, after=QUERIES // 2))


def no_pushes(world: World) -> None:
    world.effects.faults.append(AwsFault("BatchExecuteStatement", "RequestLimitExceeded", after=3))


def no_queue(world: World) -> None:
    world.wake_ups.down = True


@pytest.mark.parametrize("break_it", [no_index, no_pushes, no_queue])
def test_what_fails_in_one_shard_holds_up_no_other(each_world: World, break_it: Break) -> None:
    world = each_world
    paid = fill(world)
    break_it(world)

    with logged() as lines, pytest.raises(ServiceUnavailable):
        world.sweep()

    world.wake_ups.down = False  # nothing else lasts
    incomplete = [line for line in lines if line["message"] == "The sweep could not finish"]
    assert len(incomplete) == world.metrics.last["SweepIncomplete"] == (break_it is no_index)
    woken = world.metrics.last["WakeUps"]
    assert woken == len(world.wake_ups.messages) + len(world.payout_queue.messages)
    assert len(world.payout_queue.messages) >= PAYOUTS // 2
    if break_it is no_index:
        part = check_part(world)
        assert GONE + OPEN >= part["PaymentsUnfinished"] > (GONE + OPEN) // 2
    else:
        assert levels(world)["PaymentsUnfinished"] == GONE + OPEN
    world.rounds(2)
    COMPLETED.check(world, *paid)


@pytest.mark.parametrize("answers", [True, False], ids=["it refuses", "no answer"])
def test_whichever_read_of_the_index_fails(world: World, answers: bool) -> None:
    fill(world)
    said = []
    for number in range(QUERIES):
        world.tick(world.sweep_seconds)
        world.effects.faults.append(
            AwsFault("Query", "InternalServerError" if answers else None, 500, after=number)
        )

        with pytest.raises(ServiceUnavailable):
            world.sweep()

        said.append(check_part(world))
        world.metrics.last.clear()

    # It goes on without that shard.
    assert all(part["PaymentsUnfinished"] > (GONE + OPEN) // 2 for part in said)


def test_time_runs_out_at_any_effect(world: World, subtests: pytest.Subtests) -> None:
    """The call that takes all the time may still go well; no other is begun."""
    paid = fill(world)
    with world.counting() as spent:
        check_whole(world)
    assert spent.log[-1] == "GET /v2/payments/incomplete_server_payments"
    last_read = max(n for n, effect in enumerate(spent.log, start=1) if effect == "Query")

    # A write and a message by turns, for each of many alike: every third is enough of them.
    for number, effect in list(starts(spent.log))[::3]:
        with subtests.test(effect=effect, number=number):
            world.tick(DAY)
            world.wake_ups.messages.clear()
            world.payout_queue.messages.clear()
            world.metrics.last.clear()
            time_is_up = ActsAt(world.effects, number, lambda: world.tick(TIMEOUT))
            with (
                logged() as lines,
                world.effects.watched_by(time_is_up),
                world.counting() as spent,
                suppress(ServiceUnavailable),
            ):
                woken = world.sweep()
                assert woken == world.metrics.last["WakeUps"]

            assert len(spent.log) == number
            assert world.metrics.last["WakeUps"] == len(world.wake_ups.messages) + len(
                world.payout_queue.messages
            )
            warned = "The sweep could not finish" in [line["message"] for line in lines]
            assert warned == (number < last_read)
            if warned:
                check_part(world)

    world.rounds(2)
    COMPLETED.check(world, *paid)


def test_what_is_too_slow_for_one_sweep_is_done_by_several(world: World) -> None:
    """Each begins at another shard, so no payment is always behind the others."""
    paid = fill(world)

    def slow(moment: Moment, _effect: str) -> None:
        world.tick(4 * (moment == "before"))

    for _ in range(2 * DUE_SHARDS):  # the fullest shard may need two
        world.tick(world.sweep_seconds)
        with world.effects.watched_by(slow), suppress(ServiceUnavailable):
            world.sweep()
        assert world.metrics.last["SweepIncomplete"] == 1
        world.work()

    COMPLETED.check(world, *paid)


def test_a_sweep_that_runs_out_of_time_is_no_failure(world: World) -> None:
    """Its errors alarm for other reasons; the next one goes on."""
    fill(world)
    world.tick(world.sweep_seconds)

    with world.effects.watched_by(lambda moment, _effect: world.tick(moment == "before")):
        woken = world.sweep()

    assert woken > 0
    assert world.metrics.last["SweepIncomplete"] == 1


@pytest.mark.parametrize("shard", range(DUE_SHARDS))
def test_nor_is_one_that_has_no_time_to_read_all_of_it(world: World, shard: int) -> None:
    """Whichever shard it begins at, and though there is nothing to be woken."""
    world.tick(shard * world.sweep_seconds)

    with world.effects.watched_by(lambda moment, _effect: world.tick(3 * (moment == "before"))):
        assert world.sweep() == 0

    assert world.metrics.last["SweepIncomplete"] == 1


def test_a_few_rows_that_fail_hold_up_nobody(world: World) -> None:
    """The sweep goes on without them, and has seen all."""
    fill(world)
    world.effects.faults.append(AwsFault("Statement", "ThrottlingError", times=3, after=5))

    assert world.sweep() == GONE + OPEN + PAYOUTS + BOOK - 3

    assert world.metrics.last["SweepIncomplete"] == 0
    assert world.metrics.last["PaymentsUnfinished"] == GONE + OPEN
    assert world.sweep() == 3


def test_messages_that_the_queue_refuses_are_sent_once_more(world: World) -> None:
    paid, refused = fill(world), set[str]()

    def once(body: str) -> bool:
        is_new = body not in refused
        refused.add(body)
        return is_new and len(refused) % 3 == 0

    world.wake_ups.refuses = once

    assert world.sweep() == GONE + OPEN + PAYOUTS + BOOK
    assert len(world.wake_ups.messages) == GONE + OPEN + BOOK
    world.work()
    COMPLETED.check(world, *paid)


def test_a_message_that_the_queue_keeps_refusing_costs_one_pause(world: World) -> None:
    paid = fill(world)
    poor = paid[0]
    world.wake_ups.refuses = lambda body: poor in body

    assert world.sweep() == GONE + OPEN + PAYOUTS + BOOK - 1

    world.wake_ups.refuses = lambda _body: False
    world.rounds(2)
    COMPLETED.check(world, *paid)


def test_each_push_of_a_call_fails_alone(each_world: World) -> None:
    world, rows = each_world, [DueRow(f"payment-{n}", 100) for n in range(3)]
    for row in rows[:2]:
        item = {"payment_id": {"S": row.key}, "due_at": {"N": str(row.due_at)}}
        world.tables.put("PaymentsTable", item)
    index = DueIndex(Table(world.tables.eyes, world.tables.names["PaymentsTable"], "payment_id"))

    assert world.look(index.push, [(row, 200) for row in rows]) == [True, True, False]
    assert world.look(index.push, [(row, 200) for row in rows]) == [False, False, False]
    assert world.look(index.push, [(DueRow("payment-0", 200), 300)]) == [True]


def test_without_an_index_there_is_no_healing(world: World) -> None:
    """It has seen nothing, so it says nothing of the levels."""
    fill(world)
    world.effects.faults.append(AwsFault("Query", "ResourceNotFoundException", times=None))

    for _ in range(3):
        world.tick(world.sweep_seconds)
        with pytest.raises(ServiceUnavailable):
            world.sweep()
        assert world.metrics.last == {"SweepIncomplete": 1, "WakeUps": 0}

    world.effects.faults.clear()
    check_whole(world)


def test_the_answer_of_the_index_is_lost_on_the_way(each_world: World) -> None:
    world = each_world
    fill(world)

    with world.effects.watched_by(Loses("Query", "after")), pytest.raises(ServiceUnavailable):
        world.sweep()

    assert check_part(world) == {}


@pytest.mark.parametrize("query", range(QUERIES))
def test_a_sweep_that_cannot_finish_ends_no_alarm(world: World, query: int) -> None:
    """It may see a young payment and not the old one: `OldestPaymentSeconds` stays as it was."""
    world.approved()
    world.tick(3 * HOUR)
    world.fault(path="/v2/*", drop="before")
    world.sweep()
    oldest = world.metrics.last["OldestPaymentSeconds"]
    assert oldest > STUCK_ALARM_SECONDS
    with world.fair_weather():
        for _ in range(20):
            world.approved()
    world.tick(60)
    world.effects.faults.append(AwsFault("Query", "InternalServerError", 500, after=query))

    with suppress(ServiceUnavailable):
        world.sweep()

    assert world.metrics.last["SweepIncomplete"] == 1
    assert world.metrics.last["OldestPaymentSeconds"] >= oldest


def test_an_index_of_pages_is_read_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb.Table, "page", 2)
    payments = [world.paid_payment() for _ in range(40)]
    world.rounds(1)
    COMPLETED.check(world, *payments)


def test_what_was_read_before_a_page_fails_is_woken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb.Table, "page", 2)
    payments = [world.paid_payment() for _ in range(60)]
    world.tick(HOUR)
    world.effects.faults.append(AwsFault("Query", "InternalServerError", 500, after=1))

    with pytest.raises(ServiceUnavailable):
        world.sweep()

    woken = {json.loads(message.body)["key"] for message in world.wake_ups.messages}
    left = [payment_id for payment_id in payments if payment_id not in woken]
    [shard] = {due_keys(payment_id, 1)["due_shard"] for payment_id in left}
    assert len([p for p in woken if due_keys(p, 1)["due_shard"] == shard]) == 2
