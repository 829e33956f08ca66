"""For the sweep and the worker, which no front end calls."""

from __future__ import annotations

from collections.abc import Callable

from shared.adapters import payment_store, payout_store, reward_store
from shared.adapters.aws import (
    dynamodb_client,
    events_client,
    queue_client,
    secrets_client,
)
from shared.adapters.deadline import Deadline
from shared.adapters.due_index import DueIndex
from shared.adapters.event_bus import EventBus
from shared.adapters.http import Http
from shared.adapters.payout_queue import PayoutQueue
from shared.adapters.payout_store import PayoutStore
from shared.adapters.reward_store import RewardStore
from shared.adapters.settings import required, whole_number
from shared.adapters.stored_secret import server_key
from shared.adapters.wake_ups import WakeUp, WakeUps, Work
from shared.composition.common import clock, pi_clients
from shared.composition.payment import settle_parts
from shared.operations.services import DueWork, SweepServices, WorkerServices


def sweep_services() -> Callable[[Deadline], SweepServices]:
    dynamodb, queues = dynamodb_client(), queue_client()
    payments, rewards = required("PAYMENTS_TABLE"), required("REWARDS_TABLE")
    payouts = required("PAYOUTS_TABLE")
    wake_up_queue, payout_queue = required("WAKE_UP_QUEUE_URL"), required("PAYOUT_QUEUE_URL")
    pi = pi_clients(Http(), server_key(secrets_client(), required("SERVER_KEY_SECRET_ARN")))
    sweep_seconds = 60 * whole_number("SWEEP_MINUTES", 1)

    def services(deadline: Deadline) -> SweepServices:
        wake_ups = WakeUps(queues, wake_up_queue, deadline)

        def wake(work: Work) -> Callable[[str, int], None]:
            return lambda key, _: wake_ups.send(WakeUp(work, key))

        def due(table: str, key: str, wake: Callable[[str, int], None]) -> DueWork:
            return DueWork(DueIndex(dynamodb, table, key, deadline), wake)

        return SweepServices(
            payments=due(payments, payment_store.KEY, wake(Work.PAYMENT)),
            rewards=due(rewards, reward_store.KEY, wake(Work.REWARD)),
            payouts=due(
                payouts, payout_store.KEY, PayoutQueue(queues, payout_queue, deadline).send
            ),
            pi=pi(deadline),
            payout_store=PayoutStore(dynamodb, payouts, payments, deadline),
            deadline=deadline,
            sweep_seconds=sweep_seconds,
            clock=clock,
        )

    return services


def worker_services() -> Callable[[Deadline], WorkerServices]:
    parts, dynamodb, table = settle_parts(), dynamodb_client(), required("REWARDS_TABLE")
    events, bus = events_client(), required("EVENT_BUS")
    return lambda deadline: WorkerServices(
        **parts(deadline),
        rewards=RewardStore(dynamodb, table, deadline),
        bus=EventBus(events, bus, deadline),
    )
