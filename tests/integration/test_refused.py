"""What the developer of a front end is told of a refused payment, and what is kept of it."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.world import User, World
from tests.world.payments import DONATION, PIE

BROKEN = "no_price"
BOUNDS = ("minimum", "maximum")


def told(world: World, user: User, amount: str, metadata: object) -> dict[str, Any]:
    """The whole answer, but for its request id."""
    body = dict(world.approve(world.start(user, amount, metadata), user).body)
    del body["request_id"]
    return body


# --- 42 and "42" --------------------------------------------------------------------------------


@pytest.mark.parametrize("product_id", [42, "42"])
@pytest.mark.parametrize("quantity", [2, "2"])
def test_a_product_may_be_named_by_a_number(
    world: World, alice: User, product_id: object, quantity: object
) -> None:
    """As the button does that Pi's kit scaffolds. In records and events its id is text."""
    world.sell("42", price="3.14")
    payment_id = world.approved(alice, "6.28", {"productId": product_id, "quantity": quantity})

    reply = world.complete(payment_id, world.pay(payment_id), alice)

    assert (reply.body["product_id"], reply.body["quantity"]) == ("42", 2)
    world.work()
    [event] = [event.detail for event in world.bus.events]
    assert (event["product_id"], event["quantity"]) == ("42", 2)


# --- What is told -------------------------------------------------------------------------------


def test_another_amount_is_told_with_the_price(world: World, alice: User) -> None:
    assert told(world, alice, "3.14", {"productId": PIE, "quantity": "2"}) == {
        "error": "unexpected_amount",
        "error_message": "2 x apple_pie_1 costs 6.28 Pi, but this payment has 3.14 Pi. Start a"
        " new one with the right amount.",
        "details": {
            "product_id": PIE,
            "quantity": 2,
            "minimum": "6.28",
            "maximum": "6.28",
            "amount": "3.14",
        },
    }


def test_an_amount_out_of_range_is_told_with_the_range(world: World, alice: User) -> None:
    body = told(world, alice, "0.0000001", {"productId": DONATION})

    assert "costs 0.1 to 100 Pi, but this payment has 0.0000001 Pi" in body["error_message"]
    assert (body["details"]["minimum"], body["details"]["maximum"]) == ("0.1", "100")


@pytest.mark.parametrize(
    ("metadata", "details", "says"),
    [
        (
            {"order": "7", "note": "private"},
            {"why": "no_product_id", "metadata_keys": ["order", "note"]},
            "no productId; its keys: order, note.",
        ),
        ({"": 1, "\ud800": 2}, {"why": "no_product_id", "metadata_keys": ["", "?"]}, "keys: , ?."),
        ({"productId": 4.5}, {"why": "invalid_product_id", "came": "4.5"}, "this is: 4.5."),
        (
            {"productId": PIE, "quantity": Decimal("2.0")},
            {"why": "invalid_quantity", "product_id": PIE, "came": "2.0"},
            "from 1 to 10000; this is: 2.0.",
        ),
        (
            {"productId": 43},
            {"why": "no_such_product", "product_id": "43"},
            "The product 43 is not in the table of products.",
        ),
        (
            {"productId": "off"},
            {"why": "switched_off", "product_id": "off"},
            "The product off is switched off.",
        ),
        (
            {"productId": BROKEN},
            {"why": "unusable_row", "product_id": BROKEN},
            "The product no_price has no usable price",
        ),
    ],
)
def test_what_is_not_sold_is_told_with_the_reason(
    world: World, alice: User, metadata: dict[str, Any], details: dict[str, Any], says: str
) -> None:
    world.sell("off", price="3.14", active=False)
    world.sell(BROKEN, price="three")

    body = told(world, alice, "3.14", metadata)

    assert (body["error"], body["details"]) == ("unknown_product", details)
    assert says in body["error_message"]
    assert "private" not in json.dumps(body)


