"""Promise 1: only what is exactly an answer of the price function is a price."""

import json
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from shared.aws.client import client
from shared.base.amount import Amount
from shared.base.context import ANSWER_SECONDS, AWS_CALL_SECONDS, PRICE_SECONDS, remaining, within
from shared.base.errors import PriceUnavailable, ServiceUnavailable
from shared.base.observability import flush_metrics
from shared.payments.price_function import (
    LARGEST_ANSWER,
    PriceFunction,
    UnusableAnswer,
    quote_of,
    request_for,
)
from shared.payments.prices import NotForSale, Price, Quote
from tests.unit.conftest import LogLines
from tests.unit.price_answers import (
    CART,
    FOR_SALE,
    NOT_FOR_SALE,
    RANGE,
    UNUSABLE,
    UNUSABLE_BEYOND_THE_SCHEMA,
)
from tests.unit.samples import NOW, PAYMENT_ID, UID, payment

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:price"


class Invoked:
    """Lambda's client: its answer, or the error that it raises."""

    def __init__(self, answer: object, function_error: str | None = None) -> None:
        self._answer, self._function_error = answer, function_error
        self.invoked: list[tuple[str, Any]] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.invoked.append((FunctionName, json.loads(Payload)))
        if isinstance(self._answer, Exception):
            raise self._answer
        said = (
            self._answer if isinstance(self._answer, bytes) else json.dumps(self._answer).encode()
        )
        failed = {} if self._function_error is None else {"FunctionError": self._function_error}
        return {"StatusCode": 200, "Payload": BytesIO(said), **failed}


def asked(lambda_client: Any) -> Quote:
    return PriceFunction(lambda_client, ARN, lambda: NOW).price(payment())


def quote(answer: object) -> Quote:
    return quote_of(json.dumps(answer).encode(), NOW)


# --- What it is asked -----------------------------------------------------------------------------


def test_it_is_asked_with_the_payment_and_who_pays() -> None:
    lambda_client = Invoked(CART)
    asked(lambda_client)
    assert lambda_client.invoked == [
        (
            ARN,
            {
                "user_uid": UID,
                "approved": False,
                "payment": {
                    "identifier": PAYMENT_ID,
                    "user_uid": UID,
                    "amount": "3.14",
                    "memo": "One apple pie",
                    "metadata": {"productId": "apple_pie_1"},
                    "network": "Pi Testnet",
                    "created_at": "2026-09-21T14:13:20.123000+00:00",
                },
            },
        )
    ]


def test_numbers_of_the_metadata_are_handed_on_as_they_came() -> None:
    """5: no float in between."""
    shown = payment(metadata={"rate": Decimal("0.30000000000000004"), "big": 10**30})
    assert b'{"rate": 0.30000000000000004, "big": 1000000000000000000000000000000}' in request_for(
        shown
    )


def test_metadata_that_is_nested_too_deeply_sells_nothing() -> None:
    deep: dict[str, Any] = {}
    for _ in range(900):
        deep = {"a": deep}
    shown, lambda_client = payment(metadata=deep), Invoked(CART)
    answer = PriceFunction(lambda_client, ARN, lambda: NOW).price(shown)  # type: ignore[arg-type]
    assert (answer, lambda_client.invoked) == (NotForSale("unreadable_metadata"), [])


# --- What it answers ------------------------------------------------------------------------------


def test_a_price() -> None:
    price = Amount.of("7.5")
    assert asked(Invoked(CART)) == Price("cart-7", 1, price, price)


def test_a_price_with_all_that_it_may_say() -> None:
    answer = {**RANGE, "quantity": 2, "once": True, "valid_seconds": 60}
    expected = Price("donation", 2, Amount.of("0.1"), Amount.of(100), once=True, until=NOW + 60)
    assert quote(answer) == expected


def test_no_price() -> None:
    answer = {"price": None, "why": "cart_is_empty", "product_id": "cart-7"}
    assert asked(Invoked(answer)) == NotForSale("cart_is_empty", "cart-7")


@pytest.mark.parametrize("answer", FOR_SALE, ids=str)
def test_usable_prices(answer: object) -> None:
    assert isinstance(quote(answer), Price)


