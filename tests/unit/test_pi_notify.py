"""Notifying users: who got it, whom Pi refuses, and what is left open."""

from typing import Any

import pytest

from shared.base.errors import (
    PiAuthenticationError,
    PiInvalidResponse,
    PiNotSent,
    PiOutcomeUnknown,
    ServiceUnavailable,
)
from shared.pi.objects import NotificationText, NotifyAnswer
from tests.unit.pi_in_process import PiInProcess, Secrets
from tests.world.emulator import KEY
from tests.world.notifications import SCOPES

TEXT = NotificationText("Ready", "Your pie is ready.", "/orders")
NOTIFY = "POST /v2/in_app_notifications/notify"
LIST = "GET /v2/payments/incomplete_server_payments"
QUOTA = "Notification quota exceeded for users:"


def says(*uids: str, refusal: str | None = None) -> NotifyAnswer:
    return NotifyAnswer(frozenset(uids), refusal)


def test_it_is_sent_as_the_reference_has_it(pi: PiInProcess) -> None:
    alice, _ = pi.sign_in(scopes=SCOPES)
    assert pi.client().notify([alice, "nobody"], TEXT) == says(alice)
    assert pi.calls == [NOTIFY]
    [sent] = pi.state.notifications
    assert (sent.title, sent.body, sent.subroute) == ("Ready", "Your pie is ready.", "/orders")
    assert pi.line.sent[0].headers["Authorization"] == f"Key {KEY}"


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (403, f"{QUOTA} a-1, b-2", says("a-1", "b-2", refusal="over_quota")),
        (403, "Users b-2. have had enough", says("b-2", refusal="over_quota")),
        (403, f"{QUOTA} a-12, xa-1, a-1-2, b-2", says("b-2", refusal="over_quota")),
        (403, "Notification quota exceeded", says("a-1", "b-2", refusal="over_quota")),
        (422, "Unknown users: a-1", says("a-1", refusal="refused_by_pi")),
        (422, "title is too long", says("a-1", "b-2", refusal="refused_by_pi")),
        (400, "Maximum 256", says("a-1", "b-2", refusal="refused_by_pi")),
        (401, "missing_scope", says("a-1", "b-2", refusal="refused_by_pi")),
        (404, "user_not_found", says("a-1", "b-2", refusal="refused_by_pi")),
        (403, "Not enabled", says("a-1", "b-2", refusal="notifications_not_enabled")),
        (403, "feature_not_available", says("a-1", "b-2", refusal="notifications_not_enabled")),
        (404, "not_found", says("a-1", "b-2", refusal="notifications_not_enabled")),
        (401, "Not for you", says("a-1", "b-2", refusal="notifications_not_enabled")),
    ],
)
def test_what_a_refusal_is_about(
    pi: PiInProcess, status: int, error: str, expected: NotifyAnswer
) -> None:
    """Pi takes the key: it is about the users, or about the app."""
    pi.fault("*/notify", status=status, body={"error": error})
    assert pi.client().notify(["a-1", "b-2"], TEXT) == expected


def test_a_404_without_json_means_that_there_is_no_such_call(pi: PiInProcess) -> None:
    pi.fault("*/notify", status=404, body="<html>nothing here</html>")
    assert pi.client().notify(["a-1"], TEXT) == says("a-1", refusal="notifications_not_enabled")


def test_a_quota_that_names_users_is_no_question_about_the_key(pi: PiInProcess) -> None:
    pi.fault("*/notify", status=403, body={"error": f"{QUOTA} a-1"})
    pi.client().notify(["a-1"], TEXT)
    assert pi.calls == [NOTIFY]


def test_all_that_are_named_are_read_however_many(pi: PiInProcess) -> None:
    uids = [f"{n:036}" for n in range(256)]
    pi.fault("*/notify", status=403, body={"error": f"{QUOTA} {', '.join(uids)}"})
    assert pi.client().notify(uids, TEXT) == says(*uids, refusal="over_quota")


def test_a_wrong_key_is_told_by_the_call_that_tells_it(pi: PiInProcess) -> None:
    client = pi.client(Secrets("canary-wrong-key").key())
    with pytest.raises(PiAuthenticationError):
        client.notify(["a-1"], TEXT)
    assert pi.calls == [NOTIFY, LIST]


def test_a_key_that_was_replaced_is_read_again(pi: PiInProcess) -> None:
    alice, _ = pi.sign_in(scopes=SCOPES)
    client = pi.client(Secrets("canary-old-key", KEY).key())
    assert client.notify([alice], TEXT) == says(alice)
    assert len(pi.state.notifications) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "*/notify", "status": 429, "body": {"error": "Slow down"}},
        {"path": "*", "status": 403, "body": {"error": "Forbidden"}},
    ],
    ids=["too many requests", "nor a verdict about the key"],
)
def test_what_was_refused_for_now_was_not_sent(pi: PiInProcess, fault: dict[str, Any]) -> None:
    pi.fault(**fault, times=None)
    with pytest.raises(PiNotSent):
        pi.client().notify(["a-1"], TEXT)


def test_without_a_connection_it_was_not_sent(pi: PiInProcess) -> None:
    pi.line.down_for = 99
    with pytest.raises(PiNotSent):
        pi.client().notify(["a-1"], TEXT)


def test_without_a_key_it_was_not_sent(pi: PiInProcess) -> None:
    with pytest.raises(ServiceUnavailable):
        pi.client(Secrets(None).key()).notify(["a-1"], TEXT)
    assert pi.calls == []


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"status": 500, "body": {"error": "Internal server error"}},
        {"status": 408, "body": {"error": "Timeout"}},
        {"status": 302},
        {"status": 201, "body": {"success": True}},
        {"status": 201, "body": {"success": False, "delivered_notifications": []}},
        {"status": 201, "body": {"success": True, "delivered_notifications": [{"id": "1"}]}},
        {"status": 201, "body": {"success": True, "delivered_notifications": ["a-1"]}},
        {"status": 201, "body": "[]"},
    ],
    ids=str,
)
def test_anything_else_leaves_open_who_was_notified_and_is_not_repeated(
    pi: PiInProcess, fault: dict[str, Any]
) -> None:
    pi.fault("*/notify", **fault, times=None)
    with pytest.raises((PiOutcomeUnknown, PiInvalidResponse)) as left_open:
        pi.client().notify(["a-1"], TEXT)
    assert not isinstance(left_open.value, PiNotSent)
    assert pi.calls == [NOTIFY]
