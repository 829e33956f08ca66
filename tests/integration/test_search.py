"""Promise 3: Pi shows no transaction, so the chain decides; what it cannot say for certain is
never taken for a no.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from local.emulator.address import address_of
from tests.world import User, World

OLD = 600
STRANGER = address_of("stranger")


def hide_txid(world: World) -> None:
    world.pi.settings.show_txid_before_complete = False


def others_pay(world: World, count: int) -> None:
    """Strangers' transactions to the app's wallet."""
    wallet = world.pi.registry.app().wallet
    assert wallet is not None
    for _ in range(count):
        world.pi.transfer(source=STRANGER, destination=wallet, amount=1, memo=None)


def _lags(world: World) -> None:
    world.pi.settings.ledger_lag_s = 3600


def _is_down(world: World) -> None:
    world.fault(path="/horizon/*", status=503, body="<html>")


def _breaks_off(world: World) -> None:
    world.fault(path="/horizon/accounts/*", drop="after")


def _knows_no_such_wallet(world: World) -> None:
    problem = {"type": "not_found", "title": "Resource Missing", "status": 404}
    world.fault(path="/horizon/accounts/*", status=404, body=problem)


def _shows_no_ledger(world: World) -> None:
    world.fault(path="/horizon/ledgers", status=200, body={"_embedded": {"records": []}})


def _answers_nonsense(world: World) -> None:
    world.fault(path="/horizon/accounts/*", status=200, body={"_embedded": None})


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize(
    "weather",
    [
        _lags,
        _is_down,
        _breaks_off,
        _knows_no_such_wallet,
        _shows_no_ledger,
        _answers_nonsense,
    ],
)
def test_without_a_conclusive_search_nothing_is_cancelled(
    world: World, alice: User, weather: Callable[[World], None], paid: bool
) -> None:
    """Promise 3: and when the chain can be read again, the payment comes to its right end."""
    hide_txid(world)
    payment_id = world.approved(alice)
    if paid:
        world.tick(30)
        world.pay(payment_id, link=False)
    world.tick(OLD)
    weather(world)

    # A transaction that is seen is proof, however little else is.
    assert world.cancel(payment_id, alice).state in ({"open", "completed"} if paid else {"open"})
    assert not world.at_pi(payment_id).cancelled

    world.heal()
    world.pi.settings.ledger_lag_s = 0
    assert world.cancel(payment_id, alice).state == ("completed" if paid else "cancelled")
    assert world.at_pi(payment_id).developer_completed is paid


@pytest.mark.parametrize("above", [0, 1, 199, 200, 201, 450])
def test_a_payment_deep_in_the_wallets_history_is_found(
    world: World, alice: User, above: int
) -> None:
    """Promise 3: Pi shows no transaction, the chain does, however many came after it."""
    hide_txid(world)
    payment_id = world.approved(alice)
    txid = world.pay(payment_id, link=False)
    others_pay(world, above)
    world.tick(OLD)

    assert world.cancel(payment_id, alice).state == "completed"

    assert world.record(payment_id).txid == txid


def test_a_history_too_long_to_read_proves_nothing(
    world: World, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 3: a search that was cut short."""
    monkeypatch.setattr("shared.adapters.horizon.MOST_PAGES", 1)
    hide_txid(world)
    payment_id = world.approved(alice)
    world.pay(payment_id, link=False)
    others_pay(world, 200)
    world.tick(OLD)

    assert world.cancel(payment_id, alice).status == 202

    assert world.at_pi(payment_id).is_open


def test_forged_memos_neither_complete_nor_keep_a_payment(world: World, alice: User) -> None:
    """Anyone can send the wallet our memo: wrong sender, wrong amount, another token, failed."""
    hide_txid(world)
    payment_id = world.approved(alice)
    user, app = world.at_pi(payment_id).from_address, world.at_pi(payment_id).to_address
    for forged in (
        {"source": STRANGER},
        {"source": user, "amount": Decimal("0.0000001")},
        {"source": user, "asset": f"PIE:{STRANGER}"},
        {"source": user, "successful": False},
    ):
        order = {"destination": app, "memo": payment_id, "amount": Decimal("3.14"), **forged}
        world.pi.transfer(**order)  # type: ignore[arg-type]
    world.tick(OLD)

    assert world.cancel(payment_id, alice).state == "cancelled"


@pytest.mark.parametrize("page_limit", [1, 10, 199])
def test_a_short_page_is_not_the_end_of_history(world: World, alice: User, page_limit: int) -> None:
    """A Horizon may put fewer records on a page than we ask for: only an empty one ends it."""
    world.pi.settings.page_limit = page_limit
    hide_txid(world)
    payment_id = world.approved(alice)
    world.pay(payment_id, link=False)
    others_pay(world, page_limit)
    world.tick(OLD)

    assert world.cancel(payment_id, alice).state == "completed"


@pytest.mark.parametrize("lag", [60, 300, 590, 3600])
def test_paid_within_the_chains_lag(world: World, alice: User, lag: int) -> None:
    """Horizon is late, and the user paid meanwhile: absence is not proven."""
    hide_txid(world)
    payment_id = world.approved(alice)
    world.tick(1300)
    world.pay(payment_id, link=False)
    world.pi.settings.ledger_lag_s = lag
    world.tick(lag / 2)

    assert world.cancel(payment_id, alice).status == 202
    assert world.at_pi(payment_id).is_open

    world.tick(lag)
    assert world.cancel(payment_id, alice).state == "completed"
