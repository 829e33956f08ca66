"""What attackers have found: restores, liars and wrong secrets. Promise 4."""

from typing import Any

import pytest
from stellar_sdk import TransactionEnvelope

from local.emulator.chain import MINIMUM_STROOPS
from local.emulator.registry import wallet_seed_of
from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT
from tests.world import World
from tests.world.devices import First, Loses
from tests.world.effects import Moment
from tests.world.emulator import KEY

SUBMIT = "POST /horizon/transactions"
HOUR = 3600


def paid_and_forgotten(world: World, age: int = 1200) -> None:
    """Paid and completed; the table says `requested`."""
    world.requested(PAYOUT)
    backup = world.backup()
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    world.tick(age)
    world.restore(backup)
    world.cold_start()


# --- Given up on a restored table ----------------------------------------------------------------


def test_a_later_envelope_paid_and_horizon_is_behind_it(world: World) -> None:
    """The chain is past the envelope that the table knows, and not past the one that paid."""
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses(SUBMIT, "before")):
        world.send()
        backup = world.backup()
        world.tick(361)
    world.fault(path="/v2/payments/*/complete", drop="before")
    world.rounds(2)
    assert len(world.transfers_of(PAYOUT)) == 1
    world.restore(backup)
    world.cold_start()
    world.heal()
    world.pi.settings.ledger_lag_s = 400
    world.decide(PAYOUT, "fail")
    for _ in range(4):
        world.rounds(1)
        check(world)
    world.pi.settings.ledger_lag_s = 0
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_blocked_with_a_dead_envelope(world: World) -> None:
    """The dead envelope stayed in the table, and was taken for the last one."""
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments/*/cancel", code="forbidden")
    for _ in range(16):
        with world.effects.watched_by(First(SUBMIT, world.stranger_pays)):
            world.rounds(1)
    world.heal()
    record = world.payout()
    assert (record.state, record.reason) == (PayoutState.BLOCKED, "not_cancelled")
    assert (record.envelope, record.txid) == (None, None)
    world.tick(2 * HOUR)
    backup = world.backup()
    world.pi.chain.fund(world.wallet, 10**12)
    world.fault(path="/v2/payments/*/complete", drop="before")
    world.decide(PAYOUT, "resume")
    world.send()
    assert len(world.transfers_of(PAYOUT)) == 1
    world.tick(600)
    world.restore(backup)
    world.cold_start()
    world.heal()
    world.pi.settings.ledger_lag_s = HOUR
    world.decide(PAYOUT, "fail")
    world.rounds(3)
    check(world)
    world.pi.settings.ledger_lag_s = 0
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_the_chain_refused_the_envelope_that_the_table_knows(world: World) -> None:
    """And a later one paid, and Pi names it: nobody has to look."""
    world.requested(PAYOUT)
    low = MINIMUM_STROOPS + 1_000_000
    with world.effects.watched_by(First(SUBMIT, lambda: world.pi.chain.fund(world.wallet, low))):
        world.send()
    assert world.payout().chain_error == "op_underfunded"
    backup = world.backup()
    world.rounds(2)
    world.pi.chain.fund(world.wallet, 10**12)
    check_at_rest(world, PayoutState.COMPLETED, after=1)
    world.restore(backup)
    check_at_rest(world, PayoutState.COMPLETED, after=2)


@pytest.mark.parametrize("scopes", [None, ("username",)])
def test_the_seed_of_another_living_wallet(world: World, scopes: tuple[str, ...] | None) -> None:
    """Where the operator has named the app's wallet, the seed's is not believed."""
    world.deploy(PiWalletAddress=world.wallet)
    paid_and_forgotten(world)
    other = world.pi.registry.open_wallet(wallet_seed_of("other"))
    world.stranger_pays(source=other)
    world.wallet_seed = wallet_seed_of("other")
    if scopes is None:
        world.decide(PAYOUT, "fail")
    else:
        world.uid("alice", scopes=scopes)
        world.rounds(3)
        assert world.payout().reason == "wrong_seed"
        world.wallet_seed = wallet_seed_of("demo-app")
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_another_apps_key_in_a_warm_sender(world: World) -> None:
    """What it remembers was asked with the right key, and proves nothing for this one."""
    world.requested(PAYOUT)
    forgotten = world.backup()["PayoutsTable"]
    world.send()
    world.cold_start()
    world.tick(2 * HOUR)
    world.requested("other", world.uid("bob"))
    world.send()
    world.tick(1200)
    now = world.backup()
    [item] = [item for item in forgotten if item["payout_id"]["S"] == PAYOUT]
    book = f"wallet#{world.wallet}"  # which lies in the same table
    others = [i for i in now["PayoutsTable"] if i["payout_id"]["S"] not in (PAYOUT, book)]
    world.restore({**now, "PayoutsTable": [*others, item]})
    world.pi.registry.add_app("twin", "twin-key")
    world.pi.registry.app().key = "replaced"
    world.server_key = "twin-key"
    world.rounds(2)
    assert world.payout().reason == "server_key_of_another_app"
    world.decide(PAYOUT, "fail")
    world.rounds(300)
    assert world.payout().reason == "server_key_of_another_app"
    world.pi.registry.app().key = world.server_key = KEY
    check_at_rest(world, PayoutState.COMPLETED, after=2)


