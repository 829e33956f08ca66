"""What the sender of payouts works with; its steps stand in several modules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.aws.switch import Switch
from shared.base.amount import Amount
from shared.base.clock import Clock
from shared.base.networks import Network
from shared.book.read import BookParts
from shared.payments.canary import Canary
from shared.payments.store import PaymentStore
from shared.payouts.queue import PayoutQueue
from shared.payouts.store import PayoutStore
from shared.pi.client import PiClient
from shared.stellar.horizon import Horizon
from shared.stellar.submit import Submitter
from shared.work.event_bus import EventBus

if TYPE_CHECKING:
    from shared.stellar.wallet import Wallet  # loads stellar-sdk


@dataclass(slots=True)
class SenderMemory:
    """What the sender asks for once in its environment's life, since it never changes: what an
    account must keep, and which accounts there are. Until `held_until` no payment is created
    at Pi, for the reason `held_for`. `no_account`: the address of each user who has no account."""

    base_reserve: int | None = None
    accounts: set[str] = field(default_factory=set)
    no_account: dict[str, str] = field(default_factory=dict)
    held_for: str | None = None
    held_until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendParts:
    """`fee_cap` is the most that one transaction may cost; `app_wallet` the app's address where the
    operator has named it."""

    pi: PiClient
    chain: Horizon
    submitter: Submitter
    wallet: Wallet
    payouts: PayoutStore
    payments: PaymentStore
    queue: PayoutQueue
    bus: EventBus
    switch: Switch
    network: Network
    app_wallet: str | None
    fee_cap: Amount
    canary: Canary
    book: BookParts
    memory: SenderMemory
    clock: Clock
