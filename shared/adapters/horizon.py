"""Reads the Pi chain through Horizon: one transaction, or the search that decides whether a payment
was ever made.

Only ever asked by ids and wallets that we know; a link that a client supplies is never followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from shared.adapters.deadline import Deadline
from shared.adapters.http import CallFailed, Http
from shared.domain.amount import Amount, InvalidAmount
from shared.domain.chain import ChainTransaction, Search, Transfer, Wanted
from shared.domain.errors import ChainUnavailable

PAGE = 200  # Horizon's most
MOST_PAGES = 40
MOST_SUSPECTS = 20  # transactions with our memo whose operations we look at
CLOCK_SKEW = timedelta(minutes=5)  # between Pi, which dates the payment, and the chain


class Horizon:
    """Cheap: one per invocation, since it carries the deadline."""

    def __init__(self, http: Http, base_url: str, deadline: Deadline) -> None:
        self._http, self._base_url, self._deadline = http, base_url.rstrip("/"), deadline

    def transaction(self, txid: str) -> ChainTransaction | None:
        """A transaction with its payments; None if this Horizon does not know it (it may lag by
        seconds).

        Raises ChainUnavailable.
        """
        json = self._get(f"/transactions/{txid}")
        return None if json is None else self._with_transfers(json)

    def search(self, wanted: Wanted, created_at: datetime, covered_until: datetime) -> Search:
        """Look for the transaction that pays `wanted` in its destination wallet's history.

        Its absence is conclusive only if this Horizon's latest ledger closed at or after
        `covered_until` and the pages reached back to before `created_at`. Anything less, an error
        included, is not. Never raises.
        """
        try:
            # The ledger first: whatever closes while we page is then not claimed to be covered.
            covered = self._latest_close() >= covered_until
            return self._page_back(wanted, created_at - CLOCK_SKEW, covered)
        except ChainUnavailable:
            return Search(txid=None, conclusive=False)

    def _page_back(self, wanted: Wanted, until: datetime, covered: bool) -> Search:
        wallet = quote(wanted.transfer.destination, safe="")
        path = f"/accounts/{wallet}/transactions?order=desc&limit={PAGE}"
        cursor, suspects = "", 0
        for _ in range(MOST_PAGES):
            records = _records(self._get(path + cursor))
            for json in records:
                if _text(json, "memo_type") == "text" and json.get("memo") == wanted.memo:
                    if (suspects := suspects + 1) > MOST_SUSPECTS:
                        return Search(txid=None, conclusive=False)
                    transaction = self._with_transfers(json)
                    if wanted.is_met_by(transaction):
                        return Search(txid=transaction.txid, conclusive=True)
            if len(records) < PAGE or _moment(records[-1], "created_at") < until:
                return Search(txid=None, conclusive=covered)
            cursor = f"&cursor={quote(_text(records[-1], 'paging_token'), safe='')}"
        return Search(txid=None, conclusive=False)

    def _latest_close(self) -> datetime:
        ledgers = _records(self._get("/ledgers?order=desc&limit=1"))
        if not ledgers:
            raise ChainUnavailable
        return _moment(ledgers[0], "closed_at")

    def _with_transfers(self, json: Mapping[str, Any]) -> ChainTransaction:
        txid = _text(json, "hash").lower()
        operations = _records(
            self._get(f"/transactions/{quote(txid, safe='')}/operations?limit={PAGE}")
        )
        return ChainTransaction(
            txid=txid,
            successful=json.get("successful") is True,
            memo=_text(json, "memo")
            if json.get("memo_type") == "text" and "memo" in json
            else None,
            transfers=tuple(
                transfer
                for operation in operations
                if (transfer := _transfer(operation)) is not None
            ),
        )

    def _get(self, path: str) -> dict[str, Any] | None:
        try:
            reply = self._http.call("GET", self._base_url + path, self._deadline)
        except CallFailed:
            raise ChainUnavailable from None
        if reply.status == 404:
            return None
        if reply.status != 200 or reply.json is None:
            raise ChainUnavailable
        return reply.json


def _records(json: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    embedded = (json or {}).get("_embedded")
    records = embedded.get("records") if isinstance(embedded, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ChainUnavailable
    return records


def _transfer(operation: Mapping[str, Any]) -> Transfer | None:
    if operation.get("type") != "payment" or operation.get("asset_type") != "native":
        return None
    try:
        amount = Amount.of(_text(operation, "amount"))
    except InvalidAmount:
        return None
    return Transfer(_text(operation, "from"), _text(operation, "to"), amount)


def _text(json: Mapping[str, Any], key: str) -> str:
    value = json.get(key)
    if not isinstance(value, str):
        raise ChainUnavailable
    return value


def _moment(json: Mapping[str, Any], key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(json, key))
    except ValueError:
        raise ChainUnavailable from None
    if moment.tzinfo is None:
        raise ChainUnavailable
    return moment
