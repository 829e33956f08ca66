"""A restore, on the deployed functions with their own roles. Promise 4."""

from local.pi import PiEmulator
from local.stack import Stack
from shared.domain.payout import PayoutRecord, PayoutState
from tests.laptop.deployed import payouts, restored, taken_on
from tests.laptop.waiting import eventually


def sent(stack: Stack, payout_id: str) -> PayoutRecord:
    """The sweep has woken the sender, and that has brought the payout to its end."""

    def is_finished() -> bool:
        standing = payouts(stack).get(payout_id)
        return standing is not None and standing.due_at is None

    stack.sweep()
    eventually(is_finished, seconds=20)
    standing = payouts(stack).get(payout_id)
    assert standing is not None
    return standing


def test_what_was_paid_before_a_restore_is_not_paid_again(
    stack: Stack, emulator: PiEmulator
) -> None:
    uid = emulator.control("POST", "/users", {})["uid"]
    payout_id = taken_on(stack, uid).payout_id
    with restored(stack, payout_id):
        paid = sent(stack, payout_id)
        assert paid.state is PayoutState.COMPLETED
    again = sent(stack, payout_id)
    assert (again.state, again.txid) == (PayoutState.COMPLETED, paid.txid)
    assert again.payment_id == paid.payment_id
    transactions = emulator.control("GET", "/state")["transactions"]
    assert [transaction["txid"] for transaction in transactions] == [paid.txid]
