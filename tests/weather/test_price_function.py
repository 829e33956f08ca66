"""The app's price function away, and prices that expire: no payment stays stuck."""

from tests.world import World

CART = {"product_id": "cart-7", "price": "7.5"}


def test_an_expired_payment_is_left_to_pi_and_closed(world: World) -> None:
    """Pi gives it up, the worker closes it, and its user can pay another one."""
    alice = world.user("alice")
    world.price_by(lambda _request: {**CART, "valid_seconds": 1})
    payment_id = world.start(alice, "7.5")
    world.fault("POST", "*/approve", status=500)
    world.approve(payment_id, alice)
    world.heal()
    world.tick(2)
    assert world.approve(payment_id, alice).error == "price_expired"
    assert world.at_pi(payment_id).is_open

    world.rounds(2)  # Pi waits a minute for an approval

    assert world.record(payment_id).state == "cancelled"
    assert world.approve(world.start(alice, "7.5"), alice).status == 200


def test_promise_9_the_book_reads_on_while_there_is_no_price(world: World) -> None:
    """What the table does not know is a doubt of its own, and tried again."""
    known = world.approved()
    world.rounds()  # so that the wallet has a book
    world.price_by(lambda _request: CART)
    world.price_function.failed = True
    unknown = world.start(world.user(), "7.5")
    world.at_pi(unknown).approve()
    world.pay(unknown)
    world.pay(known)

    world.rounds(2)

    assert world.find_record(unknown) is None
    assert world.events(known) == ["PaymentCompleted"]
    assert [doubt.subject for doubt in world.book().doubts] == [unknown]

    world.price_function.failed = False
    world.rounds(2)
    assert world.events(unknown) == ["PaymentCompleted"]
    assert not world.book().doubts
