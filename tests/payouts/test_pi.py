"""What Pi may say to a payout, and what of ours or a stranger's may be open there already."""

from decimal import Decimal
from typing import Any

import pytest

from shared.domain.payout import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT
from tests.world import World
from tests.world.devices import Loses

HOUR = 3600


def stranger_opens(world: World, **metadata: Any) -> str:
    """Another back end of the same app creates an A2U payment."""
    app, uid = world.pi.registry.app(), world.uid("bob")
    metadata = metadata or {"order": "7"}
    arguments = {"amount": Decimal(2), "memo": "x", "metadata": metadata, "uid": uid}
    return str(world.pi.create_payment(app, arguments)["identifier"])


def test_the_recipient_has_not_granted_his_address(world: World) -> None:
    """A 401, and yet no sign of a bad key."""
    uid = world.uid("alice", scopes=["username"])
    world.requested(PAYOUT, uid, refund_of=world.sold(uid=uid))
    world.send()
    check_at_rest(world, PayoutState.FAILED)
    assert world.payout().reason == "missing_scope"
    assert world.metrics.counted["ServerKeyRefused"] == 0
    assert world.counters() == {}


@pytest.mark.parametrize(
    "code", ["feature_not_available", "missing_wallet", "invalid_address", "invalid_arguments"]
)
def test_pi_refuses_for_good(world: World, code: str) -> None:
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", code=code)
    world.send()
    check_at_rest(world, PayoutState.FAILED)
    assert world.payout().reason == code
    assert world.counters() == {}


def test_pi_knows_no_such_user(world: World) -> None:
    """So a wrong key would be answered for everybody: nothing is closed on it."""
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", code="user_not_found")
    world.send()
    assert (world.payout().state, world.payout().reason) == (PayoutState.BLOCKED, "user_not_found")
    assert world.counters() != {}
    world.heal()
    world.tick(1)
    world.decide(PAYOUT, "resume")
    world.rounds(1)
    check_at_rest(world, PayoutState.COMPLETED)


@pytest.mark.parametrize("code", ["too_many_payments", "too_many_cancelled_payments"])
def test_pi_refuses_for_now(world: World, code: str) -> None:
    world.requested(PAYOUT)
    world.fault("POST", "/v2/payments", code=code)
    world.rounds(3)
    assert (world.payout().state, world.payout().reason) == (PayoutState.REQUESTED, code)
    world.heal()
    world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED)


def test_the_server_key_is_wrong_for_a_while(world: World) -> None:
    world.server_key = "yesterday's"
    world.requested(PAYOUT)
    world.send()
    assert world.payout().state is PayoutState.REQUESTED
    assert world.metrics.counted["ServerKeyRefused"] > 0
    world.server_key = "canary-server-key-5f1d"
    world.rounds(1)
    check_at_rest(world, PayoutState.COMPLETED)


def test_another_payout_of_ours_is_in_the_way(world: World) -> None:
    """It is woken and brought to its end first; nobody is called a stranger."""
    world.requested("first")
    with world.effects.watched_by(Loses("UpdateItem", "before")):
        world.send()  # nothing of it can be written down
    with world.effects.watched_by(Loses("POST /horizon/transactions", "before")):
        world.tick(1)
        world.wake_sender("first")
    assert world.payout("first").state is PayoutState.SIGNED
    world.requested("second", world.uid("bob"))
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "first")
    assert world.payout("second").reason == "ongoing_payment_found"
    world.rounds(1)
    check_at_rest(world, PayoutState.COMPLETED, "second")
    assert world.metrics.counted["ForeignPayout"] == 0


@pytest.mark.parametrize(
    "metadata", [{"order": "7"}, {"payout_id": "unheard-of"}, {"payout_id": ""}, {"payout_id": 7}]
)
def test_a_strangers_payment_is_in_the_way(world: World, metadata: dict[str, Any]) -> None:
    """Reported, never paid, never cancelled."""
    foreign = stranger_opens(world, **metadata)
    world.requested(PAYOUT)
    world.rounds(3)
    assert world.metrics.counted["ForeignPayout"] >= 3
    assert world.payout().state is PayoutState.REQUESTED
    assert world.pi.payment(foreign).is_open
    assert world.pi.chain.transactions == []

    world.pi.cancel(world.pi.registry.app(), foreign)
    world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED)


