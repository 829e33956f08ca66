"""Incomplete, cancel and error: a payment is brought to what Pi and the chain show, and no further.

Each row of the decision table, reached as a front end reaches it.
"""

from collections.abc import Callable

import pytest

from tests.world import User, World
from tests.world.functions import Reply

OLD, YOUNG = 600, 599

Settle = Callable[[World, str, User | None], Reply]
ANYONE: list[Settle] = [World.incomplete, World.cancel, World.error]
anyone = pytest.mark.parametrize("settle", ANYONE, ids=["incomplete", "cancel", "error"])


def hide_txid(world: World) -> None:
    world.pi.settings.show_txid_before_complete = False


# --- Paid ---------------------------------------------------------------------------------------


@anyone
def test_a_paid_payment_is_completed(world: World, alice: User, settle: Settle) -> None:
    """Promise 3: whatever the front end calls it."""
    payment_id, txid = world.paid(alice)

    reply = settle(world, payment_id, None)

    assert (reply.status, reply.body) == (200, {"payment_id": payment_id, "state": "completed"})
    record = world.record(payment_id)
    assert (record.txid, record.pending_event, record.version) == (txid, "PaymentCompleted", 2)


def test_the_whole_payment_of_the_demo_app(world: World, alice: User) -> None:
    """`incomplete {payment}`: of the client's PaymentDTO only the identifier is read."""
    payment_id, txid = world.paid(alice)
    payment = {
        "identifier": payment_id,
        "transaction": {"txid": "ab" * 32, "verified": True, "_link": "http://169.254.169.254/"},
    }

    reply = world.call("POST /pi_payment/incomplete", body={"payment": payment})

    assert reply.status == 200
    assert world.record(payment_id).txid == txid
    assert all("169.254" not in str(sent) for sent in world.adapter.sent)


def test_incomplete_with_a_txid_that_pi_does_not_show(world: World, alice: User) -> None:
    hide_txid(world)
    payment_id, txid = world.paid(alice)

    assert world.incomplete(payment_id, transactionId=None).status == 202
    assert world.incomplete(payment_id, transactionId=txid).status == 200


