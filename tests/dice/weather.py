"""What goes wrong: at Pi, on the chain, with AWS, and by our own hands. Each is one step; a history
plays some of them and not the others, so that each meets each.

One more kind of weather is one more method here, a line in `kinds`, and a line in `clear` if it
lasts.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from local.emulator.chain import MINIMUM_STROOPS
from local.emulator.control import STRANGER
from local.emulator.errors import PiError
from local.emulator.registry import SCOPES, wallet_seed_of
from shared.base.amount import Amount
from shared.payments.prices import Product
from shared.payments.store import CANARY
from tests.dice.back_office import USERS, BackOffice
from tests.dice.front_ends import OTHER_KEY, WRONG, FrontEnds
from tests.dice.scene import NEWER, Scene, Step
from tests.dice.tables import payouts_of
from tests.world.effects import AwsFault
from tests.world.emulator import KEY
from tests.world.payments import DONATION, PIE
from tests.world.stage import Backup
from tests.world.tables import KEYS

CODES = (
    *("unknown_error", "missing_scope", "too_many_payments", "feature_not_available"),
    *("not_verified", "payment_not_found", "timeout", "stale_history", "verification_failed"),
)
# Of Pi and the chain; each a whole service or one question that the others do not answer.
PATHS = (
    *("/v2/*", "/v2/me", "/v2/payments", "/v2/payments/*/complete", "/v2/payments/*/approve"),
    *("/v2/payments/*/cancel", "/v2/payments/????????????????????????????", "/v2/ads_network/*"),
    "/v2/payments/incomplete_server_payments",
    *("/horizon/*", "/horizon/transactions", "/horizon/transactions/*", "/horizon/ledgers"),
    *("/horizon/accounts/*/payments", "/horizon/accounts/*"),
)
# Answers that the reference does not know: a page of a proxy, half an answer, a status alone.
NONSENSE: tuple[dict[str, Any], ...] = (
    {"status": 200, "body": "<html>Welcome</html>"},
    {"status": 502, "body": "<html>Bad gateway</html>"},
    {"status": 200, "body": {"identifier": 5}},
    {"status": 200, "body": {}},
    *({"status": status, "body": {}} for status in (400, 403, 404, 422)),
    {"status": 429, "headers": {"Retry-After": "3"}},
    {"status": 301, "headers": {"Location": "https://example.org"}},
)
# What the reference's PaymentDTO has, and samples of 2022 lack; or what changed since.
OPTIONAL = ("network", "direction", "memo", "metadata", "from_address", "to_address")
AWS_FAULTS = (
    ("GetItem", "ThrottlingException"),
    ("PutItem", "ProvisionedThroughputExceededException"),
    ("UpdateItem", "InternalServerError"),
    ("UpdateItem", None),  # it took effect, and the answer is lost
    ("TransactWriteItems", "ThrottlingException"),
    ("TransactWriteItems", None),
    ("Query", "ThrottlingException"),
    ("BatchExecuteStatement", "ThrottlingException"),
    ("BatchExecuteStatement", None),
    ("Statement", "ThrottlingError"),  # one of such a batch
)
EDITS = {
    "PaymentsTable": ("uid", "state", "amount", "created_at"),
    "RewardsTable": ("uid", "state", "granted_at"),
    "PayoutsTable": ("uid", "state", "amount"),
}
DAY = 24 * 3600
BUSY = 450  # more than a reading takes, with ten to a page

_serialize = TypeSerializer().serialize


class Weather:
    def __init__(self, scene: Scene, office: BackOffice, pages: FrontEnds) -> None:
        self._scene, self._world, self._random = scene, scene.world, scene.random
        self._office, self._pages = office, pages
        self._backups: list[Backup] = []
        self._is_busy = False

    def kinds(self) -> list[Step]:
        """Some stand here twice: they meet more of the others."""
        pages, office = self._pages, self._office
        kinds: list[Step] = [
            # Pi
            *(
                self.hide,
                self.pi_cancels,
                self.pi_cancels,
                self.odd_dto,
                self.forget_payment,
                self.repeat_refused,
            ),
            *(self.no_auto_cancel, self.expire_tokens, self.fault, self.fault, self.nonsense),
            *(self.nonsense, self.refuse_completion, self.scopes, self.rotate_key),
            self.other_back_end,
            # The chain
            *(self.busy_wallet, self.holes, self.nodes, self.pace, self.begin_anew),
            *(self.lag, self.lag, self.chain_ways, self.fund, self.short_pages, self.stranger_pays),
            *(self.forge, pages.pay_oddly, pages.pay_late),
            # Ours
            *(self.throw_switch, self.jump, self.outage, self.lose_messages, self.throttle),
            *(self.rotate_seed, self.rotate_seed, self.change_prices, self.edit),
            self.price_function_fails,
            *(
                self.restore,
                self.restore,
                self.restore_apart,
                self.newer_version,
                office.wait_for_long,
            ),
            # People
            *(office.decide, office.give_up, office.read, self.anonymous_payout),
            self.wake_anything,
        ]
        return kinds

    def meanwhile(self) -> list[Step]:
        """What others do in the middle of an invocation."""
        pages, office = self._pages, self._office
        return [
            *(office.wake, office.wake, office.wake, office.decide),
            *(self.stranger_pays, self.restore, self.restore),
            *(pages.page_calls, pages.page_calls, pages.page_calls, pages.approve),
            *(pages.pay_meanwhile, pages.user_cancels, pages.claim),
            *(office.work, office.work, office.sweep, office.decide),
        ]

    def clear(self) -> None:
        """Fair weather; a person puts right what the runbook says, but for edited items."""
        world, settings = self._world, self._world.pi.settings
        world.heal()
        world.effects.faults.clear()
        world.switch.value, world.ahead = "on", timedelta()
        for service in self._services():
            service.down = False
        world.wallet_seed, world.server_key = wallet_seed_of("demo-app"), KEY
        for user in world.pi.registry.users.values():
            user.scopes = user.scopes if user.revoked else list(SCOPES)
        world.price_function.says = self._scene.price_says
        world.price_function.failed = False
        for sale in self._scene.sales:
            for name in self._odd.pop(sale.payment_id, ()):
                sale.payment.overrides.pop(name, None)
        settings.show_txid_before_complete = True
        settings.approve_repeat_refused, settings.auto_cancel = False, True
        settings.page_limit = 100 if self._is_busy else 200
        settings.ledger_lag_s, settings.base_fee_stroops = 0, 100_000
        settings.holes, settings.node_lag_s = [], 0
        settings.ledger_close_s = 25  # few to read
        world.pi.chain.fund(world.wallet, 10**13)
        self.forget_canary()
        self._office.cold_start()

    def forget_canary(self) -> None:
        """Pi has forgotten the payment by which the key is told: the runbook says to delete it."""
        known = {item["payment_id"]["S"]: item for item in self._world.tables.raw("PaymentsTable")}
        canary = known.get(CANARY)
        if canary is not None and canary["seen"]["S"] not in self._world.pi.payments:
            self._world.tables.delete("PaymentsTable", CANARY)

    def pass_day(self) -> None:
        """With few ledgers in it, to be read in less of our time; `wait_for_long` has as many as
        there are."""
        settings = self._world.pi.settings
        for close_s, seconds in ((300, DAY), (5, 60)):
            settings.ledger_close_s = close_s
            self._world.pi.core.catch_up(self._world.now)
            self._world.tick(seconds)

    # --- Pi --------------------------------------------------------------------------------------

    @property
    def _odd(self) -> dict[str, list[str]]:
        return self._scene.odd

    def hide(self) -> None:
        """Pi shows a transaction only once it has been told of it."""
        self._world.pi.settings.show_txid_before_complete = self._scene.chance(0.4)

    def pi_cancels(self) -> None:
        """By itself, even what it shows to be paid."""
        known = self._world.pi.payments
        sales = [s for s in self._scene.sales if s.payment.is_open and s.payment_id in known]
        if not sales:
            return
        paid_ones = [sale for sale in sales if self._scene.transactions_of(sale.payment)]
        sale = self._scene.choice((*sales[-3:], *paid_ones, *paid_ones))
        paid = self._scene.transactions_of(sale.payment)
        self._world.pi.force(sale.payment_id, {"status": {"cancelled": True}})
        sale.cancelled_outside = True
        self._scene.tell(f"    Pi cancels {sale.name}{' though it is paid' if paid else ''}")

    def odd_dto(self) -> None:
        """Pi leaves fields out, and shows them again."""
        if not self._scene.sales:
            return
        sale = self._scene.choice(self._scene.sales[-4:])
        if names := self._odd.pop(sale.payment_id, None):
            for name in names:
                sale.payment.overrides.pop(name, None)
            return
        free = [name for name in OPTIONAL if name not in sale.payment.overrides]
        names = self._random.sample(free, min(len(free), self._scene.choice((1, 2))))
        self._odd[sale.payment_id] = names
        sale.payment.overrides |= dict.fromkeys(names)
        sale.is_odd = True
        self._scene.tell(f"    Pi leaves {names} of {sale.name} out")

    def forget_payment(self) -> None:
        """Pi does not know it any more."""
        known = self._world.pi.payments
        sales = [sale for sale in self._scene.sales if sale.payment_id in known]
        if sales:
            sale = self._scene.choice(sales)
            self._world.pi.delete_payment(sale.payment_id)
            sale.is_gone = True
            self._scene.tell(f"    Pi forgets {sale.name}")

    def repeat_refused(self) -> None:
        self._world.pi.settings.approve_repeat_refused = self._scene.chance(0.7)

    def no_auto_cancel(self) -> None:
        self._world.pi.settings.auto_cancel = self._scene.chance(0.3)

    def expire_tokens(self) -> None:
        self._world.pi.registry.expire_tokens(self._scene.choice(self._pages.people).user.uid)

    def fault(self) -> None:
        path = self._scene.choice(PATHS)
        times = self._scene.choice((1, 4, 20, 80))
        if self._scene.chance(0.5):
            how = {"drop": self._scene.choice(("before", "after"))}
        else:
            how = {"code": self._scene.choice(CODES)}
        self._world.fault(path=path, times=times, **how)
        self._scene.tell(f"    {path} {times} times {how}")

    def nonsense(self) -> None:
        path, how = self._scene.choice(PATHS), self._scene.choice(NONSENSE)
        times, effect = self._scene.choice((1, 4, 20)), self._scene.chance(0.3)
        if how.get("status") == 429 and path == "/v2/*":
            effect = False  # who was notified cannot be looked up, so there a pause is believed
        self._world.fault(path=path, times=times, effect=effect, **how)
        self._scene.tell(f"    {path} {times} times {how} {'after the effect' if effect else ''}")

    def refuse_completion(self) -> None:
        """Pi does not take the transaction, for good or for now."""
        code = self._scene.choice(("verification_failed", "txid_mismatch", "not_verified"))
        times = self._scene.choice((1, 2, 20))
        self._world.fault("POST", "/v2/payments/*/complete", times=times, code=code)

    def scopes(self) -> None:
        scopes = self._scene.choice((SCOPES, SCOPES, ("username",)))
        self._world.uid(self._scene.choice(USERS), scopes=scopes)

    def rotate_key(self) -> None:
        """The server key is another app's for a while: Pi knows none of our payments by it. Or it
        is revoked, or gone, or put right again."""
        if any(record.giving_up for record in payouts_of(self._world).values()):
            return  # a person who gives up sees to it that the key is right
        self._world.server_key = self._scene.choice((KEY, KEY, OTHER_KEY, "revoked", None))
        self._scene.tell(f"    the server key is now {self._world.server_key}")
        self._office.cold_start()

    def other_back_end(self) -> None:
        """Another program of the same app approves a payment; its page then calls us. Or calls us
        before, and our cancel does not arrive."""
        is_late = self._scene.chance(0.3)
        person = self._scene.choice(self._pages.people)
        sale = self._pages.start(person, WRONG if is_late else None)
        if sale is None:
            return
        if is_late:
            self._world.fault("POST", "/v2/payments/*/cancel", times=4, drop="before")
            self._pages.approve_own(sale)
        with suppress(PiError):
            sale.payment.approve()
            sale.approved_elsewhere = True
            self._scene.tell(f"    another back end approves {sale.name}")
        if self._scene.chance(0.4):
            self._pages.approve_own(sale)
        self._pages.pay_for(sale)
        if self._scene.chance(0.7):
            self._pages.report(sale)

    # --- The chain -------------------------------------------------------------------------------

    def lag(self) -> None:
        self._world.pi.settings.ledger_lag_s = self._scene.choice((0, 4, 60, 3600))

    def holes(self) -> None:
        """Horizon is filled again, from either end: old ledgers are missing, some in the middle, or
        the next ones."""
        latest = self._world.pi.chain.latest_ledger(self._world.now)
        first = max(latest - self._scene.choice((3, 30, 300)), 1)
        next_ones = (latest + 1, latest + 20)
        hole = self._scene.choice(((1, first), (first, latest - 1), next_ones, None))
        self._world.pi.settings.holes = [hole] if hole else []

    def begin_anew(self) -> None:
        """The network begins anew, as Pi Testnet does at times; once in a history."""
        scene, chain = self._scene, self._world.pi.chain
        if scene.begun_anew is None:
            scene.former = list(chain.transactions)
            scene.begun_anew = self._world.now
            scene.had_book = any(key.startswith("wallet#") for key in self._payment_ids())
            self._world.pi.settings.holes = []
            self._world.pi.reset_chain()

    def nodes(self) -> None:
        """Two nodes behind one address, the other one a minute behind."""
        self._world.pi.settings.node_lag_s = self._scene.choice((0, 20, 60))

    def pace(self) -> None:
        """How fast ledgers close."""
        self._world.pi.settings.ledger_close_s = self._scene.choice((1, 5, 20))

    def chain_ways(self) -> None:
        settings = self._world.pi.settings
        settings.close_at_once = self._scene.chance(0.5)
        settings.repeats_success = self._scene.chance(0.5)
        settings.base_fee_stroops = self._scene.choice((100_000, 100_000, 200_000, 2_000_000))

    def fund(self) -> None:
        balances = (10**13, 10**13, 10**13, MINIMUM_STROOPS + 5_000_000, MINIMUM_STROOPS + 150_000)
        self._world.pi.chain.fund(self._world.wallet, self._scene.choice(balances))

    def short_pages(self) -> None:
        """Horizon shows few at a time: a look reads less than there is."""
        self._world.pi.settings.page_limit = self._scene.choice((1, 2, 200))

    def busy_wallet(self) -> None:
        """More than one reading takes; with ten to a page, as 9 000 with Horizon's 200."""
        if not self._is_busy:
            self._is_busy, self._world.pi.settings.page_limit = True, 10
            for _ in range(BUSY):
                self._world.stranger_pays("1", source=STRANGER, destination=self._world.wallet)

    def stranger_pays(self) -> None:
        """From our own wallet, or to it."""
        with suppress(PiError):
            self._world.stranger_pays("1")

    def forge(self) -> None:
        """The same amount, with the memo of one of our payments."""
        for payment in list(self._world.pi.payments.values())[-2:]:
            with suppress(PiError):
                self._world.stranger_pays(
                    str(payment.amount),
                    source=STRANGER,
                    destination=self._scene.choice((self._world.wallet, payment.to_address)),
                    memo=payment.identifier,
                )

    # --- Ours ------------------------------------------------------------------------------------

    def throw_switch(self) -> None:
        self._world.switch.value = self._scene.choice(("on", "on", "on", "off"))

    def jump(self) -> None:
        """Our clock against Pi's."""
        seconds = self._scene.choice((0, 0, -70, 70, -1000, 1000))
        self._world.ahead = timedelta(seconds=seconds)

    def _services(self) -> tuple[Any, ...]:
        world = self._world
        return world.payout_queue, world.wake_ups, world.bus, world.switch

    def outage(self) -> None:
        """One of AWS's services is away, or back."""
        service = self._scene.choice(self._services())
        service.down = not service.down

    def throttle(self) -> None:
        """DynamoDB refuses, or loses its answer."""
        operation, code = self._scene.choice(AWS_FAULTS)
        status = 500 if code == "InternalServerError" else 400
        times, after = self._scene.choice((1, 3, 10)), self._scene.choice((0, 0, 2))
        fault = AwsFault(operation, code, status=status, times=times, after=after)
        self._world.effects.faults.append(fault)
        self._scene.tell(f"    {operation} {times} times {code}")

    def lose_messages(self) -> None:
        self._scene.choice((self._world.payout_queue, self._world.wake_ups)).messages.clear()

    def rotate_seed(self) -> None:
        right = wallet_seed_of("demo-app")
        seeds = (right, right, wallet_seed_of("other"), "none", None)
        self._world.wallet_seed = self._scene.choice(seeds)

    def change_prices(self) -> None:
        """Another price, or not for sale."""
        is_active = self._scene.chance(0.7)
        if self._scene.chance(0.7):
            price = Amount.of(self._scene.choice(("3.14", "2", "5")))
            self._scene.stock(Product(PIE, PIE, price, price), is_active)
        else:
            least = Amount.of(self._scene.choice(("0.1", "10")))
            self._scene.stock(Product(DONATION, DONATION, least, Amount.of("100")), is_active)

    def price_function_fails(self) -> None:
        """An error, garbage, or a price that looks like one."""
        function = self._world.price_function
        function.failed = self._scene.chance(0.3)
        floats = {"product_id": PIE, "price": 3.14}
        answer = self._scene.choice((None, {}, floats, {"product_id": PIE, "price": "0"}))
        function.says = (lambda _: answer) if self._scene.chance(0.5) else self._scene.price_says

    def edit(self) -> None:
        """By hand: an attribute of one item goes, or holds what it should not."""
        table = self._scene.choice(tuple(EDITS))
        items = [
            item for item in self._world.tables.raw(table) if "#" not in item[KEYS[table]]["S"]
        ]
        name = self._scene.choice(EDITS[table])
        if not items or name not in (item := self._scene.choice(items)):
            return
        key, value = item[KEYS[table]]["S"], item[name]
        if any(damage[:2] == (table, key) for damage in self._scene.damaged):
            return
        is_key = name in ("uid", "created_at")  # of an index: DynamoDB refuses another type
        wrong = None if is_key or self._scene.chance(0.5) else self._wrong(value)
        self._scene.damaged.append((table, key, name, value, wrong))
        self._world.tables.edit_raw(table, key, {name: wrong})
        self._scene.tell(f"    {name} of {key} in {table} is now {wrong}")

    @staticmethod
    def _wrong(value: dict[str, Any]) -> dict[str, Any]:
        is_number = "N" in value
        return {"S": "many"} if is_number else {"N": "7"}

    def newer_version(self) -> None:
        """A newer deployment writes an attribute that this one does not know."""
        table = self._scene.choice(tuple(EDITS))
        keys = [item[KEYS[table]]["S"] for item in self._world.tables.raw(table)]
        if names := [key for key in keys if "#" not in key]:
            key = self._scene.choice(names)
            self._world.tables.edit_raw(table, key, {NEWER: {"S": "unknown here"}})
            self._scene.newer.add(key)

    def mend(self, *tables: str) -> None:
        """A person puts back what stood in these tables; a restore may have done so."""
        damaged = self._scene.damaged
        for damage in [damage for damage in damaged if damage[0] in tables]:
            table, key, name, right, wrong = damage
            damaged.remove(damage)
            items = {item[KEYS[table]]["S"]: item for item in self._world.tables.raw(table)}
            if key in items and items[key].get(name) == wrong:
                self._world.tables.edit_raw(table, key, {name: right})

    # --- Restores --------------------------------------------------------------------------------

    def back_up(self) -> None:
        self._backups.append(self._world.backup())

    def restore(self) -> None:
        """The tables forget; Pi, the chain and the queue do not. What was backed up later belongs
        to a life that has ended: the runbook forbids to go back to it."""
        if self._backups:
            self._restore(self._random.randrange(len(self._backups)), None)

    def restore_apart(self) -> None:
        """One table alone, against the runbook."""
        if self._backups:
            table = self._scene.choice(tuple(EDITS))
            self._restore(self._random.randrange(len(self._backups)), table)
            self._scene.apart = True

    def _restore(self, number: int, table: str | None) -> None:
        before = self._ids()
        backup = self._backups[number]
        self._world.restore(backup if table is None else {table: backup[table]})
        del self._backups[number + 1 :]
        self._scene.forgotten |= before - self._ids()
        self._scene.restored += 1
        self._scene.had_book = False
        self._scene.newer.clear()
        self._scene.tell(f"    restored {table or 'all tables'} to backup {number}")

    def _ids(self) -> set[str]:
        payouts = self._world.tables.raw("PayoutsTable")
        return self._payment_ids() | {item["payout_id"]["S"] for item in payouts}

    def _payment_ids(self) -> set[str]:
        return {item["payment_id"]["S"] for item in self._world.tables.raw("PaymentsTable")}

    # --- Strangers -------------------------------------------------------------------------------

    def anonymous_payout(self) -> None:
        """The routes of payments have no effect on a payout's payment."""
        route = self._scene.choice(("cancel", "incomplete", "complete", "error"))
        payouts = [p for p in self._world.pi.payments.values() if p.direction == "app_to_user"]
        for payment in payouts[-1:]:
            body = {"paymentId": payment.identifier, "txid": "ab" * 32}
            before = payment.dto()
            # By itself: a sender that goes on meanwhile would be taken for its effect.
            with self._world.effects.watched_by(None):
                self._world.call(f"POST /pi_payment/{route}", body=body)
            if payment.dto() != before:
                self._scene.complain(f"an anonymous {route} had an effect on a payout")

    def wake_anything(self) -> None:
        """Messages about anything, twice, out of turn."""
        for sale in self._scene.sales[-3:]:
            self._world.wake_ups.put(f'{{"work": "payment", "key": "{sale.payment_id}"}}')
        self._world.wake_ups.put('{"work": "reward", "key": "no-such-ad"}')
