"""For the functions that a front end with a payment calls, and for whoever else settles one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict

from shared.adapters.aws import dynamodb_client, queue_client, secrets_client
from shared.adapters.deadline import Deadline
from shared.adapters.horizon import Horizon
from shared.adapters.http import Http
from shared.adapters.payment_store import PaymentStore
from shared.adapters.pi_client import PiClient
from shared.adapters.product_store import ProductStore
from shared.adapters.settings import optional, required, whole_number
from shared.adapters.stored_secret import server_key
from shared.adapters.wake_ups import WakeUps
from shared.composition.common import all_users, clock, pi_clients
from shared.domain.payment import Terms
from shared.domain.pi import Network
from shared.operations.services import (
    ApprovalServices,
    Clock,
    ClosingServices,
    HistoryServices,
)

# A younger payment may still be on its way through wallet and chain.
MINIMUM_CANCEL_AFTER_SECONDS = 600


class SettleParts(TypedDict):
    pi: PiClient
    chain: Horizon
    payments: PaymentStore
    terms: Terms
    clock: Clock


def settle_parts() -> Callable[[Deadline], SettleParts]:
    """What everyone who settles payments needs."""
    http, dynamodb, table = Http(), dynamodb_client(), required("PAYMENTS_TABLE")
    pi = pi_clients(http, server_key(secrets_client(), required("SERVER_KEY_SECRET_ARN")))
    horizon_url = required("HORIZON_URL")
    terms = Terms(
        network=Network(required("PI_NETWORK")),
        wallet=optional("PI_WALLET_ADDRESS"),
        cancel_after=whole_number("CANCEL_UNPAID_AFTER_SECONDS", MINIMUM_CANCEL_AFTER_SECONDS),
        first_look=whole_number("FIRST_LOOK_SECONDS", 1),
    )
    return lambda deadline: {
        "pi": pi(deadline),
        "chain": Horizon(http, horizon_url, deadline),
        "payments": PaymentStore(dynamodb, table, deadline),
        "terms": terms,
        "clock": clock,
    }


def approval_services() -> Callable[[Deadline], ApprovalServices]:
    parts, users, products = settle_parts(), all_users(), _products()
    executor = ThreadPoolExecutor(max_workers=1)

    def services(deadline: Deadline) -> ApprovalServices:
        settling = parts(deadline)
        return ApprovalServices(
            **settling,
            users=users(settling["pi"]),
            products=products(deadline),
            executor=executor,
        )

    return services


def closing_services() -> Callable[[Deadline], ClosingServices]:
    parts, users, products = settle_parts(), all_users(), _products()
    queue, queue_url = queue_client(), required("WAKE_UP_QUEUE_URL")

    def services(deadline: Deadline) -> ClosingServices:
        settling = parts(deadline)
        return ClosingServices(
            **settling,
            users=users(settling["pi"]),
            products=products(deadline),
            wake_ups=WakeUps(queue, queue_url, deadline),
        )

    return services


def history_services() -> Callable[[Deadline], HistoryServices]:
    pi, users, dynamodb = pi_clients(Http()), all_users(), dynamodb_client()
    table = required("PAYMENTS_TABLE")
    return lambda deadline: HistoryServices(
        users=users(pi(deadline)), payments=PaymentStore(dynamodb, table, deadline)
    )


def _products() -> Callable[[Deadline], ProductStore]:
    dynamodb, table = dynamodb_client(), required("PRODUCTS_TABLE")
    return lambda deadline: ProductStore(dynamodb, table, deadline)
