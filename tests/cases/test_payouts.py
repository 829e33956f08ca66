"""Payouts that break a promise today. They were seen on the commit of 2026-11-24."""

import pytest

from shared.domain.payout import PayoutState
from tests.cases.broken import broken
from tests.world import World

PAYOUT, OTHER = "payout-1", "payout-2"
ONE = "/v2/payments/" + "?" * 28


# --- One that is wrong holds up others ------------------------------------------------------------


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
