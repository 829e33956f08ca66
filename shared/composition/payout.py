"""For taking on payouts and deciding about blocked ones: no key, no seed, no call to Pi."""

from __future__ import annotations

from collections.abc import Callable

from shared.adapters.aws import dynamodb_client, parameters_client, queue_client
from shared.adapters.deadline import Deadline
from shared.adapters.payment_store import PaymentStore
from shared.adapters.payout_queue import PayoutQueue
from shared.adapters.payout_store import PayoutStore
from shared.adapters.settings import required
from shared.adapters.switch import Switch
from shared.composition.common import clock
from shared.domain.amount import Amount
from shared.domain.payout import Caps
from shared.operations.services import PayoutServices


def payout_services() -> Callable[[Deadline], PayoutServices]:
    dynamodb = dynamodb_client()
    payouts, payments = required("PAYOUTS_TABLE"), required("PAYMENTS_TABLE")
    queue, queue_url = queue_client(), required("PAYOUT_QUEUE_URL")
    parameters, switch = parameters_client(), required("PAYOUTS_SWITCH")
    caps = Caps(
        payment=Amount.of(required("PAYOUT_CAP")),
        user_day=Amount.of(required("PAYOUT_USER_DAILY_CAP")),
        wallet_day=Amount.of(required("PAYOUT_WALLET_DAILY_CAP")),
    )
    return lambda deadline: PayoutServices(
        payouts=PayoutStore(dynamodb, payouts, payments, deadline),
        payments=PaymentStore(dynamodb, payments, deadline),
        queue=PayoutQueue(queue, queue_url, deadline),
        switch=Switch(parameters, switch, deadline),
        caps=caps,
        clock=clock,
    )
