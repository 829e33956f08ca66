"""Promise 7: each error has its one status and code, every answer is JSON, nothing answers 500."""

import json
from typing import Any

import pytest

from shared.base import errors
from shared.base.context import allows_aws_call, concerning
from shared.base.errors import BundleError, PiAnswer
from shared.base.secret import Secret
from shared.edge.http import Answer, Request, serve
from shared.pi.client import PiInexactAmount
from tests.unit.conftest import STACK, LogLines
from tests.unit.lambda_events import FUNCTION, context, event, read
from tests.unit.samples import payment

ERRORS = [
    (errors.BadRequest("invalid_txid", "m"), 400, "invalid_txid"),
    (errors.TokenRefused(), 401, "invalid_token"),
    (errors.TokenRefused("wrong_app", "m"), 401, "wrong_app"),
    (errors.NotOwner(), 403, "not_owner"),
    (errors.NotFound("payment_not_found", "m"), 404, "payment_not_found"),
    (errors.UnknownPayment(), 404, "payment_not_found"),
    (errors.Conflict("ad_stale", "m"), 409, "ad_stale"),
    (errors.DailyCapReached(20), 429, "daily_cap_reached"),
    (errors.PiRefused(PiAnswer(code="cancelled_payment")), 409, "cancelled_payment"),
    (errors.PiRefused(PiAnswer(code="payment_not_found")), 404, "payment_not_found"),
    (errors.PiAuthenticationError(PiAnswer()), 502, "server_key_refused"),
    (errors.PiInvalidResponse(), 502, "pi_answer_invalid"),
    (PiInexactAmount(payment()), 502, "pi_answer_invalid"),
    (errors.PiUnavailable(), 503, "pi_unavailable"),
    (errors.PiNotSent(), 503, "pi_unavailable"),
    (errors.PiOutcomeUnknown(), 503, "pi_unavailable"),
    (errors.ChainUnavailable(), 503, "chain_unavailable"),
    (errors.ServiceUnavailable(), 503, "service_unavailable"),
    (errors.ServiceUnavailable("server_key_missing", "m"), 503, "server_key_missing"),
    (errors.PriceUnavailable(), 503, "price_unavailable"),
    (errors.WriteConflict(), 503, "overtaken"),
    (errors.UnreadableRecord(), 503, "unexpected_error"),
]


def answer_to(error: Exception) -> dict[str, Any]:
    def fails(_parts: None, _request: Request) -> Answer:
        raise error

    return serve(None, {"POST /x": fails})(event(), context())


def family(kind: type[BundleError]) -> set[type[BundleError]]:
    return {kind}.union(*(family(child) for child in kind.__subclasses__()))


def test_the_table_below_names_every_error_there_is() -> None:
    abstract = {BundleError, errors.PiError}
    assert {type(error) for error, *_ in ERRORS} == family(BundleError) - abstract


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda value: repr(value)[:40])
def test_each_error_has_its_status_and_code(error: BundleError, status: int, code: str) -> None:
    response = answer_to(error)
    body = read(response)
    assert response["statusCode"] == status
    assert (body["error"], body["request_id"]) == (code, "request-1")
    assert body["error_message"] == error.message
    assert ("Retry-After" in response["headers"]) is (status == 503)


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, "2"), (0, "2"), (1, "1"), (60, "60"), (61, "60"), (7200, "60")]
)
def test_retry_after_is_what_pi_asks_within_a_minute(asked: int | None, seconds: str) -> None:
    response = answer_to(errors.PiOutcomeUnknown(PiAnswer(retry_after=asked)))
    assert response["headers"]["Retry-After"] == seconds


def test_details_are_passed_on_where_an_error_has_some() -> None:
    details = {"why": "switched_off", "metadata_keys": ["order"]}
    assert read(answer_to(errors.Conflict("unknown_product", "m", details)))["details"] == details
    assert "details" not in read(answer_to(errors.Conflict("unknown_product", "m")))


def test_what_pi_said_is_not_passed_on() -> None:
    answer = PiAnswer(code="not_verified", message="canary", payment={"memo": "canary"})
    assert "canary" not in json.dumps(answer_to(errors.PiRefused(answer)))


