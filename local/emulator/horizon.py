"""The chain as Horizon answers it: HAL records, pages with cursors, problems as problem+json.

A view holds one moment (`until`): later ledgers do not exist in it. That is how Horizon lags.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from local.emulator import records
from local.emulator.address import is_address
from local.emulator.chain import Account, Chain, Transaction
from local.emulator.model import Settings
from local.emulator.records import Record

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
        return records.root(self._base, self._chain.passphrase, latest, closed_at, core_latest)

    def fee_stats(self) -> Record:
        return records.fee_stats(self._latest(), self._settings.base_fee_stroops)

    def account(self, address: str) -> Record:
        return records.account(self._base, self._account(address))

    def transaction(self, txid: str) -> Record:
        return self.record(self._find(txid))

    def record(self, transaction: Transaction) -> Record:
        return records.transaction(self._base, transaction)

    def operations(self, txid: str, query: Mapping[str, str]) -> Record:
        transaction = self._find(txid)
        path = f"/transactions/{transaction.txid}/operations"
        return self._operations(path, query, [transaction])

    def account_transactions(self, address: str, query: Mapping[str, str]) -> Record:
        """Sent and received; failed transactions only with `include_failed=true`."""
        path, shown = f"/accounts/{address}/transactions", self._shown(address, query)
        return self._page(path, query, shown, lambda tx: tx.paging_token, self.record)

    def account_payments(self, address: str, query: Mapping[str, str]) -> Record:
        """The same as operations; their memos are in what `join=transactions` adds."""
        path, shown = f"/accounts/{address}/payments", self._shown(address, query)
        return self._operations(path, query, shown)

    def ledgers(self, query: Mapping[str, str]) -> Record:
        closed = range(1, self._latest() + 1)
        return self._page("/ledgers", query, closed, lambda number: number << 32, self._ledger)

    def ledger(self, number: int) -> Record:
        if not 1 <= number <= self._latest():
            raise HorizonError("not_found")
        return self._ledger(number)

    def find(self, txid: str) -> Transaction | None:
        """A transaction, if it is shown by now."""
        transaction = self._chain.find(txid)
        return transaction if transaction and transaction.applied_at <= self._until else None

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
        account = self._chain.accounts.get(address)
        if account is None:
            raise HorizonError("not_found")
        return account.as_of(self._until)

    def _operations(
        self, path: str, query: Mapping[str, str], transactions: Sequence[Transaction]
    ) -> Record:
        joined = _join(query)

        def operation(tx: Transaction) -> Record:
            record = records.operation(self._base, tx)
            return record | {"transaction": self.record(tx)} if joined else record

        return self._page(path, query, transactions, lambda tx: tx.operation_id, operation)

    def _shown(self, address: str, query: Mapping[str, str]) -> list[Transaction]:
        include_failed = query.get("include_failed") == "true"
        transactions = self._account(address).transactions
        return [tx for tx in transactions if tx.successful or include_failed]

    def _latest(self) -> int:
        return self._chain.latest_ledger(self._until)

    def _ledger(self, number: int) -> Record:
        closed_at, tx = self._chain.closed_at(number), self._chain.transaction_in(number)
        return records.ledger(self._base, number, closed_at, tx, self._settings.base_fee_stroops)

    def _page(
        self,
        path: str,
        query: Mapping[str, str],
        items: Sequence[Item],
        token: Callable[[Item], int],
        record: Callable[[Item], Record],
    ) -> Record:
        """One page of items, which are sorted by token. The cursor itself is never on it."""
        order, limit, cursor = _order(query), _limit(query), _cursor(query)
        page_limit = self._settings.page_limit
        join = "&join=transactions" if query.get("join") else ""
        if order == "asc":
            start = bisect_right(items, cursor, key=token) if cursor is not None else 0
            page = items[start : start + min(limit, page_limit)]
        else:
            end = bisect_left(items, cursor, key=token) if cursor is not None else len(items)
            page = items[max(0, end - min(limit, page_limit)) : end][::-1]

        def link(at: int | None, towards: str) -> dict[str, str]:
            at_cursor = "" if at is None else at
            href = f"{self._base}{path}?cursor={at_cursor}{join}&limit={limit}&order={towards}"
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


def _cursor(query: Mapping[str, str]) -> int | None:
    """A paging token; without one a page starts at the end that its order says."""
    text = query.get("cursor") or ""
    if text and not re.fullmatch("[0-9]{1,20}", text):
        raise _bad_request("cursor", "cursor must be a paging token")
    return int(text) if text else None
