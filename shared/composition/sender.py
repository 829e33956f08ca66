"""For the sender of payouts alone: the only one with the wallet's seed and stellar-sdk."""

from __future__ import annotations

from collections.abc import Callable

from shared.adapters.aws import (
    dynamodb_client,
    events_client,
    parameters_client,
    queue_client,
    secrets_client,
)
from shared.adapters.deadline import Deadline
from shared.adapters.event_bus import EventBus
from shared.adapters.horizon import Horizon
from shared.adapters.http import Http
from shared.adapters.payout_queue import PayoutQueue
from shared.adapters.payout_store import PayoutStore
from shared.adapters.server_key import ServerKey
from shared.adapters.settings import required, whole_number
from shared.adapters.switch import Switch
from shared.adapters.wallet import Wallet
from shared.composition.common import clock, pi_clients
from shared.domain.amount import Amount
from shared.domain.pi import Network, PaymentDto
from shared.operations.services import SenderServices


def sender_services() -> Callable[[Deadline], SenderServices]:
    http, dynamodb, secrets = Http(), dynamodb_client(), secrets_client()
    pi = pi_clients(http, ServerKey(secrets, required("SERVER_KEY_SECRET_ARN")))
    network, horizon_url = Network(required("PI_NETWORK")), required("HORIZON_URL")
    seed = ServerKey(secrets, required("WALLET_SEED_SECRET_ARN"))
    payouts, payments = required("PAYOUTS_TABLE"), required("PAYMENTS_TABLE")
    queue = PayoutQueue(queue_client(), required("PAYOUT_QUEUE_URL"))
    bus = EventBus(events_client(), required("EVENT_BUS"))
    switch = Switch(parameters_client(), required("PAYOUTS_SWITCH"))
    fee_cap = Amount(whole_number("FEE_CAP_STROOPS", 100))
    paid_by: dict[str, PaymentDto] = {}
    return lambda deadline: SenderServices(
        pi=pi(deadline),
        chain=Horizon(http, horizon_url, deadline),
        wallet=Wallet(seed, network),
        payouts=PayoutStore(dynamodb, payouts, payments, deadline),
        queue=queue,
        bus=bus,
        switch=switch,
        network=network,
        fee_cap=fee_cap,
        paid_by=paid_by,
        clock=clock,
    )
