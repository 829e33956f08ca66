"""The daily proof: what the chain shows of a wallet's day is what the records tell, both ways.

The wallet's book notes each movement in its record. The proof looks from the other side: each
completed record has its transaction, and each movement of the day a record that tells of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from shared.base.amount import ZERO, Amount
from shared.base.errors import BadRequest
from shared.base.frozen import frozen
from shared.base.identifiers import payment_id_of
from shared.payments import record as payment
from shared.payments.record import PaymentRecord
from shared.payouts import record as payout
from shared.payouts.record import PayoutRecord
from shared.stellar.objects import Movement, Transfer


class Why(StrEnum):
    """What differs between a record and the chain."""

    NO_RECORD = "no_record"  # the chain shows it, and no record tells of it
    UNREADABLE = "unreadable"  # its record was edited by hand
    NO_TRANSACTION = "no_transaction"  # completed, and the chain does not show its transaction
    OTHER_TRANSACTION = "other_transaction"  # its transaction pays something else, or failed
    OTHER_AMOUNT = "other_amount"


@frozen
class Day:
    """A day by UTC, `name` is its date; from `begins` until just before `ends`, in seconds since
    1970."""

    name: str
    begins: int
    ends: int


def last_whole_day(now: int) -> Day:
    return day_of(datetime.fromtimestamp(now, UTC).date() - timedelta(days=1))


def day_of(date: date) -> Day:
    begins = datetime(date.year, date.month, date.day, tzinfo=UTC)
    ends = begins + timedelta(days=1)
    return Day(date.isoformat(), int(begins.timestamp()), int(ends.timestamp()))


@frozen
class Settled:
    """What the index of a day holds of a completed record. `subject` is its own id, `payment_id`
    the memo of its transaction, `wallet` the app's, `begun_at` a moment before anybody could have
    paid it; they are None where the record does not tell."""

    subject: str
    amount: Amount
    payment_id: str | None
    txid: str | None
    wallet: str | None
    begun_at: int | None


@frozen
class Told:
    """What a record tells of a movement; `amount` None: nothing."""

    subject: str
    amount: Amount | None


@frozen
class Difference:
    """`by_chain` and `by_record` are None where there is nothing."""

    subject: str
    why: Why
    txid: str | None = None
    by_chain: Amount | None = None
    by_record: Amount | None = None


@dataclass(slots=True)
class Tally:
    """One direction of a day: what moved by the chain and by the records, in stroops, and what
    differs, once for each record."""

    by_chain: int = 0
    by_records: int = 0
    differences: dict[str, Difference] = field(default_factory=dict)

    def differs(self, difference: Difference) -> None:
        self.differences.setdefault(difference.subject, difference)

    def add(self, movement: Movement, told: Told) -> None:
        """A movement of the day, and what its record tells of it."""
        amount = movement.transfer.amount if movement.transfer else ZERO
        self.by_chain += amount.stroops
        self.by_records += told.amount.stroops if told.amount else 0
        if told.amount != amount:
            why = Why.NO_RECORD if told.amount is None else Why.OTHER_AMOUNT
            txid = movement.txids[0]
            # It says more than what the record alone has shown.
            self.differences[told.subject] = Difference(
                told.subject, why, txid, amount, told.amount
            )

    def add_unmatched(self, settled: Settled, why: Why) -> None:
        """A record that was completed on the day, with a transaction that does not pay it."""
        if why is not Why.OTHER_AMOUNT:  # else it is added with its movement
            self.by_records += settled.amount.stroops
        self.differs(Difference(settled.subject, why, settled.txid, None, settled.amount))


def comes_in(moved: Transfer, wallet: str) -> bool:
    """What is noted in a payment's record."""
    return moved.destination == wallet


def goes_out(moved: Transfer, wallet: str) -> bool:
    """What is noted in a payout's record."""
    return moved.source == wallet and moved.destination != wallet


def memo_of(movement: Movement) -> str | None:
    """The payment that it says it pays; None: a deposit, or sent by hand."""
    try:
        return payment_id_of(movement.memo)
    except BadRequest:
        return None


def told_by_payment(record: PaymentRecord, movement: Movement) -> Told:
    """A record tells of a movement that it need not note any more."""
    if movement.transfer is None or payment.noted(record, movement, now=0) != record:
        return Told(record.payment_id, None)
    for receipt in record.receipts:
        if receipt.token == movement.token:
            return Told(record.payment_id, receipt.amount)
    if record.txid in movement.txids:
        return Told(record.payment_id, record.amount)
    return Told(record.payment_id, movement.transfer.amount)  # more odd ones than it has room for


def told_by_payout(record: PayoutRecord, movement: Movement, payment_id: str) -> Told:
    is_told = payout.noted(record, movement, payment_id, now=0) == record
    return Told(record.payout_id, record.amount if is_told else None)


def wrong_with(settled: Settled, memo: str | None, amounts: Sequence[Amount]) -> Why | None:
    """Why a transaction with this memo, which moves these amounts in the right direction, is not
    the one that the record tells of."""
    if memo is None or memo != settled.payment_id or not amounts:
        return Why.OTHER_TRANSACTION
    return None if settled.amount in amounts else Why.OTHER_AMOUNT
