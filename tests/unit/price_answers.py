"""Answers of an app's price function: what is a price, what says that there is none, and what is
neither. `docs/prices/answer.schema.json` and the code must say the same of each."""

from typing import Any

Json = dict[str, Any]

CART: Json = {"product_id": "cart-7", "price": "7.5"}
RANGE: Json = {"product_id": "donation", "minimum": "0.1", "maximum": "100"}

FOR_SALE: list[Json] = [
    CART,
    {**CART, "price": "0.0000001"},
    {**CART, "price": "100000000000.1234567"},
    {**CART, "price": "7"},
    {**CART, "quantity": 1, "once": False, "valid_seconds": 1},
    {**CART, "quantity": 10_000, "once": True, "valid_seconds": 86_400},
    {**CART, "product_id": "a.B_9:-" + "x" * 57},
    RANGE,
    {**RANGE, "minimum": "100"},
    {**RANGE, "quantity": 3, "valid_seconds": 60, "once": True},
]

NOT_FOR_SALE: list[Json] = [
    {"price": None, "why": "cart_is_empty"},
    {"price": None, "why": "x", "product_id": "cart-7"},
]

NO_AMOUNTS: list[Any] = [
    *(7.5, 7, 0, -1, True, [], {}, ["7.5"]),
    *("0", "0.0", "0.0000000", "-1", "-0", "+1", "", "1" * 13),
    *("0.00000001", "7.50000000", "1e-7", "1e3", "NaN"),
    *("7,5", " 7.5", ".5", "7.", "٤", "0x10"),
]

UNUSABLE: list[Any] = [
    None,
    True,
    7,
    "7.5",
    [],
    [CART],
    {},
    {"errorMessage": "boom", "errorType": "Error"},
    # A float, zero, below it, too many decimals, and what only looks like a number.
    *({**CART, "price": price} for price in NO_AMOUNTS),
    {"product_id": "cart-7"},
    {**RANGE, "minimum": "0"},
    {**RANGE, "minimum": 0.1},
    {**RANGE, "price": "7.5"},
    {**RANGE, "price": None},
    {**CART, "minimum": "7.5"},
    {"product_id": "donation", "minimum": "0.1"},
    {"product_id": "donation", "maximum": "0.1"},
    # What is sold.
    {"price": "7.5"},
    *({**CART, "product_id": name} for name in (None, 7, "", "a b", "a#b", "x" * 65)),
    *({**CART, "quantity": number} for number in (None, 0, -1, 10_001, 1.5, "1", True)),
    *({**CART, "once": flag} for flag in (None, 0, 1, "true", "false")),
    *({**CART, "valid_seconds": n} for n in (None, 0, -1, 86_401, 1.5, "60", True)),
    # A key with a mistake in it: nothing is obeyed by half.
    {**CART, "onced": True},
    {**CART, "why": "cart_is_empty"},
    {**CART, "amount": "7.5"},
    # Why it is not sold.
    {"price": None},
    {"why": "cart_is_empty"},
    *({"price": None, "why": why} for why in (None, "", "Cart is empty", "9x", "x" * 65, 7)),
    {"price": None, "why": "cart_is_empty", "product_id": None},
    {"price": None, "why": "cart_is_empty", "product_id": "a b"},
    {"price": None, "why": "cart_is_empty", "once": True},
]
# A schema cannot compare two of its values, and Python's validator takes `$` for before a newline.
UNUSABLE_BEYOND_THE_SCHEMA: list[Any] = [
    {**RANGE, "minimum": "100.0000001"},
    {**CART, "price": "7.5\n"},
    {**CART, "product_id": "cart\n"},
]
