"""The chain in bad weather: the envelope that stands is paid, or proven dead before another."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from local.emulator.chain import MINIMUM_STROOPS, Chain
from local.emulator.control import STRANGER
from local.emulator.registry import wallet_seed_of
from local.emulator.submission import submit
from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT, loses_wallet
from tests.world import World
from tests.world.devices import ActsAt, First, Loses

SUBMIT = "POST /horizon/transactions"
HOUR = 3600


def signed_unsubmitted(world: World) -> None:
    """Signed and written down; then no call to submit it came through."""
    world.half_sent(SUBMIT, "before")
    assert world.payout().state is PayoutState.SIGNED
    assert world.transfers_of(PAYOUT) == []


@pytest.mark.parametrize("effect", ["GET /horizon/ledgers", "UpdateItem", SUBMIT])
def test_somebody_else_takes_the_sequence_number(world: World, effect: str) -> None:
    world.requested(PAYOUT)
    with world.effects.watched_by(First(effect, world.stranger_pays)):
        world.send()
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_the_number_is_taken_again_and_again(world: World) -> None:
    """Each envelope dies; after some it is withdrawn from Pi, and a person has to look who else
    pays from this wallet."""
    world.requested(PAYOUT)
    for _ in range(15):
        with world.effects.watched_by(First(SUBMIT, world.stranger_pays)):
            world.rounds(1)
    assert world.standing() == (PayoutState.BLOCKED, "tx_bad_seq")
    assert world.events(PAYOUT) == ["PayoutBlocked"]
    assert [payment.is_cancelled for payment in world.payments_of(PAYOUT)] == [True]

    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=2)


@pytest.mark.parametrize("is_given_up", [False, True])
def test_paid_in_a_ledger_that_horizon_lacks(world: World, is_given_up: bool) -> None:
    """4: its history is filled again; what it does not show in the meantime may be paid. (Dice,
    SEED=700670: paid twice.)"""
    chain, settings = world.pi.chain, world.pi.settings
    settings.close_at_once = False
    world.requested(PAYOUT)
    world.send()
    latest, envelope = chain.latest_ledger(world.now), world.payout().txid
    settings.holes = [(latest + 1, latest + 20)]
    if is_given_up:
        world.decide(PAYOUT, "fail")

    world.rounds(6)

    assert len(world.transfers_of(PAYOUT)) == 1
    assert (world.payout().state, world.payout().txid) == (PayoutState.SIGNED, envelope)
    settings.holes = []
    check_at_rest(world, PayoutState.COMPLETED, after=2)
    assert len(world.transfers_of(PAYOUT)) == 1


@pytest.mark.parametrize("is_restored", [False, True])
def test_the_network_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch, is_restored: bool
) -> None:
    """4: what was paid before is not to be seen any more, and is not paid again. Stellar's first
    ledger says that it closed in 1970, and proves nothing."""
    world.half_sent("GET /horizon/ledgers", "before")
    backup = world.backup()
    with world.effects.watched_by(Loses("POST /v2/payments/*/complete", "before")):
        world.rounds(1)
    assert len(world.transfers_of(PAYOUT)) == 1
    if is_restored:
        world.restore(backup)
    world.pi.reset_chain()
    closed_at, epoch = Chain.closed_at, datetime(1970, 1, 1, tzinfo=UTC)

    def of_stellar(chain: Chain, ledger: int) -> datetime:
        return epoch if ledger == 1 else closed_at(chain, ledger)

    monkeypatch.setattr(Chain, "closed_at", of_stellar)
    world.cold_start()
    world.live(2 * HOUR)

    assert world.transfers_of(PAYOUT) == []
    assert world.payout().due_at is not None
    assert not world.payments_of(PAYOUT)[-1].is_cancelled


def test_an_envelope_expires_unseen(world: World) -> None:
    signed_unsubmitted(world)
    dead = world.payout().txid
    with world.effects.watched_by(Loses(SUBMIT, "before")):
        world.tick(200)
        world.wake_sender(PAYOUT)
        assert world.payout().txid == dead
    world.tick(HOUR)
    world.wake_sender(PAYOUT)
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.payout().txid != dead


def test_an_envelope_expires_but_had_been_applied(world: World) -> None:
    world.half_sent(SUBMIT, "after")
    world.tick(HOUR)
    check_at_rest(world, PayoutState.COMPLETED, after=1)
    assert world.effects.log.count(SUBMIT) == 4  # one call with its repeats, and never another


@pytest.mark.parametrize("repeats_success", [True, False])
def test_applied_and_horizon_lags_by_an_hour(world: World, repeats_success: bool) -> None:
    world.pi.settings.repeats_success = repeats_success
    world.requested(PAYOUT)
    with world.effects.watched_by(
        First(SUBMIT, lambda: setattr(world.pi.settings, "ledger_lag_s", HOUR))
    ):
        world.send()
    for _ in range(10):
        world.rounds(1)
        check(world)
        assert world.payout().state is PayoutState.SIGNED
        assert world.payout().envelopes == 1
    world.pi.settings.ledger_lag_s = 0
    check_at_rest(world, PayoutState.COMPLETED, after=2)
    assert world.payout().envelopes == 1


def test_horizon_lags_before_anything_is_signed(world: World) -> None:
    world.pi.settings.ledger_lag_s = HOUR
    world.requested(PAYOUT)
    world.send()
    world.rounds(3)
    assert world.standing() == (PayoutState.CREATED, "chain_unclear")
    world.pi.settings.ledger_lag_s = 0
    check_at_rest(world, PayoutState.COMPLETED, after=2)


@pytest.mark.parametrize("forgeries", [1, 3, 25])
def test_strangers_forge_the_memo(world: World, forgeries: int) -> None:
    """They pay the wallet, or its recipient, with our payment's identifier in the memo."""
    signed_unsubmitted(world)
    record = world.payout()
    stranger = world.pi.registry.sign_in("stranger")[0].wallet
    assert record.to_address is not None
    for _ in range(forgeries):
        for to in (world.wallet, record.to_address):
            world.stranger_pays("3.14", source=stranger, destination=to, memo=record.payment_id)
    world.tick(HOUR)
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def thief_pays(world: World, **how: Any) -> str:
    """Somebody else has our seed, and uses our payment's memo."""
    record = world.payout()
    order = {"destination": record.to_address, "memo": record.payment_id, "amount": "3.14"}
    return world.stranger_pays(**order | how)


