"""Payouts from the request to their right end; `crash` and the others put weather into them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from local.emulator.chain import MINIMUM_STROOPS
from local.emulator.registry import wallet_seed_of
from shared.payouts.record import PayoutState
from tests.world import World, new_world
from tests.world.devices import First, Loses

PAYOUT = "payout-1"

# Caps that a few payouts reach, and one of the fee that a dear chain passes.
payout_world = partial(
    new_world,
    PayoutCap="100",
    PayoutUserDailyCap="150",
    PayoutWalletDailyCap="400",
    PayoutUserDailyNumber="25",
    PayoutLeastAmount="0.0000001",
    FeeCapStroops="1000000",
)


def paid_before(world: World) -> None:
    """So the wallet has a book, and there is something that Pi must know of us."""
    world.requested("before", world.uid("bob"))
    world.send()
    assert world.payout("before").state is PayoutState.COMPLETED


@dataclass(frozen=True, slots=True)
class Story:
    """`prepare` comes first and is over; then the sender is woken, and woken again."""

    name: str
    prepare: Callable[[World], None]
    end: PayoutState

    def __str__(self) -> str:
        return self.name


def _payout(world: World) -> None:
    world.requested(PAYOUT)


def _refund(world: World) -> None:
    world.requested(PAYOUT, refund_of=world.sold(), amount="1.5")


def _refused(world: World) -> None:
    """The recipient has no wallet."""
    world.refuse_for_good()
    _refund(world)


def empties(world: World) -> First:
    """The wallet is emptied as Pi creates the payment."""
    return First(
        "POST /v2/payments", lambda: world.pi.chain.fund(world.wallet, MINIMUM_STROOPS + 1_000_000)
    )


def _given_up_unpaid(world: World) -> None:
    """The wallet was empty, and a person has given it up."""
    _refund(world)
    with world.effects.watched_by(empties(world)):
        world.send()
    world.rounds(2)
    assert world.payout(PAYOUT).reason == "balance_too_low"
    assert world.decide(PAYOUT, "fail")["state"] == "created"


def _given_up_paid(world: World) -> None:
    """Pi does not verify it; the person who gives it up is wrong."""
    _payout(world)
    world.fault(path="/v2/payments/*/complete", code="verification_failed")
    world.send()
    world.tick(400)
    world.rounds(1)
    assert world.payout(PAYOUT).state is PayoutState.BLOCKED
    world.heal()
    assert world.decide(PAYOUT, "fail")["state"] == "signed"


def _given_up_forgotten(world: World) -> None:
    """Pi has forgotten its payment, and a person has given it up."""
    _refund(world)
    with world.effects.watched_by(Loses("GET /horizon/accounts/*/payments", "before")):
        world.send()
    [payment] = world.payments_of(PAYOUT)
    world.pi.delete_payment(payment.identifier)
    assert world.decide(PAYOUT, "fail")["state"] == "created"


def _withdrawn(world: World) -> None:
    """Pi made something else of it; it was cancelled, and a person has resumed it."""
    world.pi.registry.app().network = "Pi Network"
    _refund(world)
    world.send()
    world.rounds(3)
    assert world.payout(PAYOUT).reason == "unexpected_network"
    world.pi.registry.app().network = "Pi Testnet"
    assert world.decide(PAYOUT, "resume")["state"] == "requested"


def loses_wallet(world: World, name: str) -> str:
    """The user of this name has a wallet that is not on the chain; its address."""
    uid = world.uid(name)
    wallet = world.pi.registry.open_wallet(wallet_seed_of(f"{name}, gone"))
    world.pi.registry.users[uid].wallet = wallet
    world.pi.chain.minted -= world.pi.chain.accounts.pop(wallet).balance
    return wallet


STORIES = [
    Story("payout", _payout, PayoutState.COMPLETED),
    Story("refund", _refund, PayoutState.COMPLETED),
    Story("refused by Pi", _refused, PayoutState.FAILED),
    Story("given up, unpaid", _given_up_unpaid, PayoutState.FAILED),
    Story("given up, but paid", _given_up_paid, PayoutState.COMPLETED),
    Story("given up, forgotten by Pi", _given_up_forgotten, PayoutState.FAILED),
    Story("withdrawn and resumed", _withdrawn, PayoutState.COMPLETED),
]