OUTAGES = {"service_unavailable": "ServiceUnavailable", "pi_unavailable": "PiUnavailable"}


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda value: repr(value)[:40])
def test_an_outage_and_no_other_refusal_is_counted_and_a_warning(
    logs: LogLines, capsys: pytest.CaptureFixture[str], error: BundleError, status: int, code: str
) -> None:
    answer_to(error)
    [line] = logs()
    assert (line["message"], line["code"], line["status"]) == ("Refused", code, status)
    assert line["level"] == ("WARNING" if code in OUTAGES else "INFO")
    printed = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [(metric[OUTAGES[code]], metric["service"]) for metric in printed] == (
        [([1.0], STACK)] if code in OUTAGES else []
    )


def test_a_bug_is_503_and_logged(logs: LogLines, capsys: pytest.CaptureFixture[str]) -> None:
    response = answer_to(ZeroDivisionError("division by zero"))
    body = read(response)
    assert (response["statusCode"], body["error"]) == (503, "unexpected_error")
    assert response["headers"]["Retry-After"] == "2"
    assert "division" not in response["body"]
    [line] = [line for line in logs() if line["level"] == "ERROR"]
    assert "ZeroDivisionError" in line["exception"]
    assert (line["request_id"], line["route"]) == ("request-1", "POST /x")
    assert line["function"] == FUNCTION
    # The operator's alarm.
    [metric] = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (metric["UnexpectedError"], metric["service"]) == ([1.0], STACK)


def test_promise_6_a_secret_at_hand_when_something_breaks_is_not_shown(logs: LogLines) -> None:
    def breaks(_parts: None, request: Request) -> Answer:
        token, key = request.token(request.body()), Secret("canary-key")
        raise RuntimeError("it broke", token, {"key": key})

    handler = serve(None, {"POST /x": breaks})
    headers = {"authorization": "Bearer canary-token"}
    response = handler(event('{"accessToken": "canary-token"}', headers=headers), context())
    assert response["statusCode"] == 503
    assert "it broke" in logs.text
    assert "canary" not in logs.text + json.dumps(response)


@pytest.mark.parametrize(
    ("route", "sent"),
    [("POST /x", {}), ("POST /y", event()), ("POST /z", event(route="POST /z"))],
    ids=["no route", "unknown route", "answer is no JSON"],
)
def test_wherever_it_breaks_there_is_an_answer(route: str, sent: dict[str, Any]) -> None:
    handler = serve(None, {route: _unprintable if route == "POST /z" else _fine})
    response = handler(sent, context())
    assert (response["statusCode"], read(response)["error"]) == (503, "unexpected_error")


def _fine(_parts: None, _request: Request) -> Answer:
    return Answer(200, {"ok": True})


def _unprintable(_parts: None, _request: Request) -> Answer:
    return Answer(200, {"set": {1}})


def test_an_answer_is_json_in_ascii() -> None:
    def answers(_parts: None, _request: Request) -> Answer:
        return Answer(202, {"name": "\ud800\N{PIE}"})

    response = serve(None, {"POST /x": answers})(event(), context())
    assert response["statusCode"] == 202
    assert response["body"].isascii()
    assert read(response) == {"name": "\ud800\N{PIE}"}


def test_promise_8_the_deadline_comes_from_the_invocation() -> None:
    def remaining(_parts: None, _request: Request) -> Answer:
        return Answer(200, {"enough": allows_aws_call()})

    handler = serve(None, {"POST /x": remaining})
    assert read(handler(event(), context(milliseconds=15_000))) == {"enough": True}
    assert read(handler(event(), context(milliseconds=1_900))) == {"enough": False}


def test_one_invocation_leaves_nothing_in_the_log_of_the_next(logs: LogLines) -> None:
    handler = serve(None, {"POST /x": _concerns, "POST /y": _refuses})
    handler(event(route="POST /x"), context("request-1"))
    handler(event(route="POST /y"), context("request-2"))
    first, second = logs()
    assert (first["request_id"], first["route"]) == ("request-1", "POST /x")
    assert first["subject"] == "payment-1"
    assert (second["request_id"], second["route"]) == ("request-2", "POST /y")
    assert "subject" not in second


def _concerns(_parts: None, _request: Request) -> Answer:
    concerning("payment-1")
    raise errors.NotOwner


def _refuses(_parts: None, _request: Request) -> Answer:
    raise errors.NotOwner
