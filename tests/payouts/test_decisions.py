"""What an operator decides about a blocked payout, and what he cannot."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import jsonschema
import pytest

from local.processes import ROOT
from shared.base.errors import WriteConflict
from shared.payouts.record import PayoutState, decided, waiting
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT, STORIES, payout_world
from tests.payouts.test_crash import effects_of
from tests.world import World
from tests.world.devices import ActsAt, First, Loses, starts
from tests.world.effects import Device, Moment

SUBMIT = "POST /horizon/transactions"


def test_only_what_is_blocked_is_resumed_and_only_what_is_open_given_up(world: World) -> None:
    for decision in ("resume", "fail"):
        assert world.decide(PAYOUT, decision)["error"] == "payout_not_found"
    world.requested(PAYOUT)
    assert world.decide(PAYOUT, "resume")["error"] == "not_blocked"
    world.send()
    assert world.decide(PAYOUT, "resume")["error"] == "not_blocked"
    assert world.decide(PAYOUT, "fail")["error"] == "payout_closed"
    check_at_rest(world, PayoutState.COMPLETED)


def test_given_up_while_it_is_not_even_blocked(subtests: pytest.Subtests) -> None:
    """Before each effect of its payment: failed if that was in time, else completed."""
    for number, effect in starts(effects_of(STORIES[0])):
        with subtests.test(number=number, effect=effect), payout_world() as world:
            world.requested(PAYOUT)
            act = ActsAt(world.effects, number, partial(world.decide, PAYOUT, "fail"))
            with world.effects.watched_by(act):
                world.send()
            check(world)
            world.rounds(5)
            is_paid = bool(world.transfers_of(PAYOUT))
            check_at_rest(world, PayoutState.COMPLETED if is_paid else PayoutState.FAILED)


@pytest.mark.parametrize("decision", ["", "pay", None, {}, ["resume"], 1])
def test_a_decision_that_is_none(world: World, decision: Any) -> None:
    assert world.decide(PAYOUT, decision)["error"] == "invalid_decision"


@pytest.mark.parametrize("more", [{"reason": "it is late"}, {"fail": True}, {"": 1}], ids=repr)
def test_a_decision_with_more_than_is_obeyed(world: World, more: dict[str, Any]) -> None:
    """2.6: refused, not half obeyed."""
    world.requested(PAYOUT)
    before = world.payout()

    answer = world.decide(PAYOUT, "fail", **more)

    assert answer["error"] == "unexpected_key"
    assert world.payout() == before


def held_up_as_requested(world: World) -> None:
    world.fault("POST", "/v2/payments", code="too_many_payments")
    world.requested(PAYOUT)
    world.rounds(20)
    assert world.payout().state is PayoutState.REQUESTED


def test_given_up_before_anything_was_created(world: World) -> None:
    """The chain proves that it was not paid, as always."""
    held_up_as_requested(world)
    world.decide(PAYOUT, "fail")
    check_at_rest(world, PayoutState.FAILED, after=1)
    assert world.payout().reason == "given_up"
    assert world.counters() == {}
    assert "GET /horizon/ledgers" in world.effects.log


def test_an_old_request_needs_nobody(world: World) -> None:
    held_up_as_requested(world)
    world.tick(7 * 24 * 3600)
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=8)  # the book was not read for so long


def test_a_decision_leaves_the_request_as_old_as_it_is(world: World) -> None:
    """Found by reading: a resumed one forgot when it had been requested."""
    world.requested(PAYOUT)
    asked_at = world.payout().requested_at
    world.wallet_seed = "none"
    world.rounds(2)
    world.decide(PAYOUT, "fail")
    assert world.payout().requested_at == asked_at
    assert world.payout().decided_at == world.clock()


def block_as_signed(world: World, *, paid: bool) -> None:
    """A bug stops it between the envelope and its end."""
    world.requested(PAYOUT)
    with world.effects.watched_by(Loses(SUBMIT, "after" if paid else "before")):
        world.send()
    with world.effects.watched_by(raises_at("GET /horizon/transactions/*")):
        world.wake_sender(PAYOUT)
    assert world.payout().blocked_from is PayoutState.SIGNED


def raises_at(effect: str) -> Device:
    """A bug that nobody has thought of."""

    def device(moment: Moment, seen: str) -> None:
        if (moment, seen) == ("before", effect):
            raise ZeroDivisionError

    return device


@pytest.mark.parametrize("effect", ["POST /horizon/transactions", "POST /v2/payments"])
def test_a_bug_after_the_step_has_written_blocks_what_stands(world: World, effect: str) -> None:
    """Blocked from the record that the step began with, it was overtaken each minute, for ever."""
    world.requested(PAYOUT)
    with world.effects.watched_by(raises_at(effect)):
        world.send()
    assert world.standing() == (PayoutState.BLOCKED, "unexpected_error")
    world.tick(121)
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=2)


@pytest.mark.parametrize("paid", [True, False])
def test_given_up_while_an_envelope_is_alive(world: World, paid: bool) -> None:
    """It waits until the envelope is dead; then the chain decides."""
    block_as_signed(world, paid=paid)
    world.tick(1)
    world.decide(PAYOUT, "fail")
    world.send()
    if not paid:
        assert world.payout().state is PayoutState.SIGNED
        assert world.payout().reason == "may_still_apply"
    world.rounds(4)
    check_at_rest(world, PayoutState.COMPLETED if paid else PayoutState.FAILED)


def test_given_up_while_the_chain_cannot_be_read(world: World) -> None:
    """Never failed on a guess."""
    block_as_signed(world, paid=True)
    world.decide(PAYOUT, "fail")
    world.fault(path="/horizon/*", drop="before")
    world.rounds(20)
    check(world)
    assert world.payout().state is PayoutState.SIGNED
    world.heal()
    check_at_rest(world, PayoutState.COMPLETED, after=2)


def test_resumed_while_an_envelope_is_alive(world: World) -> None:
    block_as_signed(world, paid=False)
    world.tick(1)
    world.decide(PAYOUT, "resume")
    world.send()
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.payout().envelopes == 0  # the count starts again, the envelope is the same


def test_a_decision_before_the_event_was_delivered(world: World) -> None:
    """The app still hears that it was blocked, and how it ended."""
    world.requested(PAYOUT)
    with world.bus.is_down(), world.effects.watched_by(raises_at("GET /horizon/ledgers")):
        world.send()
    assert world.payout().pending_event is not None
    world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=2)
    assert world.events(PAYOUT) == ["PayoutBlocked", "PayoutCompleted"]


def test_blocked_again_is_another_event(world: World) -> None:
    """Found by reading: a consumer that drops what it has seen did not hear of the second time."""
    world.requested(PAYOUT)
    with world.effects.watched_by(raises_at("GET /horizon/ledgers")):
        for _ in range(3):
            world.rounds(1)
            assert world.payout().reason == "unexpected_error"
            world.decide(PAYOUT, "resume")
    check_at_rest(world, PayoutState.COMPLETED, after=1)
    ids = [event.event_id for event in world.bus.events]
    assert len(ids) == len(set(ids)) == 4
    assert ids[0].startswith(f"{PAYOUT}:PayoutBlocked:")


def test_blocked_again_before_the_first_time_was_told(world: World) -> None:
    """Found by attack: the second had the identity of the first."""
    world.requested(PAYOUT)
    with world.effects.watched_by(raises_at("GET /horizon/ledgers")):
        with world.bus.is_down():
            world.send()
        world.tick(60)
        world.decide(PAYOUT, "resume")
        world.rounds(2)
    ids = [event.event_id for event in world.bus.events]
    assert len(ids) == len(set(ids)) == 2


def test_an_event_of_a_blocking_keeps_its_reason(world: World) -> None:
    """The bus is down while it blocks; a person resumes it before the event has gone out."""
    world.requested(PAYOUT)
    world.bus.down = True
    with world.effects.watched_by(raises_at("GET /horizon/ledgers")):
        world.send()
    assert world.payout(PAYOUT).state is PayoutState.BLOCKED
    world.decide(PAYOUT, "resume")
    world.bus.down = False

    world.rounds(2)

    schema = json.loads((ROOT / "docs" / "events" / "PayoutBlocked.schema.json").read_text())
    events = [event for event in world.bus.events if event.type == "PayoutBlocked"]
    assert events
    for event in events:
        assert jsonschema.Draft202012Validator(schema).is_valid(dict(event.detail))


def test_a_decision_that_somebody_else_overtakes_is_not_answered_as_taken(world: World) -> None:
    world.requested(PAYOUT)

    def write_first() -> None:
        standing = world.payout()
        world.look(world.eyes.payouts.replace, standing, waiting(standing, world.clock(), "x"))

    with world.effects.watched_by(First("UpdateItem", write_first)):
        answer = world.decide(PAYOUT, "fail")

    assert answer["error"] == WriteConflict().code
    assert world.payout().giving_up is None


def test_a_decision_forgets_the_last_moment_of_what_is_not_signed(world: World) -> None:
    """The wait for what a restored table may have forgotten begins anew."""
    world.requested(PAYOUT)
    waited = replace(world.payout(), max_time=1)

    assert decided(waited, world.clock(), giving_up="given_up").max_time is None


def test_what_is_blocked_is_looked_at_daily(world: World) -> None:
    block_as_signed(world, paid=False)

    world.rounds(2)

    record = world.payout()
    assert (record.state, record.pending_event) == (PayoutState.BLOCKED, None)
    assert record.due_at is not None
    assert world.metrics.last["PayoutsAttention"] == 1