@pytest.mark.parametrize("answer", NOT_FOR_SALE, ids=str)
def test_usable_refusals(answer: object) -> None:
    assert isinstance(quote(answer), NotForSale)


@pytest.mark.parametrize("answer", [*UNUSABLE, *UNUSABLE_BEYOND_THE_SCHEMA], ids=str)
def test_promise_1_anything_else_is_no_price(answer: object) -> None:
    with pytest.raises(UnusableAnswer):
        quote(answer)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff",
        b"{",
        b"null null",
        b'{"product_id": "cart-7", "price": 1e999999999999999999999}',
        b'{"product_id": "cart-7", "price": NaN}',
        b"[" * 100_000,
        b" " * LARGEST_ANSWER + json.dumps(CART).encode(),
    ],
    ids=range(8),
)
def test_promise_7_garbage_is_unavailable(said: bytes) -> None:
    with pytest.raises(PriceUnavailable):
        asked(Invoked(said))


def test_an_answer_may_be_as_long_as_it_is_allowed_to_be() -> None:
    said = json.dumps(CART).encode()
    answer = asked(Invoked(b" " * (LARGEST_ANSWER - len(said)) + said))
    assert answer == quote(CART)


# --- What goes wrong ------------------------------------------------------------------------------


def throttled(code: str = "TooManyRequestsException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "a secret"}}, "Invoke")


@pytest.mark.parametrize(
    ("lambda_client", "reason"),
    [
        (Invoked(throttled()), "TooManyRequestsException"),
        (Invoked(throttled("ResourceNotFoundException")), "ResourceNotFoundException"),
        (Invoked(throttled("AccessDeniedException")), "AccessDeniedException"),
        (Invoked(ReadTimeoutError(endpoint_url="lambda")), "ReadTimeoutError"),
        (Invoked(ConnectTimeoutError(endpoint_url="lambda")), "ConnectTimeoutError"),
        # An error whose body would be a price is one all the same.
        (Invoked(CART, "Unhandled"), "the function ended with an error"),
        (Invoked({"errorMessage": "a secret"}, "Unhandled"), "the function ended with an error"),
        (Invoked({**CART, "price": 7.5, "product_id": "a secret"}), "price is not an amount"),
    ],
    ids=range(8),
)
def test_promise_7_each_failure_has_one_code_and_is_logged_and_counted(
    lambda_client: Invoked, reason: str, logs: LogLines, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PriceUnavailable) as failure:
        asked(lambda_client)
    assert (failure.value.code, failure.value.status) == ("price_unavailable", 503)
    assert failure.value.retryable
    assert len(lambda_client.invoked) == 1
    [line] = logs()
    assert (line["level"], line["reason"].startswith(reason)) == ("ERROR", True)
    # What it answers may be anybody's business, and is no business of the log.
    assert "a secret" not in logs.text
    flush_metrics()
    assert '"PriceUnavailable":[1.0]' in capsys.readouterr().out


def test_promise_8_it_is_asked_only_with_the_time_for_it_and_for_a_write(logs: LogLines) -> None:
    enough = PRICE_SECONDS + AWS_CALL_SECONDS + ANSWER_SECONDS
    lambda_client = Invoked(CART)
    with within(enough - 0.1), pytest.raises(ServiceUnavailable) as failure:
        asked(lambda_client)
    # It is not the function's fault, so nobody is sent to look at it.
    assert (failure.value.code, lambda_client.invoked, logs()) == ("service_unavailable", [], [])
    with within(enough):
        asked(lambda_client)
        assert remaining() == pytest.approx(PRICE_SECONDS)
    assert len(lambda_client.invoked) == 1


def test_promise_8_its_client_asks_once_and_waits_three_seconds() -> None:
    """A function that is slow is not asked again while it still runs."""
    of_lambda, of_tables = client("lambda").meta.config, client("dynamodb").meta.config
    assert of_lambda.retries["total_max_attempts"] == 1
    assert (of_lambda.connect_timeout, of_lambda.read_timeout) == (0.5, 3.0)
    assert (of_tables.connect_timeout, of_tables.read_timeout) == (0.5, 1.0)
    assert of_tables.retries["total_max_attempts"] == 2
    assert of_lambda.connect_timeout + of_lambda.read_timeout == PRICE_SECONDS
