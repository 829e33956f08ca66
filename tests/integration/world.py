"""A whole world in one process: Pi and its chain, the bundle's tables and handlers, and one clock.

Pi is the emulator without a socket; DynamoDB is MiniStack's, over HTTP, because it is atomic. Tests
act as a front end does, through the handlers, and look at what Pi, the chain and the tables hold
afterwards. Time stands still unless a test moves it.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import boto3
import pytest
import requests
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config
from botocore.exceptions import ClientError
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_secretsmanager import SecretsManagerClient
from mypy_boto3_sqs import SQSClient

from local import template
from local.emulator.faults import Fault, FaultyFront
from local.emulator.http import create_app
from local.emulator.payment import Payment
from local.emulator.pi import Pi
from local.processes import ROOT
from shared.adapters import observability
from shared.adapters.aws import CONFIG
from shared.adapters.deadline import Deadline
from shared.adapters.dynamodb import encoded
from shared.adapters.horizon import Horizon
from shared.adapters.http import Http
from shared.adapters.payment_store import PaymentStore
from shared.adapters.pi_client import PiClient
from shared.adapters.product_store import ProductStore
from shared.adapters.reward_store import RewardStore
from shared.adapters.seen_tokens import SeenTokens
from shared.adapters.stored_secret import server_key
from shared.adapters.wake_ups import WakeUps
from shared.domain.payment import PaymentRecord, Terms
from shared.domain.pi import Network
from shared.domain.reward import RewardLimits
from shared.operations.services import (
    ApprovalServices,
    ClosingServices,
    HistoryServices,
    RewardServices,
)
from shared.operations.verify_user import Users
from tests.integration.effects import Effects, Inline, WatchedAdapter
from tests.integration.handlers import Context as LambdaContext
from tests.integration.handlers import Reply, event, handlers_on, metrics_in_process

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
KEY = "canary-server-key-5f1d"
PIE, DONATION = "apple_pie_1", "donation"
TABLES = ("PaymentsTable", "ProductsTable", "RewardsTable", "PayoutsTable")

_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True)
class User:
    uid: str
    token: str


class Storage:
    """Two clients of the same DynamoDB: the bundle's, which is watched, and the test's own eyes."""

    def __init__(self, endpoint: str) -> None:
        # The bundle's own settings, with patience for a busy machine and 16 threads.
        config = CONFIG.merge(Config(read_timeout=20, max_pool_connections=32))
        self.bundle: DynamoDBClient = boto3.client("dynamodb", endpoint_url=endpoint, config=config)
        self.eyes: DynamoDBClient = boto3.client("dynamodb", endpoint_url=endpoint, config=config)
        self._template = template.load(ROOT / "template.yaml")

    def make_tables(self) -> dict[str, str]:
        """New tables with the template's keys and indexes; their names by logical id."""
        names = {table: f"{table}-{uuid4().hex}" for table in TABLES}
        for table, name in names.items():
            declared = self._template["Resources"][table]["Properties"]
            keys = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            self.eyes.create_table(
                TableName=name, **{key: declared[key] for key in keys if key in declared}
            )
        return names


class Secrets:
    """Secrets Manager, as far as the bundle uses it. `value` None: no key was ever put."""

    def __init__(self, value: str | None) -> None:
        self.value = value

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        if self.value is None:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "no value"}}
            raise ClientError(cast(Any, error), "GetSecretValue")
        return {"SecretString": self.value}


