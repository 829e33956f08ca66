"""The place where an app says what a payment must cost."""

from __future__ import annotations

from shared.payments.prices import Order, Price
from shared.payments.products import ProductStore
from shared.pi.objects import PaymentDto


def price_payment(payment: PaymentDto, products: ProductStore) -> Price | None:
    """What `payment` must cost to be approved, or None if we do not sell what it is for.

    This one reads the Products table by `metadata.productId`, times the optional
    `metadata.quantity`. An app with carts or orders replaces the body by its own look-up. Rules for
    that:

    - `payment.metadata` and `payment.amount` come from the browser. Look the price up; never
      compute it from them.
    - An order must not be paid twice, say from two tabs. Claim it for this payment here, once you
      know that the order belongs to `payment.user_uid` and that `payment.amount` is its price: one
      conditional write of `payment_id`, if absent or already this one. If another payment holds it,
      look at that payment's record: overtake the claim if the record is `cancelled`, or if there is
      none a minute after the claim; else return None. A cancelled payment may turn out to be paid
      after all, so whoever delivers an order must also do so once per order, and refund the other.
    - It runs on every approval and on its repeats, and must then give the same answer. The first
      answer is recorded and decides; later ones are not looked at.
    - Name the order in `Price.product_id`: it is stored with the payment and stands in its events.
    - Errors: raise ServiceUnavailable if the look-up failed, so that the front end asks again.
    """
    order = Order.read(payment.metadata)
    product = order and products.get(order.product_id)
    return product.price(order.quantity) if order and product and product.active else None
