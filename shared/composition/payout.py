"""For taking on payouts and deciding about blocked ones: no key, no seed, no call to Pi."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

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
from shared.operations.services import Clock, DecisionServices, PayoutServices


class DecisionParts(TypedDict):
    payouts: PayoutStore
    queue: PayoutQueue
    clock: Clock


def decision_services() -> Callable[[Deadline], DecisionServices]:
    parts = _decision_parts()
    return lambda deadline: DecisionServices(**parts(deadline))


def payout_services() -> Callable[[Deadline], PayoutServices]:
    parts, dynamodb, payments = _decision_parts(), dynamodb_client(), required("PAYMENTS_TABLE")
    parameters, switch = parameters_client(), required("PAYOUTS_SWITCH")
    caps = Caps(
        payment=Amount.of(required("PAYOUT_CAP")),
        user_day=Amount.of(required("PAYOUT_USER_DAILY_CAP")),
        wallet_day=Amount.of(required("PAYOUT_WALLET_DAILY_CAP")),
    )
    return lambda deadline: PayoutServices(
        **parts(deadline),
        payments=PaymentStore(dynamodb, payments, deadline),
        switch=Switch(parameters, switch, deadline),
        caps=caps,
    )


def _decision_parts() -> Callable[[Deadline], DecisionParts]:
    dynamodb, queue, queue_url = dynamodb_client(), queue_client(), required("PAYOUT_QUEUE_URL")
    payouts, payments = required("PAYOUTS_TABLE"), required("PAYMENTS_TABLE")
    return lambda deadline: {
        "payouts": PayoutStore(dynamodb, payouts, payments, deadline),
        "queue": PayoutQueue(queue, queue_url, deadline),
        "clock": clock,
    }
