"""What all who play in one history share: the world, the dice, and what only the dice know."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from local.emulator.chain import Transaction
from local.emulator.payment import Payment
from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.payments.prices import NotForSale, Order, Product
from tests.world import User, World
from tests.world.devices import Died, lost
from tests.world.effects import Moment
from tests.world.functions import Reply

Step = Callable[[], object]
T = TypeVar("T")
SKEW = timedelta(seconds=2 * CLOCK_SKEW_SECONDS)  # of a book's beginning, and our clock's
NEWER = "attribute_of_a_newer_version"


class ViolatedError(AssertionError):
    """A promise does not hold; the seed replays it."""


@dataclass(slots=True)
class Sale:
    """A payment that a user has started, as the dice know it; Pi may have forgotten it.
    `is_sellable`: at some moment since its start it was what the table sells. `is_altered`: what Pi
    shows of it is not what we sell; `is_odd`: or was not for a while. `is_gone`: Pi has forgotten
    it."""

    name: str
    payment: Payment
    owner: User
    product_id: object
    quantity: int
    is_sellable: bool = False
    is_altered: bool = False
    approved_elsewhere: bool = False
    cancelled_outside: bool = False
    is_odd: bool = False
    is_gone: bool = False

    @property
    def payment_id(self) -> str:
        return self.payment.identifier


@dataclass(slots=True)
class Dice:
    """What happens at an effect. `wild`: how often anything does, from 0 to 1."""

    random: Random
    world: World
    wild: float = 0.0
    meanwhile: list[Step] = field(default_factory=list)
    tell: Callable[[str], object] = lambda _line: None
    happened: Counter[str] = field(default_factory=Counter)
    _lost: tuple[Moment, str] | None = None
    _inside: bool = False

    def next_step(self) -> None:
        self._lost = None

    def __call__(self, moment: Moment, effect: str) -> None:
        if self._inside:
            return
        if self._lost == (moment, effect):
            raise lost(effect)
        # Writes to Pi and to the chain are where money can be lost or doubled.
        weight = 4 if effect.startswith("POST ") else 1
        if self.random.random() < self.wild * weight:
            self._go_wrong(moment, effect)

    def _go_wrong(self, moment: Moment, effect: str) -> None:
        event = self.random.choice(("dies", "lost", "lost for now", "slow", "meanwhile"))
        self.happened[event] += 1
        self.tell(f"    {event} {moment} {effect}")
        match event:
            case "dies":
                raise Died(f"{moment} {effect}")
            case "lost for now":  # and so is every repeat within this step
                self._lost = moment, effect
                raise lost(effect)
            case "lost":
                raise lost(effect)
            case "slow":
                self.world.tick(self.random.choice((1, 7, 40)))
            case "meanwhile":
                self._inside = True
                try:
                    act = self.random.choice(self.meanwhile)
                    self.tell(f"    meanwhile {act.__name__}")
                    act()
                finally:
                    self._inside = False


@dataclass(slots=True)
class Scene:
    """`shelf` is what the table of products says. `forgotten`: records that a restore has
    taken away. `restored` counts restores, `apart` says that one did not take all tables.
    `damaged`: what was edited by hand, as (table, key, attribute, what stood there, what stands).
    `complaints`: what broke a promise in the middle of a step. `odd`: what Pi leaves out of a
    payment's DTO just now; `newer`: the keys of items that a newer version has written to.
    `begun_anew`: when the chain was; `former`: what was in it before; `had_book`: a wallet's book
    had been read on it, and no restore has taken that away since."""

    random: Random
    world: World
    tell: Callable[[str], object]
    dice: Dice
    sales: list[Sale] = field(default_factory=list)
    shelf: dict[str, Product] = field(default_factory=dict)
    switched_off: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    restored: int = 0
    apart: bool = False
    damaged: list[tuple[str, str, str, object, object]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    newer: set[str] = field(default_factory=set)
    odd: dict[str, list[str]] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    begun_anew: datetime | None = None
    former: list[Transaction] = field(default_factory=list)
    had_book: bool = False

    def choice(self, values: Sequence[T]) -> T:
        return self.random.choice(values)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def complain(self, promise: str) -> None:
        """What a handler would swallow if it were raised in the middle of it."""
        self.complaints.append(promise)

    def answered(self, route: str, reply: Reply) -> Reply:
        """7: each answer has a status that says what to do, and none is 500."""
        self.reached.add(f"answer {reply.status} {reply.error or ''}".strip())
        self.tell(f"    {route}: {reply.status} {reply.error or reply.state or ''}")
        if reply.status >= 400 and not (reply.error and reply.body.get("error_message")):
            self.complain(f"{route} answered {reply.status} without a code")
        if reply.status not in (200, 202, 400, 401, 403, 404, 409, 429, 502, 503):
            self.complain(f"{route} answered {reply.status}")
        if reply.error == "unexpected_error" and not self.damaged:
            self.complain(f"{route} answered unexpected_error")
        return reply

    def transactions(self) -> list[Transaction]:
        """All that ever were."""
        return [*self.former, *self.world.pi.chain.transactions]

    def transfers_of(self, payout_id: str) -> list[str]:
        """As the world's, and those of a former chain. What was forgotten before that chain went
        can be found nowhere, and is paid again."""
        memos = {payment.identifier for payment in self.world.payments_of(payout_id)}
        found = [
            tx.txid
            for tx in self.transactions()
            if tx.memo in memos and tx.source == self.world.wallet and tx.successful
        ]
        former = {tx.txid for tx in self.former}
        if payout_id in self.forgotten and not former.issuperset(found):
            return [txid for txid in found if txid not in former]
        return found

    def is_from_before(self, at: datetime) -> bool:
        """Whether it began on a former chain: of what that held nothing is certain any more, so it
        may wait for ever, with an alarm. It is neither closed as unpaid nor paid again."""
        return self.begun_anew is not None and at <= self.begun_anew + SKEW

    def transactions_of(self, payment: Payment) -> list[Transaction]:
        """What pays exactly this payment, oldest first."""
        return [
            tx
            for tx in self.transactions()
            if tx.memo == payment.identifier and tx.successful and payment.mismatch(tx) is None
        ]

    def stock(self, product: Product, is_active: bool = True) -> None:
        """The table of products, from now on."""
        self.shelf[product.product_id] = product
        (self.switched_off.discard if is_active else self.switched_off.add)(product.product_id)
        row = {"minimum": str(product.minimum), "maximum": str(product.maximum)}
        self.world.sell(product.product_id, active=is_active, **row, once=product.once)
        for sale in self.sales:
            self.note_price(sale)

    def price_says(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a price function of the app's own answers, which sells from the same shelf."""
        order = Order.read(request["payment"]["metadata"])
        if isinstance(order, NotForSale):
            return {"price": None, "why": order.why}
        product = self._sold(order.product_id, order.quantity)
        if product is None:
            return {"price": None, "why": "not_on_the_shelf", "product_id": order.product_id}
        price = product.price(order.quantity)
        return {
            "product_id": price.product_id,
            "quantity": price.quantity,
            "minimum": str(price.minimum),
            "maximum": str(price.maximum),
            "once": price.once,
        }

    def _sold(self, product_id: str, quantity: int) -> Product | None:
        product = self.shelf.get(product_id)
        if product is None or product_id in self.switched_off:
            return None
        return None if product.once and quantity != 1 else product

    def note_price(self, sale: Sale) -> None:
        product = self._sold(str(sale.product_id), sale.quantity)
        if product is None or sale.is_altered:
            return
        price, paid = product.price(sale.quantity), int(sale.payment.amount * 10**7)
        if price.minimum.stroops <= paid <= price.maximum.stroops:
            sale.is_sellable = True
