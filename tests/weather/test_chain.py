"""The chain lags, is cut short, or is full of strangers: nothing that may be paid is cancelled.
Promise 3.
"""

from typing import Any

import pytest

from local.emulator.control import STRANGER
from tests.weather.ends import CANCELLED, COMPLETED, OPEN, SWEEP_CANCELS_AFTER
from tests.world import World

HOUR = 3600


@pytest.mark.parametrize("known_to_pi", [True, False])
def test_the_chain_lags_by_an_hour(world: World, known_to_pi: bool) -> None:
    """Until it shows the present, it proves nothing; what it does show already is enough to
    complete."""
    unseen, unpaid = world.paid_unseen(known_to_pi=known_to_pi), world.approved()
    world.pi.settings.ledger_lag_s = 2 * HOUR
    world.live(2 * HOUR - 600)
    OPEN.check(world, unpaid)
    OPEN.check(world, unseen)
    world.live(1200)
    COMPLETED.check(world, unseen)  # the lagging chain shows it by now
    OPEN.check(world, unpaid)

    world.pi.settings.ledger_lag_s = 0
    world.rounds(2)

    CANCELLED.check(world, unpaid)


def test_an_unpaid_one_is_paid_while_the_chain_lags(world: World) -> None:
    payment_id = world.approved()
    world.pi.settings.ledger_lag_s = HOUR
    world.live(2 * HOUR)
    world.pay(payment_id, link=False)
    world.rounds(3)
    OPEN.check(world, payment_id)

    world.pi.settings.ledger_lag_s = 0
    world.rounds(2)

    COMPLETED.check(world, payment_id)


def test_the_search_is_cut_short(world: World) -> None:
    """More transactions than the search reads: their absence from it is no proof."""
    unseen, unpaid = world.paid_unseen(known_to_pi=False), world.approved()
    for _ in range(60):
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo="hello")
    world.pi.settings.page_limit = 1
    world.live(2 * HOUR)
    OPEN.check(world, unseen)
    OPEN.check(world, unpaid)

    world.pi.settings.page_limit = 200
    world.rounds(2)

    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)


def test_the_search_fails_half_way(world: World) -> None:
    unseen, unpaid = world.paid_unseen(known_to_pi=False), world.approved()
    world.tick(SWEEP_CANCELS_AFTER)
    world.fault("GET", "/horizon/accounts/*", status=502, body="<html>bad gateway</html>")
    world.rounds(6)
    OPEN.check(world, unseen)
    OPEN.check(world, unpaid)

    world.heal()
    world.rounds(2)

    COMPLETED.check(world, unseen)
    CANCELLED.check(world, unpaid)


STRANGERS = [
    pytest.param({"source": STRANGER}, id="from another wallet"),
    pytest.param({"amount": 3}, id="another amount"),
    pytest.param({"asset": f"PI:{STRANGER}"}, id="another asset"),
    pytest.param({"successful": False}, id="failed"),
]


@pytest.mark.parametrize("altered", STRANGERS)
def test_a_strangers_transaction_with_our_memo(world: World, altered: dict[str, object]) -> None:
    """It is not this payment: it neither completes it nor keeps it open."""
    unpaid, paid = world.approved(), world.paid_unseen(known_to_pi=False)
    for payment_id in (unpaid, paid):
        payment = world.at_pi(payment_id)
        transaction: dict[str, Any] = {
            "source": payment.from_address,
            "destination": payment.to_address,
            "amount": payment.amount,
            "memo": payment_id,
        }
        world.pi.transfer(**transaction | altered)

    world.tick(SWEEP_CANCELS_AFTER)
    world.rounds(2)

    CANCELLED.check(world, unpaid)
    COMPLETED.check(world, paid)
    assert "POST complete" not in world.calls(unpaid)


def test_a_flood_of_strangers_with_our_memo_hides_nothing(world: World) -> None:
    """The true one is below them, and is found all the same."""
    payment_id, unpaid = world.paid_unseen(known_to_pi=False), world.approved()
    for memo in (payment_id, unpaid):
        payment = world.at_pi(memo)
        for _ in range(30):
            world.pi.transfer(source=STRANGER, destination=payment.to_address, amount=1, memo=memo)

    world.tick(SWEEP_CANCELS_AFTER)
    world.rounds(2)

    COMPLETED.check(world, payment_id)
    CANCELLED.check(world, unpaid)
