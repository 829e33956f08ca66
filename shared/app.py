"""The only place where the bundle is put together: functions, tests and benches all start here.

Each part is built when it is first named, and kept for the environment's life. A function names its
operation when it is imported, so Lambda builds what it needs before the first request, and loads
nothing else: whatever is heavy, or not for everybody, is imported where it is built.
"""

from __future__ import annotations

import os
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypedDict

from shared.adapters.edges import Clock, Edges
from shared.adapters.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from shared.adapters.book_store import BookStore
    from shared.adapters.event_bus import EventBus
    from shared.adapters.horizon import Horizon
    from shared.adapters.http import Http
    from shared.adapters.payment_store import PaymentStore
    from shared.adapters.payout_queue import PayoutQueue
    from shared.adapters.payout_store import PayoutStore
    from shared.adapters.pi_client import PiClient
    from shared.adapters.product_store import ProductStore
    from shared.adapters.reward_store import RewardStore
    from shared.adapters.stored_secret import StoredSecret
    from shared.adapters.switch import Switch
    from shared.adapters.wake_ups import WakeUps
    from shared.domain.payment import PaymentRecord, Terms
    from shared.domain.pi import Network
    from shared.operations.approve_payment import ApproveParts
    from shared.operations.canary import Canary
    from shared.operations.claim_reward import ClaimParts
    from shared.operations.decide_payout import DecideParts
    from shared.operations.prove_wallet import ProofParts
    from shared.operations.read_book import BookParts
    from shared.operations.read_payments import ReadParts
    from shared.operations.request_payout import RequestParts
    from shared.operations.sender import SendParts
    from shared.operations.settle_for_caller import CallerParts
    from shared.operations.sweep import SweepParts
    from shared.operations.verify_user import Users
    from shared.operations.work import WorkParts


class Settling(TypedDict):
    """What everyone who settles payments works with."""

    pi: PiClient
    chain: Horizon
    payments: PaymentStore
    terms: Terms
    clock: Clock
    silence: Callable[[PaymentRecord], int]
    canary: Canary


# A younger payment may still be on its way through wallet and chain.
LEAST_PATIENCE_SECONDS = 600