@pytest.mark.parametrize("how", [{"destination": STRANGER}, {"amount": "3"}], ids=str)
@pytest.mark.parametrize("is_dead", [False, True])
def test_from_our_wallet_with_its_memo_and_not_as_asked(
    world: World, how: dict[str, str], is_dead: bool
) -> None:
    """Something was sent for it: an operator must look before anything else is."""
    signed_unsubmitted(world)
    thief_pays(world, **how)
    world.tick(HOUR if is_dead else 0)
    world.rounds(3)
    assert world.standing() == (PayoutState.BLOCKED, "verification_failed")
    assert len(world.pi.chain.transactions) == 1


def test_from_our_wallet_and_yet_not_this_payout(world: World) -> None:
    """The memo must fit."""
    signed_unsubmitted(world)
    thief_pays(world, memo="another")
    world.tick(HOUR)
    world.rounds(1)
    record = world.payout()
    assert record.state is PayoutState.COMPLETED
    [own] = [tx for tx in world.pi.chain.transactions if tx.txid == record.txid]
    expected = (record.to_address, "3.1400000", record.payment_id)
    assert (own.destination, own.amount, own.memo) == expected


def test_a_payment_that_was_never_asked_for_is_given_up_but_paid(world: World) -> None:
    """Pi shows another amount, and the thief pays just that: it is not called failed."""
    world.half_sent("GET /horizon/ledgers", "before")
    [payment] = world.payments_of(PAYOUT)
    payment.overrides = {"amount": Decimal(4)}
    world.rounds(1)
    assert world.payout().withdrawing == "unexpected_amount"
    thief_pays(world, amount="4")
    world.decide(PAYOUT, "fail")
    world.rounds(4)
    assert world.standing() == (PayoutState.BLOCKED, "verification_failed")
    assert world.counters() != {}


