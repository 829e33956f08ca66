"""Payments in every state that bad weather can catch them in, and the right end of each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.world import World, new_world
from tests.world.tables import Place, in_memory

# As the template has them, in seconds.
CANCEL_AFTER = 600  # a front end asks
SWEEP_CANCELS_AFTER = 3600
PROVEN_AFTER = 150  # by then the chain's silence until now shows
RECHECK_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class End:
    """`version` counts writes: made, closed, delivered; so each happened exactly once. What the
    wallet's book has noted before is one more."""

    state: str
    events: tuple[str, ...]
    version: int
    needs_review: str | None = None

    def check(self, world: World, *payment_ids: str) -> None:
        for payment_id in payment_ids:
            self._check(world, payment_id)

    def _check(self, world: World, payment_id: str) -> None:
        record = world.record(payment_id)
        assert (record.state, record.needs_review) == (self.state, self.needs_review)
        assert tuple(world.events(payment_id)) == self.events
        assert record.version - len(record.receipts) == self.version
        assert record.pending_event is None
        # Nothing is left to do, or it is open, or a person has to look.
        assert (record.due_at is None) == (record.state != "open" and self.needs_review is None)
        check_money(world, payment_id)


COMPLETED = End("completed", ("PaymentCompleted",), 3)
CANCELLED = End("cancelled", ("PaymentCancelled",), 4)  # seen to be cancelled, then proven
UNMATCHED = End("completed", ("PaymentUnmatched",), 3, "unmatched")
OPEN = End("open", (), 1)
REFUSED = End("cancelled", (), 2)


def check_money(world: World, payment_id: str) -> None:
    """Promise 3, whatever happened: what is paid is not cancelled, what we call completed is."""
    payment, record = world.at_pi(payment_id), world.record(payment_id)
    paid = world.transactions_of(payment_id)
    assert not payment.jammed
    if record.state == "completed":
        assert payment.developer_completed
        assert record.txid in paid
    if record.state == "cancelled":
        assert payment.is_cancelled
        assert not paid


def refused(world: World) -> str:
    user = world.user()
    payment_id = world.start(user, "1")
    assert world.approve(payment_id, user).status == 409
    return payment_id


def unmatched(world: World) -> str:
    """Another back end of the same app had approved what we do not sell, and it was paid."""
    user = world.user()
    payment_id = world.start(user, "1")
    world.at_pi(payment_id).approve()
    world.pay(payment_id)
    assert world.incomplete(payment_id, user).state == "completed"
    world.wake_ups.messages.clear()
    return payment_id


def closed_untold(world: World) -> str:
    """The front end completed it, and the worker's wake-up was lost."""
    payment_id = world.paid_payment()
    assert world.incomplete(payment_id).state == "completed"
    world.wake_ups.messages.clear()
    return payment_id


@contextmanager
def weather_world(place: Place = in_memory, seed: int | None = None) -> Iterator[World]:
    """Nothing is due in it but what the test makes."""
    with new_world(place, seed) as world:
        world.deploy(PiWalletAddress=world.wallet)
        yield world
        # Nobody is woken for a payout where there is none.
        assert world.payout_queue.sent == 0 or world.all_payouts()


Make = Callable[[World], str]

POPULATION: dict[str, tuple[Make, End]] = {
    "paid": (World.paid_payment, COMPLETED),
    "paid, Pi does not show it": (World.paid_unseen, COMPLETED),
    "paid, Pi does not know it": (lambda world: world.paid_unseen(known_to_pi=False), COMPLETED),
    "unpaid": (World.approved, CANCELLED),
    "cancelled by its user": (World.cancelled_by_user, CANCELLED),
    "completed, not delivered": (closed_untold, COMPLETED),
    "not what we sell, paid": (unmatched, UNMATCHED),
    "refused": (refused, REFUSED),
}


def populate(world: World) -> dict[str, End]:
    """One of each, and its right end by its id."""
    return {make(world): end for make, end in POPULATION.values()}


def check_all(world: World, ends: Mapping[str, End]) -> None:
    """Each payment has come to its right end."""
    for payment_id, end in ends.items():
        end.check(world, payment_id)
