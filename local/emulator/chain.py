"""The ledger that the wallets pay on: transactions are appended and never change.

A ledger closes every 5 s of the emulator's clock, and one more at once around each transaction,
so that whoever paid need not wait. Ledger numbers follow from the clock and the transactions
alone: nothing runs in the background. Numbers and close times only grow.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

NATIVE = "native"
BASE_FEE_STROOPS = 100_000
MAX_AMOUNT = Decimal("922337203685.4775807")
STROOPS_PER_PI = 10**7

_GENESIS = datetime(2021, 3, 14, tzinfo=UTC)
_CLOSE_EVERY = timedelta(seconds=5)
_SECOND = timedelta(seconds=1)


def stroops(amount: Decimal) -> int:
    """Pi as stroops. Raises ValueError for what a Stellar amount cannot be."""
    if not 0 < amount <= MAX_AMOUNT or amount != amount.quantize(Decimal("1e-7")):
        raise ValueError(f"{amount} is not an amount")
    return int(amount * STROOPS_PER_PI)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment on the chain, in a ledger of its own.

    `asset` is `native` or `CODE:ISSUER`. `applied_at` is exact, `closed_at` in whole seconds.
    """

    txid: str
    source: str
    sequence: int
    destination: str
    amount_stroops: int
    memo: str | None
    asset: str
    successful: bool
    ledger: int
    applied_at: datetime
    closed_at: datetime

    @property
    def paging_token(self) -> int:
        return self.ledger << 32 | 1 << 12

    @property
    def operation_id(self) -> int:
        return self.paging_token + 1

    @property
    def amount(self) -> str:
        """As Horizon prints it: always 7 decimals."""
        whole, fraction = divmod(self.amount_stroops, STROOPS_PER_PI)
        return f"{whole}.{fraction:07d}"


class Chain:
    """Accounts and transactions. What Horizon shows of them, and how late, is Horizon's matter."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []
        self._by_txid: dict[str, Transaction] = {}
        self._by_account: dict[str, list[Transaction]] = {}
        self._sequences: Counter[str] = Counter()

    def open_account(self, address: str) -> None:
        self._by_account.setdefault(address, [])

    def append(
        self,
        now: datetime,
        *,
        source: str,
        destination: str,
        amount_stroops: int,
        memo: str | None,
        asset: str = NATIVE,
        successful: bool = True,
    ) -> Transaction:
        """Close a ledger with this one payment in it."""
        self.open_account(source)
        self.open_account(destination)
        self._sequences[source] += 1
        sequence = self._sequences[source]
        ledger = self.latest_ledger(now) + 1
        facts = (source, sequence, destination, amount_stroops, memo, asset, ledger)
        transaction = Transaction(
            txid=hashlib.sha256(repr(facts).encode()).hexdigest(),
            source=source,
            sequence=sequence,
            destination=destination,
            amount_stroops=amount_stroops,
            memo=memo,
            asset=asset,
            successful=successful,
            ledger=ledger,
            applied_at=now,
            closed_at=_GENESIS + -((_GENESIS - now) // _SECOND) * _SECOND,
        )
        self.transactions.append(transaction)
        self._by_txid[transaction.txid] = transaction
        for account in {source, destination}:
            self._by_account[account].append(transaction)
        return transaction

    def find(self, txid: str) -> Transaction | None:
        return self._by_txid.get(txid)

    def of_account(self, address: str) -> list[Transaction] | None:
        """An account's transactions, oldest first; None for an account that does not exist."""
        return self._by_account.get(address)

    def latest_ledger(self, at: datetime) -> int:
        """The number of the last ledger that had closed by then."""
        extra = bisect_right(self.transactions, at, key=lambda tx: tx.applied_at)
        return (at - _GENESIS) // _CLOSE_EVERY + extra

    def closed_at(self, ledger: int) -> datetime:
        extra = bisect_left(self.transactions, ledger, key=lambda tx: tx.ledger)
        transaction = self.transaction_in(ledger)
        return transaction.closed_at if transaction else _GENESIS + (ledger - extra) * _CLOSE_EVERY

    def transaction_in(self, ledger: int) -> Transaction | None:
        index = bisect_left(self.transactions, ledger, key=lambda tx: tx.ledger)
        found = self.transactions[index : index + 1]
        return found[0] if found and found[0].ledger == ledger else None
