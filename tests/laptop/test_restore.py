"""A restore, on the deployed functions with their own roles. Promise 4."""

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from shared.payouts.record import PayoutState
from tests.laptop.deployed import restored, send, taken_on


def test_what_was_paid_is_not_paid_again(stack: Stack, emulator: PiEmulator) -> None:
    uid = emulator.control("POST", "/users", {})["uid"]
    payout_id = taken_on(stack, uid).payout_id
    with restored(stack, payout_id):
        paid = send(stack, payout_id)
        assert paid.state is PayoutState.COMPLETED
    again = send(stack, payout_id)
    assert (again.state, again.txid) == (PayoutState.COMPLETED, paid.txid)
    assert again.payment_id == paid.payment_id
    transactions = emulator.control("GET", "/state")["transactions"]
    assert [transaction["txid"] for transaction in transactions] == [paid.txid]
