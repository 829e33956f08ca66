"""What we sell and for how much. The amount of a payment is chosen in the browser, so it is always
held against this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.base.amount import Amount

PRODUCT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
LARGEST_QUANTITY = 10_000


@dataclass(frozen=True, slots=True)
class Price:
    """The amounts that pay for `quantity` pieces of a product; `minimum` and `maximum` are equal
    but for donations.
    """

    product_id: str
    quantity: int
    minimum: Amount
    maximum: Amount

    def accepts(self, amount: Amount) -> bool:
        return self.minimum <= amount <= self.maximum


@dataclass(frozen=True, slots=True)
class Product:
    """One row of the Products table; amounts are for one piece."""

    product_id: str
    name: str
    active: bool
    minimum: Amount
    maximum: Amount

    def price(self, quantity: int) -> Price:
        return Price(self.product_id, quantity, self.minimum * quantity, self.maximum * quantity)


@dataclass(frozen=True, slots=True)
class Order:
    """What a payment's metadata asks for: `{"productId": "apple_pie_1", "quantity": 2}`."""

    product_id: str
    quantity: int

    @classmethod
    def read(cls, metadata: Mapping[str, Any]) -> Order | None:
        """None: the metadata names no product, or not a whole number of pieces from 1 to 10 000."""
        product_id, quantity = metadata.get("productId"), metadata.get("quantity", 1)
        if not isinstance(product_id, str) or not PRODUCT_ID.fullmatch(product_id):
            return None
        if (
            isinstance(quantity, bool)
            or not isinstance(quantity, int)
            or not 1 <= quantity <= LARGEST_QUANTITY
        ):
            return None
        return cls(product_id, quantity)
