"""Pi's refusals: the code decides, not the status; and what is wrong with the key is told apart."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.base.amount import Amount
from shared.base.errors import (
    PiAuthenticationError,
    PiInvalidResponse,
    PiOutcomeUnknown,
    PiRefused,
    ServiceUnavailable,
    TokenRefused,
)
from shared.base.observability import metrics
from shared.base.secret import Secret
from shared.pi.client import PiClient
from tests.unit.conftest import LogLines
from tests.unit.pi_in_process import PiInProcess, Secrets
from tests.unit.samples import PAYMENT_ID, TXID, payment_json
from tests.world.emulator import KEY

OPEN_PAYOUTS = "GET /v2/payments/incomplete_server_payments"
Call = Callable[[PiClient], object]

CALLS: dict[str, Call] = {
    "create": lambda client: client.create_payment(
        uid="uid-1", amount=Amount.of(1), memo="m", metadata={"a": 1}
    ),
    "get": lambda client: client.get_payment(PAYMENT_ID),
    "approve": lambda client: client.approve(PAYMENT_ID),
    "complete": lambda client: client.complete(PAYMENT_ID, TXID),
    "cancel": lambda client: client.cancel(PAYMENT_ID),
    "list": lambda client: client.incomplete_server_payments(),
    "ad": lambda client: client.ad_status("ad-1"),
}
ANY = ["payment_not_found", "invalid_amount", "invalid_arguments", "invalid_metadata"]
DOCUMENTED = {
    "create": [
        *ANY,
        *("altered_amount", "user_not_found", "missing_scope", "invalid_address", "missing_wallet"),
        *("ongoing_payment_found", "too_many_payments", "too_many_cancelled_payments"),
        "feature_not_available",
    ],
    "get": ANY,
    "approve": ANY,
    "complete": [
        *ANY,
        *("missing_param", "already_completed", "cancelled_payment", "not_verified"),
        *("missing_txid", "txid_mismatch", "verification_failed"),
    ],
    "cancel": [*ANY, "forbidden", "payment_tx_present", "already_completed", "cancelled_payment"],
}
TABLE = [(call, code) for call, codes in DOCUMENTED.items() for code in codes]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
@pytest.mark.parametrize(("call", "code"), TABLE)
def test_the_table_whatever_the_status(pi: PiInProcess, call: str, code: str, status: int) -> None:
    pi.fault(code=code, status=status)
    with pytest.raises(PiRefused) as refused:
        CALLS[call](pi.client())
    assert refused.value.code == refused.value.answer.code == code
    assert refused.value.status == (404 if code.endswith("_not_found") else 409)
    assert refused.value.answer.http_status == status
    assert (len(pi.calls), pi.secrets.reads) == (1, 1)


@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_error_is_kept_as_such(pi: PiInProcess, call: str) -> None:
    pi.fault(code="unknown_error", status=400)
    with pytest.raises(PiRefused) as refused:
        CALLS[call](pi.client())
    assert refused.value.code == "unknown_error"


@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_error_of_pi_itself_leaves_the_outcome_open(pi: PiInProcess, call: str) -> None:
    pi.fault(code="unknown_error", status=500, times=None)
    with pytest.raises(PiOutcomeUnknown):
        CALLS[call](pi.client())


def test_a_refusal_keeps_all_that_pi_said(pi: PiInProcess, logs: LogLines) -> None:
    body = {
        "error": "verification_failed",
        "error_message": "canary sentence",
        "verification_error": "payment_already_linked_with_a_tx",
        "payment": payment_json(memo="canary memo"),
    }
    pi.fault(status=400, body=body)
    with pytest.raises(PiRefused) as refused:
        CALLS["complete"](pi.client())
    answer = refused.value.answer
    assert answer.verification_error == "payment_already_linked_with_a_tx"
    assert answer.message == "canary sentence"
    assert answer.payment == payment_json(memo="canary memo")
    # Found again in Pi's log by its request id; Pi's sentence may repeat what was sent.
    [line] = logs()
    assert line["pi_request_id"] == answer.request_id != ""
    assert line["pi_call"] == f"POST /payments/{PAYMENT_ID}/complete"
    assert (line["pi_status"], line["pi_code"]) == (400, "verification_failed")
    assert "canary" not in logs.text + str(refused.value) + repr(answer)


@pytest.mark.parametrize(
    "body",
    ["", "<html>Not found</html>", "[]", '"text"', '{"error"', {"error": ["a"]}, {"error": "A b"}],
)
@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refusal_without_a_code_is_nonsense(pi: PiInProcess, status: int, body: Any) -> None:
    # Above all, a 404 page of some proxy is not Pi's word that a payment does not exist.
    pi.fault(status=status, body=body)
    with pytest.raises(PiInvalidResponse):
        CALLS["get"](pi.client())


@pytest.mark.parametrize("fault", [{"status": 401}, {"status": 403, "body": "<html>"}])
def test_me_without_a_body_is_a_bad_token(pi: PiInProcess, fault: dict[str, Any]) -> None:
    pi.fault(**fault)
    with pytest.raises(TokenRefused) as refused:
        pi.client().me(Secret("canary"))
    assert (refused.value.status, refused.value.code) == (401, "invalid_token")
    assert (len(pi.calls), pi.secrets.reads) == (1, 0)


def test_an_expired_token_is_refused(pi: PiInProcess) -> None:
    uid, token = pi.sign_in()
    pi.state.registry.expire_tokens(uid)
    with pytest.raises(TokenRefused):
        pi.client().me(token)


# --- The key -------------------------------------------------------------------------------------


def refused_keys() -> float:
    metric = metrics.provider.metric_set.get("ServerKeyRefused", {"Value": []})
    return float(sum(metric["Value"]))


REFUSED_KEYS: list[dict[str, Any]] = [
    {"code": "unauthorized", "status": 401},
    {"status": 401},
    {"status": 403, "body": "<html>Forbidden</html>"},
    {"code": "brand_new", "status": 403},
]


@pytest.mark.parametrize("fault", REFUSED_KEYS, ids=str)
def test_a_creation_is_no_verdict_about_the_key(pi: PiInProcess, fault: dict[str, Any]) -> None:
    """Pi has refused creations with a key that it accepted elsewhere."""
    pi.fault(**fault, times=None)
    with pytest.raises(PiRefused) as refused:
        CALLS["create"](pi.client())
    assert refused.value.code == fault.get("code", "creation_refused")
    assert refused.value.answer.http_status == fault["status"]
    assert refused_keys() == 0


judging_calls = pytest.mark.parametrize("call", [name for name in CALLS if name != "create"])
judged_calls = pytest.mark.parametrize("call", sorted({*CALLS} - {"create", "list"}))


@judging_calls
@pytest.mark.parametrize(
    "fault", [fault for fault in REFUSED_KEYS if fault["status"] == 401], ids=str
)
def test_a_refused_key_is_read_again_once_and_not_retried_if_it_is_the_same(
    pi: PiInProcess, call: str, fault: dict[str, Any]
) -> None:
    """Pi refuses it also where no caller can be the cause."""
    pi.fault(**fault, times=None)
    with pytest.raises(PiAuthenticationError) as refused:
        CALLS[call](pi.client())
    assert (refused.value.status, refused.value.code) == (502, "server_key_refused")
    assert (len(pi.calls), pi.secrets.reads) == (1 if call == "list" else 2, 2)
    assert refused_keys() == 1


@judged_calls
@pytest.mark.parametrize("fault", REFUSED_KEYS, ids=str)
def test_one_refusal_is_no_verdict(pi: PiInProcess, call: str, fault: dict[str, Any]) -> None:
    """Pi takes it for a call that no caller can cause: the refusal is about this one."""
    pi.fault(**fault)
    with pytest.raises(PiRefused if "code" in fault else PiInvalidResponse) as refused:
        CALLS[call](pi.client())
    assert refused.value.answer.http_status == fault["status"]
    assert pi.calls[1:] == [OPEN_PAYOUTS]
    assert refused_keys() == 0


@pytest.mark.parametrize(
    "answer",
    [
        *({"status": 403}, {"status": 403, "body": "<html>"}, {"status": 404, "body": "<html>"}),
        *({"status": 500}, {"status": 429}, {"drop": "before"}, {"status": 200, "body": "<html>"}),
        {"code": "feature_not_available", "status": 401},
    ],
    ids=str,
)
def test_without_a_verdict_nothing_is_concluded(pi: PiInProcess, answer: dict[str, Any]) -> None:
    """An app that may not pay users yet can be refused the list with a good key."""
    pi.fault(code="unauthorized", status=401)
    pi.fault("*/incomplete_server_payments", **answer, times=None)
    with pytest.raises(PiOutcomeUnknown):
        CALLS["complete"](pi.client())
    assert refused_keys() == 0


def test_whether_the_key_is_wrong_is_asked_once_a_minute(pi: PiInProcess) -> None:
    """However often a caller causes a refusal."""
    client = pi.client()
    pi.fault("*/approve", code="brand_new", status=403, times=None)
    for _ in range(9):
        with pytest.raises(PiRefused):
            CALLS["approve"](client)
    assert pi.calls.count(OPEN_PAYOUTS) == 1

    pi.clock.sleep(60)
    pi.fault("*", code="unauthorized", status=401, times=None)
    with pytest.raises(PiAuthenticationError):
        pi.clock.invocation(15, CALLS["get"], client)
    assert pi.calls.count(OPEN_PAYOUTS) == 2


def test_a_new_key_has_a_verdict_of_its_own(pi: PiInProcess) -> None:
    """It is not judged by what Pi said of the one before."""
    secrets = Secrets("canary-old-key", "canary-old-key", KEY)
    client = pi.client(secrets.key())
    with pytest.raises(PiAuthenticationError):
        CALLS["get"](client)
    pi.fault(f"*/{PAYMENT_ID}", status=401, times=None)
    with pytest.raises(PiInvalidResponse):
        CALLS["get"](client)
    assert refused_keys() == 1


def test_a_key_that_was_replaced_is_used_at_once(pi: PiInProcess) -> None:
    identifier, secrets = pi.payment(approved=False), Secrets("canary-old-key", KEY)
    key = secrets.key()
    assert pi.client(key).approve(identifier).status.developer_approved
    assert (len(pi.calls), secrets.reads, refused_keys()) == (2, 2, 0)
    # And it stays: the next call asks nobody.
    pi.client(key).get_payment(identifier)
    assert (len(pi.calls), secrets.reads) == (3, 2)


def test_a_key_replaced_by_another_wrong_one_is_tried_once(pi: PiInProcess, logs: LogLines) -> None:
    secrets = Secrets("canary-old-key", "canary-new-key", "canary-newer-key")
    with pytest.raises(PiAuthenticationError) as refused:
        CALLS["get"](pi.client(secrets.key()))
    assert (len(pi.calls), secrets.reads, refused_keys()) == (3, 2, 1)
    assert "canary" not in logs.text + str(refused.value) + repr(refused.value.__dict__)


def test_a_payout_is_not_created_twice_while_the_key_changes(pi: PiInProcess) -> None:
    uid, _ = pi.sign_in()
    secrets = Secrets("canary-old-key", KEY)
    pi.client(secrets.key()).create_payment(
        uid=uid, amount=Amount.of(1), memo="m", metadata={"a": 1}
    )
    assert len(pi.state.payments) == 1


def test_a_lost_payout_is_not_created_again_with_the_new_key(pi: PiInProcess) -> None:
    uid, _ = pi.sign_in()
    pi.fault("*/payments", code="unauthorized", status=401, times=1)
    pi.fault("*/payments", drop="after", times=1)
    secrets = Secrets("canary-old-key", KEY)
    client = pi.client(secrets.key())
    with pytest.raises(PiOutcomeUnknown):
        client.create_payment(uid=uid, amount=Amount.of(1), memo="m", metadata={"a": 1})
    assert len(pi.state.payments) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_scope_of_the_recipient_is_not_a_bad_key(pi: PiInProcess, status: int) -> None:
    uid, _ = pi.sign_in(scopes=["username", "payments"])
    with pytest.raises(PiRefused) as refused:
        pi.client().create_payment(uid=uid, amount=Amount.of(1), memo="m", metadata={"a": 1})
    assert refused.value.code == "missing_scope"
    assert (len(pi.calls), pi.secrets.reads, refused_keys()) == (1, 1, 0)


def test_a_forbidden_cancel_asks_nothing_more(pi: PiInProcess) -> None:
    """Its code is known there."""
    pi.fault(code="forbidden", status=403, times=None)
    with pytest.raises(PiRefused):
        CALLS["cancel"](pi.client())
    assert (len(pi.calls), pi.secrets.reads) == (1, 1)


def test_without_a_key_nothing_is_sent(pi: PiInProcess) -> None:
    with pytest.raises(ServiceUnavailable) as missing:
        CALLS["get"](pi.client(Secrets("").key()))
    assert missing.value.code == "server_key_missing"
    assert pi.calls == []
