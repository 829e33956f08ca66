"""A world with a wallet: Pi and its chain, the tables, the queue with its sender, the sweep, the
bus, the operator with a switch. Time passes only as a test says.

The functions are the deployed handlers; only the composition is replaced.
"""

import json
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
from mypy_boto3_events import EventBridgeClient
from mypy_boto3_secretsmanager import SecretsManagerClient
from mypy_boto3_sqs import SQSClient

from local.emulator.faults import Fault
from local.emulator.payment import Payment
from local.emulator.registry import wallet_seed_of
from local.emulator.wire import dumps
from local.processes import ROOT
from shared.adapters import observability, payment_store, payout_store
from shared.adapters.deadline import Deadline
from shared.adapters.due_index import DueIndex
from shared.adapters.event_bus import EventBus
from shared.adapters.horizon import Horizon
from shared.adapters.http import Http
from shared.adapters.payment_store import PaymentStore
from shared.adapters.payout_queue import PayoutQueue
from shared.adapters.payout_store import PayoutStore
from shared.adapters.pi_client import PiClient
from shared.adapters.product_store import ProductStore
from shared.adapters.seen_tokens import SeenTokens
from shared.adapters.stored_secret import server_key, wallet_seed
from shared.adapters.switch import Switch
from shared.adapters.wake_ups import WakeUps
from shared.adapters.wallet import Wallet
from shared.domain.amount import Amount
from shared.domain.payment import PaymentRecord, PaymentState, Terms
from shared.domain.payout import Caps, PayoutRecord
from shared.domain.pi import Network
from shared.operations.services import (
    ClosingServices,
    DecisionServices,
    DueWork,
    PayoutServices,
    SenderMemory,
    SenderServices,
    SweepServices,
)
from shared.operations.verify_user import Users
from tests.integration.effects import Effects
from tests.integration.handlers import Reply, event
from tests.integration.world import KEY, Secrets
from tests.payouts.cloud import FifoQueue, Parameters, Worker
from tests.payouts.emulator import Adapter, the_emulator
from tests.payouts.storage import Place, Tables
from tests.weather.cloud import Bus, Context, Queue
from tests.weather.world import Metrics

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

SWEEP_SECONDS = 300
Backup = dict[str, list[dict[str, Any]]]
CAPS = Caps(payment=Amount.of(100), user_day=Amount.of(150), wallet_day=Amount.of(400))
FEE_CAP = Amount(1_000_000)