# --- Pi and Horizon tell less than they should ---------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [{"to_address": None}, {"from_address": None}, {"network": None}, {"direction": None}],
    ids=str,
)
def test_pi_shows_less_of_old_payments(world: World, odd: dict[str, Any]) -> None:
    """Samples of 2022 lack these. It is ours, it was paid; whether it fits is for a person."""
    paid_and_forgotten(world)
    world.pi.force(world.payments_of(PAYOUT)[0].identifier, odd)
    world.rounds(3)
    check(world)
    assert world.payout().state is PayoutState.BLOCKED


def test_pi_shows_the_users_new_wallet_on_old_payments(world: World) -> None:
    paid_and_forgotten(world)
    wallet = world.pi.registry.open_wallet(wallet_seed_of("alice's new one"))
    world.pi.registry.users[world.payout().uid].wallet = wallet
    world.pi.force(world.payments_of(PAYOUT)[0].identifier, {"to_address": wallet})
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_an_identifier_that_no_search_could_find_is_not_signed_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.pi._ids.payment
    monkeypatch.setattr(world.pi._ids, "payment", lambda: f"{real()[:20]}.x")
    world.requested(PAYOUT)
    world.rounds(4)
    assert world.standing() == (PayoutState.BLOCKED, "unexpected_identifier")
    assert world.pi.chain.transactions == []


def test_horizon_does_not_say_if_it_succeeded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from local.emulator import records

    paid_and_forgotten(world)
    real = records.operation

    def without(*arguments: Any) -> Any:
        record = real(*arguments)
        del record["transaction_successful"]
        return record

    monkeypatch.setattr(records, "operation", without)
    world.rounds(3)
    assert world.payout().reason == "chain_unclear"
    check(world)


def test_a_node_that_is_behind_does_not_make_it_forget(world: World) -> None:
    """It has seen the payment; then an old node answers the pages, a new one the rest. Nodes are
    a minute apart, as far as the book allows for it."""
    world.requested(PAYOUT)
    backup = world.backup()
    world.send()
    world.tick(1200)
    world.requested("other", world.uid("bob"), amount="1")
    world.send()
    world.tick(30)
    world.restore(backup)

    def node(moment: Moment, effect: str) -> None:
        if moment == "before":
            is_page = effect == "GET /horizon/accounts/*/payments"
            world.pi.settings.ledger_lag_s = 60 if is_page else 0

    with world.effects.watched_by(node):
        world.send()
        world.sweep()
        world.send()
    world.pi.settings.ledger_lag_s = 0
    check_at_rest(world, PayoutState.COMPLETED, after=3)


# --- One that holds up all others ----------------------------------------------------------------


def test_one_that_was_closed_by_hand_and_is_open_at_pi_is_reported(world: World) -> None:
    """It holds up all others, and nobody was told which."""
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments/*/complete", code="verification_failed")
    world.send()
    [txid] = world.transfers_of(PAYOUT)
    gone = dict.fromkeys(("due_at", "due_shard", "owed", "reason", "blocked_from"))
    world.tables.edit(
        "PayoutsTable", PAYOUT, state="completed", txid=txid, closed_at=world.clock(), **gone
    )
    world.rounds(2)
    assert world.metrics.counted["ForeignPayout"] >= 1


def test_a_record_that_cannot_be_read_locks_no_queue(world: World) -> None:
    world.requested(PAYOUT)
    world.tables.edit("PayoutsTable", PAYOUT, state="paid")
    world.send()
    assert world.payout_queue.messages == world.payout_queue.dead_letters == []
    assert world.metrics.counted["UnexpectedError"] == 1


def test_patience_begins_with_the_submission(world: World) -> None:
    """One that had waited for a day was blocked at Pi's first hesitation."""
    world.requested(PAYOUT)
    world.switch.value = "off"
    world.tick(25 * HOUR)
    world.rounds(1)
    world.switch.value = "on"
    world.fault("POST", "/v2/payments/*/complete", code="not_verified", times=1)
    check_at_rest(world, PayoutState.COMPLETED, after=3)


