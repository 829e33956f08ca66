"""Reads the Pi chain through Horizon, and hands in what is to be applied.

Only ever asked by ids and wallets that we know; a link that a client supplies is never followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from shared.base.amount import ZERO, Amount, InvalidAmount
from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.base.errors import ChainUnavailable
from shared.base.frozen import frozen
from shared.base.http import CallFailed, Http, Reply
from shared.stellar.objects import (
    FRESH_SECONDS,
    Account,
    ChainTransaction,
    Ledger,
    Movement,
    Transfer,
)

PAGE = 200  # Horizon's most
MOST_PAGES = 40
CLOCK_SKEW = timedelta(seconds=CLOCK_SKEW_SECONDS)
FRESH = timedelta(seconds=FRESH_SECONDS)

Json = Mapping[str, Any]


@frozen
class Root:
    """`newest`: the last ledger that this Horizon shows; `is_current`: it closed just now."""

    network: str
    newest: Ledger
    is_current: bool


class Horizon:
    def __init__(self, http: Http, base_url: str) -> None:
        self._http, self._base_url = http, base_url.rstrip("/")

    def transaction(self, txid: str) -> ChainTransaction | None:
        """A transaction with its payments; None if this Horizon does not know it (it may lag by
        seconds).

        Raises ChainUnavailable.
        """
        reply = self._get(f"/transactions/{quote(txid, safe='')}")
        if _is_not_found(reply):
            return None
        transaction = self._with_transfers(reply.json or {})
        if transaction.txid != txid:
            raise ChainUnavailable  # the answer to another question
        return transaction

    def root(self, now: int) -> Root:
        """What this Horizon shows, and how far. Raises ChainUnavailable."""
        reply = self._get("/")
        json = reply.json or {}
        number = _number(json, "history_latest_ledger")
        if number < 1:
            raise ChainUnavailable  # it has no history yet, or says nonsense
        closed_at = _moment(json, "history_latest_ledger_closed_at")
        return Root(
            network=_text(json, "network_passphrase"),
            newest=Ledger(number, int(closed_at.timestamp())),
            is_current=_is_fresh(reply, closed_at, datetime.fromtimestamp(now, UTC)),
        )

    def ledgers(self, after: int) -> list[Ledger]:
        """The next ledgers that this Horizon has, in their order; it may lack some between. Raises
        ChainUnavailable."""
        path = f"/ledgers?order=asc&limit={PAGE}&cursor={after << 32}"
        return [_ledger(json) for json in _records(self._get(path))]

    def movements(self, wallet: str, after: int) -> list[Movement]:
        """A page of what this wallet has paid and got, oldest first, newer than the paging token
        `after`; empty: no more, or an account that is not on the chain. Raises ChainUnavailable."""
        path = f"/accounts/{quote(wallet, safe='')}/payments"
        query = f"?order=asc&limit={PAGE}&join=transactions&cursor={after}"
        reply = self._get(path + query)
        if _is_not_found(reply):
            return []
        return [_movement(json) for json in _records(reply)]

    def account(self, address: str) -> Account | None:
        """None: the chain has no such account, in Horizon's own words. Raises ChainUnavailable."""
        reply = self._get(f"/accounts/{quote(address, safe='')}")
        return None if _is_not_found(reply) else _account(reply.json or {})

    def base_reserve(self) -> int:
        """What an account must keep, twice and once more for each entry, in stroops."""
        ledgers = _records(self._get("/ledgers?order=desc&limit=1"))
        reserve = ledgers[0].get("base_reserve_in_stroops") if ledgers else None
        if not isinstance(reserve, int):
            raise ChainUnavailable
        return reserve

    def base_fee(self) -> int:
        """What a transaction has to offer per operation right now, in stroops."""
        return _whole(self._get("/fee_stats").json or {}, "last_ledger_base_fee")

    def _with_transfers(self, json: Json) -> ChainTransaction:
        txid = _text(json, "hash").lower()
        path = f"/transactions/{quote(txid, safe='')}/operations?limit={PAGE}"
        transfers = map(_plain_payment, _records(self._get(path)))
        return ChainTransaction(
            txid=txid,
            successful=json.get("successful") is True,
            memo=_memo(json),
            transfers=tuple(transfer for transfer in transfers if transfer is not None),
            fee=_fee(json),
        )

    def _get(self, path: str) -> Reply:
        """Raises ChainUnavailable unless the answer is a 200 or a 404."""
        try:
            reply = self._http.call("GET", self._base_url + path)
        except CallFailed:
            raise ChainUnavailable from None
        if reply.status not in (200, 404):
            raise ChainUnavailable
        return reply


def _is_not_found(reply: Reply) -> bool:
    """Horizon's own 404, and not that of something in between."""
    return reply.status == 404 and str((reply.json or {}).get("type")).endswith("/not_found")