@pytest.mark.parametrize("lag", [0, HOUR])
def test_paid_by_somebody_else_later(world: World, lag: int) -> None:
    """Ours is behind what Horizon shows when Pi names the other: it is not believed before."""
    world.half_sent(SUBMIT, "after")
    world.tick(1)
    txid = thief_pays(world)
    world.pi.complete(world.pi.registry.app(), str(world.payout().payment_id), {"txid": txid})
    world.pi.settings.ledger_lag_s = lag
    world.tick(400)
    world.wake_sender(PAYOUT)
    assert world.payout().state is (PayoutState.SIGNED if lag else PayoutState.BLOCKED)
    world.pi.settings.ledger_lag_s = 0
    world.rounds(2)
    assert world.standing() == (PayoutState.BLOCKED, "other_transaction")


def test_horizon_is_down_for_an_hour(world: World) -> None:
    """Every message is acknowledged, none reaches the dead letter queue."""
    world.requested(PAYOUT)
    world.fault(path="/horizon/*", drop="before")
    world.rounds(12)
    assert world.payout().state is PayoutState.CREATED
    assert world.payout_queue.messages == world.payout_queue.dead_letters == []
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def strangers_pay(world: World, count: int) -> None:
    stranger = world.pi.registry.sign_in("stranger")[0].wallet
    for _ in range(count):
        world.stranger_pays(source=stranger, destination=world.wallet)