class Queue:
    """SQS, as far as a front end's function uses it: what was sent is there to be looked at."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - AWS's names
        self.messages.append(json.loads(MessageBody))


class World:
    """See the module. `terms`, `limits` and `app_id` are the deployment's parameters."""

    def __init__(self, storage: Storage, tables: Mapping[str, str]) -> None:
        self.now = START
        self.pi = Pi(clock=lambda: self.now, server_key=KEY)
        app = create_app(self.pi)
        self.front = cast(FaultyFront, app.wsgi_app)
        self.effects = Effects()
        self.adapter = WatchedAdapter(app, self.effects)
        self.storage, self.tables = storage, tables
        self.secrets = Secrets(KEY)
        self.executor: Executor = Inline()
        self.terms = Terms(Network.TESTNET, self.pi.registry.app().wallet, 600, 60)
        self.limits = RewardLimits(daily_cap=3, fresh_seconds=3600, recheck_after=24 * 3600)
        self.queue = Queue()
        self.app_id: str | None = None
        self._handlers = handlers_on(
            {
                "payment.approval_services": self.approvals,
                "payment.closing_services": self.closings,
                "payment.history_services": self.history,
                "reward.reward_services": self.rewards,
                "user.user_services": self.users,
            }
        )
        self.cold_start()

    # --- The bundle ------------------------------------------------------------------------------

    def cold_start(self) -> None:
        """A new environment: nothing that the last one kept in memory is there."""
        self._http = Http(open_session=self._session, clock=self._seconds, sleep=_no_sleep)
        self._key = server_key(cast(SecretsManagerClient, self.secrets), "arn:server-key")
        self._seen = SeenTokens(self._seconds)

    def approvals(self, deadline: Deadline) -> ApprovalServices:
        return ApprovalServices(**self._payment_parts(deadline), executor=self.executor)

    def closings(self, deadline: Deadline) -> ClosingServices:
        return ClosingServices(**self._payment_parts(deadline), wake_ups=self._wake_ups(deadline))

    def _payment_parts(self, deadline: Deadline) -> dict[str, Any]:
        pi = self._pi(deadline)
        return {
            "users": Users(pi, self._seen, self.app_id),
            "pi": pi,
            "chain": Horizon(self._http, "http://pi.test/horizon", deadline),
            "payments": self._payment_store(self.storage.bundle, deadline),
            "products": ProductStore(self.storage.bundle, self.tables["ProductsTable"], deadline),
            "terms": self.terms,
            "clock": self.clock,
        }

    def rewards(self, deadline: Deadline) -> RewardServices:
        pi, table = self._pi(deadline), self.tables["RewardsTable"]
        return RewardServices(
            users=Users(pi, self._seen, self.app_id),
            pi=pi,
            rewards=RewardStore(self.storage.bundle, table, deadline, sleep=_no_sleep),
            limits=self.limits,
            wake_ups=self._wake_ups(deadline),
            clock=self.clock,
            executor=self.executor,
        )

    def _wake_ups(self, deadline: Deadline) -> WakeUps:
        return WakeUps(cast(SQSClient, self.queue), "queue", deadline)

    def history(self, deadline: Deadline) -> HistoryServices:
        return HistoryServices(
            users=Users(self._pi(deadline), self._seen, self.app_id),
            payments=self._payment_store(self.storage.bundle, deadline),
        )

    def users(self, deadline: Deadline) -> Users:
        return Users(self._pi(deadline), self._seen, self.app_id)

    def clock(self) -> int:
        return int(self.now.timestamp())

    # --- What a front end calls ------------------------------------------------------------------

    def call(self, route: str, /, *, remaining_ms: int = 15_000, **request: Any) -> Reply:
        """Any route, by its template: `GET /payments/{payment_id}`. `request`: see `event`."""
        return self.handle(event(route, **request), remaining_ms)

    def handle(self, raw_event: Mapping[str, Any], remaining_ms: int = 15_000) -> Reply:
        answer = self._handlers[raw_event["routeKey"]](raw_event, LambdaContext(remaining_ms))
        body = json.loads(answer["body"])
        assert isinstance(body, dict)
        return Reply(answer["statusCode"], body, answer["headers"])

    def approve(self, payment_id: str, user: User | None) -> Reply:
        return self._post("approve", {"paymentId": payment_id}, user)

    def complete(self, payment_id: str, txid: str, user: User | None = None) -> Reply:
        return self._post("complete", {"paymentId": payment_id, "txid": txid}, user)

    def incomplete(self, payment_id: str, user: User | None = None, **more: Any) -> Reply:
        return self._post("incomplete", {"paymentId": payment_id, **more}, user)

    def cancel(self, payment_id: str, user: User | None = None) -> Reply:
        return self._post("cancel", {"paymentId": payment_id}, user)

    def error(self, payment_id: str, user: User | None = None) -> Reply:
        return self._post("error", {"paymentId": payment_id, "error": {}}, user)

    def claim(self, ad_id: str, user: User | None) -> Reply:
        route = "POST /rewarded_ads/{ad_id}/claim"
        return self.call(route, path={"ad_id": ad_id}, token=user and user.token)

    # --- What happens around it ------------------------------------------------------------------

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def stock(self) -> None:
        """The two sample products."""
        self.sell(PIE, price="3.14")
        self.sell(DONATION, minimum="0.1", maximum="100")

    def sell(self, product_id: str, *, active: bool = True, **amounts: str) -> None:
        """Put a product, or change it: `price`, or `minimum` and `maximum`, in Pi."""
        row = {"product_id": product_id, "name": product_id, "active": active, **amounts}
        self.storage.eyes.put_item(TableName=self.tables["ProductsTable"], Item=encoded(row))

    def user(self, name: str = "alice", **how: Any) -> User:
        user, token = self.pi.registry.sign_in(name, **how)
        return User(user.uid, token)

    def start(self, user: User, amount: str = "3.14", metadata: object = None, **shown: Any) -> str:
        """`Pi.createPayment` in the user's browser. `shown` replaces keys of the PaymentDTO."""
        metadata = {"productId": PIE} if metadata is None else metadata
        order = {"amount": Decimal(amount), "memo": "An apple pie", "metadata": metadata}
        payment = self.pi.start_payment(user.token, order, shown)
        return str(payment["identifier"])

    def approved(self, user: User, amount: str = "3.14", metadata: object = None) -> str:
        """A payment that the bundle has approved."""
        payment_id = self.start(user, amount, metadata)
        assert self.approve(payment_id, user).status == 200
        return payment_id

    def paid(self, user: User, **how: Any) -> tuple[str, str]:
        """A payment that the bundle has approved and the user paid; and its txid."""
        payment_id = self.approved(user)
        return payment_id, self.pay(payment_id, **how)

    def pay(self, payment_id: str, **how: Any) -> str:
        """The user's wallet pays; `how`: see `Pi.pay`."""
        return self.pi.pay(payment_id, **how).txid

    def fault(self, method: str = "*", path: str = "*", **how: Any) -> None:
        """The next matching call to Pi or the chain goes wrong; `how`: see `Fault`."""
        self.front.faults.append(Fault(method=method, path=path, **how))

    # --- What there is afterwards ----------------------------------------------------------------

    def at_pi(self, payment_id: str) -> Payment:
        return self.pi.payment(payment_id)

    def record(self, payment_id: str) -> PaymentRecord:
        record = self.find_record(payment_id)
        assert record is not None, "there is no record of this payment"
        # Promise 4: every write was counted in the record, so none has overwritten another.
        assert self.effects.landed[payment_id] == record.version
        return record

    def find_record(self, payment_id: str) -> PaymentRecord | None:
        return self._payment_store(self.storage.eyes, Deadline(15)).get(payment_id)

    def items(self, table: str) -> list[dict[str, Any]]:
        """All that a table holds, by its logical id."""
        pages = self.storage.eyes.get_paginator("scan").paginate(TableName=self.tables[table])
        return [
            {name: _deserialize(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def rewards_of(self, user: User) -> tuple[list[str], int]:
        """The ads that were granted to a user, and what the counters of all days say."""
        items = self.items("RewardsTable")
        ads = [str(item["id"]) for item in items if item.get("uid") == user.uid]
        days = [item for item in items if str(item["id"]).startswith(f"day#{user.uid}#")]
        return sorted(ads), sum(int(day["granted"]) for day in days)

    @contextmanager
    def counting(self) -> Iterator[Effects]:
        """The effects of the block alone."""
        spent, before = Effects(), len(self.effects.log)
        yield spent
        spent.log.extend(self.effects.log[before:])

    # --- Inner parts -----------------------------------------------------------------------------

    def _post(self, step: str, body: Mapping[str, Any], user: User | None) -> Reply:
        return self.call(f"POST /pi_payment/{step}", body=body, token=user and user.token)

    def _pi(self, deadline: Deadline) -> PiClient:
        return PiClient(self._http, "http://pi.test/v2", self._key, deadline)

    def _payment_store(self, client: DynamoDBClient, deadline: Deadline) -> PaymentStore:
        return PaymentStore(client, self.tables["PaymentsTable"], deadline)

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://pi.test", self.adapter)
        return session

    def _seconds(self) -> float:
        return self.now.timestamp()


@contextmanager
def new_world(storage: Storage, tables: Mapping[str, str] | None = None) -> Iterator[World]:
    """A world of its own, in new and stocked tables unless some are given: ids never clash."""
    world = World(storage, tables or storage.make_tables())
    if tables is None:
        world.stock()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(observability, "metrics", metrics_in_process())
        stack.enter_context(world.effects.of_storage(storage.bundle))
        yield world


def _no_sleep(_seconds: float) -> None:
    """Nothing to wait for: time is ours."""
