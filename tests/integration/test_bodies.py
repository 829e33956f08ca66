"""Bodies of front ends: more than we read is no fault, two values for one thing are. Issue 9."""

from typing import Any

import pytest

from tests.world import User, World

TXID, OTHER = "ab" * 32, "cd" * 32
MORE = {"network": "Pi Testnet", "_link": "https://evil.test", "sdk": {"version": "2.0"}}


def test_what_a_kit_sends_besides_is_ignored(world: World, alice: User) -> None:
    """Pi's kits send more than they document."""
    payment_id = world.start(alice)
    approved = world.call(
        "POST /pi_payment/approve", body={"paymentId": payment_id, **MORE}, token=alice.token
    )
    txid = world.pay(payment_id)
    body = {"paymentId": payment_id, "transactionId": txid, **MORE}

    assert approved.status == 200
    for step in ("complete", "incomplete", "cancel", "error"):
        reply = world.call(f"POST /pi_payment/{step}", body=body, token=alice.token)
        assert (reply.status, reply.state) == (200, "completed")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"payment": {"identifier": "another"}}, "invalid_payment_id"),
        ({"txid": TXID, "transactionId": OTHER}, "invalid_txid"),
        ({"txid": TXID, "payment": {"transaction": {"txid": OTHER}}}, "invalid_txid"),
    ],
    ids=repr,
)
def test_two_values_of_a_thing(world: World, alice: User, more: dict[str, Any], code: str) -> None:
    payment_id = world.approved(alice)

    body = {"paymentId": payment_id, **more}
    reply = world.call("POST /pi_payment/incomplete", body=body, token=alice.token)

    assert (reply.status, reply.error) == (400, code)


def test_a_completion_with_two_transactions(world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)

    body = {"paymentId": payment_id, "txid": txid, "transactionId": OTHER}
    reply = world.call("POST /pi_payment/complete", body=body, token=alice.token)

    assert (reply.status, reply.error) == (400, "invalid_txid")
    assert world.record(payment_id).state == "open"


def test_the_same_value_twice_is_none_too_many(world: World, alice: User) -> None:
    """The kit's words and the demo's, in one body."""
    payment_id, txid = world.paid(alice)
    payment = {"identifier": payment_id, "transaction": {"txid": txid}}

    body = {"paymentId": payment_id, "txid": txid, "transactionId": txid, "payment": payment}
    reply = world.call("POST /pi_payment/incomplete", body=body, token=alice.token)

    assert reply.status == 200
