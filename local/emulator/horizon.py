"""The chain as Horizon answers it: HAL records, pages with cursors, problems as problem+json.

A view holds one moment (`until`): later ledgers do not exist in it. That is how Horizon lags.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal, TypeVar

from . import records
from .address import is_address
from .chain import Account, Chain, Transaction
from .model import Settings
from .records import Record
from .wire import dumps

PROBLEM = "application/problem+json"
MAX_LIMIT = 200
DEFAULT_LIMIT = 10

_TXID = re.compile(r"[0-9a-fA-F]{64}")
_PROBLEMS = "https://stellar.org/horizon-errors/"
PROBLEMS = {
    "bad_request": (400, "Bad Request"),
    "transaction_failed": (400, "Transaction Failed"),
    "transaction_malformed": (400, "Transaction Malformed"),
    "not_found": (404, "Resource Missing"),
    "unsupported_media_type": (415, "Unsupported Media Type"),
    "rate_limit_exceeded": (429, "Rate Limit Exceeded"),
    "server_error": (500, "Internal Server Error"),
    "stale_history": (503, "Historical DB Is Too Stale"),
    "timeout": (504, "Timeout"),
}

Item = TypeVar("Item")
Listed = Literal["operations", "payments"]


class HorizonError(Exception):
    """A problem+json answer. `kind` is one of Horizon's; `extras` say more."""

    def __init__(self, kind: str, **extras: Any) -> None:
        self.kind = kind
        self.status, self.title = PROBLEMS[kind]
        self.extras = extras
        super().__init__(f"{self.status} {kind}")

    def body(self) -> Record:
        body: Record = {"type": _PROBLEMS + self.kind, "title": self.title, "status": self.status}
        return body | {"extras": self.extras} if self.extras else body