def _is_fresh(reply: Reply, closed_at: datetime, now: datetime) -> bool:
    """Whether a ledger closed just now by Horizon's own clock, since ours may be off; ours,
    roughly, tells that this is no old answer from a cache."""
    try:
        asked_at = parsedate_to_datetime(reply.headers["Date"])
    except (KeyError, ValueError):
        return False
    if asked_at.tzinfo is None:
        return False
    return asked_at - closed_at <= FRESH and abs(now - closed_at) <= FRESH + CLOCK_SKEW


def _records(reply: Reply) -> list[dict[str, Any]]:
    """The records of a page; a wallet or transaction that Horizon does not know has no page."""
    embedded = (reply.json or {}).get("_embedded")
    records = embedded.get("records") if isinstance(embedded, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ChainUnavailable
    return records


def _ledger(json: Json) -> Ledger:
    return Ledger(_number(json, "sequence"), _second(json, "closed_at"))


def _movement(operation: Json) -> Movement:
    transaction = operation.get("transaction")
    if not isinstance(transaction, dict) or operation.get("transaction_successful") is not True:
        raise ChainUnavailable
    hashes = [operation.get("transaction_hash")]
    for name in ("fee_bump_transaction", "inner_transaction"):
        other = transaction.get(name)
        hashes.append(other.get("hash") if isinstance(other, dict) else None)
    txids = dict.fromkeys(each.lower() for each in hashes if isinstance(each, str) and each)
    return Movement(
        token=_whole(operation, "paging_token"),
        at=_second(operation, "created_at"),
        kind=_text(operation, "type"),
        txids=tuple(txids),
        memo=_memo(transaction),
        transfer=_native(operation),
    )


# Where each kind of operation that moves native Pi says from whom, to whom and how much. A merge
# does not say how much. Source: Horizon's "payments" of an account.
KINDS: Mapping[str, tuple[str, str, str | None]] = {
    "payment": ("from", "to", "amount"),
    "path_payment_strict_receive": ("from", "to", "amount"),
    "path_payment_strict_send": ("from", "to", "amount"),
    "create_account": ("funder", "account", "starting_balance"),
    "account_merge": ("account", "into", None),
}


# These move nothing else than native Pi, and do not say so.
NATIVE_KINDS = frozenset({"create_account", "account_merge"})


def _plain_payment(operation: Json) -> Transfer | None:
    return _native(operation) if operation.get("type") == "payment" else None


def _native(operation: Json) -> Transfer | None:
    kind = str(operation.get("type"))
    names = KINDS.get(kind)
    is_native = kind in NATIVE_KINDS or operation.get("asset_type") == "native"
    if names is None or not is_native:
        return None
    source, destination, amount = names
    try:
        moved = ZERO if amount is None else Amount.of(_text(operation, amount))
    except InvalidAmount:
        return None
    return Transfer(_text(operation, source), _text(operation, destination), moved)


def _account(json: Json) -> Account:
    balances = json.get("balances")
    if not isinstance(balances, list):
        raise ChainUnavailable
    native = [b for b in balances if isinstance(b, dict) and b.get("asset_type") == "native"]
    try:
        balance, claimed = (
            sum(Amount.of(_text(b, key)).stroops for b in native if key in b)
            for key in ("balance", "selling_liabilities")
        )
    except InvalidAmount:
        raise ChainUnavailable from None
    entries, sponsoring, sponsored = (
        n if isinstance(n := json.get(key), int) else 0
        for key in ("subentry_count", "num_sponsoring", "num_sponsored")
    )
    reserves = 2 + entries + sponsoring - sponsored
    return Account(_whole(json, "sequence"), balance - claimed, reserves)


def _fee(json: Json) -> Amount | None:
    """In stroops, as text. Source: Stellar's Horizon, transactions."""
    text = str(json.get("fee_charged"))
    return Amount(int(text)) if text.isascii() and text.isdecimal() else None


def _memo(json: Json) -> str | None:
    """None unless it is a text memo; an empty one has no `memo`."""
    is_text = _text(json, "memo_type") == "text" and "memo" in json
    return _text(json, "memo") if is_text else None


def _text(json: Json, key: str) -> str:
    value = json.get(key)
    if not isinstance(value, str):
        raise ChainUnavailable
    return value


def _whole(json: Json, key: str) -> int:
    text = _text(json, key)
    if not (text.isascii() and text.isdigit()):
        raise ChainUnavailable
    return int(text)


def _number(json: Json, key: str) -> int:
    value = json.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ChainUnavailable
    return value


def _second(json: Json, key: str) -> int:
    return int(_moment(json, key).timestamp())


def _moment(json: Json, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(json, key))
    except ValueError:
        raise ChainUnavailable from None
    if moment.tzinfo is None:
        raise ChainUnavailable
    return moment
