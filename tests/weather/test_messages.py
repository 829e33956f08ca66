"""One bad message fails alone, and ends where a person finds it; what is only held up does not."""

import pytest

from local.cloud import template
from shared.base.context import remaining
from shared.payments.store import PaymentStore
from shared.work.wake_ups import Work
from tests.weather.ends import COMPLETED
from tests.world import World
from tests.world.effects import Moment
from tests.world.functions import timeout_of

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
    payments = [world.paid_payment() for _ in range(9)]
    world.tick(300)
    world.wake_ups.put(body)
    world.sweep()

    world.work()

    COMPLETED.check(world, *payments)
    assert [message.body for message in world.wake_ups.messages] == [body]
    assert world.metrics.counted["UnexpectedError"] == 1
    for _ in range(world.wake_ups.most_receives):
        world.tick(world.wake_ups.visibility_seconds)
        world.work()
    assert [message.body for message in world.wake_ups.dead_letters] == [body]
    assert world.metrics.counted["UnexpectedError"] == world.wake_ups.most_receives


def test_a_bug_fails_its_message_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    payments = [world.paid_payment() for _ in range(9)]
    broken = world.paid_payment()
    get = PaymentStore.get

    def stumble(store: PaymentStore, payment_id: str) -> object:
        if payment_id == broken:
            raise IndexError(payment_id)
        return get(store, payment_id)

    monkeypatch.setattr(PaymentStore, "get", stumble)
    world.rounds(1)
    monkeypatch.undo()

    COMPLETED.check(world, *payments)
    (kept,) = world.wake_ups.messages
    assert broken in kept.body
    assert world.metrics.counted["UnexpectedError"] == 1
    assert world.calls(broken)[2:] == []  # nothing was asked of Pi but its approval


def test_what_is_held_up_is_acknowledged(world: World) -> None:
    payments = [world.paid_payment() for _ in range(10)]
    world.fault(path="/v2/*", drop="before")

    world.rounds(1)

    assert world.wake_ups.messages == []
    assert world.metrics.counted["UnexpectedError"] == 0
    assert {world.record(payment_id).state for payment_id in payments} == {"open"}


@pytest.mark.parametrize("work", Work)
def test_a_message_about_nothing_we_know(world: World, work: Work) -> None:
    world.wake(work, "somebody-elses")

    world.work()

    assert world.wake_ups.messages == []
    assert world.effects.pi == []


def test_a_message_about_what_is_done(world: World) -> None:
    payment_id = world.settled_payment(rounds=1)
    calls = len(world.calls(payment_id))
    world.wake(Work.PAYMENT, payment_id)

    world.work()

    assert world.wake_ups.messages == []
    assert len(world.calls(payment_id)) == calls
    COMPLETED.check(world, payment_id)


def test_the_queue_waits_for_the_worker_and_hears_of_each_message(world: World) -> None:
    queue, worker = world.wake_ups, template.bundle()["Resources"]["Settle"]["Properties"]
    assert 6 * timeout_of("Settle") <= queue.visibility_seconds
    trigger = worker["Events"]["WakeUps"]["Properties"]
    assert trigger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # A message that the worker has failed on is not thrown away before a person can see it.
    assert queue.retention_seconds > queue.most_receives * queue.visibility_seconds


def test_ten_messages_of_one_batch_fit_into_the_workers_time(world: World) -> None:
    """Each has eleven seconds, the sender's one message most of its minute: the last 4.5 belong to
    the database and the answer."""
    left: dict[str, float] = {}

    def note(moment: Moment, effect: str) -> None:
        left.setdefault(effect, remaining())

    payment_id = world.paid_payment()
    world.wake(Work.PAYMENT, payment_id)
    world.requested()
    with world.effects.watched_by(note):
        world.work()
        world.send()
    assert left["GET /v2/payments/*"] == 11 - 4.5
    assert left["GET /v2/payments/incomplete_server_payments"] == 55 - 4.5
    assert world.wake_ups.batch_size * 11 <= timeout_of("Settle")
    assert timeout_of("SendPayout") > 55
