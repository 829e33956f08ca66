"""Pi, the chain or one of our own services is away for hours, then back: every payment reaches its
right end within two sweeps, once, and the dead letter queue stays empty. Promises 3 and 4.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from shared.base.errors import ServiceUnavailable
from shared.payments.record import PaymentState
from tests.weather.ends import COMPLETED, OPEN, check_all, check_money, populate
from tests.weather.log import logged
from tests.world import World
from tests.world.effects import READS, WRITES, AwsFault

HTML = {"body": "<html><h1>We're sorry, but something went wrong.</h1></html>"}
HOUR = 3600

OUTAGES = [
    pytest.param({"code": "unknown_error"}, id="500"),
    pytest.param({"status": 500, **HTML}, id="500 in HTML"),
    pytest.param({"status": 200, **HTML}, id="200 in HTML"),
    pytest.param({"status": 404, **HTML}, id="404 in HTML"),
    pytest.param({"status": 429, "headers": {"Retry-After": "36000"}}, id="429 for hours"),
    pytest.param({"drop": "before"}, id="no answer"),
    pytest.param({"delay_s": 60, "status": 500}, id="timeout before the effect"),
    pytest.param({"delay_s": 60, "method": "POST"}, id="timeout after the effect"),
    pytest.param({"drop": "after", "method": "POST"}, id="answer lost after the effect"),
    pytest.param({"delay_s": 60, "path": "/v2/*"}, id="timeout of Pi alone"),
    pytest.param({"drop": "before", "path": "/horizon/*"}, id="no chain"),
]


@pytest.mark.parametrize("outage", OUTAGES)
def test_two_sweeps_after_an_outage_everything_is_at_its_end(
    world: World, outage: dict[str, Any]
) -> None:
    ends = populate(world)
    world.fault(**outage)
    world.live(2 * HOUR)
    with world.fair_weather():
        young = world.approved()
    world.rounds(1)
    for payment_id in ends:
        check_money(world, payment_id)

    world.heal()
    world.until_proven()

    check_all(world, ends)
    OPEN.check(world, young)
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []
    assert world.metrics.counted["UnexpectedError"] == 0


def test_a_day_without_pi(world: World) -> None:
    """With the slowest schedule that the template allows."""
    world.deploy(SweepMinutes="30")
    ends = populate(world)
    world.fault(path="/v2/*", drop="before")
    world.live(24 * HOUR)
    still_open = [world.record(payment_id).state for payment_id in ends].count(PaymentState.OPEN)
    assert still_open == 5  # what only Pi can close

    world.heal()
    world.until_proven()

    check_all(world, ends)
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []


def test_an_outage_wakes_each_payment_no_more_than_every_sweep(world: World) -> None:
    """Back-off: not at every sweep once it is old; capped: at least at every second one."""
    payment_id = world.paid_payment()
    world.fault(path="/v2/*", drop="before")

    world.rounds(4 * HOUR // world.sweep_seconds)

    looks = world.metrics.counted["WakeUps"]
    assert 4 * HOUR // (2 * 300) <= looks < 4 * HOUR // 300
    world.heal()
    world.until_proven()
    assert world.record(payment_id).state == "completed"


def test_the_queue_is_down_for_an_hour(world: World) -> None:
    """Sweeps come to nothing, or fail; then nothing was lost."""
    ends = populate(world)
    world.wake_ups.down = True
    for _ in range(12):
        world.tick(300)
        with suppress(ServiceUnavailable):
            assert world.sweep() == 0
    world.wake_ups.down = False

    world.until_proven()

    check_all(world, ends)


def test_wake_ups_are_lost(world: World) -> None:
    """A message is only a hint: without it the next sweep but one comes back."""
    ends = populate(world)
    world.tick(HOUR)
    world.sweep()
    world.wake_ups.messages.clear()

    world.until_proven()

    check_all(world, ends)


def database_gone(world: World, *operations: str) -> None:
    """As if somebody had deleted its tables, for these operations."""
    world.effects.faults += [
        AwsFault(operation, "ResourceNotFoundException", times=None) for operation in operations
    ]


def test_the_worker_says_that_a_table_is_gone(world: World) -> None:
    ends = populate(world)
    world.metrics.counted.clear()
    database_gone(world, "GetItem")

    with logged() as lines:
        world.live(2 * HOUR)

    counted = world.metrics.counted
    assert counted["ServiceUnavailable"] == counted["WakeUps"] > 0
    assert counted["PiUnavailable"] == counted["UnexpectedError"] == 0
    assert world.metrics.last["PaymentsStuck"] == len(ends) - 1  # unmatched
    held_up = [line for line in lines if line["message"] == "Held up"]
    assert {(line["level"], line["code"]) for line in held_up} == {
        ("WARNING", "service_unavailable")
    }
    assert {line["subject"] for line in held_up} <= ends.keys()
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []

    world.effects.faults.clear()
    world.until_proven()

    check_all(world, ends)


def test_the_database_is_away_for_hours(each_world: World) -> None:
    world = each_world
    ends = populate(world)
    database_gone(world, *READS, *WRITES)
    for _ in range(2 * HOUR // 300):
        world.tick(300)
        with pytest.raises(ServiceUnavailable):
            world.sweep()
        assert world.metrics.last["SweepIncomplete"] == 1

    world.effects.faults.clear()
    world.until_proven()

    check_all(world, ends)
    assert world.metrics.last["SweepIncomplete"] == 0


def test_the_worker_says_that_pi_is_away(world: World) -> None:
    payments = [world.paid_payment() for _ in range(5)]
    world.fault(path="/v2/*", drop="before")

    world.live(2 * HOUR)

    counted = world.metrics.counted
    assert counted["PiUnavailable"] == counted["WakeUps"] > 0
    assert counted["ServiceUnavailable"] == counted["UnexpectedError"] == 0
    world.heal()
    world.until_proven()
    COMPLETED.check(world, *payments)


def pi_away(world: World) -> None:
    world.fault(path="/v2/*", drop="before")


def tables_gone(world: World) -> None:
    database_gone(world, *READS, *WRITES)


@pytest.mark.parametrize(
    ("strike", "metric"), [(pi_away, "PiUnavailable"), (tables_gone, "ServiceUnavailable")]
)
def test_no_sale_goes_unheard(world: World, strike: Callable[[World], None], metric: str) -> None:
    """Nothing is due then, so nothing is stuck: only the refusals tell."""
    user, ad_id = world.user(), world.pi.show_ad("granted").identifier
    approved, paid, txid = world.start(user), *world.paid()
    world.metrics.counted.clear()
    strike(world)

    with logged() as lines:
        replies = [
            world.approve(approved, user),
            world.complete(paid, txid),
            world.claim(ad_id, user),
        ]

    code = replies[0].error
    assert {(reply.status, reply.error) for reply in replies} == {(503, code)}
    counted = world.metrics.counted
    assert counted["ServiceUnavailable"] + counted["PiUnavailable"] == counted[metric] == 3
    refused = [line for line in lines if line["message"] == "Refused"]
    assert [(line["level"], line["code"]) for line in refused] == [("WARNING", code)] * 3
    assert not world.at_pi(approved).developer_approved

    world.heal()
    world.effects.faults.clear()
    assert world.approve(approved, user).status == 200
    assert world.claim(ad_id, user).status == 200
    world.until_proven()
    COMPLETED.check(world, paid)
    assert world.events(ad_id) == ["RewardGranted"]
