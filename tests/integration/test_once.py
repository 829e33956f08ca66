"""A product that is sold once to each user: a second payment for it is refused, or refunded."""

from collections.abc import Callable
from threading import Thread

import pytest

from tests.world import User, World
from tests.world.devices import Meeting
from tests.world.functions import Reply
from tests.world.once import BADGE, bought, claim, completed, is_refused, sell_badge, started

ONE = {"productId": BADGE}


@pytest.fixture(autouse=True)
def _badge(world: World) -> None:
    sell_badge(world)


def two_started(world: World, user: User) -> tuple[str, str]:
    """From two tabs, or from two of Pi's apps: neither cancels the other."""
    first, second = started(world, user), started(world, user)
    world.pi.force(first, {"status": {"cancelled": False}})
    return first, second


# --- Whom it counts -----------------------------------------------------------------------------


def test_the_first_payment_is_like_any_other(world: World, alice: User) -> None:
    payment_id = bought(world, alice)

    assert world.complete(payment_id, world.pay(payment_id), alice).status == 200
    assert world.approve(payment_id, alice).status == 200

    assert world.record(payment_id).pending_event == "PaymentCompleted"
    assert claim(world, alice)["held_by"] == payment_id


def paid_and_unlinked(world: World, user: User) -> None:
    """The chain has it, and neither Pi nor the front end says so."""
    world.pi.settings.show_txid_before_complete = False
    world.pay(bought(world, user), link=False)


def cancelled_at_pi_without_a_proof(world: World, user: User) -> None:
    world.pi.user_cancel(bought(world, user))


@pytest.mark.parametrize(
    "before",
    [bought, completed, paid_and_unlinked, cancelled_at_pi_without_a_proof],
    ids=lambda act: act.__name__,
)
def test_a_second_one_is_refused_and_cancelled(
    world: World, alice: User, before: Callable[[World, User], object]
) -> None:
    before(world, alice)
    second = started(world, alice)

    replies = [world.approve(second, alice) for _ in range(2)]

    assert all(map(is_refused, replies))
    assert [reply.body["details"] for reply in replies] == [{"product_id": BADGE}] * 2
    assert BADGE in replies[0].body["error_message"]
    assert world.at_pi(second).cancelled
    assert not world.at_pi(second).developer_approved
    record = world.record(second)
    assert (record.state, record.refusal, record.price) == ("cancelled", "already_bought", None)
    assert record.expected is not None
    assert world.metrics.counted["PaymentRefused"] == 1


def test_another_user_and_another_product_are_none_of_its_business(
    world: World, alice: User, bob: User
) -> None:
    world.sell("hat", price="5", once=True)
    completed(world, alice)
    assert world.approve(started(world, bob), bob).status == 200
    assert world.approve(started(world, alice, "hat"), alice).status == 200


def test_what_was_refused_does_not_count(world: World, alice: User) -> None:
    assert world.approve(world.start(alice, "4", ONE), alice).error == "unexpected_amount"
    assert world.approve(started(world, alice), alice).status == 200


def test_what_never_was_approved_frees_it_at_once(world: World, alice: User) -> None:
    """Its front end comes back while Pi has given the payment up."""
    first = started(world, alice)
    world.fault("POST", "*/approve", status=500)
    world.approve(first, alice)
    world.heal()
    world.pi.user_cancel(first)

    assert world.approve(started(world, alice), alice).status == 200

    assert world.record(first).state == "cancelled"


def test_one_that_an_operator_has_closed_by_hand_does_not_count(world: World, alice: User) -> None:
    """Nor one that an older version closed: nobody has to give the claim back."""
    first = bought(world, alice)
    world.tables.edit("PaymentsTable", first, state="cancelled")
    world.effects.landed[first] = 1
    assert world.approve(started(world, alice), alice).status == 200


def test_it_follows_a_person_who_has_a_new_uid(world: World, alice: User, bob: User) -> None:
    completed(world, alice)
    world.function("operate")({"command": "link", "old_uid": alice.uid, "new_uid": bob.uid})
    assert is_refused(world.approve(started(world, bob), bob))


def test_one_that_the_former_uid_never_paid_does_not_count(
    world: World, alice: User, bob: User
) -> None:
    unpaid = bought(world, alice)
    world.tables.edit("PaymentsTable", unpaid, state="cancelled")
    world.function("operate")({"command": "link", "old_uid": alice.uid, "new_uid": bob.uid})
    assert world.approve(started(world, bob), bob).status == 200


def test_sold_often_from_now_on_it_is_bought_again(world: World, alice: User) -> None:
    """At once: nobody is refused by what was read before."""
    bought(world, alice)
    world.sell(BADGE, price="5")
    assert world.approve(started(world, alice), alice).status == 200


