"""The nine calls of the reference, against the emulator: what is sent, and what comes back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.amount import Amount
from shared.base.errors import NotFound, PiInvalidResponse, PiNotSent, PiOutcomeUnknown, PiRefused
from shared.pi.client import PiClient, PiInexactAmount
from tests.unit.clock import Clock
from tests.unit.conftest import LogLines
from tests.unit.pi_in_process import PiInProcess
from tests.unit.samples import payment_json, without
from tests.world.emulator import KEY, START


def payout(client: PiClient, uid: str, amount: str = "1", **changes: Any) -> Any:
    fields: dict[str, Any] = {"memo": "payout", "metadata": {"payout_id": "p1"}} | changes
    return client.create_payment(uid=uid, amount=Amount.of(amount), **fields)


# --- The nine calls ------------------------------------------------------------------------------


def test_me_asks_with_the_users_token(pi: PiInProcess) -> None:
    uid, token = pi.sign_in(username="alice")
    user = pi.client().me(token)
    assert (user.uid, user.username, user.app_id) == (uid, "alice", "demo-app")
    assert pi.calls == ["GET /v2/me"]
    assert pi.line.sent[0].headers["Authorization"] == f"Bearer {token.reveal()}"
    assert pi.secrets.reads == 0


def test_a_payment_is_read_approved_and_completed_with_the_key(pi: PiInProcess) -> None:
    identifier, client = pi.payment(approved=False), pi.client()
    assert client.get_payment(identifier).created_at == START
    assert client.approve(identifier).status.developer_approved
    txid = pi.state.pay(identifier).txid
    assert client.complete(identifier, txid).status.developer_completed
    path = f"/v2/payments/{identifier}"
    assert pi.calls == [f"GET {path}", f"POST {path}/approve", f"POST {path}/complete"]
    assert {sent.headers["Authorization"] for sent in pi.line.sent} == {f"Key {KEY}"}
    assert pi.secrets.reads == 1


def test_a_payment_is_cancelled(pi: PiInProcess) -> None:
    identifier = pi.payment()
    assert pi.client().cancel(identifier).is_cancelled
    assert pi.calls == [f"POST /v2/payments/{identifier}/cancel"]


def test_a_payout_is_created_and_listed_as_incomplete(pi: PiInProcess) -> None:
    uid, _ = pi.sign_in()
    created = payout(pi.client(), uid, "2.5")
    assert (created.user_uid, created.direction, str(created.amount)) == (uid, "app_to_user", "2.5")
    assert pi.client().incomplete_server_payments() == (created,)
    assert pi.calls == ["POST /v2/payments", "GET /v2/payments/incomplete_server_payments"]


def test_an_ad_is_looked_up(pi: PiInProcess) -> None:
    shown = pi.state.show_ad("granted").identifier
    ad = pi.client().ad_status(shown)
    assert (ad.identifier, ad.mediator_ack_status) == (shown, "granted")
    assert ad.mediator_granted_at == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert pi.calls == [f"GET /v2/ads_network/status/{shown}"]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_payment("p/../../me?x=1#y"),
        lambda client: client.ad_status("a/../../me?x=1#y"),
    ],
)
def test_an_id_cannot_lead_elsewhere(pi: PiInProcess, call: Callable[[PiClient], object]) -> None:
    with pytest.raises((PiRefused, PiInvalidResponse, NotFound)):
        call(pi.client())
    assert str(pi.line.sent[0].url).endswith("%2F..%2F..%2Fme%3Fx%3D1%23y")


# --- Creating a payout: never twice --------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"), [("1e-7", "0.0000001"), ("3.10", "3.1"), ("100", "100"), ("7", "7")]
)
def test_promise_5_an_amount_is_sent_exactly(pi: PiInProcess, amount: str, text: str) -> None:
    uid, _ = pi.sign_in()
    assert payout(pi.client(), uid, amount).amount == Amount.of(amount)
    assert f'"amount": {text},' in str(pi.line.sent[0].body)


@given(st.integers(1, 10**18), st.text(), st.dictionaries(st.text(), st.text(), min_size=1))
def test_what_is_sent_is_what_was_meant(stroops: int, memo: str, metadata: dict[str, str]) -> None:
    pi = PiInProcess(Clock())
    pi.fault(status=400, body={"error": "invalid_arguments"})
    with pytest.raises(PiRefused):
        payout(pi.client(), "uid-1", str(Amount(stroops)), memo=memo, metadata=metadata)
    body = json.loads(str(pi.line.sent.pop().body), parse_float=Decimal)
    assert Amount.of(body["payment"].pop("amount")) == Amount(stroops)
    assert body == {"payment": {"memo": memo, "metadata": metadata, "uid": "uid-1"}}


WEATHER: list[dict[str, Any]] = [
    {"drop": "before"},
    {"drop": "after"},
    {"delay_s": 30},
    {"status": 500, "effect": True},
    {"status": 502, "body": "<html>Bad gateway</html>"},
    {"status": 429, "headers": {"Retry-After": "1"}},
]


@pytest.mark.parametrize("fault", WEATHER, ids=str)
def test_a_payout_of_unknown_outcome_is_not_repeated(
    pi: PiInProcess, fault: dict[str, Any]
) -> None:
    uid, _ = pi.sign_in()
    pi.fault(**fault)
    with pytest.raises(PiOutcomeUnknown):
        payout(pi.client(), uid)
    assert pi.calls == ["POST /v2/payments"]
    assert len(pi.state.payments) <= 1


def test_a_payout_answered_with_half_a_json_is_not_created_again(pi: PiInProcess) -> None:
    uid, _ = pi.sign_in()
    pi.fault(status=200, effect=True, body='{"identifier": "p', content_type="application/json")
    with pytest.raises(PiOutcomeUnknown):
        payout(pi.client(), uid)
    assert len(pi.state.payments) == 1


def test_a_payout_that_was_never_sent_is_sent_again(pi: PiInProcess) -> None:
    uid, _ = pi.sign_in()
    pi.line.down_for = 3
    payout(pi.client(), uid)
    assert len(pi.state.payments) == 1


def test_a_line_that_stays_down_is_not_sent(pi: PiInProcess) -> None:
    uid, _ = pi.sign_in()
    pi.line.down_for = 99
    with pytest.raises(PiNotSent):
        payout(pi.client(), uid)
    assert pi.calls == []


# --- Everything else may be repeated -------------------------------------------------------------


@pytest.mark.parametrize("fault", WEATHER, ids=str)
@pytest.mark.parametrize(
    "call",
    [
        lambda client, payment_id: client.get_payment(payment_id),
        lambda client, payment_id: client.approve(payment_id),
        lambda client, _: client.incomplete_server_payments(),
    ],
    ids=["get", "approve", "incomplete"],
)
def test_bad_weather_that_clears_is_not_noticed(
    pi: PiInProcess, call: Callable[[PiClient, str], object], fault: dict[str, Any]
) -> None:
    identifier = pi.payment()
    pi.fault(**fault, times=2)
    call(pi.client(), identifier)
    assert len(pi.calls) == 3


@pytest.mark.parametrize("step", ["complete", "cancel"])
def test_a_repeat_after_a_lost_answer_meets_its_own_effect(pi: PiInProcess, step: str) -> None:
    identifier = pi.payment()
    txid = pi.state.pay(identifier).txid if step == "complete" else ""
    pi.fault(drop="after")
    with pytest.raises(PiRefused) as refused:
        pi.client().complete(identifier, txid) if txid else pi.client().cancel(identifier)
    assert refused.value.code == ("already_completed" if txid else "cancelled_payment")
    assert pi.state.payment(identifier).is_open is False


@pytest.mark.parametrize("fault", WEATHER, ids=str)
def test_lasting_bad_weather_is_of_unknown_outcome(pi: PiInProcess, fault: dict[str, Any]) -> None:
    identifier = pi.payment()
    pi.fault(**fault, times=None)
    with pytest.raises(PiOutcomeUnknown) as unknown:
        pi.client().approve(identifier)
    assert (unknown.value.status, unknown.value.code) == (503, "pi_unavailable")


def test_pi_may_ask_for_a_short_wait(pi: PiInProcess) -> None:
    identifier, started = pi.payment(), pi.clock.now
    pi.fault(status=429, headers={"Retry-After": "2"})
    pi.client().get_payment(identifier)
    assert pi.clock.now - started == 2


def test_promise_8_pi_cannot_make_us_sleep_for_hours(pi: PiInProcess) -> None:
    identifier, started = pi.payment(), pi.clock.now
    pi.fault(status=429, headers={"Retry-After": "7200"})
    with pytest.raises(PiOutcomeUnknown) as unknown:
        pi.client().get_payment(identifier)
    assert unknown.value.answer.retry_after == 7200
    assert pi.clock.now == started


# --- Answers that the reference does not allow ---------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        payment_json(identifier="another-payment"),
        without(payment_json(), "status"),
        payment_json(amount="canary"),
        {},
        {"error": "payment_not_found"},
        '{"identifier": "p',
        "<html>Welcome</html>",
        [payment_json()],
    ],
)
def test_nonsense_is_neither_payment_nor_no(pi: PiInProcess, logs: LogLines, body: Any) -> None:
    pi.fault(status=200, body=body, content_type="application/json", times=None)
    with pytest.raises(PiInvalidResponse) as nonsense:
        pi.client().get_payment(pi.payment())
    assert (nonsense.value.status, nonsense.value.code) == (502, "pi_answer_invalid")
    assert "canary" not in logs.text + str(nonsense.value)


@pytest.mark.parametrize("listed", [None, {}, ["p"], [{}]])
def test_a_list_of_nonsense_is_nonsense(pi: PiInProcess, listed: Any) -> None:
    pi.fault(status=200, body={"incomplete_server_payments": listed})
    with pytest.raises(PiInvalidResponse):
        pi.client().incomplete_server_payments()


@pytest.mark.parametrize("body", ["", "<html>", {"error": "not_found"}])
def test_an_ad_that_pi_does_not_know_is_not_found(pi: PiInProcess, body: Any) -> None:
    # No code of Pi's is documented for it.
    pi.fault(status=404, body=body)
    with pytest.raises(NotFound) as unknown:
        pi.client().ad_status("ad-1")
    assert (unknown.value.status, unknown.value.code) == (404, "ad_not_found")


def test_promise_6_an_ad_id_stays_out_of_the_log(pi: PiInProcess, logs: LogLines) -> None:
    with pytest.raises(NotFound):
        pi.client().ad_status("canary")
    assert "canary" not in logs.text


def test_an_answer_about_another_ad_is_nonsense(pi: PiInProcess) -> None:
    other, shown = pi.state.show_ad("granted"), pi.state.show_ad(None).identifier
    pi.fault(status=200, body=other.dto())
    with pytest.raises(PiInvalidResponse):
        pi.client().ad_status(shown)


def test_a_field_that_is_missing_is_logged_by_name(pi: PiInProcess, logs: LogLines) -> None:
    pi.fault(status=200, body=without(payment_json(), "amount"))
    with pytest.raises(PiInvalidResponse):
        pi.client().get_payment("p")
    [line] = [line for line in logs() if line["level"] == "WARNING"]
    assert line["field"] == "amount"
    assert line["pi_request_id"]


# --- A payment that nobody can pay ---------------------------------------------------------------


def test_a_payment_with_too_many_decimals_is_told_apart(pi: PiInProcess) -> None:
    identifier = pi.payment()
    pi.state.force(identifier, {"amount": Decimal("3.14000001")})
    with pytest.raises(PiInexactAmount) as inexact:
        pi.client().get_payment(identifier)
    assert inexact.value.payment.identifier == identifier
    assert (inexact.value.status, inexact.value.code) == (502, "pi_answer_invalid")


def test_another_payment_with_too_many_decimals_is_only_an_odd_answer(pi: PiInProcess) -> None:
    identifier, other = pi.payment(), pi.payment()
    pi.state.force(other, {"amount": Decimal("3.14000001"), "identifier": identifier + "x"})
    with pytest.raises(PiInvalidResponse) as odd:
        pi.client().get_payment(other)
    assert not isinstance(odd.value, PiInexactAmount)
