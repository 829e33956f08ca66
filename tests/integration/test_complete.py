"""Completion: only with a txid that Pi or the chain shows; only what Pi confirms is recorded."""

from decimal import Decimal
from typing import Any

import pytest

from local.emulator.address import address_of
from tests.world import User, World
from tests.world.payments import PIE

BOGUS = "ab" * 32
STRANGER = address_of("stranger")


def sent_to_complete(world: World) -> list[str]:
    """The txids that Pi was ever asked to complete with."""
    return [body["txid"] for effect, body in world.adapter.sent if effect.endswith("/complete")]


# --- The txid that Pi shows ---------------------------------------------------------------------


@pytest.mark.parametrize("key", ["txid", "transactionId"])
def test_pis_own_txid_decides(world: World, alice: User, key: str) -> None:
    """Whatever the front end says, in either kit's words, Pi's txid is the one that is sent."""
    payment_id, txid = world.paid(alice)

    body = {"paymentId": payment_id, key: BOGUS}
    reply = world.call("POST /pi_payment/complete", body=body, token=alice.token)

    assert (reply.status, reply.body["txid"]) == (200, txid)
    assert sent_to_complete(world) == [txid]


def test_the_app_hears_of_it_at_once(world: World, alice: User) -> None:
    """Not only at the next sweep."""
    payment_id, txid = world.paid(alice)

    world.complete(payment_id, txid, alice)
    world.work()

    assert world.events(payment_id) == ["PaymentCompleted"]


def test_the_same_answer_for_every_repeat(world: World, alice: User) -> None:
    """Promise 4."""
    payment_id, txid = world.paid(alice)

    replies = [world.complete(payment_id, txid, alice) for _ in range(3)]

    assert replies[0].status == 200
    assert replies[0].body == replies[1].body == replies[2].body
    assert world.record(payment_id).version == 2


def test_unpaid_is_pending(world: World, alice: User) -> None:
    payment_id = world.approved(alice)

    reply = world.complete(payment_id, BOGUS, alice)

    assert (reply.status, reply.state) == (202, "open")
    assert sent_to_complete(world) == []


# --- Pi shows none: the chain must ------------------------------------------------------------


def test_a_txid_that_pi_does_not_show_is_proven_on_the_chain(world: World, alice: User) -> None:
    world.pi.settings.show_txid_before_complete = False
    payment_id, txid = world.paid(alice)

    reply = world.complete(payment_id, txid.upper(), alice)

    assert (reply.status, reply.body["txid"]) == (200, txid)


def test_a_chain_that_lags_is_waited_for(world: World, alice: User) -> None:
    """Horizon may lag by seconds: 202, nothing is sent, and the repeat 10 s later completes."""
    world.pi.settings.show_txid_before_complete = False
    world.pi.settings.ledger_lag_s = 8
    payment_id, txid = world.paid(alice)

    assert world.complete(payment_id, txid, alice).status == 202
    assert sent_to_complete(world) == []

    world.tick(10)
    assert world.complete(payment_id, txid, alice).status == 200


@pytest.mark.parametrize(
    "altered",
    [
        pytest.param({"memo": "A" * 28}, id="another memo"),
        pytest.param({"memo": None}, id="no memo"),
        pytest.param({"amount": Decimal("3.1399999")}, id="a stroop less"),
        pytest.param({"amount": Decimal(4)}, id="more"),
        pytest.param({"destination": STRANGER}, id="another wallet"),
        pytest.param({"source": STRANGER}, id="from a stranger"),
        pytest.param({"asset": f"PIE:{STRANGER}"}, id="another token"),
        pytest.param({"successful": False}, id="failed"),
    ],
)
def test_a_transaction_that_is_not_this_payment_is_never_sent(
    world: World, alice: User, altered: dict[str, Any]
) -> None:
    """A mismatching txid links itself to the payment and jams it for good."""
    world.pi.settings.show_txid_before_complete = False
    payment_id = world.approved(alice)
    wrong = world.pay(payment_id, **altered)

    assert world.complete(payment_id, wrong, alice).status == 202

    assert sent_to_complete(world) == []
    assert not world.at_pi(payment_id).jammed
    # Not jammed: the right transaction still completes it.
    right = world.pi.transfer(
        source=world.at_pi(payment_id).from_address,
        destination=world.at_pi(payment_id).to_address,
        amount=Decimal("3.14"),
        memo=payment_id,
    )
    assert world.complete(payment_id, right.txid, alice).status == 200


def test_the_txid_of_another_payment_is_never_sent(world: World, alice: User, bob: User) -> None:
    world.pi.settings.show_txid_before_complete = False
    _, txid_of_bob = world.paid(bob)
    payment_id = world.approved(alice)

    assert world.complete(payment_id, txid_of_bob, alice).status == 202

    assert sent_to_complete(world) == []


# --- Only what Pi confirms --------------------------------------------------------------------


def test_a_completion_that_pi_does_not_confirm_is_not_recorded(world: World, alice: User) -> None:
    """200 from Pi without `developer_completed`: nothing is delivered for it."""
    payment_id, txid = world.paid(alice)
    unconfirmed = world.at_pi(payment_id).dto()
    world.fault_once("POST", "*/complete", status=200, body=unconfirmed)

    assert world.complete(payment_id, txid, alice).status == 502

    assert world.record(payment_id).pending_event is None
    assert world.complete(payment_id, txid, alice).status == 200


def test_completed_at_pi_by_a_call_whose_answer_was_lost(world: World, alice: User) -> None:
    """Promise 4: `already_completed` is looked into, and counts once."""
    payment_id, txid = world.paid(alice)
    world.fault_once("POST", "*/complete", drop="after")

    reply = world.complete(payment_id, txid, alice)

    assert (reply.status, reply.state) == (200, "completed")
    assert world.record(payment_id).version == 2


def test_a_cancelled_payment_is_said_so(world: World, alice: User) -> None:
    payment_id = world.start(alice)
    world.pi.user_cancel(payment_id)
    world.approve(payment_id, alice)

    assert world.complete(payment_id, BOGUS, alice).error == "payment_cancelled"


# --- Who may ------------------------------------------------------------------------------------


def test_an_anonymous_caller_completes_and_learns_nothing(world: World, alice: User) -> None:
    """The official kit sends no token here: the payment completes, the answer says only that."""
    payment_id, txid = world.paid(alice)

    reply = world.complete(payment_id, txid)

    assert (reply.status, reply.body) == (200, {"payment_id": payment_id, "state": "completed"})
    assert world.record(payment_id).pending_event == "PaymentCompleted"


def test_an_expired_token_counts_as_none(world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)
    world.pi.registry.expire_tokens(alice.uid)
    world.cold_start()

    reply = world.complete(payment_id, txid, alice)

    assert (reply.status, set(reply.body)) == (200, {"payment_id", "state"})


def test_somebody_else_is_refused(world: World, alice: User, bob: User) -> None:
    payment_id, txid = world.paid(alice)

    assert world.complete(payment_id, txid, bob).error == "not_owner"

    assert world.record(payment_id).state == "open"


def test_the_price_of_the_record_is_what_counts(world: World, alice: User) -> None:
    """Taken off the menu after the approval: what was approved is delivered."""
    payment_id, txid = world.paid(alice)
    world.sell(PIE, price="3.14", active=False)

    assert world.complete(payment_id, txid, alice).status == 200

    assert world.record(payment_id).pending_event == "PaymentCompleted"
