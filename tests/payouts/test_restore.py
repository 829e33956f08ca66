"""The tables are restored from a backup, and say less than Pi and the chain know. Promise 4: what
was paid is not paid again, whatever the table has forgotten, and nobody has to look.
"""

from contextlib import suppress
from typing import Any

import pytest

from local.emulator.registry import wallet_seed_of
from local.emulator.submission import submit
from shared.base.errors import ServiceUnavailable
from shared.payouts.record import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT, STORIES, Story, paid_before, payout_world
from tests.payouts.test_chain import strangers_pay
from tests.payouts.test_crash import effects_of
from tests.world import World
from tests.world.devices import Died, DiesAt, First, Loses, writes
from tests.world.effects import Device, Moment
from tests.world.emulator import KEY
from tests.world.stage import Backup

HOUR = 3600
AGES = [10, 1200, HOUR, 24 * HOUR]
# The last effect that is still to come in the backup.
NEXT = {
    "requested": "GET /v2/payments/incomplete_server_payments",
    "attempted": "POST /v2/payments",
    "created": "GET /horizon/ledgers",
    "signed": "POST /horizon/transactions",
}


def back_to(world: World, state: str, age: int) -> None:
    """The tables as they stood when the payout had come so far; restored `age` seconds after it
    was paid."""
    world.half_sent(NEXT[state], "before")
    backup = world.backup()
    assert world.payout().state == ("requested" if state == "attempted" else state)
    check_at_rest(world, PayoutState.COMPLETED, after=2)
    world.tick(age)
    world.restore(backup)
    world.cold_start()


@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("state", NEXT)
def test_a_paid_payout_is_not_paid_again(each_world: World, state: str, age: int) -> None:
    back_to(each_world, state, age)
    each_world.rounds(3)
    check_at_rest(each_world, PayoutState.COMPLETED)
    assert all(not payment.is_open for payment in each_world.payments_of(PAYOUT))


@pytest.mark.parametrize("state", NEXT)
def test_the_user_has_another_wallet_by_now(world: World, state: str) -> None:
    """What Pi creates now would be paid elsewhere; it was paid all the same."""
    back_to(world, state, 1200)
    wallet = world.pi.registry.open_wallet(wallet_seed_of("alice's new one"))
    world.pi.registry.users[world.payout().uid].wallet = wallet
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_what_pi_said_before_the_book_was_read_is_not_what_counts(world: World) -> None:
    """A payout that was paid and not reported; its record changes as the book is read."""
    world.pi.settings.show_txid_before_complete = False
    world.half_sent(NEXT["created"], "before")
    backup, complete = world.backup(), "POST /v2/payments/*/complete"
    with world.effects.watched_by(Loses(complete, "before")):
        world.rounds(2)
    world.restore(backup)
    world.cold_start()
    payment_id = str(world.payout().payment_id)

    def another_completes() -> None:
        world.pi.force(payment_id, {"status": {"developer_completed": True}})

    world.tick(300)
    reading = First("GET /horizon/accounts/*/payments", another_completes)
    with world.effects.watched_by(reading), world.counting() as spent:
        world.wake_sender(PAYOUT)

    assert world.payout().state is PayoutState.COMPLETED
    assert complete not in spent.log


@pytest.mark.parametrize("state", NEXT)
def test_among_others_of_the_same_amount(world: World, state: str) -> None:
    """Only Pi tells which of them was this one's."""
    others = world.several(3, amount="3.14")
    world.send()
    back_to(world, state, 1200)
    check_at_rest(world, PayoutState.COMPLETED, PAYOUT, *others, after=3)


def test_the_table_never_heard_of_it(world: World) -> None:
    """Restored to before the request; the caller finds nothing under his id, and asks again."""
    backup = world.backup()
    uid = world.uid("alice")
    world.requested(PAYOUT, uid)
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    world.restore(backup)
    world.tick(HOUR / 2)
    world.requested(PAYOUT, uid)
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_a_forgotten_request_comes_again_after_days(world: World) -> None:
    """Its caller was down: the book, read back, has found what Pi and the chain remember of it."""
    uid = world.uid("alice")
    paid_before(world)
    backup = world.backup()
    world.requested(PAYOUT, uid)
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    txid = world.payout().txid
    world.restore(backup)
    world.cold_start()
    world.tick(5 * 24 * HOUR)
    check_at_rest(world, PayoutState.COMPLETED, after=4)

    again = world.post(payout_id=PAYOUT, uid=uid, amount="3.14", memo="Thank you")

    assert (again.status, again.state) == (200, "completed")
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.payout().txid == txid
    assert len(world.payments_of(PAYOUT)) == 1


