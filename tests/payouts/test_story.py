"""A payout and a refund in fair weather, from the request to the event."""

from decimal import Decimal

import pytest

from shared.base.amount import Amount
from shared.payouts.record import PayoutState
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
    payment = world.record(payment_id)
    assert payment.refunded == Amount.of("3.14")
    told = payment.story[-1]
    assert (told.state, told.why, told.by) == ("completed", "refund refund-1", "POST /payouts")
    assert told.version == payment.version


def test_several_payouts_one_after_the_other(each_world: World) -> None:
    world = each_world
    names = world.several(4)

    assert world.send() == 4

    check_at_rest(world, PayoutState.COMPLETED, *names)
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


# But for what is read of our tables.
PAYING = [
    *("GetParameter", "GET /v2/payments/incomplete_server_payments"),
    *("GET /horizon/accounts/*", "GET /horizon/fee_stats", "GetParameter", "UpdateItem"),
    *("POST /v2/payments", "GET /horizon/accounts/*", "UpdateItem", "UpdateItem"),
    *("GET /horizon/", "GET /horizon/ledgers"),
    # The first page has the payout before.
    *("GET /horizon/accounts/*/payments", "UpdateItem", "UpdateItem"),
    *("GET /horizon/accounts/*/payments", "UpdateItem"),
    *("GetParameter", "UpdateItem"),
    *("GET /v2/payments/*", "GetParameter", "UpdateItem"),
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
    reads = []
    for _ in amounts:
        world.tick(7)
        with world.counting() as spent:
            world.send(most=1)
        reads.append(len(spent.reads))
        assert [effect for effect in spent.log if effect != "GetItem"] == PAYING
    assert reads == [reads[0]] * 6


def test_a_cold_start_costs_two_calls(world: World) -> None:
    """However much was paid before: what an account must keep; and the table gets a payment by
    which the key can be told."""
    with_a_past(world)
    world.several(8)
    world.send()
    world.cold_start()
    world.tick(120)
    costs = []
    for name in ("first", "second"):
        world.requested(name, world.uid(name), amount="1")
        with world.counting() as spent:
            world.send()
        costs.append(len(spent.pi) + len(spent.chain) + len(spent.writes))
        world.tick(120)
    assert costs[0] - costs[1] == 2


def with_a_past(world: World) -> None:
    """The wallet has been used before; a young one costs two calls more, to prove its beginning."""
    world.stranger_pays()
    world.tick(2 * 3600)