# --- What nobody had asserted --------------------------------------------------------------------


def test_the_envelope_dies_when_the_record_says(world: World) -> None:
    world.requested(PAYOUT)
    signed_at = world.clock()  # before the submission is tried again and again
    with world.effects.watched_by(Loses(SUBMIT, "before")):
        world.send()
    record = world.payout()
    assert record.envelope is not None
    signed = TransactionEnvelope.from_xdr(record.envelope, "Pi Testnet").transaction
    assert signed.preconditions is not None
    bounds = signed.preconditions.time_bounds
    assert bounds is not None
    assert (bounds.min_time, bounds.max_time) == (0, record.max_time)
    assert record.max_time == signed_at + 300


def test_pi_answers_the_completion_and_has_not_completed_it(world: World) -> None:
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments/*/complete", drop="before")
    world.send()
    [payment] = world.payments_of(PAYOUT)
    world.heal()
    world.fault("POST", "/v2/payments/*/complete", status=200, body=payment.dto())
    world.tick(301)
    world.sweep()
    world.send()
    assert world.payout().state is PayoutState.SIGNED
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=1)


@pytest.mark.parametrize("refuses", [True, False])
def test_pi_does_not_cancel_what_is_given_up(world: World, refuses: bool) -> None:
    world.half_sent("GET /horizon/ledgers", "before")
    world.decide(PAYOUT, "fail")
    [payment] = world.payments_of(PAYOUT)
    shown: dict[str, Any] = {"status": 200, "body": payment.dto()}
    answer = {"code": "payment_tx_present"} if refuses else shown
    world.fault("POST", "/v2/payments/*/cancel", **answer)
    world.rounds(3)
    assert world.standing() == (PayoutState.BLOCKED, "not_cancelled")
    assert world.counters() != {}


def test_pi_refuses_to_show_what_is_given_up(world: World) -> None:
    """Another refusal than that it does not know it is no answer: it is still open there."""
    world.half_sent("GET /horizon/ledgers", "before")
    [payment] = world.payments_of(PAYOUT)
    world.decide(PAYOUT, "fail")
    path = f"/v2/payments/{payment.identifier}"
    world.fault("GET", path, code="unknown_error", status=404)
    world.rounds(4)
    check(world)
    assert world.standing() == (PayoutState.CREATED, "unknown_error")
    world.heal()
    check_at_rest(world, PayoutState.FAILED, after=4)


def test_pi_does_not_cancel_the_second_payment_of_what_was_paid(world: World) -> None:
    paid_and_forgotten(world)
    world.fault("POST", "/v2/payments/*/cancel", code="payment_tx_present")
    world.rounds(3)
    assert world.standing() == (PayoutState.BLOCKED, "not_cancelled")
    world.heal()
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_pi_refuses_to_show_what_a_transaction_paid(world: World) -> None:
    """Another refusal than that it does not know it is no answer."""
    paid_and_forgotten(world)
    first = world.payments_of(PAYOUT)[0].identifier
    world.fault("GET", f"/v2/payments/{first}", code="unknown_error")
    world.rounds(2)
    check(world)
    assert world.payout().state is not PayoutState.COMPLETED
    world.heal()
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_a_payment_restored_apart_is_not_refunded_twice(world: World) -> None:
    """The payments were restored to before the refund, the payouts not: what it reserved there is
    gone, and must not be given back."""
    uid = world.uid("alice")
    world.refuse_for_good()
    payment_id = world.sold("3.14", uid=uid)
    payments = {"PaymentsTable": world.backup()["PaymentsTable"]}
    world.requested(PAYOUT, uid, refund_of=payment_id)
    world.restore(payments)
    world.rounds(2)
    assert world.payout().state is PayoutState.FAILED
    assert world.record(payment_id).refunded.stroops == 0
    reply = world.post(payout_id="refund-2", refund_of=payment_id, amount="6.28")
    assert (reply.status, reply.error) == (409, "above_paid_amount")


def test_the_chain_answers_a_submission_and_has_not_applied_it(world: World) -> None:
    """A 200 that does not say that it succeeded is no success: Pi is told nothing."""
    world.requested(PAYOUT)

    def answer() -> None:
        body = {"hash": world.payout().txid, "successful": False}
        world.fault("POST", "/horizon/transactions", status=200, body=body)

    with world.effects.watched_by(First("POST /horizon/transactions", answer)):
        world.send()

    assert world.payout().state is PayoutState.SIGNED
    assert "POST /v2/payments/*/complete" not in world.effects.log
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)
