"""What must hold at every moment, whoever has died where."""

from local.emulator.payment import Payment
from tests.crash.stories import REWARD_DAILY_CAP, Case
from tests.world import World


def check_promises(world: World, case: Case) -> None:
    for payment in list(world.pi.payments.values()):
        _check_payment(world, world.at_pi(payment.identifier), case)
    if world.pi.ads:
        _check_rewards(world)


def _check_payment(world: World, payment: Payment, case: Case) -> None:
    record = world.find_record(payment.identifier)
    paid = [
        txid
        for txid in payment.on_chain
        if (tx := world.pi.chain.find(txid)) and tx.successful and payment.mismatch(tx) is None
    ]
    # 2: an approved payment of ours is always in the table.
    assert record or not payment.developer_approved or case.approved_elsewhere
    # 3: no payment that may be paid is ever cancelled.
    assert not (paid and payment.is_cancelled)
    assert not payment.jammed
    if record is None:
        return
    # 4: one transition at most, and no write over another.
    assert world.effects.landed[payment.identifier] == record.version <= 2
    # Unfinished work is always due: nothing depends on the caller's coming back.
    assert record.due_at is not None or record.refusal is not None
    match record.state:
        case "completed":
            # 4: completed at Pi, paid on the chain, and its event owed, once.
            assert payment.developer_completed
            assert record.txid in paid
            assert record.pending_event == (
                "PaymentCompleted" if record.price else "PaymentUnmatched"
            )
        case "cancelled" if record.refusal is None:
            assert payment.is_cancelled
            assert record.pending_event == "PaymentCancelled"
        case _:
            assert record.pending_event is None
    # 1: what we refused was not approved by us.
    if record.refusal is not None and not case.approved_elsewhere:
        assert not payment.developer_approved


def _check_rewards(world: World) -> None:
    """4: every grant is counted, once, and nothing else is."""
    items = world.tables.items("RewardsTable")
    for uid in world.pi.registry.users:
        grants = [item for item in items if item.get("uid") == uid]
        days = [item for item in items if str(item["id"]).startswith(f"day#{uid}#")]
        assert sum(int(day["granted"]) for day in days) == len(grants)
        assert len(grants) <= REWARD_DAILY_CAP
