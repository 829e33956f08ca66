"""What an operator decides about a blocked payout, and what he cannot."""

from typing import Any

import pytest

from shared.domain.payout import PayoutState
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT
from tests.payouts.weather import Loses
from tests.payouts.world import World

SUBMIT = "POST /horizon/transactions"


@pytest.mark.parametrize("decision", ["resume", "fail"])
def test_only_a_blocked_payout_waits_for_a_decision(world: World, decision: str) -> None:
    assert world.decide(PAYOUT, decision)["error"] == "payout_not_found"
    world.requested(PAYOUT)
    assert world.decide(PAYOUT, decision)["error"] == "not_blocked"
    world.work()
    assert world.decide(PAYOUT, decision)["error"] == "not_blocked"
    check_at_rest(world, PayoutState.COMPLETED)


@pytest.mark.parametrize("decision", ["", "pay", None])
def test_a_decision_that_is_none(world: World, decision: Any) -> None:
    assert world.decide(PAYOUT, decision)["error"] == "invalid_decision"


def block_as_requested(world: World) -> None:
    world.fault("POST", "/v2/payments", code="too_many_payments")
    world.requested(PAYOUT)
    world.rounds(14)
    assert world.record().blocked_from is PayoutState.REQUESTED
    world.heal()


def test_given_up_before_anything_was_created(world: World) -> None:
    block_as_requested(world)
    world.decide(PAYOUT, "fail")
    world.work()
    check_at_rest(world, PayoutState.FAILED)
    assert world.record().reason == "given_up"
    assert world.counters() == {}


def test_resumed_before_anything_was_created(world: World) -> None:
    block_as_requested(world)
    world.decide(PAYOUT, "resume")
    world.work()
    check_at_rest(world, PayoutState.COMPLETED)


def block_as_signed(world: World, *, paid: bool) -> None:
    """Pi shows something else for a while, between the envelope and its end."""
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses(SUBMIT, "after" if paid else "before")):
        world.work()
    [payment] = world.payments_of(PAYOUT)
    world.pi.force(payment.identifier, {"network": "Pi Network"})
    world.wake(PAYOUT)
    assert world.record().blocked_from is PayoutState.SIGNED
    payment.overrides.clear()


@pytest.mark.parametrize("paid", [True, False])
def test_given_up_while_an_envelope_is_alive(world: World, paid: bool) -> None:
    """It waits until the envelope is dead; then the chain decides."""
    block_as_signed(world, paid=paid)
    world.tick(1)
    world.decide(PAYOUT, "fail")
    world.work()
    if not paid:
        assert world.record().state is PayoutState.SIGNED
        assert world.record().reason == "may_still_apply"
    world.rounds(3)
    check_at_rest(world, PayoutState.COMPLETED if paid else PayoutState.FAILED)


def test_given_up_while_the_chain_cannot_be_read(world: World) -> None:
    """Never failed on a guess."""
    block_as_signed(world, paid=True)
    world.decide(PAYOUT, "fail")
    world.fault(path="/horizon/*", drop="before")
    world.rounds(20)
    check(world)
    assert world.record().state is PayoutState.SIGNED
    world.heal()
    world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED)


def test_resumed_while_an_envelope_is_alive(world: World) -> None:
    block_as_signed(world, paid=False)
    world.tick(1)
    world.decide(PAYOUT, "resume")
    world.work()
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.record().envelopes == 0  # the count starts again, the envelope is the same


def test_a_decision_before_the_event_was_delivered(world: World) -> None:
    """The app still hears that it was blocked, and how it ended."""
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses("POST /v2/payments", "after")):
        world.work()
    [payment] = world.payments_of(PAYOUT)
    payment.overrides = {"network": "Pi Network"}
    with world.bus.is_down():
        world.rounds(1)
    assert world.record().owed is not None
    payment.overrides = {}
    world.decide(PAYOUT, "resume")
    world.rounds(1)
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.events(PAYOUT) == ["PayoutBlocked", "PayoutCompleted"]
