"""What a validator does with a signed transaction: check it, queue it, apply it once.

The checks stand in stellar-core's order, because the first that fails names the code. A refused
transaction costs nothing; an applied one takes its fee and its sequence number, failed or not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from .chain import Chain, Transaction, closing_second
from .model import Settings

if TYPE_CHECKING:
    from .envelope import Envelope

Status = Literal["PENDING", "DUPLICATE", "ERROR", "TRY_AGAIN_LATER"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The core's answer to a submission; the codes are Horizon's names, there for an ERROR."""

    status: Status
    code: str = "tx_success"
    operation_code: str | None = None


class Core:
    """The queue in front of the chain. `applied` hears of each transaction that was signed."""

    def __init__(
        self, chain: Chain, settings: Settings, applied: Callable[[Transaction], None]
    ) -> None:
        self.chain = chain
        self._settings = settings
        self._applied = applied
        # One at a time for each source account, and when it will be applied.
        self._queue: dict[str, tuple[datetime, Envelope]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing has happened yet, nor is about to."""
        return not (self.chain.transactions or self.chain.resets or self._queue)

    def submit(self, envelope: "Envelope", now: datetime) -> Verdict:
        if envelope.source in self._queue:
            _, queued = self._queue[envelope.source]
            return Verdict("DUPLICATE" if queued.txid == envelope.txid else "TRY_AGAIN_LATER")
        close = now if self._settings.close_at_once else self.chain.pace.next_close(now)
        if refusal := self._refusal(envelope, close):
            return refusal
        self._queue[envelope.source] = close, envelope
        self.catch_up(now)
        return Verdict("PENDING")

    def catch_up(self, now: datetime) -> None:
        """Apply what was queued for a ledger that has closed by now. Another pace begins now."""
        due = [queued for queued in self._queue.values() if queued[0] <= now]
        for close, envelope in sorted(due, key=lambda queued: queued[0]):
            del self._queue[envelope.source]
            # What has become invalid in the queue vanishes without a trace.
            if not self._refusal(envelope, close):
                self._apply(envelope, close)
        every = timedelta(seconds=self._settings.ledger_close_s)
        if every != self.chain.pace.every:
            self.chain.pace.change(now, every)

    def reset(self, now: datetime) -> None:
        """Begin the network anew; what is queued is lost."""
        self.catch_up(now)
        self._queue.clear()
        self.chain.reset(now)

    def _refusal(self, envelope: "Envelope", close: datetime) -> Verdict | None:
        """Why a ledger that closes then cannot hold it."""
        code = self._transaction_flaw(envelope, close)
        if code:
            return Verdict("ERROR", code)
        if envelope.op_flaw:
            return Verdict("ERROR", "tx_failed", envelope.op_flaw)
        if envelope.over_signed:
            return Verdict("ERROR", "tx_bad_auth_extra")
        return None

    def _transaction_flaw(self, envelope: "Envelope", close: datetime) -> str | None:
        if envelope.tx_flaw:
            return envelope.tx_flaw
        closing = closing_second(close).timestamp()
        if closing < envelope.min_time:
            return "tx_too_early"
        if 0 < envelope.max_time < closing:
            return "tx_too_late"
        if envelope.fee_stroops < self._settings.base_fee_stroops:
            return "tx_insufficient_fee"
        source = self.chain.accounts.get(envelope.source)
        if source is None:
            return "tx_no_source_account"
        if envelope.sequence != self.chain.next_sequence(envelope.source):
            return "tx_bad_seq"
        if not envelope.signed:
            return "tx_bad_auth"
        return "tx_insufficient_balance" if source.available < envelope.fee_stroops else None

    def _apply(self, envelope: "Envelope", close: datetime) -> None:
        fee, order = self._settings.base_fee_stroops, envelope.order
        if order is None:
            raise AssertionError("an envelope without an order has a flaw")
        transaction = self.chain.append(
            close,
            order,
            self.chain.judge(order, fee),
            fee_stroops=fee,
            max_fee_stroops=envelope.fee_stroops,
            signed=envelope.transaction,
        )
        self._applied(transaction)
