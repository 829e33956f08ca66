"""The only place where the bundle is put together: functions, tests and benches all start here.

Each part is built when it is first named, and kept for the environment's life. A function names its
operation when it is imported, so Lambda builds what it needs before the first request, and loads
nothing else: whatever is heavy, or not for everybody, is imported where it is built.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypedDict

from shared.base.clock import Clock
from shared.base.settings import Settings
from shared.edges import Edges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from shared.aws.queue import Queue
    from shared.aws.stored_secret import StoredSecret
    from shared.aws.switch import Switch
    from shared.aws.table import Table
    from shared.base.http import Http
    from shared.base.networks import Network
    from shared.book.read import BookParts
    from shared.book.store import BookStore
    from shared.notifications.request import NotifyParts
    from shared.notifications.store import NotificationStore
    from shared.operate import OperateParts
    from shared.payments.adopt import AdoptParts
    from shared.payments.approve import ApproveParts
    from shared.payments.canary import Canary
    from shared.payments.price import Prices
    from shared.payments.read import ReadParts
    from shared.payments.record import Patience, PaymentRecord, Terms
    from shared.payments.sales import Sales
    from shared.payments.settle import SettleParts
    from shared.payments.settle_for_caller import CallerParts
    from shared.payments.store import PaymentStore
    from shared.payouts.request import DecideParts, RequestParts
    from shared.payouts.send import SendParts
    from shared.payouts.store import PayoutStore
    from shared.pi.client import PiClient
    from shared.proof.prove import ProofParts
    from shared.replay.events import ReplayParts
    from shared.rewards.claim import ClaimParts
    from shared.rewards.store import RewardStore
    from shared.stellar.horizon import Horizon
    from shared.stellar.wallet import Wallet
    from shared.users.links import Links
    from shared.users.verify import Users
    from shared.work.due_index import DueIndex
    from shared.work.event_bus import EventBus
    from shared.work.ordered import OrderedWakeUps
    from shared.work.sweep import SweepParts, WakeParts
    from shared.work.wake_ups import WakeUp, WakeUps, Work


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
        from shared.pi.client import PiClient
        from shared.users.seen_tokens import SeenTokens
        from shared.users.verify import Users

        # Its calls carry the user's token, so it has no server key, and needs none.
        pi = PiClient(self.http, self.settings.text("PI_API_URL"), None)
        return Users(pi, SeenTokens(), self.settings.optional("PI_APP_ID"))

    @cached_property
    def approve_payment(self) -> ApproveParts:
        from shared.payments.approve import ApproveParts

        return ApproveParts(
            **self._settling,
            users=self.users,
            links=self.links,
            prices=self.prices,
            sales=self.sales,
            executor=self.executor,
        )

    @cached_property
    def settle_for_caller(self) -> CallerParts:
        from shared.payments.settle_for_caller import CallerParts

        return CallerParts(
            **self._settling,
            users=self.users,
            links=self.links,
            adopting=self._adopting,
            wake_ups=self.wake_ups,
        )

    @cached_property
    def read_payments(self) -> ReadParts:
        from shared.payments.read import ReadParts

        return ReadParts(users=self.users, links=self.links, payments=self.payments)

    @cached_property
    def claim_reward(self) -> ClaimParts:
        from shared.rewards.claim import ClaimParts
        from shared.rewards.record import RewardLimits

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
        from shared.kinds import payouts
        from shared.payouts.compare import CompareParts, compare
        from shared.work.sweep import SweepParts

        of_payouts = payouts(self._payouts_table, self.payout_queue)
        return SweepParts(
            waking=replace(self._waking, kinds=(*self._waking.kinds, of_payouts)),
            compare=partial(
                compare, CompareParts(pi=self.pi, payouts=self.payouts, clock=self.clock)
            ),
            alarm_seconds=self.settings.whole_number("STUCK_ALARM_SECONDS", 1),
            executor=self.executor,
        )

    @cached_property
    def _waking(self) -> WakeParts:
        """The kinds that the worker finishes."""
        from shared.book.store import wallet_of
        from shared.kinds import Workers
        from shared.work.sweep import WakeParts

        workers = Workers(self.settings.whole_number("WORKERS", 1), self.wake_ups)
        return WakeParts(
            kinds=(
                workers.payments(self._payments_table),
                workers.rewards(self._rewards_table),
                workers.notifications(self._notifications_table),
            ),
            is_book=lambda key: wallet_of(key) is not None,
            sweep_seconds=60 * self.settings.whole_number("SWEEP_MINUTES", 1),
            clock=self.clock,
        )

    @cached_property
    def work(self) -> Mapping[Work, Callable[[str], None]]:
        """By what a wake-up is about."""
        from shared.book.read import read_book
        from shared.notifications.send import SendParts, send_batch
        from shared.payments.finish import FinishParts, finish_payment
        from shared.payments.rest import RestParts, rest
        from shared.payments.silence import Watch, silence
        from shared.rewards.finish import FinishParts as RewardParts
        from shared.rewards.finish import finish_reward
        from shared.work.sweep import sweep_on
        from shared.work.wake_ups import Work

        settling: Settling = {**self._settling, "silence": partial(silence, self._book)}
        resting = RestParts(
            payments=self.payments,
            books=self.books,
            patience=self._patience,
            sweep_seconds=self._waking.sweep_seconds,
            clock=self.clock,
        )
        payments = FinishParts(
            **settling,
            patience=self._patience,
            rest=partial(rest, resting),
            bus=self.bus,
            watch=Watch(self._book),
        )
        rewards = RewardParts(rewards=self.rewards, pi=self.pi, bus=self.bus, clock=self.clock)
        notifications = SendParts(
            notifications=self.notifications, pi=self.pi, bus=self.bus, clock=self.clock
        )
        return {
            Work.PAYMENT: partial(finish_payment, payments),
            Work.REWARD: partial(finish_reward, rewards),
            Work.BOOK: partial(read_book, self._book),
            Work.NOTIFICATION: partial(send_batch, notifications),
            Work.SWEEP: partial(sweep_on, self._waking),
        }

    @cached_property
    def prove_wallet(self) -> ProofParts:
        from shared.book.foreign import ForeignMemos
        from shared.proof import day_index
        from shared.proof import prove as prove_wallet
        from shared.proof.record import comes_in, goes_out

        return prove_wallet.ProofParts(
            chain=self.chain,
            network=self.network,
            clock=self.clock,
            payments=prove_wallet.Side(
                books=self.books,
                days=day_index.DayIndex(self._payments_table, day_index.of_payment),
                foreign=ForeignMemos(self._payments_table),
                is_its=comes_in,
                told=partial(prove_wallet.told_by_payments, self.payments),
            ),
            payouts=prove_wallet.Side(
                books=self.payout_books,
                days=day_index.DayIndex(self._payouts_table, day_index.of_payout),
                foreign=ForeignMemos(self._payouts_table),
                is_its=goes_out,
                told=partial(prove_wallet.told_by_payouts, self.payouts),
            ),
        )

    @cached_property
    def replay_events(self) -> ReplayParts:
        from shared.aws.dynamodb import UNPAID
        from shared.payments.record import PaymentEvent
        from shared.payments.view import payment_event
        from shared.payouts.record import PayoutEvent
        from shared.payouts.view import payout_event
        from shared.replay.closed_index import ClosedIndex
        from shared.replay.events import Kind, ReplayParts
        from shared.rewards.record import RewardEvent
        from shared.rewards.view import reward_event

        def closed(table: Table) -> list[ClosedIndex]:
            return [ClosedIndex(table, "settled_on"), ClosedIndex(table, "settled_on", UNPAID)]

        payments, payouts = closed(self._payments_table), closed(self._payouts_table)
        rewards = [ClosedIndex(self._rewards_table, "day")]
        # What a payout waits for changes, and so would the content of that event.
        ends = frozenset({PayoutEvent.COMPLETED, PayoutEvent.FAILED})
        return ReplayParts(
            kinds=(
                Kind(frozenset(PaymentEvent), payments, self.payments.get, payment_event),
                Kind(ends, payouts, self.payouts.get, payout_event),
                Kind(frozenset(RewardEvent), rewards, self.rewards.get, reward_event),
            ),
            bus=self.bus,
            clock=self.clock,
        )

    @cached_property
    def request_payout(self) -> RequestParts:
        from shared.base.amount import Amount
        from shared.payouts.record import Caps
        from shared.payouts.request import RequestParts

        return RequestParts(
            payouts=self.payouts,
            payments=self.payments,
            links=self.links,
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
    def notify_users(self) -> NotifyParts:
        from shared.notifications.request import NotifyParts

        return NotifyParts(
            notifications=self.notifications, wake_ups=self.wake_ups, clock=self.clock
        )

    @cached_property
    def decide_payout(self) -> DecideParts:
        from shared.payouts.request import DecideParts

        return DecideParts(payouts=self.payouts, queue=self.payout_queue, clock=self.clock)

    @cached_property
    def operate(self) -> OperateParts:
        from shared.operate import OperateParts
        from shared.payments.by_hand import ByHandParts
        from shared.payments.migrate import MigrateParts
        from shared.payments.people import PeopleParts

        return OperateParts(
            people=PeopleParts(links=self.links, payments=self.payments),
            by_hand=ByHandParts(payments=self.payments, wake_ups=self.wake_ups, clock=self.clock),
            refunds=self.request_payout,
            sales=self.sales,
            migration=MigrateParts(
                pi=self.pi,
                payments=self.payments,
                adopting=self._adopting,
                terms=self._terms,
                wake_ups=self.wake_ups,
                executor=self.executor,
                clock=self.clock,
            ),
        )

    @cached_property
    def send_payout(self) -> SendParts:
        from shared.base.amount import Amount
        from shared.notifications.arrival import ArrivalParts
        from shared.payouts.decision import Terms
        from shared.payouts.send import SenderMemory, SendParts
        from shared.stellar.submit import Submitter

        arrival = ArrivalParts(
            notify=self.notify_users,
            title=self.settings.text("NOTIFICATION_TITLE"),
            payout=self.settings.optional("PAYOUT_NOTIFICATION"),
            refund=self.settings.optional("REFUND_NOTIFICATION"),
        )
        return SendParts(
            pi=self.pi,
            chain=self.chain,
            submitter=Submitter(self.http, self.settings.text("HORIZON_URL")),
            wallet=self.wallet,
            payouts=self.payouts,
            payments=self.payments,
            queue=self.payout_queue,
            bus=self.bus,
            switch=self.switch,
            terms=Terms(
                network=self.network,
                app_wallet=self.settings.optional("PI_WALLET_ADDRESS"),
                fee_cap=Amount(self.settings.whole_number("FEE_CAP_STROOPS", 100)),
            ),
            canary=self._canary,
            book=self._payout_book,
            memory=SenderMemory(),
            arrival=arrival,
            clock=self.clock,
        )

    # --- Pi and its chain ------------------------------------------------------------------------

    @cached_property
    def http(self) -> Http:
        from shared.base.http import Http

        return Http(self.edges.connections(), sleep=self.edges.sleep, jitter=self.edges.jitter)

    @cached_property
    def pi(self) -> PiClient:
        from shared.pi.client import PiClient

        return PiClient(self.http, self.settings.text("PI_API_URL"), self._server_key)

    @cached_property
    def _server_key(self) -> StoredSecret:
        from shared.aws.stored_secret import server_key

        return server_key(
            self.edges.aws("secretsmanager"), self.settings.text("SERVER_KEY_SECRET_ARN")
        )

    @cached_property
    def chain(self) -> Horizon:
        from shared.stellar.horizon import Horizon

        return Horizon(self.http, self.settings.text("HORIZON_URL"))

    @cached_property
    def wallet(self) -> Wallet:
        from shared.aws.stored_secret import wallet_seed
        from shared.stellar.wallet import Wallet  # loads stellar-sdk

        seed = wallet_seed(
            self.edges.aws("secretsmanager"), self.settings.text("WALLET_SEED_SECRET_ARN")
        )
        return Wallet(seed, self.network)

    @cached_property
    def network(self) -> Network:
        from shared.base.networks import Network

        return Network(self.settings.text("PI_NETWORK"))

    # --- AWS -------------------------------------------------------------------------------------

    @cached_property
    def payments(self) -> PaymentStore:
        from shared.payments.store import PaymentStore

        return PaymentStore(self._payments_table, self.clock)

    @cached_property
    def links(self) -> Links:
        from shared.users.links import Links

        return Links(self._payments_table)

    @cached_property
    def books(self) -> BookStore:
        from shared.book.store import BookStore

        return BookStore(self._payments_table)

    @cached_property
    def payout_books(self) -> BookStore:
        """In the payouts' own table: each of the two may be restored without the other."""
        from shared.book.store import BookStore

        return BookStore(self._payouts_table)

    @cached_property
    def prices(self) -> Prices:
        """The app's own function, if it has one; else the table of products."""
        if (arn := self.settings.optional("PRICE_FUNCTION_ARN")) is not None:
            from shared.payments.price_function import PriceFunction

            return PriceFunction(self.edges.aws("lambda"), arn, self.clock).price
        from shared.payments.price import price_in_table
        from shared.payments.products import KEY, ProductStore

        return partial(price_in_table, ProductStore(self._table("PRODUCTS_TABLE", KEY)))

    @cached_property
    def unfinished(self) -> Mapping[str, DueIndex]:
        """By what it is; for an operator to see."""
        from shared.work.due_index import DueIndex

        return {
            "payment": DueIndex(self._payments_table),
            "payout": DueIndex(self._payouts_table),
            "reward": DueIndex(self._rewards_table),
        }

    @cached_property
    def look(self) -> SettleParts:
        """What the worker would decide about a payment; it writes nothing."""
        from shared.payments.look import ReadOnlyPayments
        from shared.payments.settle import SettleParts

        payments = ReadOnlyPayments(self._payments_table, self.clock)
        canary = replace(self._canary, payments=payments)
        looking: Settling = {**self._settling, "payments": payments, "canary": canary}
        return SettleParts(**looking, patience=self._patience)

    @cached_property
    def sales(self) -> Sales:
        from shared.payments.sales import Sales

        return Sales(self._payments_table, self.clock)

    @cached_property
    def rewards(self) -> RewardStore:
        from shared.rewards.store import RewardStore

        return RewardStore(self._rewards_table, self.clock)

    @cached_property
    def notifications(self) -> NotificationStore:
        from shared.notifications.store import NotificationStore

        return NotificationStore(self._notifications_table, self.clock)

    @cached_property
    def payouts(self) -> PayoutStore:
        from shared.payouts.store import PayoutStore

        return PayoutStore(self._payouts_table, self._payments_table, self.clock)

    @cached_property
    def _payments_table(self) -> Table:
        from shared.payments.store import KEY

        return self._table("PAYMENTS_TABLE", KEY)

    @cached_property
    def _payouts_table(self) -> Table:
        from shared.payouts.store import KEY

        return self._table("PAYOUTS_TABLE", KEY)

    @cached_property
    def _rewards_table(self) -> Table:
        from shared.rewards.store import KEY

        return self._table("REWARDS_TABLE", KEY)

    @cached_property
    def _notifications_table(self) -> Table:
        from shared.notifications.store import KEY

        return self._table("NOTIFICATIONS_TABLE", KEY)

    def _table(self, setting: str, key: str) -> Table:
        from shared.aws.table import Table

        edges = self.edges
        name = self.settings.text(setting)
        return Table(edges.aws("dynamodb"), name, key, edges.sleep, edges.jitter)

    @cached_property
    def wake_ups(self) -> WakeUps[WakeUp]:
        from shared.work.wake_ups import WakeUps

        return WakeUps(self._queue("WAKE_UP_QUEUE_URL"))

    @cached_property
    def payout_queue(self) -> OrderedWakeUps:
        from shared.work.ordered import OrderedWakeUps

        return OrderedWakeUps(self._queue("PAYOUT_QUEUE_URL"))

    def _queue(self, setting: str) -> Queue:
        from shared.aws.queue import Queue

        return Queue(self.edges.aws("sqs"), self.settings.text(setting))

    @cached_property
    def bus(self) -> EventBus:
        from shared.work.event_bus import EventBus

        return EventBus(self.edges.aws("events"), self.settings.text("EVENT_BUS"))

    @cached_property
    def switch(self) -> Switch:
        from shared.aws.switch import Switch

        return Switch(self.edges.aws("ssm"), self.settings.text("PAYOUTS_SWITCH"))

    # --- Common to several -----------------------------------------------------------------------

    @cached_property
    def executor(self) -> Executor:
        return self.edges.executor()

    @cached_property
    def _settling(self) -> Settling:
        from shared.payments.silence import known_silence

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
    def _adopting(self) -> AdoptParts:
        from shared.payments.adopt import AdoptParts

        return AdoptParts(
            payments=self.payments,
            links=self.links,
            prices=self.prices,
            terms=self._terms,
            clock=self.clock,
        )

    @cached_property
    def _canary(self) -> Canary:
        from shared.payments.canary import Canary

        return Canary(pi=self.pi, payments=self.payments)

    @cached_property
    def _book(self) -> BookParts:
        from shared.book.foreign import ForeignMemos
        from shared.book.read import BookParts
        from shared.payments.note import NoteParts, note_movement

        notes = NoteParts(
            payments=self.payments,
            adopting=self._adopting,
            canary=self._canary,
            foreign=ForeignMemos(self._payments_table),
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
        from shared.book.foreign import ForeignMemos
        from shared.book.read import BookParts
        from shared.payouts.compare import SentParts, note_sent

        sent = SentParts(
            payouts=self.payouts,
            queue=self.payout_queue,
            canary=self._canary,
            foreign=ForeignMemos(self._payouts_table),
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
    def _patience(self) -> Patience:
        from shared.payments.record import Patience

        return Patience(
            alone=self.settings.whole_number("SWEEP_CANCELS_AFTER_SECONDS", LEAST_PATIENCE_SECONDS),
            asked=self.settings.whole_number("CANCEL_UNPAID_AFTER_SECONDS", LEAST_PATIENCE_SECONDS),
        )

    @cached_property
    def _terms(self) -> Terms:
        from shared.payments.record import Terms

        return Terms(
            network=self.network,
            wallet=self.settings.optional("PI_WALLET_ADDRESS"),
            first_look=self.settings.whole_number("FIRST_LOOK_SECONDS", 1),
        )


app = App(Settings(os.environ))