def test_a_product_that_nobody_can_buy_is_counted(world: World, alice: User) -> None:
    world.sell(BROKEN, price="three")

    told(world, alice, "3.14", {"productId": BROKEN})

    assert world.metrics.counted["UnusableProduct"] == 1


@pytest.mark.parametrize(
    "metadata", [{"productId": PIE}, {"order": "7"}, {"productId": "moon", "quantity": 3}]
)
def test_a_repeat_is_told_the_same(world: World, alice: User, metadata: dict[str, Any]) -> None:
    """Whatever is sold at which price by then: the record knows what was expected."""
    payment_id = world.start(alice, "1", metadata)
    first = world.approve(payment_id, alice).body
    world.sell(PIE, price="1")
    world.sell("moon", price="1")

    repeat = world.approve(payment_id, alice).body

    assert repeat["details"]
    assert {**repeat, "request_id": ""} == {**first, "request_id": ""}


def test_what_an_older_version_refused_has_no_details(world: World, alice: User) -> None:
    payment_id = world.start(alice, "1")
    world.approve(payment_id, alice)
    kept = [f"expected_{name}" for name in ("product_id", "quantity", *BOUNDS)]
    world.tables.edit("PaymentsTable", payment_id, **dict.fromkeys(kept))

    body = world.approve(payment_id, alice).body

    assert (body["error"], "details" in body) == ("unexpected_amount", False)


# --- What is kept -------------------------------------------------------------------------------


def test_what_is_paid_all_the_same_shows_what_was_expected(world: World, alice: User) -> None:
    """Promise 1: another back end approved it, and its user paid."""
    payment_id = world.start(alice, "1")
    world.at_pi(payment_id).approve()
    world.approve(payment_id, alice)

    world.complete(payment_id, world.pay(payment_id), alice)

    record = world.record(payment_id)
    assert (record.pending_event, record.price) == ("PaymentUnmatched", None)
    assert record.expected is not None
    assert (record.expected.product_id, str(record.expected.minimum)) == (PIE, "3.14")


# --- An amount that nobody can pay --------------------------------------------------------------


def inexact(world: World, user: User, amount: str = "0.30000000000000004") -> str:
    payment_id = world.start(user)
    world.pi.force(payment_id, {"amount": Decimal(amount)})
    return payment_id


@pytest.mark.parametrize("amount", ["0.30000000000000004", "1e-8", f"3.14{26 * '0'}1"])
def test_an_amount_with_too_many_decimals_is_refused_and_cancelled(
    world: World, alice: User, amount: str
) -> None:
    payment_id = inexact(world, alice, amount)

    replies = [world.approve(payment_id, alice) for _ in range(2)]

    assert [(r.status, r.error) for r in replies] == [(409, "too_many_decimals")] * 2
    assert not world.at_pi(payment_id).developer_approved
    assert world.at_pi(payment_id).cancelled
    assert world.find_record(payment_id) is None


def test_too_many_decimals_concern_the_payer_alone(world: World, alice: User, bob: User) -> None:
    payment_id = inexact(world, alice)
    assert world.approve(payment_id, bob).status == 403
    world.pi.force(payment_id, {"direction": "app_to_user"})
    assert world.approve(payment_id, alice).status == 404
    assert world.at_pi(payment_id).is_open


def test_too_many_decimals_approved_elsewhere_are_not_cancelled(world: World, alice: User) -> None:
    payment_id = inexact(world, alice)
    world.at_pi(payment_id).approve()
    assert world.approve(payment_id, alice).error == "too_many_decimals"
    assert world.at_pi(payment_id).is_open


def test_elsewhere_too_many_decimals_are_an_odd_answer(world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)
    world.pi.force(payment_id, {"amount": Decimal("3.14000001")})
    reply = world.complete(payment_id, txid, alice)
    assert (reply.status, reply.error) == (502, "pi_answer_invalid")
    assert world.record(payment_id).state == "open"
