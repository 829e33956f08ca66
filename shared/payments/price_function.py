"""Prices from the app's own Lambda function, for what a table cannot hold: carts, orders, rates.

It is asked once. Any answer that differs from the one that docs/prices.md describes is no price:
then nothing is approved, an alarm rings, and the front end asks again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.base import exact_json
from shared.base.amount import ZERO, Amount
from shared.base.clock import Clock
from shared.base.context import allows_price_call
from shared.base.errors import PriceUnavailable, ServiceUnavailable
from shared.base.identifiers import CODE
from shared.base.observability import count, logger
from shared.payments.prices import LARGEST_QUANTITY, PRODUCT_ID, NotForSale, Price, Quote, Why
from shared.pi.objects import PaymentDto

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LARGEST_ANSWER = 64 * 1024  # bytes
LONGEST_HOLD_SECONDS = 24 * 3600
# Text, since JSON's 3.14 is a float to most programs that write it.
EXACT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,7})?", re.ASCII)
FOR_SALE = {"product_id", "quantity", "price", "minimum", "maximum", "once", "valid_seconds"}
NOT_SOLD = {"price", "why", "product_id"}


class UnusableAnswer(ValueError):
    """Says what is wrong with an answer, and never repeats the answer."""


class PriceFunction:
    def __init__(self, client: LambdaClient, arn: str, clock: Clock) -> None:
        self._client, self._arn, self._clock = client, arn, clock

    def price(self, payment: PaymentDto) -> Quote:
        """What the app says. Raises PriceUnavailable, and ServiceUnavailable without the time to
        ask."""
        if not allows_price_call():
            raise ServiceUnavailable
        try:
            asked = request_for(payment)
        except RecursionError:  # its browser nests it as deep as it likes
            return NotForSale(Why.UNREADABLE_METADATA)
        try:
            answer = self._client.invoke(FunctionName=self._arn, Payload=asked)
            said = answer["Payload"].read(LARGEST_ANSWER + 1)
        except ClientError as error:  # throttled, say
            raise _unavailable(error.response["Error"]["Code"]) from None
        except BotoCoreError as error:  # too slow, say
            raise _unavailable(type(error).__name__) from None
        if answer.get("FunctionError"):
            raise _unavailable("the function ended with an error")
        try:
            return quote_of(said, self._clock())
        except UnusableAnswer as unusable:
            raise _unavailable(str(unusable)) from None


def _unavailable(reason: str) -> PriceUnavailable:
    logger.error("The price function gave no price", extra={"reason": reason})
    count("PriceUnavailable")
    return PriceUnavailable()


def request_for(payment: PaymentDto) -> bytes:
    """What the function is asked: see docs/prices/request.schema.json."""
    asked = {
        "user_uid": payment.user_uid,
        "approved": payment.status.developer_approved,
        "payment": {
            "identifier": payment.identifier,
            "user_uid": payment.user_uid,
            "amount": str(payment.amount),
            "memo": payment.memo,
            "metadata": payment.metadata,
            "network": payment.network,
            "created_at": payment.created_at.isoformat(),
        },
    }
    return exact_json.dumps(asked).encode()


def quote_of(said: bytes, now: int) -> Quote:
    """The answer's price, or why there is none: see docs/prices/answer.schema.json. Raises
    UnusableAnswer."""
    if len(said) > LARGEST_ANSWER:
        raise UnusableAnswer("the answer is too long")
    try:
        answer = exact_json.loads(said.decode())
    except (ValueError, ArithmeticError, RecursionError):
        raise UnusableAnswer("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise UnusableAnswer("the answer is not an object")
    if "price" in answer and answer["price"] is None:
        _require_keys(answer, NOT_SOLD)
        return _not_for_sale(answer)
    _require_keys(answer, FOR_SALE)
    return _price(answer, now)


def _not_for_sale(answer: Mapping[str, Any]) -> NotForSale:
    why = answer.get("why")
    if not isinstance(why, str) or not CODE.fullmatch(why):
        raise UnusableAnswer("why is not a code")
    return NotForSale(why, _product_id(answer) if "product_id" in answer else None)


def _price(answer: Mapping[str, Any], now: int) -> Price:
    is_range = "price" not in answer
    if not is_range and answer.keys() & {"minimum", "maximum"}:
        raise UnusableAnswer("both a price and a range")
    low, high = ("minimum", "maximum") if is_range else ("price", "price")
    minimum, maximum = _amount(answer, low), _amount(answer, high)
    if minimum > maximum:
        raise UnusableAnswer("minimum is above maximum")
    once = answer.get("once", False)
    if not isinstance(once, bool):
        raise UnusableAnswer("once is not true or false")
    holds = _whole(answer, "valid_seconds", None, LONGEST_HOLD_SECONDS)
    quantity = _whole(answer, "quantity", 1, LARGEST_QUANTITY) or 1
    until = None if holds is None else now + holds
    return Price(_product_id(answer), quantity, minimum, maximum, once, until)


def _require_keys(answer: Mapping[str, Any], known: set[str]) -> None:
    """An unknown key may be a misspelt one."""
    if not answer.keys() <= known:
        raise UnusableAnswer("a key that no such answer has")


def _amount(answer: Mapping[str, Any], name: str) -> Amount:
    text = answer.get(name)
    if not isinstance(text, str) or not EXACT.fullmatch(text):
        raise UnusableAnswer(f"{name} is not an amount as text with at most 7 decimals")
    amount = Amount.of(text)
    if amount == ZERO:
        raise UnusableAnswer(f"{name} is zero")
    return amount


def _product_id(answer: Mapping[str, Any]) -> str:
    product_id = answer.get("product_id")
    if not isinstance(product_id, str) or not PRODUCT_ID.fullmatch(product_id):
        raise UnusableAnswer("product_id is not a product's id")
    return product_id


def _whole(answer: Mapping[str, Any], name: str, default: int | None, most: int) -> int | None:
    value = answer.get(name, default)
    if name not in answer:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise UnusableAnswer(f"{name} is not a whole number from 1 to {most}")
    return value
