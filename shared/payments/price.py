"""What a payment must cost, from the app's own function or from the Products table."""

from __future__ import annotations

from collections.abc import Callable

from shared.payments.prices import NotForSale, Order, Quote, Why
from shared.payments.products import ProductStore
from shared.pi.objects import PaymentDto

Prices = Callable[[PaymentDto], Quote]
"""Gives the `Price` that a payment must have, or why it has none. It is asked only if Pi has
confirmed the payment's user, or shows the payment approved. Raises ServiceUnavailable."""


def price_in_table(products: ProductStore, payment: PaymentDto) -> Quote:
    """By `metadata.productId`, times the optional `metadata.quantity`. The table is not read again
    for a payment whose amount is right for a product that was read a moment ago; no payment is
    refused without a look at the table."""
    order = Order.read(payment.metadata)
    if isinstance(order, NotForSale):
        return order
    if (seen := products.seen(order.product_id)) is not None:
        price = seen.price(order.quantity)
        if price.accepts(payment.amount):
            return price
    product = products.get(order.product_id)
    if isinstance(product, NotForSale):
        return product
    if product.once and order.quantity != 1:
        return NotForSale(Why.ONE_PIECE_ONLY, product.product_id, came=str(order.quantity))
    return product.price(order.quantity)
