"""A world in which time passes: Pi and its chain, the tables, the sweep on its schedule, the queue
with its worker, and the bus.

The sweep and the worker are the deployed handlers; only the composition is replaced. Pi is the
emulator without a socket, DynamoDB is MiniStack's over HTTP, because it is atomic. Hours of an
outage are ticks of the clock.
"""

import runpy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest
import requests
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_events import EventBridgeClient
from mypy_boto3_secretsmanager import SecretsManagerClient
from mypy_boto3_sqs import SQSClient

from local.emulator.faults import Fault, FaultyFront
from local.emulator.http import create_app
from local.emulator.payment import Payment
from local.emulator.pi import Pi
from local.processes import ROOT
from shared.adapters import observability, payment_store, payout_store, reward_store
from shared.adapters.deadline import Deadline
from shared.adapters.due_index import DueIndex
from shared.adapters.dynamodb import encoded
from shared.adapters.event_bus import EventBus
from shared.adapters.horizon import Horizon
from shared.adapters.http import Http
from shared.adapters.payment_store import PaymentStore
from shared.adapters.payout_store import PayoutStore
from shared.adapters.pi_client import PiClient
from shared.adapters.product_store import ProductStore
from shared.adapters.reward_store import RewardStore
from shared.adapters.secret import Secret
from shared.adapters.seen_tokens import SeenTokens
from shared.adapters.stored_secret import StoredSecret, server_key
from shared.adapters.wake_ups import WakeUp, WakeUps, Work
from shared.domain.payment import PaymentRecord, Terms
from shared.domain.pi import Network
from shared.domain.reward import RewardLimits, RewardRecord
from shared.operations.approve_payment import approve
from shared.operations.claim_reward import claim
from shared.operations.services import (
    ApprovalServices,
    ClosingServices,
    DueWork,
    RewardServices,
    SweepServices,
    WorkerServices,
)
from shared.operations.settle_payment import settle_for_caller
from shared.operations.verify_user import Users
from tests.integration.effects import Effects, Inline, WatchedAdapter
from tests.integration.world import KEY, PIE, START, Secrets, Storage, User
from tests.weather.cloud import Bus, Context, Queue, Worker

SWEEP_SECONDS = 300
FIRST_LOOK_SECONDS = 60
CANCEL_AFTER = 600  # a front end asks
SWEEP_CANCELS_AFTER = 3600
RECHECK_SECONDS = 24 * 3600