def test_pi_does_not_say_at_once_what_a_forgotten_payment_was(world: World) -> None:
    paid_before(world)
    backup = world.backup()
    world.requested(PAYOUT)
    world.send()
    [payment] = world.payments_of(PAYOUT)
    world.restore(backup)
    world.cold_start()
    payment.overrides.update(direction=None, metadata={})
    world.rounds(2)
    assert world.metrics.counted["UnknownSpending"] == 0

    payment.overrides.clear()
    check_at_rest(world, PayoutState.COMPLETED, after=3)


@pytest.mark.parametrize("age", [600, 3 * 24 * HOUR])
def test_nothing_is_created_before_the_book_has_read_back(world: World, age: int) -> None:
    """The request that was forgotten comes again at once."""
    uid = world.uid("alice")
    paid_before(world)
    backup = world.backup()
    world.tick(HOUR)
    world.requested(PAYOUT, uid)
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    world.tick(age)
    world.restore(backup)
    world.cold_start()

    world.requested(PAYOUT, uid)
    check_at_rest(world, PayoutState.COMPLETED, after=6)
    assert len(world.payments_of(PAYOUT)) == 1


@pytest.mark.parametrize("apart", [False, True])
def test_a_refund_that_the_tables_forgot(world: World, apart: bool) -> None:
    """It is found before it is asked for again; and no other refund of it is taken on."""
    paid_before(world)
    payment_id = world.sold("3.14")
    backup = world.backup()
    assert world.post(payout_id=PAYOUT, refund_of=payment_id).status == 202
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    if apart:
        backup = {name: backup[name] for name in ("PayoutsTable",)}
    world.restore({**world.backup(), **backup})
    world.cold_start()
    world.tick(HOUR)
    world.rounds(2)

    assert world.payout().state is PayoutState.COMPLETED
    if not apart:  # there it is known: what was refunded counts from before as well
        assert world.record(payment_id).refunded == world.payout().amount
    another = world.post(payout_id="another", refund_of=payment_id)
    assert (another.status, another.error) == (409, "above_paid_amount")
    assert world.post(payout_id=PAYOUT, refund_of=payment_id).status in (200, 202)
    assert len(world.transfers_of(PAYOUT)) == 1


def test_another_refund_of_what_a_forgotten_one_has_paid_back(world: World) -> None:
    """Found by dice (SEED=164): it was taken on before the book had come by the first. A person
    sees it, and it is not signed for."""
    paid_before(world)
    payment_id = world.sold("3.14")
    backup = world.backup()
    assert world.post(payout_id=PAYOUT, refund_of=payment_id).status == 202
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    world.restore(backup)

    assert world.post(payout_id="another", refund_of=payment_id).status == 202
    world.send()
    world.rounds(3)

    another = world.payout("another")
    assert (another.state, another.reason) == (PayoutState.BLOCKED, "above_paid_amount")
    assert world.transfers_of("another") == []
    assert all(payment.is_cancelled for payment in world.payments_of("another"))
    world.decide("another", "fail")
    check_at_rest(world, PayoutState.FAILED, "another", after=1)
    assert world.record(payment_id).refunded == world.payout().amount


@pytest.mark.parametrize("state", NEXT)
def test_more_history_since_than_one_look_reads(world: World, state: str) -> None:
    back_to(world, state, 1200)
    strangers_pay(world, 100)
    world.pi.settings.page_limit = 1
    check_at_rest(world, PayoutState.COMPLETED, after=6)


def test_forgotten_on_a_busy_wallet(world: World) -> None:
    """Found in review: what a look could not read was taken for absent."""
    backup, uid = world.backup(), world.uid("alice")
    world.requested(PAYOUT, uid)
    world.send()
    strangers_pay(world, 100)
    world.restore(backup)
    world.cold_start()
    world.tick(1200)
    world.pi.settings.page_limit = 1
    world.requested(PAYOUT, uid)
    check_at_rest(world, PayoutState.COMPLETED, after=6)


