"""Messages that wait in a queue, and events that wait in an archive or at a consumer."""

import json

import pytest
from jsonschema import Draft202012Validator

from local.processes import ROOT
from tests.compatibility import readers_2026_11 as readers
from tests.compatibility import today
from tests.compatibility.frozen_set import frozen
from tests.world import World


@pytest.mark.parametrize("work", frozen("wake_ups"))
def test_the_worker_takes_it(world: World, work: str) -> None:
    body = frozen("wake_ups")[work]["body"]
    assert today.wake_up_texts(body) == readers.wake_up(body)
    world.wake_ups.put(body)
    world.work()
    assert not world.wake_ups.messages


@pytest.mark.parametrize("kind", frozen("payout_queue"))
def test_the_sender_takes_it(world: World, kind: str) -> None:
    body = frozen("payout_queue")[kind]["MessageBody"]
    assert today.payout_wake_up(body) == readers.payout_wake_up(body)
    world.payout_queue.put(body)
    assert world.send() == 1
    assert not world.payout_queue.messages


@pytest.mark.parametrize("kind", frozen("payout_queue"))
def test_its_group_is_the_wallet_and_the_body_tells_repeats_apart(kind: str) -> None:
    message = frozen("payout_queue")[kind]
    assert message["MessageGroupId"] == "wallet"
    assert message["MessageDeduplicationId"] == message["MessageBody"]


@pytest.mark.parametrize("name", frozen("events"))
def test_an_event_still_meets_its_schema(name: str) -> None:
    entry = frozen("events")[name]
    detail = json.loads(entry["Detail"])
    file = ROOT / "docs" / "events" / f"{entry['DetailType']}.schema.json"
    Draft202012Validator(json.loads(file.read_text())).validate(detail)
    assert entry["Source"] == "pi-bundle"


def test_events_of_all_types_are_frozen() -> None:
    types = {entry["DetailType"] for entry in frozen("events").values()}
    assert types == readers.PAYMENT_EVENTS | readers.REWARD_EVENTS | readers.PAYOUT_EVENTS
