"""The chain as Horizon answers it: HAL records, pages with cursors, problems as problem+json.

A view holds one moment (`until`): later ledgers do not exist in it. That is how Horizon lags.
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from local.emulator.address import is_address
from local.emulator.chain import BASE_FEE_STROOPS, NATIVE, Chain, Transaction

MAX_LIMIT = 200
DEFAULT_LIMIT = 10

_TXID = re.compile(r"[0-9a-fA-F]{64}")
_PROBLEMS = "https://stellar.org/horizon-errors/"

Record = dict[str, Any]
Item = TypeVar("Item")


class HorizonError(Exception):
    """A problem+json answer."""

    def __init__(self, status: int, kind: str, title: str, **extras: str) -> None:
        self.status = status
        self.kind = kind
        self.title = title
        self.extras = extras
        super().__init__(f"{status} {kind}")

    def body(self) -> Record:
        body: Record = {"type": _PROBLEMS + self.kind, "title": self.title, "status": self.status}
        return body | {"extras": self.extras} if self.extras else body


def not_found() -> HorizonError:
    return HorizonError(404, "not_found", "Resource Missing")


class Horizon:
    """One moment of the chain. `base` is the URL that links start with."""

    def __init__(self, chain: Chain, until: datetime, base: str, page_limit: int) -> None:
        self._chain = chain
        self._until = until
        self._base = base
        self._page_limit = page_limit

    def transaction(self, txid: str) -> Record:
        return self._transaction(self._find(txid))

    def operations(self, txid: str, query: Mapping[str, str]) -> Record:
        transaction = self._find(txid)
        path = f"/transactions/{transaction.txid}/operations"
        return self._page(path, query, [transaction], lambda tx: tx.operation_id, self._operation)

    def account_transactions(self, address: str, query: Mapping[str, str]) -> Record:
        """Sent and received; failed transactions only with `include_failed=true`."""
        if not is_address(address):
            raise _bad_request("account_id", "Account ID is invalid")
        transactions = self._chain.of_account(address)
        if transactions is None:
            raise not_found()
        closed = transactions[: bisect_right(transactions, self._until, key=_applied_at)]
        include_failed = query.get("include_failed") == "true"
        shown = [tx for tx in closed if tx.successful or include_failed]
        path = f"/accounts/{address}/transactions"
        return self._page(path, query, shown, lambda tx: tx.paging_token, self._transaction)

    def ledgers(self, query: Mapping[str, str]) -> Record:
        closed = range(1, self._chain.latest_ledger(self._until) + 1)
        return self._page("/ledgers", query, closed, lambda number: number << 32, self._ledger)

    def ledger(self, number: int) -> Record:
        if not 1 <= number <= self._chain.latest_ledger(self._until):
            raise not_found()
        return self._ledger(number)

    def _find(self, txid: str) -> Transaction:
        if not _TXID.fullmatch(txid):
            raise _bad_request("tx_id", "Transaction hash must be 64 hex digits")
        transaction = self._chain.find(txid.lower())
        if transaction is None or transaction.applied_at > self._until:
            raise not_found()
        return transaction

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
        if order == "asc":
            start = bisect_right(items, cursor, key=token) if cursor is not None else 0
            page = items[start : start + min(limit, self._page_limit)]
        else:
            end = bisect_left(items, cursor, key=token) if cursor is not None else len(items)
            page = items[max(0, end - min(limit, self._page_limit)) : end][::-1]

        def link(at: int | None, towards: str) -> dict[str, str]:
            at_cursor = "" if at is None else at
            href = f"{self._base}{path}?cursor={at_cursor}&limit={limit}&order={towards}"
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

    def _transaction(self, tx: Transaction) -> Record:
        memo = {"memo_type": "none"} if tx.memo is None else {"memo_type": "text", "memo": tx.memo}
        return {
            "_links": self._links(
                self=f"/transactions/{tx.txid}",
                account=f"/accounts/{tx.source}",
                ledger=f"/ledgers/{tx.ledger}",
                operations=f"/transactions/{tx.txid}/operations",
            ),
            "id": tx.txid,
            "paging_token": str(tx.paging_token),
            "successful": tx.successful,
            "hash": tx.txid,
            "ledger": tx.ledger,
            "created_at": _whole_seconds(tx.closed_at),
            "source_account": tx.source,
            "source_account_sequence": str(tx.sequence),
            "fee_account": tx.source,
            "fee_charged": str(BASE_FEE_STROOPS),
            "max_fee": str(BASE_FEE_STROOPS),
            "operation_count": 1,
            **memo,
            "signatures": [],
        }

    def _operation(self, tx: Transaction) -> Record:
        code, _, issuer = tx.asset.partition(":")
        asset = {"asset_type": NATIVE}
        if tx.asset != NATIVE:
            kind = "credit_alphanum4" if len(code) <= 4 else "credit_alphanum12"
            asset = {"asset_type": kind, "asset_code": code, "asset_issuer": issuer}
        return {
            "_links": self._links(
                self=f"/operations/{tx.operation_id}", transaction=f"/transactions/{tx.txid}"
            ),
            "id": str(tx.operation_id),
            "paging_token": str(tx.operation_id),
            "transaction_successful": tx.successful,
            "source_account": tx.source,
            "type": "payment",
            "type_i": 1,
            "created_at": _whole_seconds(tx.closed_at),
            "transaction_hash": tx.txid,
            **asset,
            "from": tx.source,
            "to": tx.destination,
            "amount": tx.amount,
        }

    def _ledger(self, number: int) -> Record:
        tx = self._chain.transaction_in(number)
        return {
            "_links": self._links(self=f"/ledgers/{number}"),
            "id": _ledger_hash(number),
            "paging_token": str(number << 32),
            "hash": _ledger_hash(number),
            "prev_hash": _ledger_hash(number - 1),
            "sequence": number,
            "successful_transaction_count": int(tx is not None and tx.successful),
            "failed_transaction_count": int(tx is not None and not tx.successful),
            "operation_count": int(tx is not None and tx.successful),
            "closed_at": _whole_seconds(self._chain.closed_at(number)),
            "base_fee_in_stroops": BASE_FEE_STROOPS,
            "max_tx_set_size": 1000,
            "protocol_version": 19,
        }

    def _links(self, /, **paths: str) -> dict[str, dict[str, str]]:
        return {name: {"href": self._base + path} for name, path in paths.items()}


def _bad_request(field: str, reason: str) -> HorizonError:
    return HorizonError(400, "bad_request", "Bad Request", invalid_field=field, reason=reason)


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


def _cursor(query: Mapping[str, str]) -> int | None:
    """A paging token; without one a page starts at the end that its order says."""
    text = query.get("cursor") or ""
    if text and not re.fullmatch("[0-9]{1,20}", text):
        raise _bad_request("cursor", "cursor must be a paging token")
    return int(text) if text else None


def _applied_at(tx: Transaction) -> datetime:
    return tx.applied_at


def _whole_seconds(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _ledger_hash(number: int) -> str:
    return hashlib.sha256(f"ledger {number}".encode()).hexdigest()