class Metrics:
    """Stands where Powertools' metrics stand: counters of the whole test, and the last gauges."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.last: dict[str, int] = {}
        self.provider = self
        self.metric_set: dict[str, Any] = {}  # nothing to print

    def add_metric(self, *, name: str, unit: object, value: int) -> None:
        self.counted[name] += value
        self.last[name] = value


class World:
    """See the module. `ahead`: how far our clock is ahead of Pi's and the chain's."""

    def __init__(self, storage: Storage, tables: Mapping[str, str]) -> None:
        self.now, self.ahead = START, timedelta()
        self.pi = Pi(clock=lambda: self.now, server_key=KEY)
        app = create_app(self.pi)
        self.front = cast(FaultyFront, app.wsgi_app)
        self.effects, self.metrics = Effects(), Metrics()
        self.adapter = WatchedAdapter(app, self.effects)
        self.storage, self.tables = storage, tables
        self.secrets = Secrets(KEY)
        self.queue = Queue(self._seconds, self.effects)
        self.bus = Bus(self.effects)
        self.wake_ups = partial(WakeUps, cast(SQSClient, self.queue), "https://sqs.test/wake-ups")
        self.event_bus = partial(EventBus, cast(EventBridgeClient, self.bus), "bus")
        self.sweep_seconds = SWEEP_SECONDS
        self.limits = RewardLimits(daily_cap=20, fresh_seconds=3600, recheck_after=RECHECK_SECONDS)
        self.cold_start()
        pie = {"product_id": PIE, "name": "Apple pie", "active": True, "price": "3.14"}
        self.storage.eyes.put_item(TableName=tables["ProductsTable"], Item=encoded(pie))

    # --- Time ------------------------------------------------------------------------------------

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def rounds(self, number: int) -> None:
        """The schedule fires this many times; each time the queue is then worked off."""
        for _ in range(number):
            self.tick(self.sweep_seconds)
            self.sweep()
            self.work()

    def live(self, seconds: int) -> None:
        self.rounds(seconds // self.sweep_seconds)

    def clock(self) -> int:
        return int((self.now + self.ahead).timestamp())

    # --- The bundle ------------------------------------------------------------------------------

    def cold_start(self) -> None:
        """New environments: nothing that the last ones kept in memory is there."""
        self.worker, self.sweeper = self.new_worker(), self.new_sweeper()

    def sweep(self) -> int:
        return int(self.sweeper({}, Context(60_000))["woken"])

    def work(self) -> None:
        self.queue.feed(self.worker)

    def new_sweeper(self) -> Worker:
        return _handler("sweep", "sweep_services", self.sweep_services)

    def new_worker(self) -> Worker:
        http, key = self._http(), server_key(cast(SecretsManagerClient, self.secrets), "arn:key")

        def services(deadline: Deadline) -> WorkerServices:
            return WorkerServices(
                **self._settle_parts(http, key, deadline, SWEEP_CANCELS_AFTER),
                rewards=self._rewards(self.storage.bundle, deadline),
                bus=self.event_bus(deadline),
            )

        return _handler("settle", "worker_services", services)

    def sweep_services(self, deadline: Deadline) -> SweepServices:
        client, tables = self.storage.bundle, self.tables

        def due(table: str, key: str, work: Work) -> DueWork:
            index = DueIndex(client, tables[table], key, deadline)
            wake_ups = self.wake_ups(deadline)
            return DueWork(index, lambda key, _: wake_ups.send(WakeUp(work, key)))

        def wake_sender(payout_id: str, _due_at: int) -> None:
            raise AssertionError(f"there are no payouts here: {payout_id}")

        payouts, payments = tables["PayoutsTable"], tables["PaymentsTable"]
        key = server_key(cast(SecretsManagerClient, self.secrets), "arn:key")
        return SweepServices(
            payments=due("PaymentsTable", payment_store.KEY, Work.PAYMENT),
            rewards=due("RewardsTable", reward_store.KEY, Work.REWARD),
            payouts=DueWork(DueIndex(client, payouts, payout_store.KEY, deadline), wake_sender),
            pi=PiClient(self._http(), "http://pi.test/v2", key, deadline),
            payout_store=PayoutStore(client, payouts, payments, deadline),
            deadline=deadline,
            sweep_seconds=self.sweep_seconds,
            clock=self.clock,
        )

    # --- What users and their front ends do ------------------------------------------------------

    def user(self) -> User:
        user, token = self.pi.registry.sign_in()
        return User(user.uid, token)

    def start(self, user: User, amount: str = "3.14", **shown: Any) -> str:
        """`Pi.createPayment`. `shown` replaces keys of the PaymentDTO."""
        order = {"amount": Decimal(amount), "memo": "Pie", "metadata": {"productId": PIE}}
        return str(self.pi.start_payment(user.token, order, shown)["identifier"])

    def approved(self, user: User | None = None, amount: str = "3.14", **shown: Any) -> str:
        """A new user's payment that the bundle has approved. Raises Conflict if it refuses it."""
        user = user or self.user()
        payment_id = self.start(user, amount, **shown)
        http, key, deadline, users = self._front_end()
        services = ApprovalServices(
            **self._settle_parts(http, key, deadline, CANCEL_AFTER),
            users=users,
            products=ProductStore(self.storage.bundle, self.tables["ProductsTable"], deadline),
            executor=Inline(),
        )
        approve(services, payment_id, Secret(user.token))
        return payment_id

    def pay(self, payment_id: str, **how: Any) -> str:
        """The user's wallet pays; `how`: see `Pi.pay`."""
        return self.pi.pay(payment_id, **how).txid

    def paid(self, **shown: Any) -> str:
        payment_id = self.approved(**shown)
        self.pay(payment_id)
        return payment_id

    def paid_unseen(self, *, known_to_pi: bool = True) -> str:
        """Paid on the chain; Pi does not show the transaction, or does not know it at all."""
        payment_id = self.approved()
        payment = self.at_pi(payment_id)
        payment.settings = replace(payment.settings, show_txid_before_complete=False)
        self.pay(payment_id, link=known_to_pi)
        return payment_id

    def cancelled_by_user(self) -> str:
        payment_id = self.approved()
        self.pi.user_cancel(payment_id)
        return payment_id

    def ask(self, payment_id: str, user: User | None = None) -> PaymentRecord:
        """A front end posts incomplete, cancel or error."""
        http, key, deadline, users = self._front_end()
        services = ClosingServices(
            **self._settle_parts(http, key, deadline, CANCEL_AFTER),
            users=users,
            products=ProductStore(self.storage.bundle, self.tables["ProductsTable"], deadline),
            wake_ups=self.wake_ups(deadline),
        )
        token = None if user is None else Secret(user.token)
        return settle_for_caller(services, payment_id, token, None)[0]

    def granted_ad(self) -> str:
        """An ad that a new user has watched and claimed."""
        user, ad = self.user(), self.pi.show_ad("granted")
        _, _, deadline, users = self._front_end()
        services = RewardServices(
            users=users,
            pi=users.pi,
            rewards=self._rewards(self.storage.bundle, deadline),
            limits=self.limits,
            wake_ups=self.wake_ups(deadline),
            clock=self.clock,
            executor=Inline(),
        )
        assert claim(services, ad.identifier, Secret(user.token)) is not None
        return ad.identifier

    # --- Weather ---------------------------------------------------------------------------------

    def fault(self, method: str = "*", path: str = "*", **how: Any) -> None:
        """Matching calls to Pi or the chain go wrong until `heal`; `how`: see `Fault`."""
        self.front.faults.append(Fault(method=method, path=path, **{"times": None, **how}))

    def heal(self) -> None:
        self.front.faults.clear()

    @contextmanager
    def fair_weather(self) -> Iterator[None]:
        """For as long as the block runs."""
        faults, self.front.faults = self.front.faults, []
        yield
        self.front.faults = faults

    # --- What there is afterwards ----------------------------------------------------------------

    def at_pi(self, payment_id: str) -> Payment:
        return self.pi.payment(payment_id)

    def record(self, payment_id: str) -> PaymentRecord:
        table = self.tables["PaymentsTable"]
        record = PaymentStore(self.storage.eyes, table, Deadline(15)).get(payment_id)
        assert record is not None, "there is no record of this payment"
        return record

    def reward(self, ad_id: str) -> RewardRecord:
        record = self._rewards(self.storage.eyes, Deadline(15)).get(ad_id)
        assert record is not None, "there is no record of this ad"
        return record

    def events(self, business_id: str) -> list[str]:
        """The types of the events that the bus accepted about a payment or an ad, in order; each
        has the identity that a consumer drops duplicates by."""
        found = [event for event in self.bus.events if business_id in event.event_id]
        assert all(event.event_id == f"{business_id}:{event.type}" for event in found)
        return [event.type for event in found]

    def calls(self, business_id: str) -> list[str]:
        """The calls to Pi about a payment or an ad: `POST complete`, `GET`."""
        found = []
        for call in self.front.calls:
            _, named, step = str(call["path"]).partition(business_id)
            if named:
                found.append(f"{call['method']} {step.strip('/')}".strip())
        return found

    def wake(self, work: Work, key: str) -> None:
        """A message about it, out of turn: what an operator sends by hand."""
        self.queue.put(str(WakeUp(work, key)))

    # --- Inner parts -----------------------------------------------------------------------------

    def _front_end(self) -> tuple[Http, StoredSecret, Deadline, Users]:
        """Its functions have environments of their own."""
        http, deadline = self._http(), Deadline(15)
        key = server_key(cast(SecretsManagerClient, self.secrets), "arn:key")
        pi = PiClient(http, "http://pi.test/v2", key, deadline)
        return http, key, deadline, Users(pi, SeenTokens(), None)

    def _settle_parts(
        self, http: Http, key: StoredSecret, deadline: Deadline, cancel_after: int
    ) -> Any:
        return {
            "pi": PiClient(http, "http://pi.test/v2", key, deadline),
            "chain": Horizon(http, "http://pi.test/horizon", deadline),
            "payments": PaymentStore(self.storage.bundle, self.tables["PaymentsTable"], deadline),
            "terms": Terms(
                network=Network.TESTNET,
                wallet=self.pi.registry.app().wallet,
                cancel_after=cancel_after,
                first_look=FIRST_LOOK_SECONDS,
            ),
            "clock": self.clock,
        }

    def _rewards(self, client: DynamoDBClient, deadline: Deadline) -> RewardStore:
        return RewardStore(client, self.tables["RewardsTable"], deadline, sleep=_no_sleep)

    def _http(self) -> Http:
        return Http(open_session=self._session, clock=self._seconds, sleep=_no_sleep)

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://pi.test", self.adapter)
        return session

    def _seconds(self) -> float:
        return self.now.timestamp()


@contextmanager
def new_world(storage: Storage, tables: Mapping[str, str]) -> Iterator[World]:
    world = World(storage, tables)
    with pytest.MonkeyPatch.context() as patch, world.effects.of_storage(storage.bundle):
        patch.setattr(observability, "metrics", world.metrics)
        yield world


def _handler(function: str, composed: str, bind: Callable[[Deadline], object]) -> Worker:
    """The function's own handler, in an environment of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"shared.composition.background.{composed}", lambda: bind)
        app = runpy.run_path(str(ROOT / "functions" / function / "app.py"))
    return cast(Worker, app["handler"])


def _no_sleep(_seconds: float) -> None:
    """Nothing to wait for: time is ours."""
