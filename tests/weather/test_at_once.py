"""The same work more than once, one after the other and at the same time. Promise 4."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.payments.record import PROOF_SECONDS, PaymentRecord, cancelled, noted
from shared.stellar.objects import Transfer
from shared.work.wake_ups import Work
from tests.unit.samples import MOVED
from tests.weather.ends import (
    CANCELLED,
    COMPLETED,
    PROVEN_AFTER,
    SWEEP_CANCELS_AFTER,
    UNMATCHED,
    End,
    closed_untold,
    unmatched,
)
from tests.world import World
from tests.world.devices import First, Meeting
from tests.world.functions import Environment

STORIES: list[tuple[str, Callable[[World], str], End]] = [
    ("complete", World.paid_payment, COMPLETED),
    ("hidden and complete", World.paid_unseen, COMPLETED),
    ("prove and cancel", World.approved, CANCELLED),
    ("cancelled by its user", World.cancelled_by_user, CANCELLED),
    ("deliver", closed_untold, COMPLETED),
    ("deliver what we do not sell", unmatched, UNMATCHED),
]
each_story = pytest.mark.parametrize(
    ("make", "end"), [pytest.param(make, end, id=name) for name, make, end in STORIES]
)


@each_story
def test_one_message_five_times(each_world: World, make: Callable[[World], str], end: End) -> None:
    world = each_world
    payment_id = make(world)
    world.tick(SWEEP_CANCELS_AFTER)
    for _ in range(4):
        world.tick(PROOF_SECONDS)
        for _ in range(5):
            world.wake(Work.PAYMENT, payment_id)
        world.work()

    end.check(world, payment_id)


# At which effect five workers meet: as late as all of them surely come.
MEETINGS = {
    "complete": "POST */complete",
    "hidden and complete": "POST */complete",
    "prove and cancel": "POST */cancel",
    "cancelled by its user": "GET /v2/payments/*",
    "deliver": "PutEvents",
    "deliver what we do not sell": "PutEvents",
}


@pytest.mark.parametrize(("story", "effect"), MEETINGS.items())
def test_the_same_message_at_five_workers_at_once(world: World, story: str, effect: str) -> None:
    """They all stand before the same effect; then one transition, and one event identity."""
    make, end = next((make, end) for name, make, end in STORIES if name == story)
    payment_id = make(world)
    world.rounds(1 if story == "hidden and complete" else 0)  # which the book then has noted
    world.tick(SWEEP_CANCELS_AFTER + PROVEN_AFTER)
    world.wake(Work.PAYMENT, payment_id)
    message = world.wake_ups.messages.pop().record()
    workers = [world.environment("settle") for _ in range(5)]

    with world.effects.watched_by(Meeting(effect, 5, once=True)):
        answers = all_at_once(workers, {"Records": [message]})

    assert answers == [{"batchItemFailures": []}] * 5
    world.until_proven()
    assert set(world.events(payment_id)) == set(end.events)
    record = world.record(payment_id)
    assert (record.state, record.needs_review) == (end.state, end.needs_review)
    assert record.version - len(record.receipts) == end.version


def all_at_once(environments: list[Environment], event: dict[str, Any]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(len(environments)) as threads:
        return list(threads.map(lambda environment: environment(event), environments))


def test_two_sweeps_at_once_wake_each_payment_once(each_world: World) -> None:
    world = each_world
    payments = [world.paid_payment() for _ in range(12)]
    world.tick(300)
    sweepers = [world.environment("sweep") for _ in range(2)]

    # Of each shard both have read what is due, and both want to push it.
    with world.effects.watched_by(Meeting("BatchExecuteStatement", 2)):
        answers = all_at_once(sweepers, {})

    assert sum(answer["woken"] for answer in answers) == 12
    assert len(world.wake_ups.messages) == 12
    world.work()
    COMPLETED.check(world, *payments)


@pytest.mark.parametrize("delivered", [True, False], ids=["and is delivered", "undelivered"])
def test_a_payment_closes_between_the_sweeps_effects(world: World, delivered: bool) -> None:
    payment_id = world.paid_payment()
    world.tick(300)

    def close() -> None:
        world.incomplete(payment_id)
        if delivered:
            world.work()

    with world.effects.watched_by(First("BatchExecuteStatement", close)):
        world.sweep()

    about_it = [message for message in world.wake_ups.messages if payment_id in message.body]
    assert len(about_it) == (0 if delivered else 1)  # the front end's own
    if delivered:
        COMPLETED.check(world, payment_id)
        due = [item["payment_id"]["S"] for item in world.tables.raw("PaymentsTable", index="due")]
        assert payment_id not in due
    world.rounds(2)
    COMPLETED.check(world, payment_id)


def test_a_record_deleted_by_hand_between_the_sweeps_read_and_its_push(each_world: World) -> None:
    """The push must not bring a piece of it back."""
    world = each_world
    payment_id = world.paid_payment()
    world.tick(300)

    with world.effects.watched_by(
        First("BatchExecuteStatement", lambda: world.tables.delete("PaymentsTable", payment_id))
    ):
        assert world.sweep() == 0

    assert world.find_record(payment_id) is None


def test_a_front_end_asks_while_the_worker_is_at_it(world: World) -> None:
    payment_id = world.paid_payment()
    world.tick(300)
    world.sweep()

    with world.effects.watched_by(First("POST */complete", lambda: world.incomplete(payment_id))):
        world.work()

    world.rounds(1)
    COMPLETED.check(world, payment_id)


def test_a_record_says_cancelled_when_a_completion_is_written(world: World) -> None:
    """Another worker with an old answer closes it between our completion at Pi and our write."""
    payment_id = world.paid_payment()

    def close() -> None:
        standing = world.record(payment_id)
        world.look(world.eyes.payments.replace, standing, cancelled(standing, world.clock()))

    with world.effects.watched_by(First("UpdateItem", close)):
        assert world.incomplete(payment_id).state == "completed"

    record = world.record(payment_id)
    assert (record.state, record.pending_event) == ("completed", "PaymentCompleted")


def test_it_is_closed_while_pi_says_that_it_does_not_know_it(world: World) -> None:
    payment_id = world.approved()
    world.pi.delete_payment(payment_id)

    def close() -> None:
        standing = world.record(payment_id)
        world.look(world.eyes.payments.replace, standing, cancelled(standing, world.clock()))

    with world.effects.watched_by(First("UpdateItem", close)):
        world.incomplete(payment_id)

    assert world.standing_of(payment_id) == ("cancelled", None)


def test_a_receipt_is_noted_when_it_is_closed_as_unpaid(world: World) -> None:
    """The decision was made from the record as it was before."""
    payment_id = world.cancelled_by_user()
    world.rounds(1)
    world.tick(PROOF_SECONDS + PROVEN_AFTER)
    world.wake(Work.BOOK, world.wallet)
    world.work()

    def note() -> None:
        standing = world.record(payment_id)
        moved = replace(MOVED, transfer=transfer_of(standing))
        world.look(world.eyes.payments.replace, standing, noted(standing, moved, world.clock()))

    world.wake(Work.PAYMENT, payment_id)
    with world.effects.watched_by(First("UpdateItem", note)):
        world.work()

    record = world.record(payment_id)
    assert record.state != "cancelled"
    assert len(record.receipts) == 1


def transfer_of(record: PaymentRecord) -> Transfer:
    assert record.from_address is not None
    assert record.to_address is not None
    return Transfer(record.from_address, record.to_address, record.amount)