def test_completed_by_somebody_else_is_recorded_once(world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)
    world.at_pi(payment_id).complete(txid, None)

    replies = [world.incomplete(payment_id) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    record = world.record(payment_id)
    assert (record.txid, record.pending_event, record.version) == (txid, "PaymentCompleted", 2)


# --- Not paid -----------------------------------------------------------------------------------


@anyone
def test_a_young_unpaid_one_is_never_cancelled(world: World, alice: User, settle: Settle) -> None:
    """Promise 3, whoever asks."""
    payment_id = world.approved(alice)
    world.tick(YOUNG)

    assert settle(world, payment_id, None).status == 202
    world.work()

    assert world.at_pi(payment_id).is_open
    assert world.record(payment_id).version == 1


@anyone
@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("is_owner", [False, True])
def test_no_caller_has_a_payment_cancelled_on_the_spot(
    world: World, alice: User, settle: Settle, paid: bool, is_owner: bool
) -> None:
    """Whoever asks, and however old it is: that he asks is noted, and the worker sees to it."""
    hide_txid(world)
    payment_id = world.approved(alice)
    if paid:
        world.pay(payment_id, link=False)
    world.tick(10 * OLD)

    assert settle(world, payment_id, alice if is_owner else None).status == 202

    assert world.at_pi(payment_id).is_open
    record = world.record(payment_id)
    assert (record.version, record.asked_at) == (1, world.clock())
    world.work()
    assert world.at_pi(payment_id).is_cancelled is not paid


def test_the_support_sees_which_transaction_a_page_named(world: World, alice: User) -> None:
    """The payer's own word replaces an anonymous one, and not the other way round; once it is
    known what has paid, nothing else is kept."""
    payment_id = world.approved(alice)
    made_up, own = "ab" * 32, "cd" * 32
    world.complete(payment_id, made_up)
    assert world.record(payment_id).claimed_txid == made_up
    with world.counting() as effects:
        world.complete(payment_id, made_up)
        world.complete(payment_id, "ef" * 32)
    assert effects.writes == []
    world.complete(payment_id, own, alice)
    assert world.record(payment_id).claimed_txid == own
    txid = world.pay(payment_id)
    world.complete(payment_id, txid, alice)
    record = world.record(payment_id)
    assert (record.state, record.txid, record.claimed_txid) == ("completed", txid, own)


def test_a_made_up_txid_does_not_keep_a_payment_open(world: World, alice: User, bob: User) -> None:
    """A claim that the chain disproves counts as none; one that it does not know is waited for."""
    _, of_bob = world.paid(bob)
    payment_id = world.approved(alice)
    world.tick(OLD + 150)

    for claimed in ("ab" * 32, of_bob):
        assert world.incomplete(payment_id, alice, transactionId=claimed).status == 202
    world.work()

    assert world.at_pi(payment_id).is_cancelled


def test_cancelled_by_the_user_before_it_was_approved(world: World, alice: User) -> None:
    """Nobody could pay it, so there is nothing to prove."""
    payment_id = world.start(alice)
    world.pi.user_cancel(payment_id)
    assert world.approve(payment_id, alice).error == "payment_cancelled"

    replies = [world.cancel(payment_id, user) for user in (alice, None)]

    assert [(reply.status, reply.state) for reply in replies] == [(200, "cancelled")] * 2
    assert world.events(payment_id) == []


def test_cancelled_by_the_user_after_it_was_approved(world: World, alice: User) -> None:
    """He may have paid before: it is closed once the chain has surely nothing for it."""
    payment_id = world.approved(alice)
    world.pi.user_cancel(payment_id)

    replies = [world.cancel(payment_id) for _ in range(2)]

    assert [(reply.status, reply.state) for reply in replies] == [(202, "open")] * 2
    record = world.record(payment_id)
    assert (record.dead_at, record.version) == (world.clock(), 2)


# --- Pi's refusals are looked into -------------------------------------------------------------


def test_cancelled_in_our_record_and_then_paid(world: World, alice: User) -> None:
    """Promise 3: `cancelled -> completed` is allowed."""
    payment_id = world.approved(alice)
    world.pi.user_cancel(payment_id)
    world.cancel(payment_id, alice)
    world.pi.force(payment_id, {"status": {"user_cancelled": False}})
    world.pay(payment_id)

    assert world.incomplete(payment_id).state == "completed"

    assert world.record(payment_id).pending_event == "PaymentCompleted"


# --- Anonymous, unknown, not ours --------------------------------------------------------------


@anyone
@pytest.mark.parametrize("payment_id", ["A" * 28, "x", "-_" * 32])
def test_an_unknown_id_costs_one_read(world: World, settle: Settle, payment_id: str) -> None:
    with world.counting() as spent:
        reply = settle(world, payment_id, None)

    assert (reply.status, reply.error) == (404, "payment_not_found")
    assert spent.log == ["GetItem"]


@anyone
def test_an_unknown_payment_is_not_touched(world: World, alice: User, settle: Settle) -> None:
    """Even one that Pi knows: only its owner can have it adopted."""
    payment_id = world.start(alice)
    world.at_pi(payment_id).approve()

    assert settle(world, payment_id, None).status == 404

    assert world.at_pi(payment_id).is_open
    assert world.find_record(payment_id) is None


@pytest.mark.parametrize("paid", [False, True])
def test_a_payout_is_not_ours_here(world: World, alice: User, paid: bool) -> None:
    """A2U ids are public on the chain: naming one has no effect, token or not."""
    app = world.pi.registry.app()
    payout = {"uid": alice.uid, "amount": 1, "memo": "payout", "metadata": {"payout": 1}}
    payment_id = str(world.pi.create_payment(app, payout)["identifier"])
    txid = world.pay(payment_id) if paid else "ab" * 32
    world.tick(OLD)

    replies = [
        settle(world, payment_id, user)
        for settle in (World.incomplete, World.cancel, World.error)
        for user in (None, alice)
    ]
    replies += [world.complete(payment_id, txid, user) for user in (None, alice)]
    replies += [world.approve(payment_id, alice)]

    assert {reply.status for reply in replies} == {404}
    assert world.at_pi(payment_id).is_open
    assert world.find_record(payment_id) is None


def test_a_direction_that_changes_under_us_has_no_effect(world: World, alice: User) -> None:
    """First row of the table: whatever the record says."""
    payment_id = world.approved(alice)
    world.pi.force(payment_id, {"direction": "app_to_user"})
    world.tick(OLD)

    assert world.cancel(payment_id).status == 404

    assert world.at_pi(payment_id).is_open
    assert world.record(payment_id).version == 1


def test_the_owner_sees_all_of_it_the_others_nothing(world: World, alice: User, bob: User) -> None:
    payment_id, txid = world.paid(alice)

    assert world.incomplete(payment_id, bob).error == "not_owner"
    assert set(world.incomplete(payment_id).body) == {"payment_id", "state"}
    assert world.incomplete(payment_id, alice).body["txid"] == txid