class World:
    """See the module. `ahead`: how far our clock is ahead of Pi's and the chain's."""

    def __init__(self, tables: Tables, effects: Effects, seed: int | None = None) -> None:
        self.emulator, self.ahead = the_emulator().fresh(seed), timedelta()
        self.pi, self.front = self.emulator.pi, self.emulator.front
        self.tables, self.effects, self.metrics = tables, effects, Metrics()
        self.adapter = Adapter(self.emulator.app, effects)
        self.key_secret, self.seed_secret = Secrets(KEY), Secrets(wallet_seed_of("demo-app"))
        self.switch = Parameters(effects)
        self.queue, self.bus = FifoQueue(self._seconds, effects), Bus(effects)
        self.wake_ups = Queue(self._seconds, effects)
        self.caps, self.network = CAPS, Network.TESTNET
        self.app_wallet: str | None = None
        self.cold_start()
        self.requester = _handler("request_payout", "payout.payout_services", self._payouts)
        self.decider = _handler("decide_payout", "payout.decision_services", self._decisions)
        self.sender = self.new_sender()
        self._front_ends = [
            _handler(name, "payment.closing_services", self._closings)
            for name in ("resolve_payment", "complete_payment")
        ]
        self.sweeper = _handler("sweep", "background.sweep_services", self._sweep)

    # --- Time ------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Pi's time, and the chain's."""
        return self.emulator.now

    def tick(self, seconds: float) -> None:
        self.emulator.now += timedelta(seconds=seconds)

    def rounds(self, number: int = 1) -> None:
        """The schedule fires this many times; each time the queue is then worked off."""
        for _ in range(number):
            self.tick(SWEEP_SECONDS)
            self.sweep()
            self.work()

    def clock(self) -> int:
        return int((self.now + self.ahead).timestamp())

    # --- The bundle ------------------------------------------------------------------------------

    def cold_start(self) -> None:
        """New environments: nothing that the last ones kept in memory is there."""
        self._http = Http(open_session=self._session, clock=self._seconds, sleep=_no_sleep)
        self._memory = SenderMemory()
        self._key = server_key(cast(SecretsManagerClient, self.key_secret), "arn:key")
        self._seed = wallet_seed(cast(SecretsManagerClient, self.seed_secret), "arn:seed")

    def call(self, route: str, **request: Any) -> Reply:
        """`POST /payouts` or `GET /payouts/{payout_id}`. `request`: see `event`."""
        answer = self.requester(event(route, **request), Context(15_000))
        return Reply(answer["statusCode"], json.loads(answer["body"]), answer["headers"])

    def post(self, **body: Any) -> Reply:
        """`POST /payouts` with this body; amounts are Decimals, texts or whole numbers."""
        return self.call("POST /payouts", body=dumps(body))

    def anonymous(self, route: str, **request: Any) -> Reply:
        """`POST /pi_payment/cancel` and so on, from whoever it is. `request`: see `event`."""
        front_end = self._front_ends[route.endswith("/complete")]
        answer = front_end(event(route, **request), Context(15_000))
        return Reply(answer["statusCode"], json.loads(answer["body"]), answer["headers"])

    def decide(self, payout_id: str, decision: str, **more: Any) -> Mapping[str, Any]:
        command = {"payout_id": payout_id, "decision": decision, **more}
        return cast(Mapping[str, Any], self.decider(command, Context(15_000)))

    def sweep(self) -> int:
        return int(self.sweeper({}, Context(60_000))["woken"])

    def work(self, most: int | None = None) -> int:
        return self.queue.feed(self.sender, most)

    def new_sender(self) -> Worker:
        return cast(Worker, _handler("send_payout", "sender.sender_services", self._sender))

    def wake(self, payout_id: str, sender: Worker | None = None) -> None:
        """One delivery of the newest message about it, out of turn; nothing may reach the DLQ."""
        standing = self._store(self.tables.eyes, Deadline(60)).get(payout_id)
        body = f"{payout_id}:{(standing and standing.due_at) or 0}"
        record = {"messageId": "1", "body": body, "eventSource": "aws:sqs"}
        answer = (sender or self.sender)({"Records": [record]}, Context(60_000))
        assert answer == {"batchItemFailures": []}

    # --- What the operator's back end and its users do -------------------------------------------

    def user(self, name: str | None = None, **how: Any) -> str:
        return self.pi.registry.sign_in(name, **how)[0].uid

    def requested(self, payout_id: str = "payout-1", uid: str | None = None, **how: Any) -> str:
        """A payout that was taken on; nobody has sent it yet."""
        body = {"payout_id": payout_id, "uid": uid or self.user("alice"), "memo": "Thank you"}
        reply = self.post(**body | {"amount": "3.14"} | how)
        assert reply.status == 202, reply.body
        return payout_id

    def sold(self, amount: str = "3.14", uid: str | None = None, **fields: Any) -> str:
        """A payment that a user has made and we have completed, delivered."""
        payment_id = f"payment-{len(self.tables.items(self.tables.payments))}"
        record = PaymentRecord(
            payment_id=payment_id,
            uid=uid or self.user("alice"),
            amount=Amount.of(amount),
            created_at=self.clock(),
            **{"state": PaymentState.COMPLETED, "price": None, **fields},
        )
        self._payments(self.tables.eyes).put_if_absent(record)
        return payment_id

    # --- Weather ---------------------------------------------------------------------------------

    def fault(self, method: str = "*", path: str = "*", **how: Any) -> None:
        """Matching calls to Pi or the chain go wrong until `heal`; `how`: see `Fault`."""
        self.front.faults.append(Fault(method=method, path=path, **{"times": None, **how}))

    def heal(self) -> None:
        self.front.faults.clear()

    def stranger_pays(self, amount: str = "1", **how: Any) -> str:
        """Somebody else's use of our wallet takes a sequence number."""
        stranger = self.pi.registry.sign_in("stranger")[0].wallet
        order = {"source": self.wallet, "destination": stranger, "memo": None} | how
        return self.pi.transfer(amount=Decimal(amount), **order).txid

    def backup(self) -> Backup:
        """The tables as they stand now, both at the same moment."""
        names = (self.tables.payouts, self.tables.payments)
        return {name: deepcopy(self.tables.items(name)) for name in names}

    def restore(self, backup: Backup) -> None:
        """The tables as they stood then; Pi, the chain and the queue went on."""
        for name, items in backup.items():
            key = payout_store.KEY if name == self.tables.payouts else payment_store.KEY
            for item in deepcopy(self.tables.items(name)):
                self.tables.eyes.delete_item(TableName=name, Key={key: item[key]})
            for item in items:
                self.tables.eyes.put_item(TableName=name, Item=deepcopy(item))

    # --- What there is afterwards ----------------------------------------------------------------

    @property
    def wallet(self) -> str:
        wallet = self.pi.registry.app().wallet
        assert wallet is not None
        return wallet

    def record(self, payout_id: str = "payout-1") -> PayoutRecord:
        record = self._store(self.tables.eyes, Deadline(15)).get(payout_id)
        assert record is not None, "there is no record of this payout"
        return record

    def records(self) -> list[PayoutRecord]:
        names = [item["payout_id"]["S"] for item in self.tables.items(self.tables.payouts)]
        return [self.record(name) for name in names if "#" not in name]

    def payment_record(self, payment_id: str) -> PaymentRecord:
        record = self._payments(self.tables.eyes).get(payment_id)
        assert record is not None
        return record

    def counters(self) -> dict[str, int]:
        """What the days' counters say, in stroops, without those at zero."""
        items = self.tables.items(self.tables.payouts)
        paid = {item["payout_id"]["S"]: int(item["paid"]["N"]) for item in items if "paid" in item}
        return {name: stroops for name, stroops in paid.items() if stroops}

    def payments_of(self, payout_id: str) -> list[Payment]:
        """All that Pi was ever asked to create for it."""
        return [p for p in self.pi.payments.values() if p.metadata.get("payout_id") == payout_id]

    def paid(self, payout_id: str) -> list[str]:
        """The successful transactions of our wallet for it: exactly one, or money is lost."""
        memos = {payment.identifier for payment in self.payments_of(payout_id)}
        return [
            tx.txid
            for tx in self.pi.chain.transactions
            if tx.memo in memos and tx.source == self.wallet and tx.successful
        ]

    def events(self, payout_id: str) -> list[str]:
        found = [event for event in self.bus.events if event.detail["payout_id"] == payout_id]
        assert all(event.event_id.startswith(f"{payout_id}:{event.type}") for event in found)
        return [event.type for event in found]

    # --- Inner parts -----------------------------------------------------------------------------

    def _decisions(self, deadline: Deadline) -> DecisionServices:
        return DecisionServices(
            payouts=self._store(self.tables.bundle, deadline),
            queue=self._queue(deadline),
            clock=self.clock,
        )

    def _payouts(self, deadline: Deadline) -> PayoutServices:
        return PayoutServices(
            payouts=self._store(self.tables.bundle, deadline),
            payments=self._payments(self.tables.bundle, deadline),
            queue=self._queue(deadline),
            switch=self._switch(deadline),
            caps=self.caps,
            clock=self.clock,
        )

    def _sender(self, deadline: Deadline) -> SenderServices:
        return SenderServices(
            pi=self._pi(deadline),
            chain=Horizon(self._http, "http://pi.test/horizon", deadline),
            wallet=Wallet(self._seed, self.network, deadline),
            payouts=self._store(self.tables.bundle, deadline),
            queue=self._queue(deadline),
            bus=EventBus(cast(EventBridgeClient, self.bus), "bus", deadline),
            switch=self._switch(deadline),
            network=self.network,
            app_wallet=self.app_wallet,
            fee_cap=FEE_CAP,
            memory=self._memory,
            clock=self.clock,
        )

    def _closings(self, deadline: Deadline) -> ClosingServices:
        pi, wake_ups = self._pi(deadline), cast(SQSClient, self.wake_ups)
        return ClosingServices(
            users=Users(pi, SeenTokens(), None),
            pi=pi,
            chain=Horizon(self._http, "http://pi.test/horizon", deadline),
            payments=self._payments(self.tables.bundle, deadline),
            products=ProductStore(self.tables.bundle, "products", deadline),
            terms=Terms(Network.TESTNET, self.wallet, 600, 60),
            wake_ups=WakeUps(wake_ups, "https://sqs.test/wake-ups", deadline),
            clock=self.clock,
        )

    def _sweep(self, deadline: Deadline) -> SweepServices:
        tables, client = self.tables, self.tables.bundle

        def due(table: str, key: str, wake: Callable[[str, int], None]) -> DueWork:
            return DueWork(DueIndex(client, table, key, deadline), wake)

        def nobody(key: str, due_at: int) -> None:
            raise AssertionError(f"no payment or reward is due here: {key} {due_at}")

        return SweepServices(
            payments=due(tables.payments, payment_store.KEY, nobody),
            rewards=due(tables.rewards, "id", nobody),
            payouts=due(tables.payouts, payout_store.KEY, self._queue(deadline).send),
            pi=self._pi(deadline),
            payout_store=self._store(client, deadline),
            deadline=deadline,
            sweep_seconds=SWEEP_SECONDS,
            clock=self.clock,
        )

    def _pi(self, deadline: Deadline) -> PiClient:
        return PiClient(self._http, "http://pi.test/v2", self._key, deadline)

    def _queue(self, deadline: Deadline) -> PayoutQueue:
        return PayoutQueue(cast(SQSClient, self.queue), "https://sqs.test/payouts.fifo", deadline)

    def _switch(self, deadline: Deadline) -> Switch:
        return Switch(cast("SSMClient", self.switch), "/stack/payouts", deadline)

    def _store(self, client: Any, deadline: Deadline) -> PayoutStore:
        tables = self.tables
        return PayoutStore(client, tables.payouts, tables.payments, deadline, _no_sleep)

    def _payments(self, client: Any, deadline: Deadline | None = None) -> PaymentStore:
        return PaymentStore(client, self.tables.payments, deadline or Deadline(15))

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://pi.test", self.adapter)
        return session

    def _seconds(self) -> float:
        return self.now.timestamp()


@contextmanager
def new_world(place: Place, seed: int | None = None) -> Iterator[World]:
    effects = Effects()
    with place(effects) as tables, pytest.MonkeyPatch.context() as patch:
        world = World(tables, effects, seed)
        patch.setattr(observability, "metrics", world.metrics)
        yield world
        assert world.pi.chain.total_coins == world.pi.chain.minted, "Pi was made or lost"


def _handler(function: str, composed: str, bind: Callable[[Deadline], object]) -> Any:
    """The function's own handler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"shared.composition.{composed}", lambda: bind)
        return runpy.run_path(str(ROOT / "functions" / function / "app.py"))["handler"]


def _no_sleep(_seconds: float) -> None:
    """Nothing to wait for: time is ours."""
