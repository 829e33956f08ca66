"""The ledger that the wallets pay on: transactions are appended and never change.

Pi moves between accounts and into the fee pool, nowhere else: `total_coins` is what was minted. A
ledger closes every 5 s of the emulator's clock (`pace`), and one more at once around each
transaction. Ledger numbers follow from the clock and the transactions alone: nothing runs in the
background. Numbers and close times only grow, until the network begins anew.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .pace import Pace

NATIVE = "native"
BASE_FEE_STROOPS = 100_000
MAX_AMOUNT = Decimal("922337203685.4775807")
STROOPS_PER_PI = 10**7
# What an account must keep: two reserves of 0.49 Pi. Pi does not document it.
MINIMUM_STROOPS = 2 * 4_900_000
OPENING_STROOPS = 1_000_000 * STROOPS_PER_PI

PAYMENT = "payment"
CREATE_ACCOUNT = "create_account"
ACCOUNT_MERGE = "account_merge"
STRICT_RECEIVE = "path_payment_strict_receive"
STRICT_SEND = "path_payment_strict_send"
# The operations that Horizon lists as payments, with their numbers.
KINDS = {CREATE_ACCOUNT: 0, PAYMENT: 1, STRICT_RECEIVE: 2, ACCOUNT_MERGE: 8, STRICT_SEND: 13}

_GENESIS = datetime(2021, 3, 14, tzinfo=UTC)
_CLOSE_EVERY = timedelta(seconds=5)
_SECOND = timedelta(seconds=1)
_EVER = datetime.min.replace(tzinfo=UTC)


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

    `memo` is as Horizon shows it; its type is `text`, `id`, `hash`, `return` or `none`. `kind` is
    one of `KINDS`: path payments are of native Pi, and `account_merge` moves all that the account
    holds. The Pi is `operation_source`'s where there is one; the fee is always `source`'s.
    """

    source: str
    destination: str
    amount_stroops: int
    memo: str | None
    memo_type: str = "text"
    asset: str = NATIVE
    kind: str = PAYMENT
    operation_source: str | None = None

    @property
    def payer(self) -> str:
        """Whose Pi it is."""
        return self.operation_source or self.source


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction as its wallet signed it, with its hash. A fee bump holds another one."""

    txid: str
    envelope_xdr: str
    signatures: tuple[str, ...]
    inner_txid: str | None = None
    inner_signatures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction(Order):
    """One payment on the chain, in a ledger of its own; a failed one took its fee all the same.

    `code` is `op_success` or why the payment failed. `applied_at` is exact, `closed_at` in whole
    seconds.
    """

    signed: SignedTransaction
    sequence: int
    code: str
    fee_stroops: int
    max_fee_stroops: int
    ledger: int
    applied_at: datetime
    closed_at: datetime

    @property
    def txid(self) -> str:
        """Its hash; of a fee bump, the outer one."""
        return self.signed.txid

    @property
    def inner_txid(self) -> str | None:
        return self.signed.inner_txid

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
        received = moved if address == self.destination else 0
        paid = moved if address == self.payer else 0
        fee = self.fee_stroops if address == self.source else 0
        return received - paid - fee


@dataclass(slots=True)
class Account:
    """A wallet: its native balance, the last sequence number it used, its history.

    `turns` are the moments when it came to be on the chain and ceased to be, in turn.
    """

    address: str
    balance: int
    sequence: int = 0
    transactions: list[Transaction] = field(default_factory=list)
    turns: list[datetime] = field(default_factory=list)

    @property
    def available(self) -> int:
        """What it may spend."""
        return self.balance - MINIMUM_STROOPS

    def exists(self, at: datetime) -> bool:
        return bisect_right(self.turns, at) % 2 == 1

    def known(self, until: datetime) -> int:
        """How many of its transactions had been applied by then."""
        return bisect_right(self.transactions, until, key=lambda tx: tx.applied_at)

    def as_of(self, until: datetime) -> "Account | None":
        """The account as it was, what came later undone; None if it did not exist."""
        if not self.exists(until):
            return None
        end = self.known(until)
        later = self.transactions[end:]
        if not later:
            return self
        balance = self.balance - sum(tx.change_of(self.address) for tx in later)
        used = (tx.sequence - 1 for tx in later if tx.source == self.address)
        sequence = next(used, self.sequence)
        return Account(self.address, balance, sequence, self.transactions[:end], self.turns)


class Chain:
    """Accounts and transactions of one network. Who may append what is the core's matter, what
    Horizon shows of it, and how late, is Horizon's."""

    def __init__(self, passphrase: str) -> None:
        self.passphrase = passphrase
        self.accounts: dict[str, Account] = {}
        self.resets = -1
        self._absent: dict[str, Account] = {}
        self._begin(_GENESIS, Pace(_GENESIS, _CLOSE_EVERY))

    def _begin(self, genesis: datetime, pace: Pace) -> None:
        self.genesis = genesis
        self.pace = pace
        self.resets += 1
        self.transactions: list[Transaction] = []
        self.fee_pool = 0
        self.minted = 0
        self._by_txid: dict[str, Transaction] = {}

    def reset(self, now: datetime) -> None:
        """Begin anew with ledger 1, and with the same accounts, which hold what a new one holds.

        Their sequence numbers are others than before: no old envelope fits by accident.
        """
        every = self.pace.every
        self._begin(now, Pace(now - every, every))
        existing, absent = list(self.accounts), [*self._absent]
        self.accounts, self._absent = {}, {}
        for address in absent:
            self.withhold(address)
        for address in existing:
            self.fund(address, OPENING_STROOPS)

    @property
    def total_coins(self) -> int:
        """All Pi that there is, in stroops: equals `minted`, or Pi was made or lost."""
        return self.fee_pool + sum(account.balance for account in self.accounts.values())

    def open_account(self, address: str) -> None:
        """Make sure that there is such an account, unless it is withheld: a new one is funded."""
        if address not in self.accounts and address not in self._absent:
            self.fund(address, OPENING_STROOPS)

    def withhold(self, address: str) -> None:
        """Leave this address, a new one, without an account until somebody creates it."""
        if address not in self.accounts:
            self._absent.setdefault(address, Account(address, 0))

    def fund(self, address: str, balance: int) -> None:
        """Let an account hold so much: Pi out of nothing, or into it. A new one has always been."""
        if address not in self.accounts:
            account = self._absent.pop(address, None) or Account(address, 0)
            account.sequence, account.turns = (1 + self.resets) << 32, [_EVER]
            self.accounts[address] = account
        account = self.accounts[address]
        self.minted += balance - account.balance
        account.balance = balance

    def find_account(self, address: str) -> Account | None:
        """An account, also one that has been merged, or that nobody has created yet."""
        return self.accounts.get(address) or self._absent.get(address)

    def judge(self, order: Order, fee_stroops: int) -> str:
        """What becomes of the payment once its fee is taken: `op_success`, or why not."""
        payer = self.accounts.get(order.payer)
        if payer is None:
            return "op_no_source_account"
        if order.kind == CREATE_ACCOUNT:
            if order.destination in self.accounts:
                return "op_already_exists"
            if order.amount_stroops < MINIMUM_STROOPS:
                return "op_low_reserve"
        elif order.destination not in self.accounts:
            return "op_no_account" if order.kind == ACCOUNT_MERGE else "op_no_destination"
        if order.asset != NATIVE:
            return "op_src_no_trust"
        if order.kind == ACCOUNT_MERGE:
            return "op_malformed" if order.payer == order.destination else "op_success"
        available = payer.available - (fee_stroops if order.payer == order.source else 0)
        enough = order.amount_stroops <= available or order.payer == order.destination
        return "op_success" if enough else "op_underfunded"

    def append(
        self,
        now: datetime,
        order: Order,
        code: str,
        *,
        fee_stroops: int = BASE_FEE_STROOPS,
        max_fee_stroops: int | None = None,
        signed: SignedTransaction,
    ) -> Transaction:
        """Close a ledger with this one payment in it, which `code` says the success of."""
        transaction = Transaction(
            source=order.source,
            destination=order.destination,
            amount_stroops=order.amount_stroops,
            memo=order.memo,
            memo_type=order.memo_type,
            asset=order.asset,
            kind=order.kind,
            operation_source=order.operation_source,
            signed=signed,
            sequence=self.next_sequence(order.source),
            code=code,
            fee_stroops=fee_stroops,
            max_fee_stroops=max_fee_stroops or fee_stroops,
            ledger=self.latest_ledger(now) + 1,
            applied_at=now,
            closed_at=closing_second(now),
        )
        self.transactions.append(transaction)
        for known in (transaction.txid, transaction.inner_txid):
            if known:
                self._by_txid[known] = transaction
        self._settle(transaction)
        return transaction

    def next_sequence(self, address: str) -> int:
        """The number of the account's next transaction."""
        return self.accounts[address].sequence + 1

    def find(self, txid: str) -> Transaction | None:
        """A transaction by its hash, a fee bump by both."""
        return self._by_txid.get(txid)

    def latest_ledger(self, at: datetime) -> int:
        """The number of the last ledger that had closed by then."""
        extra = bisect_right(self.transactions, at, key=lambda tx: tx.applied_at)
        return self.pace.closed(at) + extra

    def closed_at(self, ledger: int) -> datetime:
        extra = bisect_left(self.transactions, ledger, key=lambda tx: tx.ledger)
        transaction = self.transaction_in(ledger)
        if transaction:
            return transaction.closed_at
        return closing_second(self.pace.close_of(ledger - extra))

    def transaction_in(self, ledger: int) -> Transaction | None:
        index = bisect_left(self.transactions, ledger, key=lambda tx: tx.ledger)
        found = self.transactions[index : index + 1]
        return found[0] if found and found[0].ledger == ledger else None

    def _settle(self, transaction: Transaction) -> None:
        self.accounts[transaction.source].sequence = transaction.sequence
        self.fee_pool += transaction.fee_stroops
        if transaction.successful and transaction.kind == CREATE_ACCOUNT:
            self._create(transaction)
        for address in {transaction.source, transaction.payer, transaction.destination}:
            if account := self.find_account(address):
                account.balance += transaction.change_of(address)
                account.transactions.append(transaction)
        if transaction.successful and transaction.kind == ACCOUNT_MERGE:
            merged = self.accounts.pop(transaction.payer)
            merged.turns.append(transaction.applied_at)
            self._absent[transaction.payer] = merged

    def _create(self, transaction: Transaction) -> None:
        address = transaction.destination
        account = self._absent.pop(address, None) or Account(address, 0)
        account.turns.append(transaction.applied_at)
        account.sequence = transaction.ledger << 32
        self.accounts[address] = account


def closing_second(at: datetime) -> datetime:
    """When a ledger says it closed that closes now: in whole seconds, and never too early."""
    return _GENESIS + -((_GENESIS - at) // _SECOND) * _SECOND
