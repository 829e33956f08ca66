"""For the sweep and the worker, which no front end calls."""

from __future__ import annotations

from collections.abc import Callable

from shared.adapters import payment_store, reward_store
from shared.adapters.aws import dynamodb_client, events_client, queue_client
from shared.adapters.deadline import Deadline
from shared.adapters.due_index import DueIndex
from shared.adapters.event_bus import EventBus
from shared.adapters.reward_store import RewardStore
from shared.adapters.settings import required, whole_number
from shared.adapters.wake_ups import WakeUps, Work
from shared.composition.common import clock
from shared.composition.payment import settle_parts
from shared.operations.services import SweepServices, WorkerServices


def sweep_services() -> Callable[[Deadline], SweepServices]:
    dynamodb = dynamodb_client()
    payments, rewards = required("PAYMENTS_TABLE"), required("REWARDS_TABLE")
    wake_ups = WakeUps(queue_client(), required("WAKE_UP_QUEUE_URL"))
    sweep_seconds = 60 * whole_number("SWEEP_MINUTES", 1)

    def services(deadline: Deadline) -> SweepServices:
        return SweepServices(
            indexes={
                Work.PAYMENT: DueIndex(dynamodb, payments, payment_store.KEY, deadline),
                Work.REWARD: DueIndex(dynamodb, rewards, reward_store.KEY, deadline),
            },
            wake_ups=wake_ups,
            deadline=deadline,
            sweep_seconds=sweep_seconds,
            clock=clock,
        )

    return services


def worker_services() -> Callable[[Deadline], WorkerServices]:
    parts, dynamodb, table = settle_parts(), dynamodb_client(), required("REWARDS_TABLE")
    bus = EventBus(events_client(), required("EVENT_BUS"))
    return lambda deadline: WorkerServices(
        **parts(deadline), rewards=RewardStore(dynamodb, table, deadline), bus=bus
    )