def test_one_piece_is_one_piece(world: World, alice: User) -> None:
    """The browser chooses the quantity."""
    reply = world.approve(world.start(alice, "10", {**ONE, "quantity": 2}), alice)

    assert reply.error == "unknown_product"
    assert reply.body["details"]["why"] == "one_piece_only"
    assert reply.body["details"]["came"] == "2"
    assert "one piece" in reply.body["error_message"]


def test_a_price_function_sells_once_too(world: World, alice: User) -> None:
    """Two tabs, one cart: the app need not claim it."""
    world.price_by(lambda _request: {"product_id": "cart-7", "price": "5", "once": True})
    first, second = two_started(world, alice)
    assert world.approve(first, alice).status == 200
    assert is_refused(world.approve(second, alice))
    assert world.record(second).expected is not None


# --- At once ------------------------------------------------------------------------------------


def test_budget(world: World, alice: User) -> None:
    """3 calls to Pi, 4 reads, 1 write, which is a transaction."""
    payment_id = started(world, alice)
    with world.counting() as spent:
        world.approve(payment_id, alice)
    assert (len(spent.pi), spent.reads) == (3, ["GetItem", "Query", "GetItem", "GetItem"])
    assert spent.writes == ["TransactWriteItems"]


def test_promise_4_of_two_at_once_one_wins(world: World, alice: User) -> None:
    first, second = two_started(world, alice)
    world.call("GET /me", token=alice.token)
    replies: dict[str, Reply] = {}

    def approve(payment_id: str) -> None:
        replies[payment_id] = world.approve(payment_id, alice)

    with world.effects.watched_by(Meeting("TransactWriteItems", 2, once=True)):
        threads = [Thread(target=approve, args=(one,)) for one in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(reply.status for reply in replies.values()) == [200, 409]
    [winner] = [one for one, reply in replies.items() if reply.status == 200]
    approved = [one for one in (first, second) if world.at_pi(one).developer_approved]
    assert approved == [winner]
    assert claim(world, alice)["held_by"] == winner


# --- What another back end has approved ---------------------------------------------------------


def elsewhere(world: World, user: User) -> str:
    payment_id = started(world, user)
    world.at_pi(payment_id).approve()
    return payment_id


def test_adoption_of_a_paid_one_is_completed_and_left_to_an_operator(
    world: World, alice: User
) -> None:
    completed(world, alice)
    second = elsewhere(world, alice)
    world.pay(second)

    assert world.incomplete(second, alice).status == 200
    world.work()

    record = world.record(second)
    assert (record.needs_review, record.refusal) == ("unmatched", "already_bought")
    assert world.events(second) == ["PaymentUnmatched"]
    assert world.at_pi(second).developer_completed


def test_an_adopted_one_counts(world: World, alice: User) -> None:
    first = elsewhere(world, alice)
    world.pay(first)
    assert world.incomplete(first, alice).status == 200

    assert is_refused(world.approve(started(world, alice), alice))


def test_what_another_back_end_has_approved_is_watched(world: World, alice: User) -> None:
    """It can be paid, so it is refused and not cancelled."""
    bought(world, alice)
    second = elsewhere(world, alice)
    world.pi.settings.auto_cancel = False

    assert is_refused(world.approve(second, alice))

    assert world.record(second).state == "open"
    assert world.at_pi(second).is_open


def test_a_claim_that_was_edited_by_hand_waits(world: World, alice: User) -> None:
    bought(world, alice)
    key = f"once#{BADGE}#{alice.uid}"
    world.tables.edit("PaymentsTable", key, held_by=None)

    reply = world.approve(started(world, alice), alice)

    assert (reply.status, reply.error) == (503, "unexpected_error")


def test_once_more_after_an_operator_has_deleted_the_claim(world: World, alice: User) -> None:
    """What the runbook says, after a refund."""
    completed(world, alice)
    world.tables.delete("PaymentsTable", f"once#{BADGE}#{alice.uid}")
    assert world.approve(started(world, alice), alice).status == 200


def test_one_whose_payment_cannot_be_read_waits(world: World, alice: User) -> None:
    """Fails closed: what is not known to be cancelled may be bought."""
    first = bought(world, alice)
    second = started(world, alice)
    world.tables.edit("PaymentsTable", first, uid=None)

    reply = world.approve(second, alice)

    assert (reply.status, reply.error) == (503, "unexpected_error")
    assert world.find_record(second) is None
    world.tables.edit("PaymentsTable", first, uid=alice.uid)