@pytest.mark.parametrize("decision", ["fail", None])
def test_the_server_key_is_another_apps_by_now(world: World, decision: str | None) -> None:
    """Found in review: Pi knows none of our payments then, and it was called failed."""
    back_to(world, "requested", 1200)
    world.pi.registry.add_app("other-app", "the other app's key")
    world.server_key = "the other app's key"
    if decision:
        world.decide(PAYOUT, decision)
    world.rounds(2)
    record = world.payout()
    reason = "given_up" if decision else "user_not_found"
    assert (record.state, record.reason) == (PayoutState.REQUESTED, reason)
    world.server_key = KEY
    world.cold_start()
    check_at_rest(world, PayoutState.COMPLETED, after=3)


@pytest.mark.parametrize("late", [10, 290])
def test_given_up_while_a_forgotten_envelope_is_alive(world: World, late: int) -> None:
    """Found in review: the table says `created`, and yet something may still be applied."""
    world.half_sent(NEXT["created"], "before")
    backup = world.backup()
    world.tick(1)
    with world.effects.watched_by(Loses(NEXT["signed"], "before")):
        world.wake_sender(PAYOUT)
    envelope = world.payout().envelope
    assert envelope is not None
    world.restore(backup)
    world.decide(PAYOUT, "fail")
    world.send()
    world.tick(late)
    submit(world.pi, envelope, "http://pi.test/horizon")
    check_at_rest(world, PayoutState.COMPLETED, after=4)


@pytest.mark.parametrize("ended_by", ["a person", "Pi"])
def test_ended_while_the_second_envelope_is_forgotten(world: World, ended_by: str) -> None:
    """The table knows that the first is dead, and nothing of the second, which is alive."""
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses(NEXT["signed"], "before")):
        world.send()
        world.tick(400)
        with world.effects.watched_by(Loses("GET /horizon/fee_stats", "before")):
            world.wake_sender(PAYOUT)
        backup = world.backup()
        assert world.payout().state is PayoutState.CREATED
        world.tick(61)
        world.wake_sender(PAYOUT)
    envelope = world.payout().envelope
    assert envelope is not None
    world.restore(backup)
    if ended_by == "a person":
        world.decide(PAYOUT, "fail")
    else:
        [payment] = world.payments_of(PAYOUT)
        world.pi.force(payment.identifier, {"status": {"cancelled": True}})
    world.wake_sender(PAYOUT)
    world.tick(100)
    submit(world.pi, envelope, "http://pi.test/horizon")

    world.rounds(4)

    # Where Pi has cancelled it, a person has to look.
    end = PayoutState.COMPLETED if ended_by == "a person" else PayoutState.BLOCKED
    assert world.payout().state is end
    assert len(world.transfers_of(PAYOUT)) == 1


@pytest.mark.parametrize("state", ["requested", "attempted"])
def test_given_up_but_paid_long_ago(world: World, state: str) -> None:
    """It is called completed, not failed, and keeps its reservations."""
    back_to(world, state, 1200)
    world.decide(PAYOUT, "fail")
    check_at_rest(world, PayoutState.COMPLETED, after=3)
    assert len(world.payments_of(PAYOUT)) == 1


@pytest.mark.parametrize("code", ["missing_scope", "missing_wallet"])
def test_pi_refuses_to_create_what_was_paid_long_ago(world: World, code: str) -> None:
    """The user has taken his scope back since: it was paid all the same."""
    back_to(world, "requested", 1200)
    world.fault("POST", "/v2/payments", code=code)
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_given_up_while_the_seed_is_wrong(world: World) -> None:
    """Its wallet has never sent anything: that proves nothing, and the right seed is read."""
    back_to(world, "requested", 1200)
    world.wallet_seed = wallet_seed_of("nobody's")
    world.decide(PAYOUT, "fail")
    world.rounds(2)
    assert world.standing() == (PayoutState.REQUESTED, "given_up")
    world.wallet_seed = wallet_seed_of("demo-app")
    check_at_rest(world, PayoutState.COMPLETED, after=1)


def test_given_up_while_the_chain_cannot_be_read(world: World) -> None:
    back_to(world, "requested", 1200)
    world.fault(path="/horizon/*", drop="before")
    world.decide(PAYOUT, "fail")
    world.rounds(3)
    assert world.standing() == (PayoutState.REQUESTED, "given_up")
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)


@pytest.mark.parametrize("lag", [60, HOUR])
def test_while_the_chain_lags(world: World, lag: int) -> None:
    """It does not show the payment yet: nothing is signed before it shows the present."""
    back_to(world, "requested", 1)
    world.pi.settings.ledger_lag_s = lag
    world.send()
    world.rounds(1)
    check(world)
    world.pi.settings.ledger_lag_s = 0
    check_at_rest(world, PayoutState.COMPLETED, after=3)


