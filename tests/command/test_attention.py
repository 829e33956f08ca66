"""All that waits for a person is listed, with the command that comes next."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.command.cli import main
from local.command.read.attention import BLOCKED, NEXT
from shared.payments.record import Attention
from tests.command.operator import Operator, Watched
from tests.world import World
from tests.world.aws import Message


def test_a_stack_that_needs_nobody(operator: Operator, world: World) -> None:
    world.approved()
    world.requested()
    assert operator.does("attention") == []


def test_an_alarm_that_rings(operator: Operator) -> None:
    operator.aws["cloudwatch"] = Watched(("the-world-PaymentsStuckAlarm", "another-Alarm"))
    [found] = operator.does("attention", status=3)
    assert (found["what"], found["id"]) == ("alarm", "the-world-PaymentsStuckAlarm")
    assert (found["means"], found["next"]) == (
        "See docs/alarms.md",
        ["pi-bundle doctor --stack the-world"],
    )


def test_who_may_not_ask_for_alarms_sees_the_rest(operator: Operator, world: World) -> None:
    class Refusing(Watched):
        def get_paginator(self, name: str) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, name)

    payout_id = world.requested()
    world.tables.edit("PayoutsTable", payout_id, state="blocked", attention="blocked")
    operator.aws["cloudwatch"] = Refusing()
    told = operator.run("attention", "--json")
    assert told.exit_code == 3
    assert [row["id"] for row in json.loads(told.stdout)] == [payout_id]
    assert "AccessDenied" in told.stderr


@pytest.mark.parametrize("reason", Attention)
def test_a_payment(operator: Operator, world: World, reason: Attention) -> None:
    payment_id = world.sold(needs_review=reason, due_at=world.clock() + 86_400)
    [found] = operator.does("attention", status=3)
    assert (found["what"], found["id"], found["why"]) == ("payment", payment_id, reason)
    assert found["means"] == reason.meaning
    assert all(payment_id in command for command in found["next"])
    assert found["next"]


def test_a_blocked_payout(operator: Operator, world: World) -> None:
    payout_id = world.requested()
    world.tables.edit("PayoutsTable", payout_id, state="blocked", attention="blocked")
    [found] = operator.does("attention", status=3)
    assert (found["what"], found["id"]) == ("payout", payout_id)
    assert f"pi-bundle resume {payout_id} --stack the-world" in found["next"]


def test_dead_letters(operator: Operator, world: World) -> None:
    world.wake_ups.put("nonsense")
    for _ in range(6):
        world.work()
        world.tick(world.wake_ups.visibility_seconds)
    [found] = operator.does("attention", status=3)
    assert (found["what"], found["why"]) == ("dead letters", "1 messages")
    assert found["next"] == ["pi-bundle redrive wake-ups --stack the-world"]


def test_a_product_that_cannot_be_sold(operator: Operator, world: World) -> None:
    world.sell("cake", price="3,14")
    world.sell("off", price="3,14", active=False)
    [found] = operator.does("attention", status=3)
    assert (found["what"], found["id"]) == ("product", "cake")
    assert "not an amount of Pi" in found["means"]


def test_a_transfer_in_doubt(operator: Operator, world: World) -> None:
    """Its record was edited by hand, so the book cannot note it."""
    world.settled_payment()
    payment_id = world.paid_unseen()
    world.tables.edit("PaymentsTable", payment_id, amount="3,14")
    world.rounds(2)
    found = operator.does("attention", status=3)
    assert ("transfer", payment_id) in [(one["what"], one["id"]) for one in found]


def _letter(body: str) -> Message:
    return Message(f"dead-{body}", body, 0, 0)


# --- Redrive --------------------------------------------------------------------------------------


def test_dead_letters_go_back_and_are_worked_off(operator: Operator, world: World) -> None:
    payment_id = world.paid_payment()
    world.wake_ups.dead_letters.append(_letter(f'{{"work": "payment", "key": "{payment_id}"}}'))
    assert operator.does("redrive", "wake-ups", "--yes") == {"queue": "wake-ups", "moved": 1}
    assert world.wake_ups.dead_letters == []
    world.work()
    assert world.record(payment_id).state == "completed"


def test_dead_letters_of_the_ordered_queue(operator: Operator, world: World) -> None:
    payout_id = world.requested()
    world.payout_queue.messages.clear()
    due_at = world.payout().due_at
    world.payout_queue.dead_letters.append(_letter(f"{payout_id}:{due_at}"))
    operator.does("redrive", "payouts", "--yes")
    world.send()
    assert world.standing() == ("completed", None)


def test_dropped_they_are_gone(operator: Operator, world: World) -> None:
    world.wake_ups.dead_letters += [_letter(str(n)) for n in range(12)]
    sent = world.wake_ups.sent
    assert operator.does("redrive", "wake-ups", "--drop", "--yes")["dropped"] == 12
    assert (world.wake_ups.dead_letters, world.wake_ups.sent) == ([], sent)


def test_a_send_that_fails_loses_none(operator: Operator, world: World) -> None:
    world.wake_ups.dead_letters.append(_letter("one"))
    world.wake_ups.down = True
    assert "AWS" in operator.is_refused("redrive", "wake-ups", "--yes")
    assert len(world.wake_ups.dead_letters) == 1


def test_notes_go_nowhere(operator: Operator) -> None:
    assert "no queue to go back to" in operator.is_refused("redrive", "sweep", "--yes")


# --- What comes next ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [words for each in (*NEXT.values(), BLOCKED) for words in each], ids=str
)
def test_what_comes_next_is_a_command(words: str) -> None:
    """Options and all: it is copied and run."""
    name, *rest = words.format(id="payment-1").split()
    main.commands[name].make_context(name, rest)
