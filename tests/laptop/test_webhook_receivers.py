"""The receivers in Express and in Python do what docs/webhooks.md asks of a receiver."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from shared.payments.record import PaymentRecord, cancelled, completed
from shared.payments.view import payment_event
from shared.work.event_bus import SOURCE
from shared.work.events import Event
from tests.laptop.receivers import KINDS, Receiver
from tests.laptop.test_example_consumer import opened

SECRET, FORMER = "the-secret-of-today", "the-secret-of-yesterday"
NOW = 1_795_445_570


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def receiver(kind: str, tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(kind, tmp_path, SECRET, FORMER) as receiver:
        yield receiver


@pytest.fixture
def payment() -> PaymentRecord:
    return opened(str(uuid4()), quantity=2)


def told(record: PaymentRecord) -> Event:
    event = payment_event(record)
    assert event is not None
    return event


def goods_of(record: PaymentRecord) -> str:
    return f"give {record.uid} apple_pie_1 2"


def post(
    receiver: Receiver, event: Event | bytes, secret: str | None = SECRET, path: str = ""
) -> int:
    """What the receiver answers, if it is asked as EventBridge asks."""
    body: Any = event
    if isinstance(event, Event):
        envelope = {"version": "0", "id": str(uuid4()), "source": SOURCE, "region": "us-east-1"}
        shown = {"detail-type": event.type, "detail": dict(event.detail)}
        body = json.dumps(envelope | shown).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if secret is not None:
        headers["x-webhook-secret"] = secret
    answer = requests.post(receiver.url + path, data=body, headers=headers, timeout=5)
    return answer.status_code


def test_what_was_paid_for_is_handed_out_once(receiver: Receiver, payment: PaymentRecord) -> None:
    """Promise 4: an event comes at least once."""
    event = told(completed(payment, "ab" * 32, NOW))

    assert [post(receiver, event) for _ in range(3)] == [200] * 3

    assert receiver.did() == [goods_of(payment)]


@pytest.mark.parametrize("secret", ["", None, "another", SECRET[:-1], f"{SECRET},{FORMER}", "ö"])
def test_who_does_not_know_the_secret_is_answered_403(
    receiver: Receiver, payment: PaymentRecord, secret: str | None
) -> None:
    """401 and 407 would make EventBridge forget the secret, and stop every event."""
    given = None if secret is None else secret.encode().decode("latin-1")

    assert post(receiver, told(completed(payment, "ab" * 32, NOW)), given) == 403

    assert receiver.did() == []


def test_two_secrets_are_valid_while_it_is_rotated(
    receiver: Receiver, payment: PaymentRecord
) -> None:
    done = completed(payment, "ab" * 32, NOW)
    other = opened(str(uuid4()), quantity=2)

    assert post(receiver, told(done), FORMER) == 200
    assert post(receiver, told(completed(other, "cd" * 32, NOW)), SECRET) == 200

    assert receiver.did() == [goods_of(done), goods_of(other)]


def test_the_former_secret_is_refused_once_it_is_left_out(
    kind: str, tmp_path: Path, payment: PaymentRecord
) -> None:
    with Receiver(kind, tmp_path, SECRET) as receiver:
        assert post(receiver, told(completed(payment, "ab" * 32, NOW)), FORMER) == 403


def test_what_was_seen_before_a_crash_is_dropped_after_it(
    kind: str, tmp_path: Path, payment: PaymentRecord
) -> None:
    """The answer may have been lost with the crash, so the event comes again."""
    event = told(completed(payment, "ab" * 32, NOW))
    with Receiver(kind, tmp_path, SECRET) as receiver:
        assert post(receiver, event) == 200

    with Receiver(kind, tmp_path, SECRET) as receiver:
        assert post(receiver, event) == 200

    assert receiver.did() == [goods_of(payment)]


def test_a_late_cancellation_undoes_no_completion(
    receiver: Receiver, payment: PaymentRecord
) -> None:
    """What was closed as unpaid turned out to be paid, and its two events overtook each other."""
    unpaid = cancelled(payment, NOW)
    paid = completed(unpaid, "ab" * 32, NOW + 60)

    assert post(receiver, told(paid)) == 200
    assert post(receiver, told(unpaid)) == 200

    assert receiver.did() == [goods_of(payment)]


def test_in_their_order_both_are_obeyed(receiver: Receiver, payment: PaymentRecord) -> None:
    unpaid = cancelled(payment, NOW)

    assert post(receiver, told(unpaid)) == 200
    assert post(receiver, told(completed(unpaid, "ab" * 32, NOW + 60))) == 200

    assert receiver.did() == [f"release {payment.payment_id}", goods_of(payment)]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"detail-type": "PaymentCompleted"}'])
def test_what_is_no_event_goes_to_the_dead_letters(receiver: Receiver, body: bytes) -> None:
    """400 is not tried again; and the receiver lives on."""
    assert post(receiver, body) == 400

    assert post(receiver, b"{}", path="/elsewhere") == 404
    assert receiver.did() == []


def test_an_event_of_a_later_version_is_taken(receiver: Receiver) -> None:
    """Otherwise it would fill the dead letters."""
    event = Event("SomethingNew", "x:SomethingNew", {"event_id": "x:SomethingNew", "more": 1})

    assert post(receiver, event) == 200
