"""What must hold after every step, whatever the weather. Promises 3, 4 and 5."""

from collections import Counter

from shared.payouts.record import PayoutRecord, PayoutState
from tests.world import World


def check(world: World) -> None:
    """No Pi made or lost, nothing paid twice, records and reservations right."""
    chain = world.pi.chain
    assert chain.total_coins == chain.minted, "Pi was made or lost"
    for payment in world.pi.payments.values():
        assert not payment.jammed
    records = world.all_payouts()
    for record in records:
        _check_payout(world, record)
    _check_reservations(world, records)


def check_at_rest(world: World, expected: PayoutState, *payout_ids: str, after: int = 0) -> None:
    """`payout-1`, or each of these, has ended as it should, `after` so many rounds, was told of
    once, and nothing is left to do."""
    world.rounds(after)
    check(world)
    for payout_id in payout_ids or ("payout-1",):
        _check_at_rest(world, expected, payout_id)


def _check_at_rest(world: World, expected: PayoutState, payout_id: str) -> None:
    record = world.payout(payout_id)
    assert (record.state, record.pending_event, record.due_at) == (expected, None, None)
    assert set(world.events(payout_id)) >= {f"Payout{str(expected).capitalize()}"}
    if expected is PayoutState.COMPLETED:
        assert len(world.transfers_of(payout_id)) == 1
    if expected is PayoutState.FAILED:
        assert world.transfers_of(payout_id) == []


def _check_payout(world: World, record: PayoutRecord) -> None:
    paid = world.transfers_of(record.payout_id)
    assert len(paid) <= 1, "paid twice"
    payments = world.payments_of(record.payout_id)
    if record.state is PayoutState.COMPLETED:
        assert [record.txid] == paid, "said to be paid"
        [payment] = [p for p in payments if p.identifier == record.payment_id]
        assert payment.developer_completed
    if record.state is PayoutState.FAILED:
        assert paid == [], "said to have failed"
        assert all(payment.is_cancelled for payment in payments), "may still be paid"
    open_payments = [payment for payment in payments if payment.is_open]
    assert len(open_payments) <= 1


def _check_reservations(world: World, records: list[PayoutRecord]) -> None:
    counted: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    for record in records:
        if record.state is not PayoutState.FAILED:
            counted[f"day#{record.day}"] += record.amount.stroops
            counted[f"day#{record.day}#{record.uid}"] += record.amount.stroops
            if record.refund_of is not None:
                refunded[record.refund_of] += record.amount.stroops
    assert world.counters() == counted
    for payment in world.all_payments():
        assert payment.refunded.stroops == refunded[payment.payment_id]
        assert payment.refunded <= max(payment.amount, payment.received)
