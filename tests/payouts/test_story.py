"""A payout and a refund in fair weather, from the request to the event."""

from decimal import Decimal

from shared.domain.amount import Amount
from shared.domain.payout import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.world import World


def test_a_payout_is_paid_and_told_of(each_world: World) -> None:
    world = each_world
    alice = world.user("alice")

    reply = world.post(payout_id="p1", uid=alice, amount=Decimal("0.5"), memo="Won", metadata={})

    assert reply.status == 202
    assert reply.state == "requested"
    assert world.work() == 1
    check_at_rest(world, PayoutState.COMPLETED, "p1")
    [txid] = world.paid("p1")
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
    world.work()
    check_at_rest(world, PayoutState.COMPLETED, "refund-1")
    assert world.payment_record(payment_id).refunded == Amount.of("3.14")


def test_several_payouts_one_after_the_other(each_world: World) -> None:
    world = each_world
    for number in range(4):
        world.requested(f"p{number}", world.user(f"user {number}"))

    assert world.work() == 4

    for number in range(4):
        check_at_rest(world, PayoutState.COMPLETED, f"p{number}")
    check(world)
    assert world.metrics.counted["ForeignPayout"] == 0
