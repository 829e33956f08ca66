"""For claim_ad_reward."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.adapters.aws import dynamodb_client, queue_client, secrets_client
from shared.adapters.deadline import Deadline
from shared.adapters.http import Http
from shared.adapters.reward_store import RewardStore
from shared.adapters.settings import required, whole_number
from shared.adapters.stored_secret import server_key
from shared.adapters.wake_ups import WakeUps
from shared.composition.common import all_users, clock, pi_clients
from shared.domain.reward import RewardLimits
from shared.operations.services import RewardServices


def reward_services() -> Callable[[Deadline], RewardServices]:
    pi = pi_clients(Http(), server_key(secrets_client(), required("SERVER_KEY_SECRET_ARN")))
    users, dynamodb, table = all_users(), dynamodb_client(), required("REWARDS_TABLE")
    limits = RewardLimits(
        daily_cap=whole_number("REWARD_DAILY_CAP", 1),
        fresh_seconds=whole_number("REWARD_FRESH_SECONDS", 60),
        recheck_after=whole_number("REWARD_RECHECK_SECONDS", 60),
    )
    queue, queue_url = queue_client(), required("WAKE_UP_QUEUE_URL")
    executor = ThreadPoolExecutor(max_workers=1)

    def services(deadline: Deadline) -> RewardServices:
        client = pi(deadline)
        return RewardServices(
            users=users(client),
            pi=client,
            rewards=RewardStore(dynamodb, table, deadline),
            limits=limits,
            wake_ups=WakeUps(queue, queue_url, deadline),
            clock=clock,
            executor=executor,
        )

    return services