class Horizon:
    """One moment of the chain. `base` is the URL that links start with."""

    def __init__(self, chain: Chain, until: datetime, base: str, settings: Settings) -> None:
        self._chain = chain
        self._until = until
        self._base = base
        self._settings = settings

    def root(self) -> Record:
        """The core behind it does not lag."""
        latest = self._latest()
        closed_at = self._chain.closed_at(latest)
        lag = timedelta(seconds=self._settings.ledger_lag_s)
        core_latest = self._chain.latest_ledger(self._until + lag)
        known = (self._elder(), latest)
        return records.root(self._base, self._chain.passphrase, known, closed_at, core_latest)

    def fee_stats(self) -> Record:
        return records.fee_stats(self._latest(), self._settings.base_fee_stroops)

    def account(self, address: str) -> Record:
        account = self._account(address).as_of(self._until)
        if account is None:
            raise HorizonError("not_found")
        return records.account(self._base, account)

    def transaction(self, txid: str) -> Record:
        return self.record(self._find(txid), txid.lower())

    def record(self, transaction: Transaction, txid: str | None = None) -> Record:
        return records.transaction(self._base, transaction, txid)

    def transactions(self, query: Mapping[str, str]) -> Record:
        """Everybody's; failed ones only with `include_failed=true`."""
        return self._transactions("/transactions", query, self._all())

    def operations(self, query: Mapping[str, str], listed: Listed = "operations") -> Record:
        """Everybody's. Each operation that there is counts as a payment too."""
        return self._operations(f"/{listed}", query, self._all(), _counts(query))

    def operation(self, identifier: int, query: Mapping[str, str]) -> Record:
        transaction = self._chain.transaction_in(identifier >> 32)
        if transaction is None or transaction.operation_id != identifier:
            raise HorizonError("not_found")
        return self._operation(self._find(transaction.txid), _join(query))

    def operations_of(
        self, txid: str, query: Mapping[str, str], listed: Listed = "operations"
    ) -> Record:
        """A transaction's, of a failed one too."""
        transaction = self._find(txid)
        path = f"/transactions/{txid.lower()}/{listed}"
        return self._operations(path, query, [transaction], lambda _tx: True)

    def account_transactions(self, address: str, query: Mapping[str, str]) -> Record:
        """Sent and received; failed transactions only with `include_failed=true`."""
        path = f"/accounts/{address}/transactions"
        return self._transactions(path, query, self._shown(address))

    def account_operations(
        self, address: str, query: Mapping[str, str], listed: Listed = "operations"
    ) -> Record:
        """What the account itself paid and received, also in a transaction of another source.

        The memos are in what `join=transactions` adds.
        """
        path, transactions = f"/accounts/{address}/{listed}", self._shown(address)
        counts = _counts(query)

        def takes_part(tx: Transaction) -> bool:
            return counts(tx) and address in (tx.payer, tx.destination)

        return self._operations(path, query, transactions, takes_part)

    def account_payments(self, address: str, query: Mapping[str, str]) -> Record:
        return self.account_operations(address, query, "payments")

    def ledgers(self, query: Mapping[str, str]) -> str:
        """A page of them, as JSON."""
        closed = range(self._elder(), self._latest() + 1)
        page = self._page("/ledgers", query, closed, lambda number: number << 32, self._ledger_json)
        rows = ",".join(page.pop("_embedded")["records"])
        return f'{dumps(page)[:-1]},"_embedded":{{"records":[{rows}]}}}}'

    def ledger(self, number: int) -> Record:
        if not 1 <= number <= self._latest() or self._hole(number):
            raise HorizonError("not_found")
        return records.ledger(*self._ledger(number))

    def ledger_transactions(self, number: int, query: Mapping[str, str]) -> Record:
        """A ledger's; failed ones only with `include_failed=true`."""
        path = f"/ledgers/{number}/transactions"
        return self._transactions(path, query, self._in_ledger(number))

    def ledger_operations(
        self, number: int, query: Mapping[str, str], listed: Listed = "operations"
    ) -> Record:
        path = f"/ledgers/{number}/{listed}"
        return self._operations(path, query, self._in_ledger(number), _counts(query))

    def nothing(self, path: str, query: Mapping[str, str]) -> Record:
        """An empty page: of markets, offers and claims there are none on this chain."""
        return self._page(path, query, [], lambda _: 0, lambda _: {})

    def find(self, txid: str) -> Transaction | None:
        """A transaction, if it is shown by now."""
        transaction = self._chain.find(txid)
        if transaction is None or transaction.applied_at > self._until:
            return None
        return None if self._hole(transaction.ledger) else transaction

    def _find(self, txid: str) -> Transaction:
        if not _TXID.fullmatch(txid):
            raise _bad_request("tx_id", "Transaction hash must be 64 hex digits")
        transaction = self.find(txid.lower())
        if transaction is None:
            raise HorizonError("not_found")
        return transaction

    def _account(self, address: str) -> Account:
        if not is_address(address):
            raise _bad_request("account_id", "Account ID is invalid")
        account = self._chain.find_account(address)
        if account is None:
            raise HorizonError("not_found")
        return account

    def _shown(self, address: str) -> Sequence[Transaction]:
        """An account's transactions. Of one that has none, a history that began anew knows nothing.

        A merged account's history stays.
        """
        account = self._account(address)
        transactions, end = account.transactions, account.known(self._until)
        if end < len(transactions):
            transactions = transactions[:end]
        elder = self._elder()
        is_empty = not transactions or transactions[-1].ledger < elder
        if is_empty and (elder > 1 or not account.exists(self._until)):
            raise HorizonError("not_found")
        return transactions

    def _in_ledger(self, number: int) -> Sequence[Transaction]:
        """The one transaction of a ledger, or none. Raises HorizonError for an unknown ledger."""
        self.ledger(number)
        transaction = self._chain.transaction_in(number)
        return [transaction] if transaction else []

    def _all(self) -> Sequence[Transaction]:
        """Every transaction that had been applied by this moment."""
        transactions = self._chain.transactions
        end = bisect_right(transactions, self._until, key=lambda tx: tx.applied_at)
        return transactions[:end]

    def _transactions(
        self, path: str, query: Mapping[str, str], transactions: Sequence[Transaction]
    ) -> Record:
        counts = _counts(query)
        return self._page(
            path, query, transactions, lambda tx: tx.paging_token, self.record, counts
        )

    def _operation(self, tx: Transaction, joined: bool) -> Record:
        record = records.operation(self._base, tx)
        return record | {"transaction": self.record(tx)} if joined else record

    def _operations(
        self,
        path: str,
        query: Mapping[str, str],
        transactions: Sequence[Transaction],
        is_shown: Callable[[Transaction], bool],
    ) -> Record:
        joined = _join(query)

        def operation(tx: Transaction) -> Record:
            return self._operation(tx, joined)

        def token(tx: Transaction) -> int:
            return tx.operation_id

        return self._page(path, query, transactions, token, operation, is_shown)

    def _latest(self) -> int:
        """The last ledger that it knows."""
        latest = self._chain.latest_ledger(self._until)
        while hole := self._hole(latest):
            latest = hole[0] - 1
        return latest

    def _elder(self) -> int:
        """The first ledger that it knows: a hole in the middle does not show here."""
        elder = 1
        while hole := self._hole(elder):
            elder = hole[1] + 1
        return elder

    def _hole(self, ledger: int) -> tuple[int, int] | None:
        """The hole that a ledger lies in."""
        return next((each for each in self._settings.holes if each[0] <= ledger <= each[1]), None)

    def _ledger(self, number: int) -> tuple[str, int, datetime, bool | None, int]:
        closed_at, tx = self._chain.closed_at(number), self._chain.transaction_in(number)
        succeeded = None if tx is None else tx.successful
        return self._base, number, closed_at, succeeded, self._settings.base_fee_stroops

    def _ledger_json(self, number: int) -> str:
        return records.ledger_json(*self._ledger(number))

    def _page(
        self,
        path: str,
        query: Mapping[str, str],
        items: Sequence[Item],
        token: Callable[[Item], int],
        record: Callable[[Item], Record | str],
        is_shown: Callable[[Item], bool] = lambda _item: True,
    ) -> Record:
        """One page of items, which are sorted by token. The cursor itself is never on it."""
        order, limit, cursor = _order(query), _limit(query), self._cursor(query)
        kept = "".join(
            f"&{name}={query[name]}" for name in ("include_failed", "join") if query.get(name)
        )
        beyond = filter(is_shown, self._walk(items, token, order, cursor))
        page = list(islice(beyond, min(limit, self._settings.page_limit)))

        def link(at: int | None, towards: str) -> dict[str, str]:
            at_cursor = "" if at is None else at
            href = f"{self._base}{path}?cursor={at_cursor}{kept}&limit={limit}&order={towards}"
            return {"href": href}

        return {
            "_links": {
                "self": link(cursor, order),
                "next": link(token(page[-1]) if page else cursor, order),
                "prev": link(
                    token(page[0]) if page else cursor, "desc" if order == "asc" else "asc"
                ),
            },
            "_embedded": {"records": [record(item) for item in page]},
        }

    def _cursor(self, query: Mapping[str, str]) -> int | None:
        """A paging token, or `now`, behind all there is; without one a page starts at the end that
        its order says."""
        text = query.get("cursor") or ""
        if text == "now":
            return (self._latest() + 1 << 32) - 1
        if text and not re.fullmatch("[0-9]{1,20}", text):
            raise _bad_request("cursor", "cursor must be a paging token")
        return int(text) if text else None

    def _walk(
        self, items: Sequence[Item], token: Callable[[Item], int], order: str, cursor: int | None
    ) -> Iterator[Item]:
        """The items beyond the cursor, without those in holes."""
        if order == "asc":
            at = bisect_right(items, cursor, key=token) if cursor is not None else 0
            while at < len(items):
                if hole := self._hole(token(items[at]) >> 32):
                    at = bisect_left(items, (hole[1] + 1) << 32, key=token)
                else:
                    yield items[at]
                    at += 1
        else:
            at = bisect_left(items, cursor, key=token) if cursor is not None else len(items)
            while at > 0:
                if hole := self._hole(token(items[at - 1]) >> 32):
                    at = bisect_left(items, hole[0] << 32, key=token)
                else:
                    at -= 1
                    yield items[at]


def _counts(query: Mapping[str, str]) -> Callable[[Transaction], bool]:
    include_failed = query.get("include_failed") == "true"
    return lambda tx: tx.successful or include_failed


def _bad_request(field: str, reason: str) -> HorizonError:
    return HorizonError("bad_request", invalid_field=field, reason=reason)


def _order(query: Mapping[str, str]) -> str:
    order = query.get("order") or "asc"
    if order not in ("asc", "desc"):
        raise _bad_request("order", "order must be asc or desc")
    return order


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit") or str(DEFAULT_LIMIT)
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise _bad_request("limit", f"limit must be 1 to {MAX_LIMIT}")
    return int(text)


def _join(query: Mapping[str, str]) -> bool:
    """Whether each operation comes with its transaction."""
    join = query.get("join")
    if join not in (None, "", "transactions"):
        raise _bad_request("join", "Accepted values: transactions")
    return bool(join)
