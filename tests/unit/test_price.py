"""What the browser says it orders, and what that costs."""

from decimal import Decimal
from typing import Any

import pytest

from shared.base.amount import Amount
from shared.payments.prices import NotForSale, Order, Product

PIE = Product("apple_pie_1", "Apple pie", Amount.of("3.14"), Amount.of("3.14"))
DONATION = Product("donation", "Donation", Amount.of("0.1"), Amount.of(100))


@pytest.mark.parametrize(
    ("metadata", "order"),
    [
        ({"productId": "apple_pie_1"}, Order("apple_pie_1", 1)),
        ({"productId": "apple_pie_1", "quantity": 2, "colour": "red"}, Order("apple_pie_1", 2)),
        ({"productId": "a" * 64, "quantity": 10_000}, Order("a" * 64, 10_000)),
        ({"productId": 42}, Order("42", 1)),
        ({"productId": "42"}, Order("42", 1)),
        ({"productId": "042"}, Order("042", 1)),
        ({"productId": 0}, Order("0", 1)),
        ({"productId": 10**64 - 1}, Order("9" * 64, 1)),
        ({"productId": 42, "quantity": "2"}, Order("42", 2)),
        ({"productId": 42, "quantity": "10000"}, Order("42", 10_000)),
    ],
)
def test_metadata_names_an_order(metadata: dict[str, Any], order: Order) -> None:
    assert Order.read(metadata) == order


@pytest.mark.parametrize(
    ("metadata", "names"),
    [
        ({}, ()),
        ({"product_id": "apple_pie_1", "": 1}, ("product_id", "")),
        ({"productId": None, "order": 7}, ("productId", "order")),
        # The browser makes them up: neither too many, nor too long, nor what no text can hold.
        ({f"key {number}": "x" for number in range(99)}, tuple(f"key {n}" for n in range(8))),
        ({"a" * 99: "x", "\ud800\n\u202eé": "x"}, ("a" * 32, "???é")),
    ],
)
def test_without_a_product_the_keys_that_came_are_told(
    metadata: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert Order.read(metadata) == NotForSale("no_product_id", metadata_keys=names)


@pytest.mark.parametrize(
    ("product_id", "came"),
    [
        *((text, "text") for text in ("", "a b", "a\n", "a" * 65, "é", "٤٢", "4.2e1+")),
        *((number, str(number)) for number in (-1, Decimal("42.0"), Decimal("42.5"))),
        *[(10**64, "1" + "0" * 31), (Decimal("1e21"), "1E+21"), (42.0, "number")],
        *[(True, "boolean"), (["a secret"], "list"), ({"a": "secret"}, "object")],
    ],
)
def test_what_is_no_id_and_no_number_names_no_product(product_id: object, came: str) -> None:
    metadata = {"productId": product_id, "quantity": 1}
    assert Order.read(metadata) == NotForSale("invalid_product_id", came=came)


@pytest.mark.parametrize(
    ("quantity", "came"),
    [
        *((number, str(number)) for number in (0, -1, 10_001, Decimal("1.5"), Decimal("2.0"))),
        *((text, "text") for text in ("", "0", "-1", "10001", "02", "+2", " 2", "2.0", "٢", "2\n")),
        (1.0, "number"),
        (True, "boolean"),
        (None, "null"),
        ([1], "list"),
    ],
)
def test_what_is_no_whole_number_of_pieces_orders_nothing(quantity: object, came: str) -> None:
    metadata = {"productId": 42, "quantity": quantity}
    assert Order.read(metadata) == NotForSale("invalid_quantity", "42", came=came)


@pytest.mark.parametrize(
    ("product", "quantity", "amount", "accepted"),
    [
        (PIE, 1, "3.14", True),
        (PIE, 1, "3.1399999", False),
        (PIE, 1, "3.1400001", False),
        (PIE, 1, "0", False),
        (PIE, 2, "6.28", True),
        (PIE, 2, "3.14", False),
        (PIE, 10_000, "31400", True),
        (DONATION, 1, "0.1", True),
        (DONATION, 1, "100", True),
        (DONATION, 1, "0.0999999", False),
        (DONATION, 1, "100.0000001", False),
        (DONATION, 3, "0.1", False),
        (DONATION, 3, "0.3", True),
    ],
)
def test_a_price_accepts_its_exact_amount_or_its_range(
    product: Product, quantity: int, amount: str, accepted: bool
) -> None:
    assert product.price(quantity).accepts(Amount.of(amount)) is accepted
