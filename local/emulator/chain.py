"""The ledger that the wallets pay on: transactions are appended and never change.

Pi moves between accounts and into the fee pool, nowhere else: `total_coins` is what was minted. A
ledger closes every 5 s of the emulator's clock, and one more at once around each transaction.
Ledger numbers follow from the clock and the transactions alone: nothing runs in the background.
Numbers and close times only grow.
"""

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

NATIVE = "native"
BASE_FEE_STROOPS = 100_000
MAX_AMOUNT = Decimal("922337203685.4775807")
STROOPS_PER_PI = 10**7
# What an account must keep: two reserves of 0.49 Pi. Pi does not document it.
MINIMUM_STROOPS = 2 * 4_900_000
OPENING_STROOPS = 1_000_000 * STROOPS_PER_PI

_GENESIS = datetime(2021, 3, 14, tzinfo=UTC)
_CLOSE_EVERY = timedelta(seconds=5)
_SECOND = timedelta(seconds=1)
_FIRST_SEQUENCE = 1 << 32


def stroops(amount: Decimal) -> int:
    """Pi as stroops. Raises ValueError for what a Stellar amount cannot be."""
    if not 0 < amount <= MAX_AMOUNT or amount != amount.quantize(Decimal("1e-7")):
        raise ValueError(f"{amount} is not an amount")
    return int(amount * STROOPS_PER_PI)


def fixed_point(amount_stroops: int) -> str:
    """Stroops as Horizon prints them: Pi with always 7 decimals."""
    whole, fraction = divmod(amount_stroops, STROOPS_PER_PI)
    return f"{whole}.{fraction:07d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One payment as its sender wants it. `asset` is `native` or `CODE:ISSUER`.

    `memo` is as Horizon shows it; its type is `text`, `id`, `hash`, `return` or `none`.
    """

    source: str
    destination: str
    amount_stroops: int
    memo: str | None
    memo_type: str = "text"
    asset: str = NATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction(Order):
    """One payment on the chain, in a ledger of its own; a failed one took its fee all the same.

    `code` is `op_success` or why the payment failed. `applied_at` is exact, `closed_at` in whole
    seconds. The XDR is there for what somebody signed and submitted.
    """

    txid: str
    sequence: int
    code: str
    fee_stroops: int
    max_fee_stroops: int
    ledger: int
    applied_at: datetime
    closed_at: datetime
    envelope_xdr: str | None = None

    @property
    def successful(self) -> bool:
        return self.code == "op_success"

    @property
    def paging_token(self) -> int:
        return self.ledger << 32 | 1 << 12

    @property
    def operation_id(self) -> int:
        return self.paging_token + 1

    @property
    def amount(self) -> str:
        return fixed_point(self.amount_stroops)

    def change_of(self, address: str) -> int:
        """What an account gained by it, in stroops of native Pi."""
        moved = self.amount_stroops if self.successful and self.asset == NATIVE else 0
        change = moved if address == self.destination else 0
        return change - moved - self.fee_stroops if address == self.source else change


@dataclass(slots=True)
class Account:
    """A wallet: its native balance, the last sequence number it used, its history."""

    address: str
    balance: int
    sequence: int = _FIRST_SEQUENCE
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def available(self) -> int:
        """What it may spend."""
        return self.balance - MINIMUM_STROOPS

    def as_of(self, until: datetime) -> "Account":
        """The account as it was: what came later is undone. Wallets are as old as the chain."""
        end = bisect_right(self.transactions, until, key=lambda tx: tx.applied_at)
        later = self.transactions[end:]
        balance = self.balance - sum(tx.change_of(self.address) for tx in later)
        sequence = self.sequence - sum(tx.source == self.address for tx in later)
        return Account(self.address, balance, sequence, self.transactions[:end])


class Chain:
    """Accounts and transactions of one network. Who may append what is the core's matter, what
    Horizon shows of it, and how late, is Horizon's."""

    def __init__(self, passphrase: str) -> None:
        self.passphrase = passphrase
        self.transactions: list[Transaction] = []
        self.accounts: dict[str, Account] = {}
        self.fee_pool = 0
        self.minted = 0
        self._by_txid: dict[str, Transaction] = {}

    @property
    def total_coins(self) -> int:
        """All Pi that there is, in stroops: equals `minted`, or Pi was made or lost."""
        return self.fee_pool + sum(account.balance for account in self.accounts.values())

    def open_account(self, address: str) -> None:
        """Make sure that there is such an account: a new one is funded."""
        if address not in self.accounts:
            self.fund(address, OPENING_STROOPS)

    def fund(self, address: str, balance: int) -> None:
        """Let an account, a new one if need be, hold so much: Pi out of nothing, or into it."""
        account = self.accounts.setdefault(address, Account(address, 0))
        self.minted += balance - account.balance
        account.balance = balance

    def judge(self, order: Order, fee_stroops: int) -> str:
        """What becomes of the payment once its fee is taken: `op_success`, or why not."""
        if order.destination not in self.accounts:
            return "op_no_destination"
        if order.asset != NATIVE:
            return "op_src_no_trust"
        available = self.accounts[order.source].available - fee_stroops
        enough = order.amount_stroops <= available or order.source == order.destination
        return "op_success" if enough else "op_underfunded"

    def append(
        self,
        now: datetime,
        order: Order,
        code: str,
        *,
        fee_stroops: int = BASE_FEE_STROOPS,
        max_fee_stroops: int | None = None,
        signed: tuple[str, str] | None = None,
    ) -> Transaction:
        """Close a ledger with this one payment in it, which `code` says the success of.

        `signed` is the hash and the envelope, of what was signed.
        """
        source = self.accounts[order.source]
        sequence, ledger = source.sequence + 1, self.latest_ledger(now) + 1
        facts = (self.passphrase, order, sequence, ledger)
        invented = hashlib.sha256(repr(facts).encode()).hexdigest()
        txid, envelope_xdr = signed or (invented, None)
        transaction = Transaction(
            source=order.source,
            destination=order.destination,
            amount_stroops=order.amount_stroops,
            memo=order.memo,
            memo_type=order.memo_type,
            asset=order.asset,
            txid=txid,
            sequence=sequence,
            code=code,
            fee_stroops=fee_stroops,
            max_fee_stroops=max_fee_stroops or fee_stroops,
            ledger=ledger,
            applied_at=now,
            closed_at=closing_second(now),
            envelope_xdr=envelope_xdr,
        )
        self.transactions.append(transaction)
        self._by_txid[txid] = transaction
        self._settle(transaction)
        return transaction

    def find(self, txid: str) -> Transaction | None:
        return self._by_txid.get(txid)

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

    def _settle(self, transaction: Transaction) -> None:
        self.accounts[transaction.source].sequence = transaction.sequence
        self.fee_pool += transaction.fee_stroops
        for address in {transaction.source, transaction.destination} & self.accounts.keys():
            account = self.accounts[address]
            account.balance += transaction.change_of(address)
            account.transactions.append(transaction)


def closing_second(at: datetime) -> datetime:
    """When a ledger says it closed that closes now: in whole seconds, and never too early."""
    return _GENESIS + -((_GENESIS - at) // _SECOND) * _SECOND


def next_close(after: datetime) -> datetime:
    """When the next regular ledger closes."""
    return _GENESIS + ((after - _GENESIS) // _CLOSE_EVERY + 1) * _CLOSE_EVERY
