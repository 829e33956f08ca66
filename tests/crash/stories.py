"""Each operation as the front end calls it, from a prepared world to its right end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from shared.payments.record import cancelled
from tests.world import User, World, new_world
from tests.world.functions import Reply

REWARD_DAILY_CAP = 3
BADGE = "badge"


@dataclass(frozen=True, slots=True)
class Case:
    """Whom and what a story is about: a payment, or an ad."""

    user: User
    business_id: str
    txid: str = ""
    approved_elsewhere: bool = False
    other_id: str = ""  # another payment of the same user


@dataclass(frozen=True, slots=True)
class Story:
    """`act` is the one call that may die, and that the front end then repeats. `end` is what the
    repeat answers: status, and the state or the error code."""

    name: str
    prepare: Callable[[World], Case]
    act: Callable[[World, Case], Reply]
    end: tuple[int, str]

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def begun(self) -> Iterator[tuple[World, Case]]:
        """A world that is prepared for the call, with all environments still cold."""
        with new_world(RewardDailyCap=str(REWARD_DAILY_CAP)) as world:
            world.deploy(PiWalletAddress=world.wallet)
            case = self.prepare(world)
            world.cold_start()
            yield world, case


# --- Prepared worlds ------------------------------------------------------------------------------


def _started(world: World) -> Case:
    alice = world.user("alice")
    return Case(alice, world.start(alice))


def _started_with_a_wrong_amount(world: World) -> Case:
    alice = world.user("alice")
    return Case(alice, world.start(alice, "1"))


def _paid(world: World) -> Case:
    alice = world.user("alice")
    return Case(alice, *world.paid(alice))


def _paid_and_hidden(world: World) -> Case:
    """Pi does not show the transaction before it is told of it."""
    world.pi.settings.show_txid_before_complete = False
    return _paid(world)


def _paid_long_ago_and_only_the_chain_knows(world: World) -> Case:
    world.pi.settings.show_txid_before_complete = False
    alice = world.user("alice")
    case = Case(alice, *world.paid(alice, link=False))
    world.tick(600)
    return case


def _paid_before_the_key_changed(world: World) -> Case:
    case = _paid(world)
    world.pi.registry.app().key = world.server_key = "the-new-key"
    return case


def _unpaid_for_long(world: World) -> Case:
    alice = world.user("alice")
    case = Case(alice, world.approved(alice))
    world.tick(600)
    return case


def _cancelled_by_the_user(world: World) -> Case:
    alice = world.user("alice")
    case = Case(alice, world.approved(alice))
    world.pi.user_cancel(case.business_id)
    return case


def _paid_elsewhere(world: World, amount: str = "3.14") -> Case:
    """Another back end of the same app approved it."""
    alice = world.user("alice")
    payment_id = world.start(alice, amount)
    world.at_pi(payment_id).approve()
    return Case(alice, payment_id, world.pay(payment_id), approved_elsewhere=True)


def _another_price_paid_elsewhere(world: World) -> Case:
    return _paid_elsewhere(world, "1")


def _sold_once(world: World) -> Case:
    """From two tabs: neither cancels the other."""
    world.sell(BADGE, price="5", once=True)
    alice = world.user("alice")
    first, second = (world.start(alice, "5", {"productId": BADGE}) for _ in range(2))
    world.pi.force(first, {"status": {"cancelled": False}})
    return Case(alice, first, other_id=second)


def _sold_once_after_a_cancelled_one(world: World) -> Case:
    """The worker has closed the first one as unpaid."""
    case = _sold_once(world)
    assert world.approve(case.other_id, case.user).status == 200
    world.pi.user_cancel(case.other_id)
    first = world.record(case.other_id)
    world.look(world.eyes.payments.replace, first, cancelled(first, world.clock()))
    world.effects.landed[case.other_id] += 1
    return case


def _bought_twice(world: World) -> Case:
    case = _sold_once(world)
    assert world.approve(case.other_id, case.user).status == 200
    return case


def _bought_twice_elsewhere(world: World) -> Case:
    """Another back end of the same app approved the second, and it is paid."""
    case = _bought_twice(world)
    world.at_pi(case.business_id).approve()
    return replace(case, txid=world.pay(case.business_id), approved_elsewhere=True)


def _priced_by_the_app(world: World) -> Case:
    world.price_by(lambda _request: {"product_id": "cart-7", "price": "5", "once": True})
    alice = world.user("alice")
    return Case(alice, world.start(alice, "5"))


def _ad_watched(world: World) -> Case:
    return Case(world.user("alice"), world.pi.show_ad("granted").identifier)


# --- Calls ----------------------------------------------------------------------------------------


def approve(world: World, case: Case) -> Reply:
    return world.approve(case.business_id, case.user)


def complete(world: World, case: Case) -> Reply:
    return world.complete(case.business_id, case.txid or "ab" * 32, case.user)


def incomplete(world: World, case: Case) -> Reply:
    return world.incomplete(case.business_id, case.user)


def cancel(world: World, case: Case) -> Reply:
    return world.cancel(case.business_id, case.user)


def approve_other(world: World, case: Case) -> Reply:
    return world.approve(case.other_id, case.user)


def claim(world: World, case: Case) -> Reply:
    return world.claim(case.business_id, case.user)


APPROVE = Story("approve", _started, approve, (200, "open"))
REFUSE = Story("refuse", _started_with_a_wrong_amount, approve, (409, "unexpected_amount"))
COMPLETE = Story("complete", _paid, complete, (200, "completed"))
PROVE = Story("complete, proven on the chain", _paid_and_hidden, complete, (200, "completed"))
ROTATE = Story(
    "complete with a rotated key", _paid_before_the_key_changed, complete, (200, "completed")
)
SETTLE = Story("incomplete of a paid one", _paid, incomplete, (200, "completed"))
SEARCH = Story(
    "cancel of a secretly paid one", _paid_long_ago_and_only_the_chain_knows, cancel, (202, "open")
)
CANCEL = Story("cancel of an unpaid one", _unpaid_for_long, cancel, (202, "open"))
RECORD = Story("cancel by the user", _cancelled_by_the_user, cancel, (202, "open"))
ADOPT = Story("adopt", _paid_elsewhere, incomplete, (200, "completed"))
FREE = Story("adopt, unmatched", _another_price_paid_elsewhere, incomplete, (200, "completed"))
ONCE = Story("approve what is sold once", _sold_once, approve, (200, "open"))
ONCE_AGAIN = Story(
    "approve it after a cancelled one", _sold_once_after_a_cancelled_one, approve, (200, "open")
)
TWICE = Story("refuse it a second time", _bought_twice, approve, (409, "already_bought"))
ADOPT_TWICE = Story(
    "adopt it a second time", _bought_twice_elsewhere, incomplete, (200, "completed")
)
PRICED = Story("approve at the app's own price", _priced_by_the_app, approve, (200, "open"))
CLAIM = Story("claim", _ad_watched, claim, (200, "granted"))

STORIES = [
    *(APPROVE, REFUSE, COMPLETE, PROVE, ROTATE, SETTLE),
    *(SEARCH, CANCEL, RECORD, ADOPT, FREE, CLAIM),
    *(ONCE, ONCE_AGAIN, TWICE, ADOPT_TWICE, PRICED),
]
