"""Payouts that break a promise today. They were seen on the commit of 2026-11-24."""

import json
from decimal import Decimal

import jsonschema
import pytest

from local.emulator.chain import MINIMUM_STROOPS
from local.processes import ROOT
from shared.domain.amount import Amount
from shared.domain.payout import PayoutRequest, PayoutState
from tests.cases.broken import broken
from tests.world import World

PAYOUT, OTHER = "payout-1", "payout-2"
ONE = "/v2/payments/" + "?" * 28


# --- One that is wrong holds up others ------------------------------------------------------------


def lose_a_field(world: World) -> None:
    """Somebody has edited the item."""
    names = {"#field": "memo"}
    world.tables.update("PayoutsTable", PAYOUT, "REMOVE #field", ExpressionAttributeNames=names)


@broken("a record that cannot be read keeps its message, and the message the only queue")
def test_an_unreadable_record_holds_up_no_other(world: World) -> None:
    world.requested(PAYOUT)
    lose_a_field(world)
    world.requested(OTHER, world.uid("bob"))
    world.send()

    world.rounds(2)

    assert world.payout(OTHER).state is PayoutState.COMPLETED


@broken("a message about a record that cannot be read ends among the dead letters")
def test_an_unreadable_record_leaves_no_dead_letter(world: World) -> None:
    world.requested(PAYOUT)
    lose_a_field(world)

    world.send()
    for _ in range(6):
        world.tick(world.payout_queue.visibility_seconds)
        world.send()

    assert world.payout_queue.dead_letters == []


@broken("one refused question blocks the payout, and Pi opens no other while it is open")
@pytest.mark.parametrize("code", ["payment_not_found", "unknown_error", "invalid_arguments"])
def test_one_odd_answer_does_not_stop_all_payouts(world: World, code: str) -> None:
    """The payment that was created a moment ago: a replica lags, say."""
    world.requested(PAYOUT)
    world.fault_once("GET", ONE, code=code, status=404)
    world.send()
    world.requested(OTHER, world.uid("bob"))
    world.send()

    world.rounds(12)

    assert world.payout(OTHER).state is PayoutState.COMPLETED


@broken("what a wrong key refuses blocks one payout after the other")
def test_a_wrong_key_blocks_none(world: World) -> None:
    names = [f"p-{number}" for number in range(5)]
    for name in names:
        world.requested(name, world.uid(f"user of {name}"))
    right = world.server_key
    world.pi.registry.add_app("other-app", "other")
    world.server_key = "other"
    world.cold_start()
    world.send()
    world.rounds(3)
    world.server_key = right
    world.cold_start()

    world.rounds(12)

    assert [world.payout(name).state for name in names] == [PayoutState.COMPLETED] * len(names)


OPEN_PAYMENTS = "/v2/payments/incomplete_server_payments"


@broken("an error without a meaning blocks it for a person")
@pytest.mark.parametrize("path", [OPEN_PAYMENTS, ONE])
@pytest.mark.parametrize("status", [400, 404, 422])
def test_one_unknown_error_of_a_question_does_not_block(
    world: World, path: str, status: int
) -> None:
    world.requested(PAYOUT)
    world.fault_once("GET", path, code="unknown_error", status=status)
    world.send()

    world.rounds(2)

    assert world.payout(PAYOUT).state is PayoutState.COMPLETED


# --- What is said is not what is ------------------------------------------------------------------


@broken("whatever Pi answers to a creation is taken for this payout's payment")
def test_a_creation_that_answers_with_another_payment_pays_nobody_else(world: World) -> None:
    uid = world.uid("alice")
    world.requested(PAYOUT, uid)
    world.send()
    [first] = world.payments_of(PAYOUT)
    world.requested(OTHER, uid)
    world.fault_once("POST", "/v2/payments", status=200, body=first.dto())
    world.send()

    world.rounds(3)

    record = world.payout(OTHER)
    assert record.payment_id != first.identifier
    if record.state is PayoutState.COMPLETED:
        assert world.transfers_of(OTHER) == [record.txid]


@broken("the event is made from the record as it stands when it is sent, not when it was owed")
def test_an_event_of_a_blocking_keeps_its_reason(world: World) -> None:
    """The bus is down while it blocks; a person resumes it before the event has gone out."""
    world.pi.chain.fund(world.wallet, MINIMUM_STROOPS + 1_000_000)
    world.requested(PAYOUT)
    world.bus.down = True
    world.send()
    world.rounds(2)
    assert world.payout(PAYOUT).state is PayoutState.BLOCKED
    world.pi.chain.fund(world.wallet, 10**12)
    world.decide(PAYOUT, "resume")
    world.bus.down = False

    world.rounds(2)

    schema = json.loads((ROOT / "docs" / "events" / "PayoutBlocked.schema.json").read_text())
    events = [event for event in world.bus.events if event.type == "PayoutBlocked"]
    assert events
    for event in events:
        assert jsonschema.Draft202012Validator(schema).is_valid(dict(event.detail))


@broken("a clear refusal leaves the creation as unclear as a lost answer")
def test_a_refused_creation_does_not_wait_as_an_unclear_one(world: World) -> None:
    world.requested(PAYOUT)
    world.fault_once("POST", "/v2/payments", code="too_many_payments", status=400)
    world.send()
    world.tick(61)
    world.sweep()

    world.send()

    assert world.payout(PAYOUT).reason != "creation_unclear"


# --- What is asked for ----------------------------------------------------------------------------


@broken("the fingerprint is of the digits")
def test_the_fingerprint_is_of_the_value() -> None:
    def request(number: str) -> PayoutRequest:
        return PayoutRequest("p", "u", Amount.of(1), "m", {"score": Decimal(number)})

    assert request("1.50").fingerprint == request("1.5").fingerprint


@broken("refund_of: null is looked up as a payment")
def test_a_refund_of_null_is_no_refund(world: World) -> None:
    body = {"uid": world.uid("alice"), "amount": "1", "memo": "Hi", "refund_of": None}

    assert world.post(payout_id=PAYOUT, **body).status == 202


@broken("a refund's uid is ignored")
def test_a_refund_to_somebody_else_is_refused(world: World) -> None:
    body = {"uid": world.uid("mallory"), "memo": "For Mallory", "refund_of": world.sold()}

    assert world.post(payout_id=PAYOUT, **body).status == 400