class App:
    """The bundle in one environment. A part whose variable is missing raises KeyError."""

    def __init__(self, settings: Settings, edges: Edges | None = None) -> None:
        self.settings, self.edges = settings, edges or Edges()
        self.clock = self.edges.clock

    # --- Operations: what the functions name -----------------------------------------------------

    @cached_property
    def users(self) -> Users:
        from shared.adapters.pi_client import PiClient
        from shared.adapters.seen_tokens import SeenTokens
        from shared.operations.verify_user import Users

        # Its calls carry the user's token, so it has no server key, and needs none.
        pi = PiClient(self.http, self.settings.text("PI_API_URL"), None)
        return Users(pi, SeenTokens(), self.settings.optional("PI_APP_ID"))

    @cached_property
    def approve_payment(self) -> ApproveParts:
        from shared.operations.approve_payment import ApproveParts

        return ApproveParts(
            **self._settling, users=self.users, products=self.products, executor=self.executor
        )

    @cached_property
    def settle_for_caller(self) -> CallerParts:
        from shared.operations.settle_for_caller import CallerParts

        return CallerParts(
            **self._settling, users=self.users, products=self.products, wake_ups=self.wake_ups
        )

    @cached_property
    def read_payments(self) -> ReadParts:
        from shared.operations.read_payments import ReadParts

        return ReadParts(users=self.users, payments=self.payments)

    @cached_property
    def claim_reward(self) -> ClaimParts:
        from shared.domain.reward import RewardLimits
        from shared.operations.claim_reward import ClaimParts

        return ClaimParts(
            users=self.users,
            pi=self.pi,
            rewards=self.rewards,
            limits=RewardLimits(
                daily_cap=self.settings.whole_number("REWARD_DAILY_CAP", 1),
                fresh_seconds=self.settings.whole_number("REWARD_FRESH_SECONDS", 60),
                recheck_after=self.settings.whole_number("REWARD_RECHECK_SECONDS", 60),
            ),
            wake_ups=self.wake_ups,
            clock=self.clock,
            executor=self.executor,
        )

    @cached_property
    def sweep(self) -> SweepParts:
        from shared.adapters import payment_store, payout_store, reward_store
        from shared.adapters.due_index import DueIndex
        from shared.adapters.wake_ups import WakeUp, Work
        from shared.operations.sweep import DueWork, SweepParts, about_payments

        def index(table: str, key: str) -> DueIndex:
            return DueIndex(self.edges.aws("dynamodb"), self.settings.text(table), key)

        return SweepParts(
            payments=DueWork(
                index("PAYMENTS_TABLE", payment_store.KEY), self.wake_ups.sender(about_payments)
            ),
            rewards=DueWork(
                index("REWARDS_TABLE", reward_store.KEY),
                self.wake_ups.sender(partial(WakeUp, Work.REWARD)),
            ),
            payouts=DueWork(index("PAYOUTS_TABLE", payout_store.KEY), self.payout_queue.send),
            pi=self.pi,
            payout_store=self.payouts,
            sweep_seconds=60 * self.settings.whole_number("SWEEP_MINUTES", 1),
            alarm_seconds=self.settings.whole_number("STUCK_ALARM_SECONDS", 1),
            clock=self.clock,
        )

    @cached_property
    def work(self) -> WorkParts:
        from shared.domain.payment import Patience
        from shared.operations.silence import Watch, silence
        from shared.operations.work import WorkParts

        settling: Settling = {**self._settling, "silence": partial(silence, self._book)}
        patience = Patience(
            alone=self.settings.whole_number("SWEEP_CANCELS_AFTER_SECONDS", LEAST_PATIENCE_SECONDS),
            asked=self.settings.whole_number("CANCEL_UNPAID_AFTER_SECONDS", LEAST_PATIENCE_SECONDS),
        )
        return WorkParts(
            **settling,
            patience=patience,
            rewards=self.rewards,
            bus=self.bus,
            book=self._book,
            watch=Watch(self._book),
        )

    @cached_property
    def prove_wallet(self) -> ProofParts:
        from shared.adapters import day_index, payment_store, payout_store
        from shared.adapters.foreign import ForeignMemos
        from shared.domain.proof import comes_in, goes_out
        from shared.operations import prove_wallet

        dynamodb = self.edges.aws("dynamodb")
        paid = (dynamodb, self.settings.text("PAYMENTS_TABLE"), payment_store.KEY)
        sent = (dynamodb, self.settings.text("PAYOUTS_TABLE"), payout_store.KEY)
        return prove_wallet.ProofParts(
            chain=self.chain,
            network=self.network,
            clock=self.clock,
            payments=prove_wallet.Side(
                books=self.books,
                days=day_index.DayIndex(*paid, day_index.of_payment),
                foreign=ForeignMemos(*paid),
                is_its=comes_in,
                told=partial(prove_wallet.told_by_payments, self.payments),
            ),
            payouts=prove_wallet.Side(
                books=self.payout_books,
                days=day_index.DayIndex(*sent, day_index.of_payout),
                foreign=ForeignMemos(*sent),
                is_its=goes_out,
                told=partial(prove_wallet.told_by_payouts, self.payouts),
            ),
        )

    @cached_property
    def request_payout(self) -> RequestParts:
        from shared.domain.amount import Amount
        from shared.domain.payout import Caps
        from shared.operations.request_payout import RequestParts

        return RequestParts(
            payouts=self.payouts,
            payments=self.payments,
            queue=self.payout_queue,
            switch=self.switch,
            caps=Caps(
                payment=Amount.of(self.settings.text("PAYOUT_CAP")),
                user_day=Amount.of(self.settings.text("PAYOUT_USER_DAILY_CAP")),
                wallet_day=Amount.of(self.settings.text("PAYOUT_WALLET_DAILY_CAP")),
                user_day_number=self.settings.whole_number("PAYOUT_USER_DAILY_NUMBER", 1),
                least=Amount.of(self.settings.text("PAYOUT_LEAST_AMOUNT")),
            ),
            clock=self.clock,
        )

    @cached_property
    def decide_payout(self) -> DecideParts:
        from shared.operations.decide_payout import DecideParts

        return DecideParts(payouts=self.payouts, queue=self.payout_queue, clock=self.clock)

    @cached_property
    def send_payout(self) -> SendParts:
        from shared.adapters.stored_secret import wallet_seed
        from shared.adapters.wallet import Wallet  # loads stellar-sdk
        from shared.domain.amount import Amount
        from shared.operations.sender import SenderMemory, SendParts

        seed = wallet_seed(
            self.edges.aws("secretsmanager"), self.settings.text("WALLET_SEED_SECRET_ARN")
        )
        return SendParts(
            pi=self.pi,
            chain=self.chain,
            wallet=Wallet(seed, self.network),
            payouts=self.payouts,
            payments=self.payments,
            queue=self.payout_queue,
            bus=self.bus,
            switch=self.switch,
            network=self.network,
            app_wallet=self.settings.optional("PI_WALLET_ADDRESS"),
            fee_cap=Amount(self.settings.whole_number("FEE_CAP_STROOPS", 100)),
            canary=self._canary,
            book=self._payout_book,
            memory=SenderMemory(),
            clock=self.clock,
        )

    # --- Pi and its chain ------------------------------------------------------------------------

    @cached_property
    def http(self) -> Http:
        from shared.adapters.http import Http

        return Http(self.edges.open_session, sleep=self.edges.sleep, jitter=self.edges.jitter)

    @cached_property
    def pi(self) -> PiClient:
        from shared.adapters.pi_client import PiClient

        return PiClient(self.http, self.settings.text("PI_API_URL"), self._server_key)

    @cached_property
    def _server_key(self) -> StoredSecret:
        from shared.adapters.stored_secret import server_key

        return server_key(
            self.edges.aws("secretsmanager"), self.settings.text("SERVER_KEY_SECRET_ARN")
        )

    @cached_property
    def chain(self) -> Horizon:
        from shared.adapters.horizon import Horizon

        return Horizon(self.http, self.settings.text("HORIZON_URL"))

    @cached_property
    def network(self) -> Network:
        from shared.domain.pi import Network

        return Network(self.settings.text("PI_NETWORK"))

    # --- AWS -------------------------------------------------------------------------------------

    @cached_property
    def payments(self) -> PaymentStore:
        from shared.adapters.payment_store import PaymentStore

        return PaymentStore(self.edges.aws("dynamodb"), self.settings.text("PAYMENTS_TABLE"))

    @cached_property
    def books(self) -> BookStore:
        from shared.adapters import payment_store
        from shared.adapters.book_store import BookStore

        table = self.settings.text("PAYMENTS_TABLE")
        return BookStore(self.edges.aws("dynamodb"), table, payment_store.KEY)

    @cached_property
    def payout_books(self) -> BookStore:
        """In the payouts' own table: each of the two may be restored without the other."""
        from shared.adapters import payout_store
        from shared.adapters.book_store import BookStore

        table = self.settings.text("PAYOUTS_TABLE")
        return BookStore(self.edges.aws("dynamodb"), table, payout_store.KEY)

    @cached_property
    def products(self) -> ProductStore:
        from shared.adapters.product_store import ProductStore

        return ProductStore(self.edges.aws("dynamodb"), self.settings.text("PRODUCTS_TABLE"))

    @cached_property
    def rewards(self) -> RewardStore:
        from shared.adapters.reward_store import RewardStore

        table, edges = self.settings.text("REWARDS_TABLE"), self.edges
        return RewardStore(edges.aws("dynamodb"), table, edges.sleep, edges.jitter)

    @cached_property
    def payouts(self) -> PayoutStore:
        from shared.adapters.payout_store import PayoutStore

        tables = self.settings.text("PAYOUTS_TABLE"), self.settings.text("PAYMENTS_TABLE")
        edges = self.edges
        return PayoutStore(edges.aws("dynamodb"), *tables, edges.sleep, edges.jitter)

    @cached_property
    def wake_ups(self) -> WakeUps:
        from shared.adapters.wake_ups import WakeUps

        return WakeUps(self.edges.aws("sqs"), self.settings.text("WAKE_UP_QUEUE_URL"))

    @cached_property
    def payout_queue(self) -> PayoutQueue:
        from shared.adapters.payout_queue import PayoutQueue

        return PayoutQueue(self.edges.aws("sqs"), self.settings.text("PAYOUT_QUEUE_URL"))

    @cached_property
    def bus(self) -> EventBus:
        from shared.adapters.event_bus import EventBus

        return EventBus(self.edges.aws("events"), self.settings.text("EVENT_BUS"))

    @cached_property
    def switch(self) -> Switch:
        from shared.adapters.switch import Switch

        return Switch(self.edges.aws("ssm"), self.settings.text("PAYOUTS_SWITCH"))

    # --- Common to several -----------------------------------------------------------------------

    @cached_property
    def executor(self) -> Executor:
        return self.edges.executor()

    @cached_property
    def _settling(self) -> Settling:
        from shared.operations.silence import known_silence

        return {
            "pi": self.pi,
            "chain": self.chain,
            "payments": self.payments,
            "terms": self._terms,
            "clock": self.clock,
            "silence": partial(known_silence, self.books),
            "canary": self._canary,
        }

    @cached_property
    def _canary(self) -> Canary:
        from shared.operations.canary import Canary

        return Canary(pi=self.pi, payments=self.payments)

    @cached_property
    def _book(self) -> BookParts:
        from shared.adapters import payment_store
        from shared.adapters.foreign import ForeignMemos
        from shared.operations.note_movement import NoteParts, note_movement
        from shared.operations.read_book import BookParts

        table = self.settings.text("PAYMENTS_TABLE")
        notes = NoteParts(
            payments=self.payments,
            products=self.products,
            terms=self._terms,
            canary=self._canary,
            foreign=ForeignMemos(self.edges.aws("dynamodb"), table, payment_store.KEY),
            clock=self.clock,
        )
        return BookParts(
            chain=self.chain,
            books=self.books,
            act=partial(note_movement, notes),
            network=self.network,
            clock=self.clock,
        )

    @cached_property
    def _payout_book(self) -> BookParts:
        from shared.adapters import payout_store
        from shared.adapters.foreign import ForeignMemos
        from shared.operations.note_sent import SentParts, note_sent
        from shared.operations.read_book import BookParts

        table = self.settings.text("PAYOUTS_TABLE")
        sent = SentParts(
            payouts=self.payouts,
            queue=self.payout_queue,
            canary=self._canary,
            foreign=ForeignMemos(self.edges.aws("dynamodb"), table, payout_store.KEY),
            clock=self.clock,
        )
        return BookParts(
            chain=self.chain,
            books=self.payout_books,
            act=partial(note_sent, sent),
            network=self.network,
            clock=self.clock,
        )

    @cached_property
    def _terms(self) -> Terms:
        from shared.domain.payment import Terms

        return Terms(
            network=self.network,
            wallet=self.settings.optional("PI_WALLET_ADDRESS"),
            first_look=self.settings.whole_number("FIRST_LOOK_SECONDS", 1),
        )


app = App(Settings(os.environ))
