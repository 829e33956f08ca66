"""The real clients against a real queue and a real bus: sweep, message, worker, event, consumer."""

import json
from collections.abc import Callable
from typing import Any, cast

from local.cloud.ministack import LocalCloud
from tests.weather.ends import check_money
from tests.world import World


def test_from_the_sweep_to_a_consumer(world_on_ministack: World, cloud: LocalCloud) -> None:
    world = world_on_ministack
    sqs = cloud.session.client("sqs", endpoint_url=cloud.endpoint)
    bridge = cloud.session.client("events", endpoint_url=cloud.endpoint)
    wake_ups = sqs.create_queue(QueueName="weather-wake-ups")["QueueUrl"]
    consumer = sqs.create_queue(QueueName="weather-consumer")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=consumer, AttributeNames=["QueueArn"])["Attributes"]
    bridge.create_event_bus(Name="weather")
    bridge.put_rule(
        Name="all", EventBusName="weather", EventPattern=json.dumps({"source": ["pi-bundle"]})
    )
    bridge.put_targets(
        Rule="all", EventBusName="weather", Targets=[{"Id": "1", "Arn": arn["QueueArn"]}]
    )
    world.use("sqs", sqs, WakeUps=wake_ups)
    world.use("events", bridge, Bus="weather")
    payment_id = world.paid_payment()
    world.tick(300)

    assert world.sweep() == 1
    (message,) = received(sqs.receive_message, wake_ups)
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
    }
    answer = world.function("settle")({"Records": [record]})

    assert answer == {"batchItemFailures": []}
    (message,) = received(sqs.receive_message, consumer)
    event = json.loads(message["Body"])
    assert event["detail-type"] == "PaymentCompleted"
    assert event["detail"]["event_id"] == f"{payment_id}:PaymentCompleted"
    assert event["detail"]["amount"] == "3.14"
    assert world.record(payment_id).version == 3
    check_money(world, payment_id)


def received(receive: Callable[..., Any], queue_url: str) -> list[dict[str, Any]]:
    answer = receive(QueueUrl=queue_url, WaitTimeSeconds=5)
    return cast(list[dict[str, Any]], answer.get("Messages", []))
