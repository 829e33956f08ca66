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
from shared.adapters.settings import optional, required, whole_number
from shared.adapters.stored_secret import server_key, wallet_seed
from shared.adapters.switch import Switch
from shared.adapters.wallet import Wallet
from shared.composition.common import clock, pi_clients
from shared.domain.amount import Amount
from shared.domain.pi import Network
from shared.operations.services import SenderMemory, SenderServices


def sender_services() -> Callable[[Deadline], SenderServices]:
    http, dynamodb, secrets = Http(), dynamodb_client(), secrets_client()
    pi = pi_clients(http, server_key(secrets, required("SERVER_KEY_SECRET_ARN")))
    network, horizon_url = Network(required("PI_NETWORK")), required("HORIZON_URL")
    seed = wallet_seed(secrets, required("WALLET_SEED_SECRET_ARN"))
    payouts, payments = required("PAYOUTS_TABLE"), required("PAYMENTS_TABLE")
    queue, queue_url = queue_client(), required("PAYOUT_QUEUE_URL")
    events, bus = events_client(), required("EVENT_BUS")
    parameters, switch = parameters_client(), required("PAYOUTS_SWITCH")
    app_wallet = optional("PI_WALLET_ADDRESS")
    fee_cap = Amount(whole_number("FEE_CAP_STROOPS", 100))
    memory = SenderMemory()
    return lambda deadline: SenderServices(
        pi=pi(deadline),
        chain=Horizon(http, horizon_url, deadline),
        wallet=Wallet(seed, network, deadline),
        payouts=PayoutStore(dynamodb, payouts, payments, deadline),
        queue=PayoutQueue(queue, queue_url, deadline),
        bus=EventBus(events, bus, deadline),
        switch=Switch(parameters, switch, deadline),
        network=network,
        app_wallet=app_wallet,
        fee_cap=fee_cap,
        memory=memory,
        clock=clock,
    )
