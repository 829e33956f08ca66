"""Puts the parts together, once per environment, from its variables.

Each function below reads what one kind of handler needs and returns how to bind it to an
invocation's deadline. What lives as long as the environment (sessions, clients, the key, threads)
is made here; the rest is made per invocation. Only what a handler needs is imported: `verify_user`
never loads boto3.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from shared.adapters.deadline import Deadline
from shared.adapters.http import Http
from shared.adapters.pi_client import PiClient
from shared.adapters.seen_tokens import SeenTokens
from shared.adapters.settings import optional, required, whole_number
from shared.operations.verify_user import Users

if TYPE_CHECKING:
    from shared.adapters.server_key import ServerKey
    from shared.operations.services import HistoryServices, PaymentServices, RewardServices

MINIMUM_CANCEL_AFTER_SECONDS = (
    600  # a younger payment may still be on its way through wallet and chain
)


def user_services() -> Callable[[Deadline], Users]:
    pi, users = _pi(), _users()
    return lambda deadline: users(pi(deadline))


def payment_services() -> Callable[[Deadline], PaymentServices]:
    from shared.adapters.aws import dynamodb_client
    from shared.adapters.horizon import Horizon
    from shared.adapters.payment_store import PaymentStore
    from shared.adapters.product_store import ProductStore
    from shared.domain.payment import Terms
    from shared.domain.pi import Network
    from shared.operations.services import PaymentServices

    http = Http()
    pi, users, dynamodb = _pi(http, _server_key()), _users(), dynamodb_client()
    horizon_url = required("HORIZON_URL")
    payments_table, products_table = required("PAYMENTS_TABLE"), required("PRODUCTS_TABLE")
    terms = Terms(
        network=Network(required("PI_NETWORK")),
        wallet=optional("PI_WALLET_ADDRESS"),
        cancel_after=whole_number("CANCEL_UNPAID_AFTER_SECONDS", MINIMUM_CANCEL_AFTER_SECONDS),
    )
    executor = ThreadPoolExecutor(max_workers=1)

    def services(deadline: Deadline) -> PaymentServices:
        client = pi(deadline)
        return PaymentServices(
            users=users(client),
            pi=client,
            chain=Horizon(http, horizon_url, deadline),
            payments=PaymentStore(dynamodb, payments_table, deadline),
            products=ProductStore(dynamodb, products_table, deadline),
            terms=terms,
            clock=_clock,
            executor=executor,
        )

    return services


def history_services() -> Callable[[Deadline], HistoryServices]:
    from shared.adapters.aws import dynamodb_client
    from shared.adapters.payment_store import PaymentStore
    from shared.operations.services import HistoryServices

    pi, users, dynamodb = _pi(), _users(), dynamodb_client()
    table = required("PAYMENTS_TABLE")
    return lambda deadline: HistoryServices(
        users=users(pi(deadline)), payments=PaymentStore(dynamodb, table, deadline)
    )


def reward_services() -> Callable[[Deadline], RewardServices]:
    from shared.adapters.aws import dynamodb_client
    from shared.adapters.reward_store import RewardStore
    from shared.domain.reward import RewardLimits
    from shared.operations.services import RewardServices

    pi, users, dynamodb = _pi(key=_server_key()), _users(), dynamodb_client()
    table = required("REWARDS_TABLE")
    limits = RewardLimits(
        daily_cap=whole_number("REWARD_DAILY_CAP", 1),
        fresh_seconds=whole_number("REWARD_FRESH_SECONDS", 60),
    )
    executor = ThreadPoolExecutor(max_workers=1)

    def services(deadline: Deadline) -> RewardServices:
        client = pi(deadline)
        rewards = RewardStore(dynamodb, table, deadline)
        return RewardServices(users(client), client, rewards, limits, _clock, executor)

    return services


def _pi(http: Http | None = None, key: ServerKey | None = None) -> Callable[[Deadline], PiClient]:
    http, base_url = http or Http(), required("PI_API_URL")
    return lambda deadline: PiClient(http, base_url, key, deadline)


def _users() -> Callable[[PiClient], Users]:
    seen, app_id = SeenTokens(), optional("PI_APP_ID")
    return lambda pi: Users(pi, seen, app_id)


def _server_key() -> ServerKey:
    from shared.adapters.aws import secrets_client
    from shared.adapters.server_key import ServerKey

    return ServerKey(secrets_client(), required("SERVER_KEY_SECRET_ARN"))


def _clock() -> int:
    return int(time.time())