@pytest.mark.parametrize("pages", [39, 41, 100])
def test_long_history_before_the_memo(world: World, pages: int) -> None:
    """Horizon pages of one: 40 are read at a time, and the next look goes on from there."""
    world.half_sent(SUBMIT, "after")
    assert len(world.transfers_of(PAYOUT)) == 1
    world.tick(HOUR)
    strangers_pay(world, pages)
    world.pi.settings.page_limit = 1
    # As after a restored backup: it does not know its transaction's hash.
    forget_envelope(world, PAYOUT)
    world.rounds(1 + pages // 40)
    check_at_rest(world, PayoutState.COMPLETED)


def test_a_flooded_wallet_holds_nothing_up(world: World) -> None:
    """A stranger sends it more than one look can read, all the time."""
    for number in range(6):
        strangers_pay(world, 70)
        world.pi.settings.page_limit = 2
        world.requested(f"{PAYOUT}-{number}", world.uid(f"user {number}"), amount="1")
        world.rounds(1)
    world.rounds(2)
    for number in range(6):
        check_at_rest(world, PayoutState.COMPLETED, f"{PAYOUT}-{number}")


def forget_envelope(world: World, payout_id: str) -> None:
    gone = dict.fromkeys(("envelope", "txid", "max_time", "submitted_at"))
    world.tables.edit("PayoutsTable", payout_id, state="created", **gone)


@pytest.mark.parametrize(
    ("seed", "reason"),
    [
        (wallet_seed_of("another-app"), "no_wallet"),
        (wallet_seed_of("bob"), "wrong_seed"),
        ("no seed at all", "wallet_seed_invalid"),
        (None, "wallet_seed_missing"),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
def test_the_wrong_seed(world: World, seed: str | None, reason: str, is_named: bool) -> None:
    """Nothing is signed, and no more than one is created to find that out; all go on with the right
    one, and nobody has to resume them."""
    world.pi.registry.open_wallet(wallet_seed_of("bob"))
    if is_named:
        world.deploy(PiWalletAddress=world.wallet)
    world.wallet_seed = seed
    names = world.several(3)
    world.send()
    world.rounds(3)
    reasons = {world.payout(name).reason for name in names}
    assert reasons == {"wrong_seed" if is_named and seed else reason}
    created = sum(len(world.payments_of(name)) for name in names)
    assert created == int(reason == "wrong_seed" and not is_named)
    assert world.metrics.counted["PayoutsHeldUp"] >= len(names)
    assert world.bus.events == []

    world.wallet_seed = wallet_seed_of("demo-app")
    world.rounds(3)
    check_at_rest(world, PayoutState.COMPLETED, *names)


def test_the_fee_is_above_the_cap(world: World) -> None:
    """Nothing is created meanwhile."""
    world.pi.settings.base_fee_stroops = 2_000_000
    world.requested(PAYOUT)
    world.rounds(2)
    assert world.standing() == (PayoutState.REQUESTED, "fee_above_cap")
    world.pi.settings.base_fee_stroops = 900_000
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_the_fee_rises_after_signing(world: World) -> None:
    world.requested(PAYOUT)
    with world.effects.watched_by(
        First(SUBMIT, lambda: setattr(world.pi.settings, "base_fee_stroops", 200_000))
    ):
        world.send()
    assert world.payout().chain_error == "tx_insufficient_fee"
    check_at_rest(world, PayoutState.COMPLETED, after=3)


@pytest.mark.parametrize("balance", [1, MINIMUM_STROOPS + 31_400_000 + 99_999])
def test_the_wallet_has_too_little(world: World, balance: int) -> None:
    """Nothing is created; a smaller one goes on, and the other one when the wallet is funded."""
    world.pi.chain.fund(world.wallet, balance)
    world.requested(PAYOUT)
    world.requested("smaller", world.uid("bob"), amount="1")
    world.rounds(1)
    assert world.payout().reason == "balance_too_low"
    assert world.payments_of(PAYOUT) == []
    assert bool(world.transfers_of("smaller")) is (balance > 1)

    world.pi.chain.fund(world.wallet, 10**10)
    check_at_rest(world, PayoutState.COMPLETED, after=1)
    check_at_rest(world, PayoutState.COMPLETED, "smaller")


@pytest.mark.parametrize(
    ("balance", "error"),
    [(MINIMUM_STROOPS + 1_000_000, "op_underfunded"), (1, "tx_insufficient_balance")],
)
def test_the_wallet_is_emptied_at_the_last_moment(world: World, balance: int, error: str) -> None:
    """The chain refuses the transaction; nothing more is signed until there is enough."""
    world.requested(PAYOUT)
    empty = First(SUBMIT, lambda: world.pi.chain.fund(world.wallet, balance))
    with world.effects.watched_by(empty):
        world.send()
    assert world.payout().chain_error == error
    world.rounds(12)
    record = world.payout()
    assert (record.state, record.reason) == (PayoutState.CREATED, "balance_too_low")
    assert record.envelopes == 1
    check(world)
    world.pi.chain.fund(world.wallet, 10**10)
    check_at_rest(world, PayoutState.COMPLETED, after=1)


# --- A recipient without an account ---------------------------------------------------------------


def test_a_recipient_without_an_account_holds_up_nobody(world: World) -> None:
    """Found before anything is signed; the next one goes on in the same minute."""
    loses_wallet(world, "alice")
    for number in range(3):
        world.requested(f"{PAYOUT}-{number}", world.uid("alice"), amount="1")
    world.requested("next", world.uid("bob"))
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "next")
    for number in range(3):
        assert world.standing(f"{PAYOUT}-{number}") == (PayoutState.REQUESTED, "no_destination")
    cancelled = [payment for payment in world.pi.payments.values() if payment.is_cancelled]
    assert len(cancelled) == 1
    assert len(world.pi.chain.transactions) == 1


def test_pi_answers_its_cancellation_and_has_not_cancelled_it(world: World) -> None:
    """It begins anew once Pi shows the first one to be cancelled: two would be open."""
    loses_wallet(world, "alice")
    world.requested(PAYOUT, world.uid("alice"))

    def answer_and_do_nothing() -> None:
        [payment] = world.payments_of(PAYOUT)
        world.fault_once("POST", "*/cancel", status=200, body=payment.dto())

    with world.effects.watched_by(First("POST */cancel", answer_and_do_nothing)):
        world.send(1)

    record = world.payout()
    assert record.state is PayoutState.CREATED or not world.payments_of(PAYOUT)[0].is_open


def test_an_account_that_cannot_be_asked_for_is_asked_for_before_signing(world: World) -> None:
    wallet = loses_wallet(world, "alice")
    world.requested(PAYOUT, world.uid("alice"))
    world.fault("GET", f"/horizon/accounts/{wallet}", status=500, times=4)

    world.rounds(1)

    assert (world.payout().withdrawing, world.payout().envelope) == ("no_destination", None)
    assert SUBMIT not in world.effects.log


def test_it_is_asked_for_hourly_on_the_chain_alone(world: World) -> None:
    wallet = loses_wallet(world, "alice")
    world.requested(PAYOUT, world.uid("alice"))
    world.send()
    with world.counting() as spent:
        world.rounds(24)
    account = "GET /horizon/accounts/*"
    assert [effect for effect in spent.log if effect.startswith("POST")] == []
    assert spent.log.count(account) == 2
    assert world.metrics.last["OldestPayoutSeconds"] == 0

    world.pi.chain.open_account(wallet)
    check_at_rest(world, PayoutState.COMPLETED, after=13)


def test_it_fails_after_a_day(world: World) -> None:
    loses_wallet(world, "alice")
    uid = world.uid("alice")
    world.requested(PAYOUT, uid, refund_of=world.sold(uid=uid))
    world.send()
    for _ in range(26):
        world.tick(HOUR)
        world.rounds(1)
    check_at_rest(world, PayoutState.FAILED)
    assert world.payout().reason == "op_no_destination"
    assert world.counters() == {}
    assert len(world.payments_of(PAYOUT)) == 1


@pytest.mark.parametrize("effect", ["GET /horizon/accounts/*/payments", SUBMIT])
def test_the_account_is_gone_by_the_time_it_is_paid(world: World, effect: str) -> None:
    """It was there when Pi created the payment. What is signed has to die first."""
    world.requested(PAYOUT)
    created = First(effect, lambda: loses_account(world))
    with world.effects.watched_by(created):
        world.send()
    world.cold_start()
    world.rounds(5)
    assert world.standing() == (PayoutState.REQUESTED, "no_destination")
    assert [payment.is_cancelled for payment in world.payments_of(PAYOUT)] == [True]
    check(world)


def loses_account(world: World) -> None:
    [payment] = world.payments_of(PAYOUT)
    world.pi.chain.minted -= world.pi.chain.accounts.pop(payment.to_address).balance


def test_no_more_is_withdrawn_in_a_day_than_pi_bears(world: World) -> None:
    """The next day they go on."""
    for number in range(22):
        loses_wallet(world, f"user {number}")
        world.requested(f"p{number}", world.uid(f"user {number}"), amount="1")
    world.send()
    world.rounds(6)
    cancelled = [payment for payment in world.pi.payments.values() if payment.is_cancelled]
    assert len(cancelled) == 20
    assert world.payout("p20").reason == "too_many_withdrawals"
    assert world.metrics.counted["PayoutsHeldUp"] > 0
    world.tick(24 * HOUR)
    world.rounds(2)
    assert not any(payment.is_open for payment in world.pi.payments.values())


@pytest.mark.parametrize("ahead", [-HOUR, -60, 60, HOUR])
def test_our_clock_is_wrong(world: World, ahead: int) -> None:
    """It may hold payouts up, never pay one twice."""
    world.ahead = type(world.ahead)(seconds=ahead)
    world.half_sent(SUBMIT, "after")
    world.rounds(20)
    check(world)
    world.ahead *= 0
    if world.payout().state is PayoutState.BLOCKED:
        world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=20)


def test_ledgers_that_close_every_five_seconds(world: World) -> None:
    """The answer to the submission is a 504; it is applied at the next close."""
    world.pi.settings.close_at_once = False
    world.requested(PAYOUT)
    world.send()
    assert world.transfers_of(PAYOUT) == []
    check_at_rest(world, PayoutState.COMPLETED, after=2)
    assert world.payout().envelopes == 1


def test_an_old_envelope_is_applied_while_a_new_one_is_signed(world: World) -> None:
    """A restored backup says `created`; the envelope that it forgot is applied at each moment."""
    for number in range(1, 14):
        payout_id = f"{PAYOUT}-{number}"
        world.requested(payout_id, world.uid(f"user {number}"), amount="1")
        with world.effects.watched_by(Loses(SUBMIT, "before")):
            world.send()
        old = world.payout(payout_id)
        assert old.envelope is not None
        forget_envelope(world, payout_id)

        def apply(envelope: str = old.envelope) -> None:
            submit(world.pi, envelope, "http://pi.test/horizon")

        with world.effects.watched_by(ActsAt(world.effects, number, apply)):
            world.wake_sender(payout_id)
        check(world)
        check_at_rest(world, PayoutState.COMPLETED, payout_id, after=3)


def test_pi_names_another_transaction_than_ours(world: World) -> None:
    """Which the chain does not show: ours is not handed in again beside it."""
    signed_unsubmitted(world)
    [payment] = world.payments_of(PAYOUT)
    world.effects.log.clear()
    named = {"txid": "ab" * 32, "verified": False, "_link": ""}
    world.pi.force(payment.identifier, {"transaction": named})
    world.tick(61)

    world.wake_sender(PAYOUT)

    assert world.payout().reason == "may_still_apply"
    assert SUBMIT not in world.effects.log
    world.rounds(3)
    assert world.standing() == ("blocked", "other_transaction")


def test_its_time_is_over_and_the_chain_has_a_minute_to_show_it(world: World) -> None:
    """It is neither handed in again nor taken for dead: another node may have applied it."""
    signed_unsubmitted(world)
    world.effects.log.clear()
    envelope = world.payout().envelope
    world.tick(330)

    world.wake_sender(PAYOUT)

    record = world.payout()
    assert (record.reason, record.envelope) == ("may_still_apply", envelope)
    assert SUBMIT not in world.effects.log
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_pi_has_cancelled_it_before_it_is_handed_in(world: World) -> None:
    signed_unsubmitted(world)
    [payment] = world.payments_of(PAYOUT)
    world.pi.force(payment.identifier, {"status": {"cancelled": True}})
    world.effects.log.clear()
    world.tick(61)

    world.wake_sender(PAYOUT)

    assert world.payout().reason == "may_still_apply"
    assert SUBMIT not in world.effects.log


def test_an_earlier_envelopes_error_says_nothing_of_a_later_one(world: World) -> None:
    """The later one was never heard of: so another is signed, and it is paid."""
    world.half_sent("GET /horizon/accounts/*/payments", "before")
    assert world.payout().state is PayoutState.CREATED
    world.tables.edit("PayoutsTable", PAYOUT, chain_error="op_no_destination")
    with world.effects.watched_by(Loses(SUBMIT, "before")):
        world.rounds(1)
    assert world.payout().state is PayoutState.SIGNED

    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_a_later_one_paid_as_well_and_one_node_lacks_ours(world: World) -> None:
    """Two transactions for one payout are a person's, whichever shows first."""
    world.half_sent(SUBMIT, "after")
    thief_pays(world)
    world.tick(400)
    txid = world.payout().txid
    world.fault_once("GET", f"/horizon/transactions/{txid}", status=404, body={})

    world.rounds(1)

    assert world.standing() == (PayoutState.BLOCKED, "other_transaction")


def test_a_user_who_has_moved_to_another_wallet_is_paid(world: World) -> None:
    """What waits for his former wallet tells nothing of where Pi pays him now."""
    loses_wallet(world, "alice")
    uid = world.uid("alice")
    world.requested("p0", uid)
    world.send()
    wallet = world.pi.registry.open_wallet(wallet_seed_of("alice, again"))
    world.pi.registry.users[uid].wallet = wallet
    world.pi.chain.fund(wallet, 10**8)
    world.cold_start()
    world.live(2 * HOUR)  # p0 was looked at in this environment

    world.requested("p1", uid)
    world.send()
    world.rounds(1)

    assert world.payout("p0").reason == "no_destination"
    check_at_rest(world, PayoutState.COMPLETED, "p1")


def test_a_later_one_shows_before_ours(world: World) -> None:
    """Two transactions for one payout are a person's, also where Horizon lacked ours at first."""
    settings = world.pi.settings
    settings.close_at_once = False
    world.half_sent(SUBMIT, "after")
    world.tick(10)
    thief_pays(world)
    ours, _ = world.pi.chain.transactions
    settings.holes = [(ours.ledger, ours.ledger)]
    world.fault("GET", f"/v2/payments/{world.payout().payment_id}", code="unknown_error")
    world.rounds(1)
    assert len(world.payout().sent) == 1
    world.heal()
    world.tick(60)
    is_filled = First("GET /horizon/transactions/*", settings.holes.clear)

    with world.effects.watched_by(is_filled):
        world.wake_sender(PAYOUT)

    record = world.payout()
    assert (record.state, record.reason) == (PayoutState.BLOCKED, "other_transaction")
    assert len(record.sent) == 1
