"""Users and their pages: they buy, pay, change their mind, close the page, come back, watch ads;
some of them lie. All that a page does goes through the handlers."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.emulator.control import STRANGER
from local.emulator.errors import PiError, TokenRefusedError
from local.emulator.payment import Payment
from shared.base.errors import BundleError
from tests.dice.scene import Sale, Scene, Step
from tests.world import User
from tests.world.functions import Reply
from tests.world.payments import BADGE, DONATION, PIE

PEOPLE = ("dora", "emil", "fay")
OTHER_APP = "other-app"
OTHER_KEY = "the other app's key"
PRIVATE = {"amount", "product_id", "quantity", "txid", "attention", "created_at", "completed_at"}

Order = tuple[object, Any, str]
"""Product, quantity and amount, as the browser says them; right or wrong."""
WRONG: Order = (PIE, 1, "1")


@dataclass(slots=True)
class Person:
    """One at a browser: signed in, with a uid that may change."""

    name: str
    user: User


class FrontEnds:
    def __init__(self, scene: Scene) -> None:
        self._scene, self._world, self._random = scene, scene.world, scene.random
        pi = self._world.pi
        if OTHER_APP not in pi.registry.apps:
            pi.registry.add_app(OTHER_APP, OTHER_KEY)
        pi.chain.open_account(STRANGER)
        self.people = [Person(name, self._world.user(name)) for name in PEOPLE]
        foreign, token = pi.registry.sign_in("dora", app_id=OTHER_APP)
        self._foreigner = User(foreign.uid, token)
        self._ads: list[str] = []

    def steps(self) -> list[Step]:
        """What users do all the time."""
        return [
            *(self.buy, self.buy, self.buy, self.approve, self.pay, self.pay, self.page_calls),
            *(self.page_calls, self.page_calls, self.user_cancels, self.come_back, self.look),
            *(self.watch_ad, self.claim, self.judge_ad, self.leave),
        ]

    # --- Buying ----------------------------------------------------------------------------------

    def buy(self) -> None:
        """A page starts a payment; most have it approved at once, and many pay at once."""
        sale = self.start(self._scene.choice(self.people))
        if sale is None or self._scene.chance(0.15):
            return
        self._approve(sale, sale.owner)
        if self._scene.chance(0.4):
            self.pay_for(sale)

    def leave(self) -> None:
        """A page has one approved, and its user does something else for a quarter of an hour."""
        sale = self.start(self._scene.choice(self.people))
        if sale is not None:
            self._approve(sale, sale.owner)
        for _ in range(3):
            self._world.tick(self._world.sweep_seconds)
            with suppress(BundleError):
                self._world.sweep()
            self._world.work()

    def start(self, person: Person, order: Order | None = None) -> Sale | None:
        """Pi cancels the user's open payment, or says that a paid one is in the way: then the page
        reports that one."""
        product_id, quantity, amount = order or self._order()
        metadata: dict[str, Any] = {"productId": product_id}
        if quantity != 1 or self._scene.chance(0.1):
            metadata["quantity"] = quantity
        shown = {} if order else self._altered()
        before = self._open_of(person)
        try:
            payment_id = self._world.start(person.user, amount, metadata, **shown)
        except TokenRefusedError:
            return None  # the page has to sign in again
        except PiError as refused:
            if "payment" in refused.extra:
                self._report(refused.extra["payment"], person.user)
            return None
        for other in before:
            if other.payment.is_cancelled:
                other.cancelled_outside = True
                self._scene.tell(f"    Pi cancels {other.name} for a new one")
        payment = self._world.at_pi(payment_id)
        payment.to_address = payment.overrides.pop("to_address", payment.to_address)
        sale = Sale(
            f"order-{len(self._scene.sales) + 1}",
            payment,
            person.user,
            product_id,
            int(quantity),
            is_altered=bool(shown),
        )
        self._scene.tell(f"    {person.name} starts {sale.name} of {amount}: {metadata} {shown}")
        self._scene.sales.append(sale)
        self._scene.note_price(sale)
        return sale

    def _order(self) -> Order:
        roll = self._random.random()
        if roll < 0.08:
            return PIE, 1, self._scene.choice(("1", "3.1399999", "3.1400001", "6.28"))
        if roll < 0.14:
            return self._scene.choice(("no_such_pie", 5, "")), 1, "3.14"
        if roll < 0.16:
            return PIE, self._scene.choice((0, -1, "1", 10_001, True)), "3.14"
        if roll < 0.3:
            return DONATION, 1, self._scene.choice(("0.1", "7.7777777", "100", "100.0000001"))
        if roll < 0.55:  # sold once, and wanted again and again
            return BADGE, *self._scene.choice(((1, "5"), (1, "5"), (1, "5"), (2, "10")))
        quantities: tuple[int | str, ...] = (1, 1, "1", 2, "3")
        quantity = self._scene.choice(quantities)
        price = Decimal(str(self._scene.shelf[PIE].minimum))
        return PIE, quantity, str(price * int(quantity))

    def _altered(self) -> dict[str, Any]:
        """What Pi shows of one payment in ten is not what we sell."""
        if not self._scene.chance(0.1):
            return {}
        alterations: list[dict[str, Any]] = [
            {"network": "Pi Network"},
            {"network": None},
            {"token_canonical": {"code": "GOLD"}},
            {"split_recipients": [{"share": 0.5}]},
            {"direction": None},
            {"direction": "app_to_user"},
        ]
        if self._world.parameters.get("PiWalletAddress"):
            alterations.append({"to_address": STRANGER})
        return self._scene.choice(alterations)

    def _open_of(self, person: Person) -> list[Sale]:
        """Also those of a former uid: Pi knows the person."""
        owner = self._world.pi.registry.users[person.user.uid].person
        return [
            sale
            for sale in self._scene.sales
            if sale.payment.owner == owner and sale.payment.is_open
        ]

    # --- Approving -------------------------------------------------------------------------------

    def approve(self) -> None:
        """Once more, or late, or for somebody else."""
        if sale := self._any_sale():
            self._approve(sale, self._caller(sale))

    def approve_own(self, sale: Sale) -> None:
        self._approve(sale, sale.owner)

    def report(self, sale: Sale) -> None:
        self._report(sale.payment.dto(), sale.owner)

    def _approve(self, sale: Sale, caller: User | None) -> None:
        reply = self._world.approve(sale.payment_id, caller)
        self._scene.answered(f"approve {sale.name}", reply)
        if reply.status != 200:
            return
        if caller is None or caller.uid != sale.owner.uid:
            self._scene.complain(f"1: {sale.name} was approved for another user")
        if not sale.payment.developer_approved:
            self._scene.complain(f"approve answers 200, and Pi has not approved {sale.name}")
        if reply.state == "cancelled":
            self._scene.complain("approve answers 200 for a cancelled payment")

    # --- Paying ----------------------------------------------------------------------------------

    def pay(self) -> None:
        if payable := [sale for sale in self._scene.sales if self._is_payable(sale)]:
            self.pay_for(self._scene.choice(payable))

    def pay_for(self, sale: Sale) -> None:
        """The wallet pays; the page reports it, if it is still there."""
        if not self._is_payable(sale):
            return
        link: bool | None = None
        if self._scene.chance(0.4):
            link = False
        with suppress(PiError):
            txid = self._world.pay(sale.payment_id, link=link, fee_bump=self._scene.chance(0.1))
            self._scene.tell(f"    {sale.name} is paid {'unseen by Pi ' if link is False else ''}")
            if self._scene.chance(0.4):
                self._complete(sale, sale.owner, txid)

    def pay_meanwhile(self) -> None:
        """As `pay`, with a page that is closed at once."""
        payable = [sale for sale in self._scene.sales if self._is_payable(sale)]
        if payable:
            sale = self._scene.choice(payable)
            unseen = self._scene.chance(0.5)
            with suppress(PiError):
                self._world.pay(sale.payment_id, link=False if unseen else None)

    def _is_payable(self, sale: Sale) -> bool:
        payment = sale.payment
        is_payable = payment.developer_approved and payment.is_open
        return is_payable and not self._scene.transactions_of(payment)

    def pay_late(self) -> None:
        """The wallet had been asked before somebody cancelled: it pays all the same."""
        late = [
            sale
            for sale in self._scene.sales
            if sale.payment.developer_approved
            and sale.payment.is_cancelled
            and not self._scene.transactions_of(sale.payment)
        ]
        if late:
            sale = self._scene.choice(late)
            with suppress(PiError):
                self._world.pay(sale.payment_id, link=False, skip_approval_check=True)
                self._scene.tell(f"    {sale.name} is paid late")

    def pay_oddly(self) -> None:
        """From elsewhere, another amount, another memo, twice, or without success."""
        sales = [sale for sale in self._scene.sales if sale.payment.developer_approved]
        if not sales:
            return
        sale = self._scene.choice(sales)
        payment = sale.payment
        odd: list[dict[str, Any]] = [
            {"source": STRANGER},
            {"amount": Decimal("0.5")},
            {"amount": payment.amount * 2},
            {"memo": "not a payment"},
            {"memo": None},
            {"destination": STRANGER},
            {"successful": False},
            {"asset": "GOLD:" + STRANGER},
            {"kind": "path_payment_strict_send"},
            {"operation_source": STRANGER},
        ]
        if self._scene.transactions_of(payment):
            odd.append({})  # a second time
        how = self._scene.choice(odd)
        faithful: dict[str, Any] = {
            "source": payment.from_address,
            "destination": payment.to_address,
            "amount": payment.amount,
            "memo": payment.identifier,
        }
        self._scene.tell(f"    {sale.name}: a payment with {how or 'the same once more'}")
        with suppress(PiError):
            transaction = self._world.pi.transfer(**faithful | how)
            payment.on_chain.append(transaction.txid)
            is_linked = payment.is_open and payment.txid is None and self._scene.chance(0.2)
            if is_linked and transaction.successful and payment.mismatch(transaction):
                payment.link(transaction)  # as a careless wallet reports it

    # --- What a page says ------------------------------------------------------------------------

    def page_calls(self) -> None:
        """Any route about any payment, with any token, and a claim that may be true."""
        sale = self._any_sale()
        if sale is None:
            return
        caller = self._caller(sale)
        match self._scene.choice(("complete", "complete", "incomplete", "cancel", "error")):
            case "complete":
                self._complete(sale, caller, self._claimed_txid(sale))
            case "incomplete" if self._scene.chance(0.5):
                self._resolve("incomplete", sale, caller, payment=self._shown(sale.payment))
            case "incomplete":
                txid = self._claimed_txid(sale) if self._scene.chance(0.5) else None
                self._resolve("incomplete", sale, caller, transactionId=txid)
            case route:
                self._resolve(route, sale, caller)

    def user_cancels(self) -> None:
        """In Pi's sheet, or by leaving; the page may tell us."""
        sales = [sale for sale in self._scene.sales if sale.payment.is_open]
        if not sales:
            return
        sale = self._scene.choice(sales)
        if self._scene.chance(0.6):
            with suppress(PiError):
                self._world.pi.user_cancel(sale.payment_id)
                sale.cancelled_outside = True
                self._scene.tell(f"    the user cancels {sale.name}")
        if self._scene.chance(0.6):
            self._resolve("cancel", sale, self._scene.choice((sale.owner, sale.owner, None)))

    def come_back(self) -> None:
        """Another day: a new token, perhaps a new uid. The SDK shows what is unfinished."""
        person = self._scene.choice(self.people)
        uid = None if self._scene.chance(0.8) else f"new-uid-{len(self._scene.sales)}"
        if uid is None:
            person.user = self._world.user(uid=person.user.uid)
        else:
            person.user = self._world.user(person.name, uid=uid)
        open_one = self._world.pi.incomplete_payment(f"Bearer {person.user.token}")
        if open_one["exists"] and self._scene.chance(0.8):
            self._report(open_one["payment"], person.user)

    def _report(self, dto: dict[str, Any], user: User) -> None:
        """`onIncompletePaymentFound`, as Pi's kit and its demo send it."""
        [sale] = [sale for sale in self._scene.sales if sale.payment_id == dto["identifier"]]
        shown = {"identifier": dto["identifier"], "transaction": dto.get("transaction")}
        self._resolve("incomplete", sale, self._scene.choice((user, user, None)), payment=shown)

    def _complete(self, sale: Sale, caller: User | None, txid: str) -> None:
        reply = self._world.complete(sale.payment_id, txid, caller)
        self._settled("complete", sale, caller, reply)
        if reply.status == 200 and not (
            reply.state == "completed" and (sale.payment.developer_completed or self._scene.apart)
        ):
            self._scene.complain(f"complete answers 200, and Pi has not completed {sale.name}")

    def _resolve(self, route: str, sale: Sale, caller: User | None, **more: Any) -> None:
        body = {"paymentId": sale.payment_id} if "payment" not in more else {}
        if route == "error":
            more["error"] = {}
        token = caller and caller.token
        reply = self._world.call(f"POST /pi_payment/{route}", body=body | more, token=token)
        self._settled(route, sale, caller, reply)

    def _settled(self, route: str, sale: Sale, caller: User | None, reply: Reply) -> None:
        """Who is not its owner learns nothing private. (A token that Pi refuses counts as none.)"""
        self._scene.answered(f"{route} {sale.name}", reply)
        is_owner = caller is not None and caller.uid == sale.owner.uid
        if not is_owner and PRIVATE & reply.body.keys():
            self._scene.complain(f"{route} told another caller of {sale.name}")

    def _knows(self, caller: User) -> bool:
        """Whether this is a user of ours."""
        return any(person.user == caller for person in self.people)

    def look(self) -> None:
        sale, person = self._any_sale(), self._scene.choice(self.people)
        match self._scene.choice(("one", "all", "me")):
            case "one" if sale is not None:
                caller = self._caller(sale)
                path = {"payment_id": sale.payment_id}
                token = caller and caller.token
                reply = self._world.call("GET /payments/{payment_id}", path=path, token=token)
                self._scene.answered(f"GET {sale.name}", reply)
                is_owner = caller is not None and caller.uid == sale.owner.uid
                if reply.status == 200 and not is_owner:
                    self._scene.complain(f"{sale.name} was shown to another user")
            case "all":
                query = {"limit": self._scene.choice(("1", "100", "0"))}
                token = person.user.token
                reply = self._world.call("GET /payments", query=query, token=token)
                self._scene.answered("GET all", reply)
            case _:
                token = self._scene.choice((person.user.token, self._foreigner.token, "made-up"))
                self._scene.answered("GET me", self._world.call("GET /me", token=token))

    # --- Rewards ---------------------------------------------------------------------------------

    def watch_ad(self) -> None:
        status = self._scene.choice(("granted", "granted", "granted", "failed", "revoked", None))
        self._ads.append(self._world.pi.show_ad(status).identifier)
        if self._scene.chance(0.7):
            self._claim(self._ads[-1], self._scene.choice(self.people).user)

    def claim(self) -> None:
        """Once more, or somebody else's."""
        if self._ads:
            users = [person.user for person in self.people]
            made_up = User("nobody", "made-up")
            caller = self._scene.choice((*users, *users, self._foreigner, made_up, None))
            self._claim(self._scene.choice(self._ads), caller)

    def judge_ad(self) -> None:
        """The ad network answers at last, or takes a grant back."""
        if self._ads:
            ad_id = self._scene.choice(self._ads)
            verdict = self._scene.choice(("granted", "revoked", "revoked", "failed"))
            self._world.pi.judge_ad(ad_id, verdict)
            self._scene.tell(f"    the ad network says of {ad_id}: {verdict}")

    def _claim(self, ad_id: str, caller: User | None) -> None:
        stood = any(item["id"]["S"] == ad_id for item in self._world.tables.raw("RewardsTable"))
        reply = self._world.claim(ad_id, caller)
        self._scene.answered("claim", reply)
        if reply.status == 200 and not stood and self._world.pi.ads[ad_id].status != "granted":
            self._scene.complain("an ad was granted that earns nothing")
        if reply.status == 200 and (caller is None or not self._knows(caller)):
            self._scene.complain("an ad was granted to nobody")

    # --- Who, and what they say ------------------------------------------------------------------

    def _any_sale(self) -> Sale | None:
        """Those that are approved and not completed more often: money may be on its way."""
        sales = self._scene.sales
        pending = [
            sale
            for sale in sales
            if sale.payment.developer_approved and not sale.payment.developer_completed
        ]
        if pending and self._scene.chance(0.6):
            return self._scene.choice(pending)
        return self._scene.choice((*sales, *sales[-3:])) if sales else None

    def _caller(self, sale: Sale) -> User | None:
        """Its owner, mostly; without a token; somebody else; somebody made up."""
        roll = self._random.random()
        if roll < 0.65:
            return sale.owner
        if roll < 0.8:
            return None
        others = [person.user for person in self.people if person.user.uid != sale.owner.uid]
        made_up = User("nobody", "made-up")
        return self._scene.choice((*others, self._foreigner, made_up))

    def _claimed_txid(self, sale: Sale) -> str:
        """What paid it; or what somebody made up, or what paid another one."""
        own = [tx.txid for tx in self._scene.transactions_of(sale.payment)]
        any_on_chain = [tx.txid for tx in self._world.pi.chain.transactions]
        if own and self._scene.chance(0.7):
            return own[-1]
        return self._scene.choice(("ab" * 32, *any_on_chain[-3:], *sale.payment.on_chain))

    def _shown(self, payment: Payment) -> dict[str, Any]:
        dto = payment.dto()
        return {name: dto.get(name) for name in ("identifier", "transaction")}
