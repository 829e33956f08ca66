"""The main road: a user signs in, pays, and gets what was paid for."""

from tests.world import User, World


def test_a_payment_from_start_to_completion(world: World, alice: User) -> None:
    """Promises 2 and 4: recorded, approved, paid, completed, owed to the app's delivery once."""
    payment_id = world.start(alice)

    approved = world.approve(payment_id, alice)
    assert (approved.status, approved.state) == (200, "open")
    assert world.at_pi(payment_id).developer_approved

    txid = world.pay(payment_id)
    completed = world.complete(payment_id, txid, alice)

    assert (completed.status, completed.state) == (200, "completed")
    assert completed.body["txid"] == txid
    assert world.at_pi(payment_id).developer_completed
    record = world.record(payment_id)
    assert (record.pending_event, record.version) == ("PaymentCompleted", 2)
