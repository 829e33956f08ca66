"""The place where an app says what a payment must cost."""

from __future__ import annotations

from shared.adapters.product_store import ProductStore
from shared.domain.pi import PaymentDto
from shared.domain.price import Order, Price


def price_payment(payment: PaymentDto, products: ProductStore) -> Price | None:
    """What `payment` must cost to be approved, or None if we do not sell what it is for.

    This one reads the Products table by `metadata.productId`, times the optional
    `metadata.quantity`. An app with carts or orders replaces the body by its own look-up. Rules for
    that:

    - `payment.metadata` and `payment.amount` come from the browser. Look the price up; never
      compute it from them.
    - Anyone may pay twice for one order, from two tabs: both payments ask for the same price.
      Prevent it here by claiming the order for this payment with one conditional write, `payment_id
      = :this` if absent or already `:this`, and return None when another payment holds it. Release
      the claim on the `PaymentCancelled` event, never on a timer: a payment that is not yet
      cancelled may still be paid.
    - It runs on every approval and on its repeats, and must then give the same answer. The first
      answer is recorded and decides; later ones are not looked at.
    - Name the order in `Price.product_id`: it is stored with the payment and stands in its events.
    - Errors: raise ServiceUnavailable if the look-up failed, so that the front end asks again.
    """
    order = Order.read(payment.metadata)
    product = order and products.get(order.product_id)
    return product.price(order.quantity) if order and product and product.active else None
