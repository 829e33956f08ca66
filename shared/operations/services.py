"""What the operations work with, bound to one invocation's deadline. Built in `shared.composition`,
by hand in tests.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from shared.adapters.horizon import Horizon
from shared.adapters.payment_store import PaymentStore
from shared.adapters.pi_client import PiClient
from shared.adapters.product_store import ProductStore
from shared.adapters.reward_store import RewardStore
from shared.domain.payment import Terms
from shared.domain.reward import RewardLimits
from shared.operations.verify_user import Users

Clock = Callable[[], int]
"""Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class PaymentServices:
    users: Users
    pi: PiClient
    chain: Horizon
    payments: PaymentStore
    products: ProductStore
    terms: Terms
    clock: Clock
    executor: Executor


@dataclass(frozen=True, slots=True)
class HistoryServices:
    users: Users
    payments: PaymentStore


@dataclass(frozen=True, slots=True)
class RewardServices:
    users: Users
    pi: PiClient
    rewards: RewardStore
    limits: RewardLimits
    clock: Clock
    executor: Executor
