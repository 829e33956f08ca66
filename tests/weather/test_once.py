"""What is sold once to each user, where its payments are cancelled, and paid after all."""

from collections.abc import Callable

import pytest

from tests.world import User, World
from tests.world.effects import Device, Moment
from tests.world.once import bought, claim, completed, is_refused, sell_badge, started


@pytest.fixture
def world(each_world: World) -> World:
    sell_badge(each_world)
    return each_world


@pytest.fixture
def alice(world: World) -> User:
    return world.user("alice")


def closed_as_unpaid(world: World, user: User) -> str:
    payment_id = bought(world, user)
    world.pi.user_cancel(payment_id)
    world.until_proven()
    assert world.record(payment_id).state == "cancelled"
    return payment_id


def before_the_second_try(act: Callable[[], object]) -> Device:
    """Somebody else acts between what was seen of a claim and what is written of it."""
    tries = 0

    def device(moment: Moment, effect: str) -> None:
        nonlocal tries
        if (moment, effect) == ("before", "TransactWriteItems"):
            tries += 1
            if tries == 2:
                act()

    return device


def test_what_was_cancelled_does_not_count(world: World, alice: User) -> None:
    closed_as_unpaid(world, alice)

    second = started(world, alice)

    assert world.approve(second, alice).status == 200
    assert claim(world, alice)["held_by"] == second
    assert is_refused(world.approve(started(world, alice), alice))


def test_promise_4_of_two_that_take_over_a_cancelled_one_one_wins(
    world: World, alice: User
) -> None:
    """Between what the first sees and what it writes, the second is faster."""
    closed_as_unpaid(world, alice)
    slow, fast = started(world, alice), started(world, alice)
    world.pi.force(slow, {"status": {"cancelled": False}})

    def overtake() -> None:
        assert world.approve(fast, alice).status == 200

    with world.effects.watched_by(before_the_second_try(overtake)):
        reply = world.approve(slow, alice)

    assert is_refused(reply)
    assert claim(world, alice)["held_by"] == fast
    assert not world.at_pi(slow).developer_approved


# --- Closed as unpaid, and then the chain shows it paid -------------------------------------------


def paid_after_all(world: World, payment_id: str) -> str:
    """And Pi takes its completion."""
    world.pi.force(payment_id, {"status": {"cancelled": False, "user_cancelled": False}})
    return world.pay(payment_id)


def test_it_is_still_the_one_that_was_bought(world: World, alice: User) -> None:
    first = closed_as_unpaid(world, alice)
    paid_after_all(world, first)

    world.rounds(3)

    assert world.events(first)[-1] == "PaymentCompleted"
    assert is_refused(world.approve(started(world, alice), alice))


def test_promise_4_beside_another_it_is_never_delivered(world: World, alice: User) -> None:
    """It stands in front of an operator with its transaction, who refunds it."""
    first = closed_as_unpaid(world, alice)
    second = completed(world, alice)
    txid = paid_after_all(world, first)

    world.rounds(3)

    record = world.record(first)
    assert (record.state, record.txid) == ("completed", txid)
    assert (record.needs_review, record.refusal) == ("unmatched", "already_bought")
    assert record.price is None
    assert record.expected is not None
    assert record.refundable == record.amount
    assert world.events(first)[-1] == "PaymentUnmatched"
    assert world.complete(first, txid, alice).error == "payment_needs_attention"
    delivered = [event for event in world.bus.events if event.type == "PaymentCompleted"]
    assert [event.business_id for event in delivered] == [second]


def test_promise_4_nor_to_a_back_end_that_catches_up(world: World, alice: User) -> None:
    """What it is told once more is what it was told."""
    first = closed_as_unpaid(world, alice)
    second = completed(world, alice)
    paid_after_all(world, first)
    world.rounds(3)

    page = world.call("GET /events", query={"since": str(world.clock() - 3600)}).body["events"]
    sold = {event["detail"]["event_id"] for event in page}
    assert sold == {f"{second}:PaymentCompleted", f"{first}:PaymentUnmatched"}
    reply = world.call("POST /events/send_again", body={"event_id": f"{first}:PaymentCompleted"})
    assert reply.error == "event_not_found"


def test_promise_4_nobody_takes_over_what_is_completed_in_that_moment(
    world: World, alice: User
) -> None:
    """The second has seen the first cancelled, and writes after the first is completed."""
    first, second = closed_as_unpaid(world, alice), started(world, alice)
    txid = paid_after_all(world, first)

    def complete_first() -> None:
        assert world.complete(first, txid, alice).status == 200

    with world.effects.watched_by(before_the_second_try(complete_first)):
        reply = world.approve(second, alice)

    assert world.record(first).pending_event == "PaymentCompleted"
    assert is_refused(reply)
    assert not world.at_pi(second).developer_approved


# --- Another uid of the same person ---------------------------------------------------------------


def by_its_page(world: World, payment_id: str, user: User) -> None:
    assert world.incomplete(payment_id, user).body["attention"] == "unmatched"


def by_the_operator(world: World, payment_id: str, _user: User) -> None:
    told = world.function("operate")({"command": "adopt", "payment_id": payment_id})
    assert told["payment_id"] == payment_id


def by_the_book(world: World, _payment_id: str, _user: User) -> None:
    world.rounds(1)


@pytest.mark.parametrize("is_adopted", [by_its_page, by_the_operator, by_the_book])
def test_promise_4_what_one_uid_has_is_not_sold_to_the_next(
    world: World, alice: User, is_adopted: Callable[[World, str, User], None]
) -> None:
    """Another back end has approved it, and knows nothing of the first purchase."""
    completed(world, alice)
    world.rounds(2)
    world.pi.registry.revoke(alice.uid)
    again = world.user("alice")
    world.function("operate")({"command": "link", "old_uid": alice.uid, "new_uid": again.uid})
    second = started(world, again)
    world.at_pi(second).approve()
    world.pay(second)

    is_adopted(world, second, again)
    world.rounds(4)

    record = world.record(second)
    assert (record.state, record.needs_review) == ("completed", "unmatched")
    assert world.events(second) == ["PaymentUnmatched"]
