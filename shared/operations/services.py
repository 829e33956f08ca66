"""What the operations work with, bound to one invocation's deadline. Built in `shared.composition`,
by hand in tests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.adapters.deadline import Deadline
from shared.adapters.due_index import DueIndex
from shared.adapters.event_bus import EventBus
from shared.adapters.horizon import Horizon
from shared.adapters.payment_store import PaymentStore
from shared.adapters.payout_queue import PayoutQueue
from shared.adapters.payout_store import PayoutStore
from shared.adapters.pi_client import PiClient
from shared.adapters.product_store import ProductStore
from shared.adapters.reward_store import RewardStore
from shared.adapters.switch import Switch
from shared.adapters.wake_ups import WakeUps
from shared.adapters.wallet_history import WalletHistory
from shared.domain.amount import Amount
from shared.domain.payment import Terms
from shared.domain.payout import Caps
from shared.domain.pi import Network, PaymentDto
from shared.domain.reward import RewardLimits
from shared.operations.verify_user import Users

if TYPE_CHECKING:
    from shared.adapters.wallet import Wallet  # loads stellar-sdk

Clock = Callable[[], int]
"""Seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleServices:
    """To bring a payment to its end."""

    pi: PiClient
    chain: Horizon
    payments: PaymentStore
    terms: Terms
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentServices(SettleServices):
    """To serve a front end that has a payment."""

    users: Users
    products: ProductStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalServices(PaymentServices):
    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingServices(PaymentServices):
    wake_ups: WakeUps


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryServices:
    users: Users
    payments: PaymentStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardServices:
    users: Users
    pi: PiClient
    rewards: RewardStore
    limits: RewardLimits
    wake_ups: WakeUps
    clock: Clock
    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerServices(SettleServices):
    """To finish whatever is unfinished."""

    rewards: RewardStore
    bus: EventBus


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionServices:
    """To decide about payouts that are blocked, or to be given up."""

    payouts: PayoutStore
    queue: PayoutQueue
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutServices(DecisionServices):
    """To take payouts on."""

    payments: PaymentStore
    switch: Switch
    caps: Caps


@dataclass(frozen=True, slots=True)
class SenderMemory:
    """What the sender asks for once in its environment's life, since it never changes: what each
    wallet has paid, and the payment at Pi that each transaction names (None: it names none)."""

    histories: dict[str, WalletHistory] = field(default_factory=dict)
    payment_of: dict[str, PaymentDto | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderServices:
    """To pay them out. `fee_cap` is the most that one transaction may cost; `app_wallet` the app's
    address where the operator has named it."""

    pi: PiClient
    chain: Horizon
    wallet: Wallet
    payouts: PayoutStore
    queue: PayoutQueue
    bus: EventBus
    switch: Switch
    network: Network
    app_wallet: str | None
    fee_cap: Amount
    memory: SenderMemory
    clock: Clock


@dataclass(frozen=True, slots=True)
class DueWork:
    """One table's unfinished work. `wake` is given a record's key and when it is due next."""

    index: DueIndex
    wake: Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepServices:
    """To find what is unfinished. `sweep_seconds` is the time from one sweep to the next."""

    payments: DueWork
    rewards: DueWork
    payouts: DueWork
    pi: PiClient
    payout_store: PayoutStore
    deadline: Deadline
    sweep_seconds: int
    clock: Clock
