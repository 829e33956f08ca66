"""Prices of the app's own function, in place of the table of products: promise 1."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.world import User, World
from tests.world.devices import First

CART = {"product_id": "cart-7", "price": "7.5"}
ORDER = {"cart": "cart-7"}


def answering(answer: object) -> Callable[[dict[str, Any]], object]:
    return lambda _request: answer


def started(world: World, user: User, amount: str = "7.5") -> str:
    return world.start(user, amount, ORDER)


def started_elsewhere(world: World, user: User, amount: str = "7.5") -> str:
    """Another back end of the same app approved it."""
    payment_id = started(world, user, amount)
    world.at_pi(payment_id).approve()
    return payment_id


# --- A price ------------------------------------------------------------------------------------


def test_a_cart_is_sold_at_the_price_that_the_app_names(world: World, alice: User) -> None:
    world.price_by(answering({**CART, "quantity": 3}))
    payment_id = started(world, alice)

    assert world.approve(payment_id, alice).status == 200

    reply = world.complete(payment_id, world.pay(payment_id), alice)
    assert (reply.body["product_id"], reply.body["quantity"]) == ("cart-7", 3)
    world.work()
    assert world.events(payment_id) == ["PaymentCompleted"]
    [request] = world.price_function.asked
    assert (request["user_uid"], request["approved"]) == (alice.uid, False)
    assert request["payment"]["identifier"] == payment_id
    assert request["payment"]["metadata"] == ORDER


def test_it_takes_the_place_of_the_table(world: World, alice: User) -> None:
    """Also for what the table sells: there is one price list."""
    world.price_by(answering({"price": None, "why": "closed_today"}))

    reply = world.approve(world.start(alice), alice)

    assert (reply.error, reply.body["details"]) == ("unknown_product", {"why": "closed_today"})
    assert "closed_today" in reply.body["error_message"]


@pytest.mark.parametrize("amount", ["7.4999999", "7.5000001", "0.1"])
def test_promise_1_another_amount_is_refused_and_cancelled(
    world: World, alice: User, amount: str
) -> None:
    world.price_by(answering(CART))
    payment_id = started(world, alice, amount)

    reply = world.approve(payment_id, alice)

    assert (reply.status, reply.error) == (409, "unexpected_amount")
    assert reply.body["details"]["minimum"] == "7.5"
    assert world.at_pi(payment_id).cancelled


def test_a_range_is_sold_too(world: World, alice: User) -> None:
    world.price_by(answering({"product_id": "donation", "minimum": "0.1", "maximum": "100"}))
    assert world.approve(started(world, alice, "42"), alice).status == 200


def test_what_it_refuses_stays_refused(world: World, alice: User) -> None:
    world.price_by(answering({"price": None, "why": "cart_is_empty", "product_id": "cart-7"}))
    payment_id = started(world, alice)
    first = world.approve(payment_id, alice)
    world.price_by(answering(CART))

    repeat = world.approve(payment_id, alice)

    details = {"why": "cart_is_empty", "product_id": "cart-7"}
    assert first.body["details"] == repeat.body["details"] == details
    assert not world.at_pi(payment_id).developer_approved


# --- Who makes it run ---------------------------------------------------------------------------


def test_it_is_asked_once_me_and_the_payment_agree(world: World, alice: User, bob: User) -> None:
    """A made-up token, another user and a payment that is not ours cost it nothing."""
    world.price_by(answering(CART))
    payment_id = started(world, alice)
    world.approve(payment_id, User("nobody", "made-up"))
    world.approve(payment_id, None)
    world.approve(payment_id, bob)
    world.pi.force(payment_id, {"direction": "app_to_user"})
    world.approve(payment_id, alice)
    world.approve("no-such-payment", alice)
    assert world.price_function.asked == []


def test_what_pi_shows_approved_is_not_asked_for_again(world: World, alice: User) -> None:
    """The record has its price, whatever has become of the function."""
    world.price_by(answering(CART))
    payment_id = started(world, alice)
    world.approve(payment_id, alice)
    world.price_function.failed = True

    repeat = world.approve(payment_id, alice)

    assert (repeat.status, len(world.price_function.asked)) == (200, 1)
    assert world.record(payment_id).version == 1


def test_budget(world: World, alice: User) -> None:
    """3 calls to Pi, 2 reads, 1 question, 1 write; the question stands before the write."""
    world.price_by(answering(CART))
    payment_id = started(world, alice)

    with world.counting() as spent:
        world.approve(payment_id, alice)

    assert (len(spent.pi), spent.reads, spent.writes) == (3, ["GetItem", "Query"], ["PutItem"])
    assert spent.log[-3:] == ["Invoke", "PutItem", "POST /v2/payments/*/approve"]


# --- When it gives none -------------------------------------------------------------------------


def fails(world: World) -> None:
    world.price_by(answering(CART))
    world.price_function.failed = True


def answers_a_float(world: World) -> None:
    world.price_by(answering({**CART, "price": 7.5}))


@pytest.mark.parametrize("weather", [fails, answers_a_float])
def test_promise_1_without_a_usable_answer_nothing_is_recorded_or_approved(
    world: World, alice: User, weather: Callable[[World], None]
) -> None:
    weather(world)
    payment_id = started(world, alice)

    reply = world.approve(payment_id, alice)

    assert (reply.status, reply.error) == (503, "price_unavailable")
    assert "Retry-After" in reply.headers
    assert world.metrics.counted["PriceUnavailable"] == 1
    assert world.find_record(payment_id) is None
    assert world.at_pi(payment_id).is_open
    assert not world.at_pi(payment_id).developer_approved
    # Pi's page repeats the callback.
    world.price_function.failed = False
    world.price_by(answering(CART))
    assert world.approve(payment_id, alice).status == 200


def test_without_the_time_to_ask_it_is_not_asked(world: World, alice: User) -> None:
    world.price_by(answering(CART))

    reply = world.call(
        "POST /pi_payment/approve",
        body={"paymentId": started(world, alice)},
        token=alice.token,
        seconds=7.5,
    )

    assert (reply.status, reply.error) == (503, "service_unavailable")
    assert world.price_function.asked == []


# --- How long it holds --------------------------------------------------------------------------


def test_the_first_answer_is_the_records_price(world: World, alice: User) -> None:
    """A repeat after a price change, before Pi has approved, is held against the first one."""
    world.price_by(answering(CART))
    payment_id = started(world, alice)
    world.fault("POST", "*/approve", status=500)
    assert world.approve(payment_id, alice).status == 503
    world.heal()
    world.price_by(answering({**CART, "price": "9"}))

    assert world.approve(payment_id, alice).status == 200

    price = world.record(payment_id).price
    assert price is not None
    assert str(price.minimum) == "7.5"


@pytest.mark.parametrize(("later", "is_approved"), [(30, True), (31, False)])
def test_promise_1_it_is_approved_only_while_the_price_holds(
    world: World, alice: User, later: int, is_approved: bool
) -> None:
    """Pi was away when its price was recorded; the front end comes back too late."""
    world.price_by(answering({**CART, "valid_seconds": 30}))
    payment_id = started(world, alice)
    world.fault("POST", "*/approve", status=500)
    assert world.approve(payment_id, alice).status == 503
    world.heal()
    recorded_at = world.record(payment_id).created_at
    world.tick(recorded_at + later - world.clock())

    reply = world.approve(payment_id, alice)

    assert (reply.status, reply.error) == ((200, None) if is_approved else (409, "price_expired"))
    assert world.at_pi(payment_id).developer_approved is is_approved


def test_a_price_that_expires_takes_nothing_from_a_payment_that_is_approved(
    world: World, alice: User
) -> None:
    world.price_by(answering({**CART, "valid_seconds": 1}))
    payment_id = started(world, alice)
    world.approve(payment_id, alice)
    txid = world.pay(payment_id)
    world.tick(3600)

    assert world.approve(payment_id, alice).status == 200
    assert world.complete(payment_id, txid, alice).status == 200


# --- Adoption -----------------------------------------------------------------------------------


def test_adoption_asks_it_and_says_that_the_payment_is_approved(world: World, alice: User) -> None:
    world.price_by(answering(CART))
    payment_id = started_elsewhere(world, alice)
    world.pay(payment_id)

    assert world.incomplete(payment_id, alice).status == 200

    assert world.record(payment_id).pending_event == "PaymentCompleted"
    [request] = world.price_function.asked
    assert (request["approved"], request["user_uid"]) == (True, alice.uid)


def test_adoption_waits_while_it_gives_no_price(world: World, alice: User) -> None:
    """It must not become unmatched because the function was away."""
    fails(world)
    payment_id = started_elsewhere(world, alice)
    world.pay(payment_id)

    reply = world.incomplete(payment_id, alice)

    assert (reply.status, reply.error) == (503, "price_unavailable")
    assert world.find_record(payment_id) is None
    world.price_function.failed = False
    assert world.incomplete(payment_id, alice).status == 200


def test_nothing_happens_between_the_answer_and_the_check(world: World, alice: User) -> None:
    """The price expires while the record is written."""
    world.price_by(answering({**CART, "valid_seconds": 1}))
    payment_id = started(world, alice)

    with world.effects.watched_by(First("PutItem", lambda: world.tick(3))):
        reply = world.approve(payment_id, alice)

    assert reply.error == "price_expired"
    assert not world.at_pi(payment_id).developer_approved
