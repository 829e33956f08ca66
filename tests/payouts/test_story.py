"""A payout and a refund in fair weather, from the request to the event."""

from decimal import Decimal

import pytest

from shared.domain.amount import Amount
from shared.domain.payout import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.world import World


def test_a_payout_is_paid_and_told_of(each_world: World) -> None:
    world = each_world
    alice = world.uid("alice")

    reply = world.post(payout_id="p1", uid=alice, amount=Decimal("0.5"), memo="Won", metadata={})

    assert reply.status == 202
    assert reply.state == "requested"
    assert world.send() == 1
    check_at_rest(world, PayoutState.COMPLETED, "p1")
    [txid] = world.transfers_of("p1")
    transaction = world.pi.chain.find(txid)
    assert transaction is not None
    assert transaction.destination == world.pi.registry.users[alice].wallet
    assert transaction.amount_stroops == 5_000_000
    assert world.events("p1") == ["PayoutCompleted"]
    told = world.bus.events[0].detail
    assert (told["amount"], told["txid"], told["uid"]) == ("0.5", txid, alice)
    shown = world.call("GET /payouts/{payout_id}", path={"payout_id": "p1"})
    assert (shown.status, shown.state, shown.body["txid"]) == (200, "completed", txid)


def test_a_payment_is_refunded(each_world: World) -> None:
    world = each_world
    payment_id = world.sold("3.14")

    reply = world.post(payout_id="refund-1", refund_of=payment_id)

    assert reply.status == 202
    assert (reply.body["amount"], reply.body["refund_of"]) == ("3.14", payment_id)
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "refund-1")
    assert world.record(payment_id).refunded == Amount.of("3.14")


def test_several_payouts_one_after_the_other(each_world: World) -> None:
    world = each_world
    for number in range(4):
        world.requested(f"p{number}", world.uid(f"user {number}"))

    assert world.send() == 4

    for number in range(4):
        check_at_rest(world, PayoutState.COMPLETED, f"p{number}")
    check(world)
    assert world.metrics.counted["ForeignPayout"] == 0


def test_two_of_the_same_amount_to_the_same_user_are_both_paid(world: World) -> None:
    for payout_id in ("p1", "p2"):
        world.requested(payout_id, world.uid("alice"))

    world.send()
    world.rounds(1)

    for payout_id in ("p1", "p2"):
        check_at_rest(world, PayoutState.COMPLETED, payout_id)
        assert len(world.transfers_of(payout_id)) == 1


PAYING = [
    *("GetItem", "GetParameter", "GET /v2/payments/incomplete_server_payments"),
    *("GET /horizon/accounts/*", "GET /horizon/fee_stats", "GetParameter", "UpdateItem"),
    *("POST /v2/payments", "GET /horizon/accounts/*", "UpdateItem"),
    *("GET /v2/payments/*", "GET /horizon/accounts/*", "GET /horizon/ledgers"),
    *("GET /horizon/accounts/*/payments", "GET /horizon/fee_stats", "GetParameter", "UpdateItem"),
    *("GET /v2/payments/*", "GET /horizon/transactions/*", "GetParameter", "UpdateItem"),
    *("POST /horizon/transactions", "POST /v2/payments/*/complete", "UpdateItem"),
    *("PutEvents", "UpdateItem"),
]


@pytest.mark.parametrize("amounts", [["1"] * 6, ["1", "2", "3", "4", "5", "6"]])
def test_what_a_payout_costs_a_warm_sender(world: World, amounts: list[str]) -> None:
    """The same for each of a batch, however many of the same amount were paid before it; one call
    less if this recipient was paid before."""
    with_a_past(world)
    world.requested("first", world.uid("first"))
    world.send()
    for number, amount in enumerate(amounts):
        world.requested(f"p{number}", world.uid(f"user {number}"), amount=amount)
    for _ in amounts:
        with world.counting() as spent:
            world.send(most=1)
    assert spent.log == PAYING


def test_what_was_paid_before_a_cold_start_is_asked_for_once(world: World) -> None:
    """Two calls for each of this amount, and none for others; what an account must keep, too. And
    the table gets a payment by which the key can be told."""
    with_a_past(world)
    for number in range(8):
        amount = "1" if number < 5 else "2"
        world.requested(f"p{number}", world.uid(f"user {number}"), amount=amount)
    world.send()
    world.cold_start()
    costs = []
    for name in ("first", "second"):
        world.requested(name, world.uid(name), amount="1")
        with world.counting() as spent:
            world.send()
        costs.append(len(spent.log))
    assert costs == [len(PAYING) + 2 * 5 + 2, len(PAYING)]


def with_a_past(world: World) -> None:
    """The wallet has been used before; a young one costs two calls more, to prove its beginning."""
    world.stranger_pays()
    world.tick(2 * 3600)
