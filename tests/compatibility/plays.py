"""Short plays in which the bundle writes all kinds of items: frozen once, and played again to see
that the readers of then still read what is written now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local.emulator.chain import MINIMUM_STROOPS
from tests.world import World
from tests.world.devices import First
from tests.world.effects import Moment

DAY = 24 * 3600
SPLIT = {"split_recipients": [{"address": "G", "amount": 1}]}
CREATION = ("POST", "/v2/payments")


@dataclass(frozen=True, slots=True)
class Play:
    play: Callable[[World], object]
    parameters: Mapping[str, str] = field(default_factory=dict)


def _sale(world: World) -> tuple[str, str]:
    """Bought, completed, delivered; and the buyer's uid."""
    user = world.user("alice")
    payment_id, txid = world.paid(user)
    world.complete(payment_id, txid, user)
    world.rounds(2)
    return payment_id, user.uid


def _refund(world: World) -> None:
    """A sale that is paid back in two parts, one of them to another uid of its user."""
    payment_id, _ = _sale(world)
    world.requested("refund-1", refund_of=payment_id, amount="1")
    world.requested("refund-2", refund_of=payment_id, refund_to=world.uid("bob"), amount="2.14")
    world.rounds(3)


def _unpaid(world: World) -> None:
    """One is left alone, one its user gives up, one nobody knows by name."""
    world.approved()
    world.cancelled_by_user()
    world.cancel(world.approved(world.user(scopes=["payments"])))
    world.live(2 * 3600)


def _refused(world: World) -> None:
    user = world.user("bob")
    nothing, other = {"metadata": {"productId": "nothing"}}, {"network": "Other"}
    for order in ({"amount": "3"}, nothing, other, SPLIT):
        world.approve(world.start(user, **order), user)
    world.rounds(2)


def _unmatched(world: World) -> None:
    """Another back end approved what is not for sale, and its user paid."""
    user = world.user("dora")
    payment_id = world.start(user, "3")
    world.at_pi(payment_id).approve()
    world.approve(payment_id, user)
    world.pay(payment_id)
    world.rounds(2)


def _odd(world: World) -> None:
    """Paid by a stranger as well, and cancelled although it was paid."""
    payment_id, _ = world.paid()
    world.stranger_pays(
        "1",
        source=world.pi.registry.sign_in("dave")[0].wallet,
        destination=world.wallet,
        memo=payment_id,
    )
    world.cancelled_but_paid(world.user("carol"))
    world.rounds(4)


def _ads(world: World) -> None:
    world.granted_ad()
    revoked = world.granted_ad()
    world.rounds(1)
    world.pi.judge_ad(revoked, "revoked")
    world.live(DAY + 3600)


def _payouts(world: World) -> None:
    """Paid; waits for the wallet's money; and is given up."""
    world.requested("payout-1", metadata={"raffle": 17})
    world.rounds(2)
    world.requested("payout-2", world.uid("bob"))
    emptied = lambda: world.pi.chain.fund(world.wallet, MINIMUM_STROOPS + 1_000_000)  # noqa: E731
    with world.effects.watched_by(First("POST /v2/payments", emptied)):
        world.send()
    world.rounds(2)
    world.decide("payout-2", "fail")
    world.rounds(6)


def _withdrawn(world: World) -> None:
    """Pi makes something else of it: cancelled there, blocked, resumed, and paid."""
    world.pi.registry.app().network = "Pi Network"
    world.requested()
    world.rounds(4)
    world.pi.registry.app().network = "Pi Testnet"
    world.decide("payout-1", "resume")
    world.rounds(3)


def _refused_for_good(code: str) -> Callable[[World], None]:
    def refused(world: World) -> None:
        world.fault(*CREATION, code=code)
        world.requested()
        world.rounds(3)

    return refused


def _never_applied(world: World) -> None:
    """The chain takes nothing, until a person has to look."""
    world.requested()
    world.fault("POST", "/horizon/transactions*", drop="before")
    world.rounds(20)


def _report_refused(world: World) -> None:
    world.fault("POST", "/v2/payments/*/complete", code="txid_mismatch")
    world.requested()
    world.rounds(3)


def _refunded_before(world: World) -> None:
    """A restored table takes on a refund of what was paid back already."""
    payment_id, _ = _sale(world)
    backup = world.backup()
    world.requested("refund-1", refund_of=payment_id)
    world.rounds(2)
    world.restore(backup)
    world.requested("refund-2", refund_of=payment_id)
    world.rounds(8)


def _bug(world: World) -> None:
    """A bug in the bundle, in the middle of a payout."""

    def breaks(moment: Moment, effect: str) -> None:
        if (moment, effect) == ("before", "GET /v2/payments/*"):
            raise RuntimeError(effect)

    world.requested()
    with world.effects.watched_by(breaks):
        world.send()
    world.rounds(1)


def _untold(world: World) -> None:
    """Pi says that it is completed, before anything was signed, and names no transaction."""
    world.fault("GET", "/horizon/*", drop="before")
    world.requested()
    world.send()
    [payment] = world.payments_of("payout-1")
    world.pi.force(payment.identifier, {"status": {"developer_completed": True}})
    world.heal()
    world.rounds(3)


PLAYS = {
    "refund": Play(_refund),
    "unpaid": Play(_unpaid, {"SweepCancelsAfterSeconds": "1200"}),
    "refused": Play(_refused),
    "unmatched": Play(_unmatched),
    "odd": Play(_odd),
    "ads": Play(_ads),
    "payouts": Play(_payouts),
    "withdrawn": Play(_withdrawn),
    "never applied": Play(_never_applied),
    "report refused": Play(_report_refused),
    "refunded before": Play(_refunded_before),
    "bug": Play(_bug),
    "untold": Play(_untold),
    **{
        f"refused for good, {code}": Play(_refused_for_good(code))
        for code in ("altered_amount", "invalid_amount", "invalid_metadata")
    },
}