def test_another_payout_with_the_same_id_is_not_this_one(world: World) -> None:
    """The other stack of the same app has paid somebody else under this id."""
    uid = world.uid("alice")
    world.requested(PAYOUT, world.uid("bob"))
    backup = world.backup()
    world.send()
    other = world.payout().txid
    world.restore({name: [] for name in backup})
    world.requested(PAYOUT, uid)
    world.rounds(3)
    record = world.payout()
    assert (record.state, record.uid) == (PayoutState.COMPLETED, uid)
    assert record.txid != other


@pytest.mark.parametrize("lose", ["before", "after"])
def test_pi_still_has_it_open(world: World, lose: Any) -> None:
    """Created, perhaps paid, not reported: it is adopted, and the chain decides."""
    world.requested(PAYOUT)
    backup = world.backup()
    world.fault(path="/v2/payments/*/complete", drop="before")
    with world.effects.watched_by(Loses("POST /horizon/transactions", lose)):
        world.send()
    world.tick(HOUR)
    world.restore(backup)
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)
    assert len(world.payments_of(PAYOUT)) == 1


@pytest.mark.parametrize("age", [1, 200, 1200])
def test_its_envelope_expired_and_another_one_paid(world: World, age: int) -> None:
    """Found by simulation: the table knows the first envelope, Pi the second; it looked as if
    somebody else had paid, and asked for a person."""
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses("POST /horizon/transactions", "before")):
        world.send()
        backup = world.backup()
        first = world.payout().txid
        world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED, after=2)
    assert world.payout().txid != first
    world.tick(age)
    world.restore(backup)
    check_at_rest(world, PayoutState.COMPLETED, after=3)


class Keeps:
    """Backs the tables up after each write, until `then` ends it."""

    def __init__(self, world: World, then: Device | None = None) -> None:
        self._world, self._then = world, then
        self.backups: list[Backup] = [world.backup()]

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == "after" and (now := self._world.backup()) != self.backups[-1]:
            self.backups.append(now)
        if self._then is not None:
            self._then(moment, effect)


def backups_of(world: World, story: Story) -> list[Backup]:
    """The tables after each write of its way, and the payout at its end."""
    story.prepare(world)
    keeps = Keeps(world)
    with world.effects.watched_by(keeps):
        world.wake_sender(PAYOUT)
        world.rounds(4)
    check_at_rest(world, story.end)
    return keeps.backups


# A person's decision that a restore has forgotten has to be taken again.
UNDECIDED = [story for story in STORIES if not story.name.startswith("given up")]


@pytest.mark.parametrize("age", [1, 1200, 24 * HOUR])
@pytest.mark.parametrize("story", UNDECIDED, ids=str)
def test_restored_to_any_moment(subtests: pytest.Subtests, story: Story, age: int) -> None:
    with payout_world() as world:
        count = len(backups_of(world, story))
    assert count > 4
    for number in range(count):
        with subtests.test(number=number), payout_world() as world:
            backups = backups_of(world, story)
            world.ledgers_close_seldom()
            world.tick(age)
            world.restore(backups[number])
            world.cold_start()
            world.rounds(4)
            check_at_rest(world, story.end)


@pytest.mark.parametrize("rounds", [0, 1])
def test_dies_at_any_effect_and_is_restored_to_any_moment_before(
    subtests: pytest.Subtests, rounds: int
) -> None:
    story = STORIES[0]
    for number, effect in writes(effects_of(story)):
        for back in range(1, 4):
            with subtests.test(number=number, effect=effect, back=back):
                dies_and_is_restored(story, number, back, rounds)


def dies_and_is_restored(story: Story, number: int, back: int, rounds: int) -> None:
    """To what the tables said `back` writes before its death, or to its request."""
    with payout_world() as world:
        story.prepare(world)
        keeps = Keeps(world, DiesAt(number, "after"))
        with world.effects.watched_by(keeps), suppress(Died, ServiceUnavailable):
            world.send()
            world.tick(world.sweep_seconds)
            world.sweep()
            world.send()
        world.rounds(rounds)
        world.restore(keeps.backups[max(0, len(keeps.backups) - 1 - back)])
        world.cold_start()
        world.rounds(6)
        check_at_rest(world, story.end)
