"""`pi-bundle tear-down`: what is in its way is named, and nothing is lost on the way. The deletion
itself, and a new stack on what it leaves, are played in tests/laptop/test_whole_stack.py."""

from contextlib import suppress

import pytest

from local.command.stack import pause
from local.command.stack.tear_down import taken_over_by
from tests.command.point_in_time import FUNCTIONS, STACK, Restorer
from tests.payouts.stories import payout_world
from tests.world import World
from tests.world.aws import Message
from tests.world.devices import Died


@pytest.fixture
def restorer(world: World) -> Restorer:
    return Restorer(world)


CONFIRMED = ("tear-down", "--confirm", STACK)


def test_nothing_is_open_and_it_goes(restorer: Restorer, world: World) -> None:
    world.requested()
    world.send()
    told = restorer.does(*CONFIRMED)
    assert restorer.resources.is_deleted
    assert world.switch.value == "off"
    assert not any(restorer.functions.runs(name) for name in ("Settle", "SendPayout", "Sweep"))
    costs = {row["what"]: row["usd_a_month"] for row in told["left"]}
    assert costs["PaymentsTable"] == 0.7  # its rows and its index, and the history of its rows
    assert set(costs) == {
        *("PaymentsTable", "ProductsTable", "RewardsTable", "PayoutsTable"),
        *("NotificationsTable", "WalletSeed"),
    }
    assert told["next"].startswith("pi-bundle deploy --take-over ")


def test_the_next_command_makes_the_same_stack() -> None:
    table = {"what": "PaymentsTable", "name": "old"}
    told = {name: taken_over_by(name, [table]) for name in ("pi-bundle", "pi-bundle-dev", "mine")}
    assert told == {
        "pi-bundle": "pi-bundle deploy --env prod --take-over PaymentsTable=old",
        "pi-bundle-dev": "pi-bundle deploy --take-over PaymentsTable=old",
        "mine": "pi-bundle deploy --take-over PaymentsTable=old",
    }


def test_only_looked_at_it_stays(restorer: Restorer, world: World) -> None:
    seen = restorer.does("tear-down", "--dry-run")
    assert (seen["stack"], seen["open"]) == (STACK, [])
    assert "That is not its name" in restorer.is_refused("tear-down", "--confirm", "pi-bundle")
    assert restorer.log == []


def test_what_is_open_ends_first(restorer: Restorer, world: World) -> None:
    payment_id = world.paid_payment()
    restorer.does(*CONFIRMED)
    assert world.record(payment_id).state == "completed"
    assert world.events(payment_id) == ["PaymentCompleted"]


def test_what_does_not_end_is_named(restorer: Restorer, world: World) -> None:
    """A payout that nobody sends while payouts are off, a payment that may be paid still, and what
    lies in a queue."""
    payment_id = world.approved()
    world.requested()
    world.wake_ups.dead_letters.append(_message(world))
    result = restorer.run(*CONFIRMED, "--minutes", "1")
    assert result.exit_code == 3
    for told in (payment_id, "payout-1", "pi-bundle redrive wake-ups --stack the-world"):
        assert told in result.stdout
    assert "--leave-open" in result.stderr
    assert not restorer.resources.is_deleted
    assert restorer.functions.runs("Settle")

    restorer.does(*CONFIRMED, "--leave-open", "--minutes", "0")
    assert restorer.resources.is_deleted


def _message(world: World) -> Message:
    world.wake_ups.put("a message that the worker fails on")
    return world.wake_ups.messages.pop()


def test_what_is_in_flight_is_not_drained(restorer: Restorer, world: World) -> None:
    world.wake_ups.put("{}")
    world.wake_ups.messages[-1].visible_at = world.seconds() + 900
    result = restorer.run(*CONFIRMED, "--minutes", "0")
    assert result.exit_code == 3
    assert "1 messages" in result.stdout


@pytest.mark.parametrize("way", ["protected", "heard", "restored"])
def test_what_is_in_its_way(restorer: Restorer, world: World, way: str) -> None:
    if way == "protected":
        restorer.resources.is_protected = True
    elif way == "heard":
        restorer.rules.names.append("another-stacks")
    else:
        restorer.parameters.put_parameter(
            Name=f"/{STACK}/restore",
            Value='{"to": 1, "before": {}}',
            Type="String",
            Overwrite=True,
        )
    told = restorer.is_refused(*CONFIRMED)
    words = {"protected": "termination", "heard": "another-stacks", "restored": "under way"}
    assert words[way] in told
    assert restorer.log == []
    assert world.switch.value == "on"


def test_a_restore_that_was_begun_while_it_waited_is_not_cut_off(
    restorer: Restorer, world: World
) -> None:
    """A new stack would take over tables that are half restored."""
    world.approved()
    ticks, journal = world.tick, {"Name": f"/{STACK}/restore", "Type": "String"}

    def another_operator(seconds: float) -> None:
        ticks(seconds)
        value = '{"to": 1, "before": {}}'
        restorer.parameters.put_parameter(Value=value, Overwrite=True, **journal)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "tick", another_operator)
        told = restorer.is_refused(*CONFIRMED, "--leave-open", "--minutes", "1")
    assert "A restore is under way" in told
    assert restorer.functions.runs("Settle")
    assert not restorer.resources.is_deleted


def test_where_aws_refuses_the_functions_go_on(restorer: Restorer, world: World) -> None:
    restorer.resources.refuses = True
    assert "AccessDenied" in restorer.is_refused(*CONFIRMED)
    assert restorer.functions.reserved == {"Operate": 3}
    assert set(restorer.functions.triggers.values()) == {"Enabled"}
    assert world.switch.value == "off", "nothing new is begun"


def test_a_run_that_died_goes_on(subtests: pytest.Subtests, restorer: Restorer) -> None:
    """Before any of its changes; the world lives on."""
    restorer.does(*CONFIRMED)
    changes = len(restorer.log)
    assert changes > len(FUNCTIONS)
    for number in range(1, changes + 1):
        with subtests.test(number=number), payout_world() as another:
            operator = Restorer(another)
            operator.dies_at.append((number, "before"))
            with suppress(Died):
                operator.run(*CONFIRMED)
            operator.dies_at.clear()
            operator.waits(another.sweep_seconds)
            operator.does(*CONFIRMED)
            assert operator.resources.is_deleted


def test_functions_that_stand_still_are_started_again(restorer: Restorer, world: World) -> None:
    pause.stop(restorer.stack())
    assert not restorer.functions.runs("Settle")
    restorer.does("tear-down", "--give-up")
    assert set(restorer.functions.triggers.values()) == {"Enabled"}
    assert restorer.functions.runs("Settle")
