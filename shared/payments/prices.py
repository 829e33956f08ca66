"""What the app sells, and for how much. The browser chooses the amount of a payment, so it is
always compared with this.

A product's id is text everywhere: in the table, in records and in events. Metadata may give it, and
the quantity, as a whole number too: 42 and "42" are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from shared.base.amount import Amount
from shared.base.frozen import frozen

PRODUCT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
LARGEST_NUMBER = 10**64 - 1  # as many digits as an id may have
QUANTITY = re.compile(r"[1-9][0-9]{0,4}")
LARGEST_QUANTITY = 10_000
# Of the names that the browser gave its metadata's keys.
MOST_KEYS = 8
LONGEST_NAME = 32
KINDS = {bool: "boolean", str: "text", list: "list", dict: "object", type(None): "null"}


@frozen
class Price:
    """The amounts that pay for `quantity` pieces of a product; `minimum` and `maximum` are equal
    but for donations. `once`: each user may buy it once. `until` (seconds since 1970) is the last
    moment at which a payment may be approved at it; None: it holds.
    """

    product_id: str
    quantity: int
    minimum: Amount
    maximum: Amount
    once: bool = False
    until: int | None = None

    def accepts(self, amount: Amount) -> bool:
        return self.minimum <= amount <= self.maximum

    def holds_at(self, now: int) -> bool:
        return self.until is None or now <= self.until


class Why(StrEnum):
    """Why there is no price. An app's own price function has reasons of its own, which are codes
    as well."""

    NO_PRODUCT_ID = "no_product_id"
    INVALID_PRODUCT_ID = "invalid_product_id"
    INVALID_QUANTITY = "invalid_quantity"
    ONE_PIECE_ONLY = "one_piece_only"
    NO_SUCH_PRODUCT = "no_such_product"
    SWITCHED_OFF = "switched_off"
    UNUSABLE_ROW = "unusable_row"
    UNREADABLE_METADATA = "unreadable_metadata"


@frozen
class NotForSale:
    """Why there is no price: one of `Why`, or the app's own code. The front end's developer is told
    all of it, and the record stores it. `metadata_keys` are the keys that came instead of a
    product's id; `came` is an impossible number, or the type of a value that is not a number."""

    why: str
    product_id: str | None = None
    metadata_keys: tuple[str, ...] = ()
    came: str | None = None


Quote = Price | NotForSale


@frozen
class Product:
    """One row of the Products table that is for sale; amounts are for one piece. `once`: each user
    may buy one, once."""

    product_id: str
    name: str
    minimum: Amount
    maximum: Amount
    once: bool = False

    def price(self, quantity: int) -> Price:
        minimum, maximum = self.minimum * quantity, self.maximum * quantity
        return Price(self.product_id, quantity, minimum, maximum, self.once)


@frozen
class Order:
    """What a payment's metadata asks for: `{"productId": "apple_pie_1", "quantity": 2}`."""

    product_id: str
    quantity: int

    @classmethod
    def read(cls, metadata: Mapping[str, Any]) -> Order | NotForSale:
        """Or why it asks for nothing: it names no product, or its quantity is not a whole number
        from 1 to 10 000."""
        product_id, quantity = metadata.get("productId"), metadata.get("quantity", 1)
        if product_id is None:
            return NotForSale(Why.NO_PRODUCT_ID, metadata_keys=_names(metadata))
        named = _text_of(product_id)
        if named is None or not PRODUCT_ID.fullmatch(named):
            return NotForSale(Why.INVALID_PRODUCT_ID, came=_shown(product_id))
        pieces = _text_of(quantity)
        if pieces is None or not QUANTITY.fullmatch(pieces) or int(pieces) > LARGEST_QUANTITY:
            return NotForSale(Why.INVALID_QUANTITY, named, came=_shown(quantity))
        return cls(named, int(pieces))


def _text_of(value: object) -> str | None:
    """Text as it is, a whole number that is not below 0 as its text; None: anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value <= LARGEST_NUMBER else None
    return value if isinstance(value, str) else None


def _names(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The browser has chosen them, so they are limited, and only plain text is kept."""
    names = [name[:LONGEST_NAME] for name in metadata][:MOST_KEYS]
    return tuple("".join(c if c.isprintable() else "?" for c in name) for name in names)


def _shown(value: object) -> str:
    """A number, or only the type of anything else: a text may be private."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)[:LONGEST_NAME]
    return KINDS.get(type(value), "number")
