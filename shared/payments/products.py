"""The Products table: what the operator sells. Written by hand or by the operator's own tools, read
here.

A row: `product_id` (text), `name`, `active`, and either `price` or `minimum` and `maximum`, in Pi,
as number or text; and `once`, true or false, where each user may buy it once.
"""

from __future__ import annotations

from shared.aws.dynamodb import Item
from shared.aws.table import Table
from shared.base.amount import Amount, InvalidAmount
from shared.base.observability import count, logger
from shared.base.seen import Seen
from shared.payments.prices import NotForSale, Product, Why

KEY = "product_id"
SEEN_SECONDS = 10.0  # a change of a row holds everywhere after so long


class ProductStore:
    def __init__(self, table: Table) -> None:
        self._table, self._seen = table, Seen[Product](SEEN_SECONDS)

    def seen(self, product_id: str) -> Product | None:
        """As it was read here within ten seconds; None: it was not, or is sold once."""
        return self._seen.get(product_id)

    def get(self, product_id: str) -> Product | NotForSale:
        """The product, or why it is not for sale. A row without a usable price is counted: the
        operator must correct it."""
        self._seen.forget(product_id)
        row = self._table.get(product_id, consistent=False)
        if not row:
            return NotForSale(Why.NO_SUCH_PRODUCT, product_id)
        if row.get("active") is not True:
            return NotForSale(Why.SWITCHED_OFF, product_id)
        try:
            product = product_of(row)
        except UnusableProduct:
            logger.error("This product has no usable price", extra={"product_id": product_id})
            count("UnusableProduct")
            return NotForSale(Why.UNUSABLE_ROW, product_id)
        if not product.once:  # by which a payment may be refused
            self._seen.keep(product_id, product)
        return product


class UnusableProduct(ValueError):
    """A row from which nothing can be sold; a sentence says what is wrong with it."""


def product_of(row: Item) -> Product:
    """What a row sells. Raises UnusableProduct."""
    minimum, maximum = _range(row)
    once = row.get("once", False)
    if not isinstance(once, bool):  # a text "true" must not sell twice
        raise UnusableProduct("once must be true or false.")
    return Product(row[KEY], str(row.get("name", "")), minimum, maximum, once)


def _range(row: Item) -> tuple[Amount, Amount]:
    names = ("price", "price") if "price" in row else ("minimum", "maximum")
    try:
        minimum, maximum = (Amount.of(row[name]) for name in names)
    except KeyError:
        raise UnusableProduct("It has neither a price nor a minimum and a maximum.") from None
    except InvalidAmount as invalid:
        raise UnusableProduct(f"Its price is not an amount of Pi: {invalid}.") from None
    if minimum > maximum:
        raise UnusableProduct("Its minimum is above its maximum.")
    return minimum, maximum