def test_a_payment_that_its_failed_payout_does_not_know(world: World) -> None:
    """Pi creates it long after we were told otherwise: a stranger now, though it has our id."""
    uid = world.uid("alice", scopes=["username"])
    world.requested(PAYOUT, uid)
    world.send()
    check_at_rest(world, PayoutState.FAILED)
    late = stranger_opens(world, payout_id=PAYOUT)
    world.rounds(2)
    assert world.metrics.counted["ForeignPayout"] == 2
    assert world.pi.payment(late).is_open
    assert world.pi.chain.transactions == []


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ({"network": "Pi Network"}, "unexpected_network"),
        ({"amount": Decimal(4)}, "unexpected_amount"),
        ({"user_uid": "mallory"}, "unexpected_user"),
        ({"direction": "user_to_app"}, "unexpected_direction"),
        ({"token_canonical": "CAT:G"}, "unexpected_token"),
        ({"from_address": None}, "missing_address"),
    ],
)
@pytest.mark.parametrize("when", ["at its creation", "later"])
def test_pi_shows_another_payment_than_was_asked_for(
    world: World, shown: dict[str, Any], reason: str, when: str
) -> None:
    world.requested(PAYOUT)
    effect = "POST /v2/payments" if when == "at its creation" else "GET /horizon/ledgers"
    with world.effects.watched_by(Loses(effect, "after")):
        world.send()
    [payment] = world.payments_of(PAYOUT)
    world.pi.force(payment.identifier, shown)
    world.rounds(1)
    if when == "later" and reason == "missing_address":
        reason = "unexpected_address"
    assert (world.payout().state, world.payout().reason) == (PayoutState.BLOCKED, reason)
    assert world.pi.chain.transactions == []
    assert world.events(PAYOUT) == ["PayoutBlocked"]
    check(world)


def test_the_app_is_on_another_network(world: World) -> None:
    """Nothing is signed for it; given up, it is cancelled at Pi and out of the way."""
    world.pi.registry.app().network = "Pi Network"
    world.requested(PAYOUT)
    world.send()
    assert world.payout().reason == "unexpected_network"
    world.tick(1)
    world.decide(PAYOUT, "fail")
    world.send()
    assert world.payout().reason == "may_still_apply"
    world.rounds(2)
    check_at_rest(world, PayoutState.FAILED)
    assert world.pi.chain.transactions == []


def test_pi_never_verifies_it(world: World) -> None:
    """A day of patience, then a person."""
    world.requested(PAYOUT)
    world.fault(path="/v2/payments/*/complete", code="not_verified")
    world.rounds(200)
    assert (world.payout().state, world.payout().reason) == (PayoutState.SIGNED, "not_verified")
    world.rounds(100)
    assert (world.payout().state, world.payout().reason) == (PayoutState.BLOCKED, "not_verified")
    check(world)
    world.heal()
    world.decide(PAYOUT, "resume")
    world.rounds(1)
    check_at_rest(world, PayoutState.COMPLETED)


def test_a_paid_payment_was_cancelled_at_pi(world: World) -> None:
    """Only a person can settle that with Pi; whatever he decides, it is not called failed."""
    world.requested(PAYOUT)
    world.fault(path="/v2/payments/*/complete", drop="before")
    world.send()
    [payment] = world.payments_of(PAYOUT)
    payment.cancelled = True
    world.heal()
    world.rounds(1)
    assert (world.payout().state, world.payout().reason) == (
        PayoutState.BLOCKED,
        "cancelled_payment",
    )
    for decision in ("fail", "resume"):
        world.decide(PAYOUT, decision)
        world.rounds(3)
        assert world.payout().state is PayoutState.BLOCKED
        assert len(world.transfers_of(PAYOUT)) == 1


def test_an_unpaid_payment_was_cancelled_at_pi(world: World) -> None:
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses("GET /horizon/ledgers", "before")):
        world.send()
    [payment] = world.payments_of(PAYOUT)
    payment.cancelled = True
    world.rounds(3)
    check_at_rest(world, PayoutState.FAILED)
    assert world.pi.chain.transactions == []


def test_pi_forgets_the_payment(world: World) -> None:
    """A 404 closes nothing: a wrong key would answer so for every payment."""
    world.requested(PAYOUT)
    world.fault(path="/horizon/*", drop="before")
    world.send()
    [payment] = world.payments_of(PAYOUT)
    world.pi.delete_payment(payment.identifier)
    world.heal()
    world.rounds(1)
    record = world.payout()
    assert (record.state, record.reason) == (PayoutState.BLOCKED, "payment_not_found")
    assert world.pi.chain.transactions == []


@pytest.mark.parametrize("created_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_pi_dates_it_strangely(world: World, created_at: str) -> None:
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses("POST /v2/payments", "after")):
        world.send()
    [payment] = world.payments_of(PAYOUT)
    payment.overrides = {"created_at": created_at}
    world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED)


def test_a_creation_that_answers_with_another_payment_pays_nobody_else(world: World) -> None:
    uid = world.uid("alice")
    world.requested(PAYOUT, uid)
    world.send()
    [first] = world.payments_of(PAYOUT)
    world.requested("payout-2", uid)
    world.fault_once("POST", "/v2/payments", status=200, body=first.dto())
    world.send()

    world.rounds(3)

    record = world.payout("payout-2")
    assert record.payment_id != first.identifier
    if record.state is PayoutState.COMPLETED:
        assert world.transfers_of("payout-2") == [record.txid]


def test_a_refused_creation_does_not_wait_as_an_unclear_one(world: World) -> None:
    world.requested(PAYOUT)
    world.fault_once("POST", "/v2/payments", code="too_many_payments", status=400)
    world.send()
    world.tick(61)
    world.sweep()

    world.send()

    assert world.payout(PAYOUT).reason != "creation_unclear"
