"""docs/example_consumer as deployed: the goods arrive once, whatever is repeated or fails."""

import json
from typing import Any
from uuid import uuid4

import pytest

from local.cloud.stack import Stack
from local.play.consumer import ExampleConsumer
from shared.base.amount import Amount
from shared.payments.prices import Price
from shared.payments.record import PaymentRecord, PaymentState, cancelled, completed
from shared.payments.view import payment_event
from shared.work.event_bus import SOURCE, EventBus
from shared.work.events import Event
from shared.work.wake_ups import WakeUp, Work
from tests.laptop.deployed import parts, without
from tests.laptop.waiting import eventually

PIE = "apple_pie_1"
NOW = 1_795_445_570


def opened(uid: str, quantity: int = 1) -> PaymentRecord:
    price = Amount.of("3.14") * quantity
    return PaymentRecord(
        payment_id=uuid4().hex,
        uid=uid,
        amount=price,
        price=Price(PIE, quantity, price, price),
        state=PaymentState.OPEN,
        created_at=NOW,
    )


def sold(uid: str, quantity: int = 1) -> Event:
    event = payment_event(completed(opened(uid, quantity), "ab" * 32, NOW))
    assert event is not None
    return event


def message(event: Event) -> dict[str, Any]:
    """As the rule puts it into the queue."""
    body = {"source": SOURCE, "detail-type": event.type, "detail": dict(event.detail)}
    return {"messageId": event.event_id, "body": json.dumps(body)}


def is_idle(consumer: ExampleConsumer) -> bool:
    """Whether every event that reached its queue has been dealt with."""
    sqs = consumer.cloud.session.client("sqs", endpoint_url=consumer.cloud.endpoint)
    waiting = sqs.get_queue_attributes(
        QueueUrl=consumer.resources["Queue"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return set(waiting.values()) == {"0"}


@pytest.fixture
def bus(stack: Stack) -> EventBus:
    return parts(stack).bus


@pytest.fixture
def uid() -> str:
    return str(uuid4())


def test_promise_4_an_event_that_is_sent_three_times_is_handed_out_once(
    bus: EventBus, consumer: ExampleConsumer, uid: str
) -> None:
    event = sold(uid, quantity=2)
    for _ in range(3):
        bus.put(event)
    bus.put(sold(uid))
    eventually(lambda: consumer.owned(uid, PIE) == 3, seconds=20)
    eventually(lambda: is_idle(consumer), seconds=20)
    assert consumer.owned(uid, PIE) == 3


def test_only_what_is_completed_is_given(
    bus: EventBus, consumer: ExampleConsumer, uid: str
) -> None:
    unpaid = payment_event(cancelled(opened("somebody-else"), NOW))
    assert unpaid is not None
    bus.put(unpaid)
    bus.put(sold(uid))
    eventually(lambda: consumer.owned(uid, PIE) == 1, seconds=20)
    eventually(lambda: is_idle(consumer), seconds=20)
    assert consumer.owned("somebody-else", PIE) == 0


@pytest.mark.parametrize("verb", ["dynamodb:PutItem", "dynamodb:UpdateItem"])
def test_a_failure_half_way_loses_nothing_and_marks_nothing(
    consumer: ExampleConsumer, uid: str, verb: str
) -> None:
    """Neither the mark without the goods, nor the goods without the mark."""
    event = {"Records": [message(sold(uid))]}
    with without(consumer, "HandOut", verb):
        answer = consumer.invoke("HandOut", event)
    failed = {"itemIdentifier": event["Records"][0]["messageId"]}
    assert answer == {"batchItemFailures": [failed]}
    assert consumer.owned(uid, PIE) == 0

    assert consumer.invoke("HandOut", event) == {"batchItemFailures": []}
    assert consumer.invoke("HandOut", event) == {"batchItemFailures": []}
    assert consumer.owned(uid, PIE) == 1


def test_a_poisoned_message_holds_up_nobody(consumer: ExampleConsumer, uid: str) -> None:
    poison = {"messageId": "poison", "body": str(WakeUp(Work.PAYMENT, "not an event"))}
    answer = consumer.invoke("HandOut", {"Records": [poison, message(sold(uid))]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert consumer.owned(uid, PIE) == 1
