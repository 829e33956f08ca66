"""The place where an app says what a payment must cost."""

from __future__ import annotations

from shared.payments.prices import NotForSale, Order, Quote
from shared.payments.products import ProductStore
from shared.pi.objects import PaymentDto


def price_payment(payment: PaymentDto, products: ProductStore) -> Quote:
    """The `Price` that `payment` must have to be approved, or `NotForSale` and why: a code that its
    developer is told.

    This one reads the Products table by `metadata.productId`, times the optional
    `metadata.quantity`. An app with carts or orders replaces the body by its own look-up, which
    ends with `Price("order-7", 1, total, total)` or `NotForSale("order_is_paid", "order-7")`. Rules
    for that:

    - `payment.metadata` and `payment.amount` come from the browser. Look the price up; never
      compute it from them.
    - An order must not be paid twice, say from two tabs. Claim it for this payment here, once you
      know that the order belongs to `payment.user_uid` and that `payment.amount` is its price: one
      conditional write of `payment_id`, if absent or already this one. If another payment holds it,
      look at that payment's record: overtake the claim if the record is `cancelled`, or if there is
      none a minute after the claim; else it is not for sale. A cancelled payment may turn out
      to be paid after all, so whoever delivers an order must also do so once per order, and refund
      the other.
    - It runs on every approval and on its repeats, and must then give the same answer. The first
      answer is recorded and decides; later ones are not looked at.
    - Name the order in `Price.product_id`: it is stored with the payment and stands in its events.
    - Errors: raise ServiceUnavailable if the look-up failed, so that the front end asks again.
    """
    order = Order.read(payment.metadata)
    if isinstance(order, NotForSale):
        return order
    product = products.get(order.product_id)
    return product if isinstance(product, NotForSale) else product.price(order.quantity)
