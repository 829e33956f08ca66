"""One bad message fails alone, and ends where a person finds it; what is only held up does not."""

import pytest

from shared.adapters.wake_ups import Work
from tests.weather import cloud
from tests.weather.ends import COMPLETED
from tests.weather.world import World

GARBAGE = [
    "",
    "hello",
    "{}",
    "[]",
    "null",
    '{"work": "payment"}',
    '{"work": "payment", "key": ""}',
    '{"work": "payment", "key": 7}',
    '{"work": "laundry", "key": "x"}',
    '{"work": "payment", "key": "cut sho',
]


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_fails_alone(world: World, body: str) -> None:
    payments = [world.paid() for _ in range(9)]
    world.tick(300)
    world.queue.put(body)
    world.sweep()

    world.work()

    for payment_id in payments:
        COMPLETED.check(world, payment_id)
    assert [message.body for message in world.queue.messages] == [body]
    assert world.metrics.counted["UnexpectedError"] == 1
    for _ in range(cloud.MOST_RECEIVES):
        world.tick(cloud.VISIBILITY_SECONDS)
        world.work()
    assert [message.body for message in world.queue.dead_letters] == [body]
    assert world.metrics.counted["UnexpectedError"] == cloud.MOST_RECEIVES


def test_a_mistake_of_ours_fails_its_message_alone(world: World) -> None:
    """Here: a record that somebody has edited by hand."""
    payments = [world.paid() for _ in range(9)]
    broken = world.paid()
    world.storage.eyes.update_item(
        TableName=world.tables["PaymentsTable"],
        Key={"payment_id": {"S": broken}},
        UpdateExpression="SET #state = :nonsense",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":nonsense": {"S": "almost"}},
    )

    world.rounds(1)

    for payment_id in payments:
        COMPLETED.check(world, payment_id)
    (kept,) = world.queue.messages
    assert broken in kept.body
    assert world.metrics.counted["UnexpectedError"] == 1
    assert world.calls(broken)[2:] == []  # nothing was asked of Pi but its approval


def test_what_is_held_up_is_acknowledged(world: World) -> None:
    payments = [world.paid() for _ in range(10)]
    world.fault(path="/v2/*", drop="before")

    world.rounds(1)

    assert world.queue.messages == []
    assert world.metrics.counted["UnexpectedError"] == 0
    assert {world.record(payment_id).state for payment_id in payments} == {"open"}


@pytest.mark.parametrize("work", Work)
def test_a_message_about_nothing_we_know(world: World, work: Work) -> None:
    world.wake(work, "somebody-elses")

    world.work()

    assert world.queue.messages == []
    assert world.effects.pi == []


def test_a_message_about_what_is_done(world: World) -> None:
    payment_id = world.paid()
    world.rounds(1)
    calls = len(world.calls(payment_id))
    world.wake(Work.PAYMENT, payment_id)

    world.work()

    assert world.queue.messages == []
    assert len(world.calls(payment_id)) == calls
    COMPLETED.check(world, payment_id)


def test_the_queue_waits_for_the_worker_and_hears_of_each_message() -> None:
    assert 6 * cloud.WORKER["Timeout"] <= cloud.VISIBILITY_SECONDS
    assert cloud.TRIGGER["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # A message that the worker has failed on is not thrown away before a person can see it.
    assert cloud.RETENTION_SECONDS > cloud.MOST_RECEIVES * cloud.VISIBILITY_SECONDS
