"""Payments that break a promise today. They were seen on the commit of 2026-11-24."""

import pytest

from local.emulator.control import STRANGER
from local.emulator.horizon import Horizon
from tests.cases.broken import broken
from tests.world import User, World

HOUR = 3600
DAY = 24 * HOUR
SWEEP_CANCELS_AFTER = HOUR


# --- What the chain has shown is forgotten --------------------------------------------------------


@broken("nobody asks the chain about a payment that Pi has cancelled")
def test_paid_just_before_pi_cancelled_it(world: World, alice: User) -> None:
    payment_id, _ = world.cancelled_but_paid(alice)

    world.incomplete(payment_id)

    assert world.record(payment_id).state != "cancelled"


# --- Horizon shows the present, and not the past --------------------------------------------------


@broken("an empty page of a Horizon without history counts as the wallet's beginning")
def test_a_horizon_that_began_anew_proves_nothing(world: World) -> None:
    payment_id = world.paid_unseen(known_to_pi=False)
    world.tick(SWEEP_CANCELS_AFTER)
    nothing: dict[str, object] = {"_embedded": {"records": []}}
    world.fault("GET", "/horizon/accounts/*/payments", status=200, body=nothing)

    world.rounds(2)

    assert not world.at_pi(payment_id).is_cancelled


@broken("a history that is being filled again is taken for the whole")
def test_a_horizon_that_is_being_filled_again_proves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = world.paid_unseen(known_to_pi=False)
    world.tick(SWEEP_CANCELS_AFTER)
    begins, shown = world.now, Horizon._shown

    def shown_since(horizon: Horizon, *question: object) -> list[object]:
        return [tx for tx in shown(horizon, *question) if tx.applied_at >= begins]  # type: ignore[arg-type]

    def ledgers_since(horizon: Horizon, query: object) -> object:
        latest, closed_at = horizon._latest(), horizon._chain.closed_at
        first = next(n for n in range(latest, 0, -1) if closed_at(n) < begins) + 1
        numbers = range(first, latest + 1)
        return horizon._page("/ledgers", query, numbers, lambda n: n << 32, horizon._ledger)  # type: ignore[arg-type]

    monkeypatch.setattr(Horizon, "_shown", shown_since)
    monkeypatch.setattr(Horizon, "ledgers", ledgers_since)
    world.tick(10)
    world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=None)

    world.rounds(2)

    assert not world.at_pi(payment_id).is_cancelled


# --- What comes to no end -------------------------------------------------------------------------


def flood(world: World, number: int = 45) -> None:
    """More strangers' payments than a search reads: with one to a page, as 8 200 with Horizon's
    200."""
    world.pi.settings.page_limit = 1
    for _ in range(number):
        world.pi.transfer(source=STRANGER, destination=world.wallet, amount=1, memo=None)


@broken("a search that is cut short begins anew each time")
def test_an_unpaid_payment_to_a_busy_wallet_is_closed(world: World) -> None:
    payment_id = world.approved()
    flood(world)
    world.tick(SWEEP_CANCELS_AFTER)

    world.live(6 * HOUR)

    assert world.record(payment_id).state == "cancelled"


@broken("a search that is cut short begins anew each time")
def test_a_paid_and_unseen_payment_to_a_busy_wallet_is_completed(world: World) -> None:
    payment_id = world.paid_unseen(known_to_pi=False)
    flood(world)
    world.tick(SWEEP_CANCELS_AFTER)

    world.live(6 * HOUR)

    assert world.record(payment_id).state == "completed"


@broken("only Pi's refusals end the patience, not an answer that it never should give")
def test_a_re_check_with_a_malformed_answer_ends(world: World) -> None:
    ad_id = world.granted_ad()
    world.rounds(1)
    world.fault("GET", "/v2/ads_network/status/*", status=200, body={"identifier": 5})

    for _ in range(10):
        world.tick(DAY)
        world.rounds(2)

    assert world.reward(ad_id).due_at is None


# --- What is said ---------------------------------------------------------------------------------


@broken("each 401 or 403 with an unknown code counts as a wrong key")
def test_a_403_on_a_repeated_approval_is_not_a_wrong_key(world: World, alice: User) -> None:
    payment_id = world.start(alice)
    refusal = {"code": "already_approved", "status": 403, "effect": True}
    world.fault("POST", "/v2/payments/*/approve", times=2, **refusal)

    world.approve(payment_id, alice)

    assert world.metrics.counted["ServerKeyRefused"] == 0
