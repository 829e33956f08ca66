"""What the browser says it orders, and what that costs."""

from decimal import Decimal
from typing import Any

import pytest

from shared.base.amount import Amount
from shared.payments.prices import Order, Product

PIE = Product("apple_pie_1", "Apple pie", True, Amount.of("3.14"), Amount.of("3.14"))
DONATION = Product("donation", "Donation", True, Amount.of("0.1"), Amount.of(100))


@pytest.mark.parametrize(
    ("metadata", "order"),
    [
        ({"productId": "apple_pie_1"}, Order("apple_pie_1", 1)),
        ({"productId": "apple_pie_1", "quantity": 2, "colour": "red"}, Order("apple_pie_1", 2)),
        ({"productId": "a" * 64, "quantity": 10_000}, Order("a" * 64, 10_000)),
    ],
)
def test_metadata_names_an_order(metadata: dict[str, Any], order: Order) -> None:
    assert Order.read(metadata) == order


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"product_id": "apple_pie_1"},
        *({"productId": value} for value in (None, "", 7, ["a"], "a b", "a\n", "a" * 65, "é")),
        *(
            {"productId": "apple_pie_1", "quantity": value}
            for value in (0, -1, 10_001, True, None, "2", Decimal("1.5"), Decimal("2.0"), 1.0, [1])
        ),
    ],
)
def test_anything_else_orders_nothing(metadata: dict[str, Any]) -> None:
    assert Order.read(metadata) is None


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
