"""Horizon's records: what each of its resources looks like. Where they come from is `horizon`."""

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any

from .chain import (
    ACCOUNT_MERGE,
    CREATE_ACCOUNT,
    KINDS,
    MINIMUM_STROOPS,
    NATIVE,
    PAYMENT,
    STRICT_RECEIVE,
    Account,
    Transaction,
    fixed_point,
)
from .wire import dumps

Record = dict[str, Any]

_PERCENTILES = ("max", "min", "mode", *(f"p{p}" for p in (*range(10, 100, 10), 95, 99)))
_PROTOCOL = 19
_PAGED = "{?cursor,limit,order}"
_WITH_FAILED = "{?cursor,limit,order,include_failed}"
_SELLING_AND_BUYING = ",".join(
    f"{side}_asset_{part}" for side in ("selling", "buying") for part in ("type", "code", "issuer")
)
_PAIR = "&".join(
    f"{side}_asset_{part}={{{side}_asset_{part}}}"
    for side in ("base", "counter")
    for part in ("type", "code", "issuer")
)
_TO = "destination_account,destination_asset_type,destination_asset_issuer,destination_asset_code"
_FROM = "source_asset_type,source_asset_issuer,source_asset_code,source_amount"
# As Horizon has them. The emulator answers those of accounts, transactions, operations, payments,
# ledgers and fees; it has no effects, and of markets and claims it has none to show.
_ROOT_LINKS = {
    "account": "/accounts/{account_id}",
    "accounts": "/accounts{?signer,sponsor,asset,liquidity_pool,cursor,limit,order}",
    "account_transactions": f"/accounts/{{account_id}}/transactions{_PAGED}",
    "claimable_balances": "/claimable_balances{?asset,sponsor,claimant,cursor,limit,order}",
    "assets": "/assets{?asset_code,asset_issuer,cursor,limit,order}",
    "effects": f"/effects{_PAGED}",
    "fee_stats": "/fee_stats",
    "ledger": "/ledgers/{sequence}",
    "ledgers": f"/ledgers{_PAGED}",
    "liquidity_pools": "/liquidity_pools{?reserves,account,cursor,limit,order}",
    "offer": "/offers/{offer_id}",
    "offers": "/offers{?selling,buying,seller,sponsor,cursor,limit,order}",
    "operation": "/operations/{id}",
    "operations": f"/operations{_WITH_FAILED}",
    "order_book": f"/order_book{{?{_SELLING_AND_BUYING},limit}}",
    "payments": f"/payments{_WITH_FAILED}",
    "self": "/",
    "strict_receive_paths": (
        f"/paths/strict-receive{{?source_assets,source_account,{_TO},destination_amount}}"
    ),
    "strict_send_paths": (f"/paths/strict-send{{?destination_account,destination_assets,{_FROM}}}"),
    "trade_aggregations": f"/trade_aggregations?{_PAIR}",
    "trades": f"/trades?{_PAIR}",
    "transaction": "/transactions/{hash}",
    "transactions": f"/transactions{_PAGED}",
}


def root(
    base: str,
    passphrase: str,
    ledgers: tuple[int, int],
    closed_at: datetime,
    core_latest: int,
) -> Record:
    """`ledgers` are the first and the last that Horizon knows; `closed_at` is the last one's."""
    elder, latest = ledgers
    return {
        "_links": _links(base, **_ROOT_LINKS),
        "horizon_version": "2.28.3",
        "core_version": f"stellar-core {_PROTOCOL}.14.0",
        "ingest_latest_ledger": latest,
        "history_latest_ledger": latest,
        "history_latest_ledger_closed_at": _whole_seconds(closed_at),
        "history_elder_ledger": elder,
        "core_latest_ledger": core_latest,
        "network_passphrase": passphrase,
        "current_protocol_version": _PROTOCOL,
        "supported_protocol_version": _PROTOCOL,
        "core_supported_protocol_version": _PROTOCOL,
    }


def account(base: str, of: Account) -> Record:
    path = f"/accounts/{of.address}"
    return {
        "_links": _links(
            base,
            self=path,
            transactions=f"{path}/transactions{_PAGED}",
            operations=f"{path}/operations{_PAGED}",
            payments=f"{path}/payments{_PAGED}",
            effects=f"{path}/effects{_PAGED}",
            offers=f"{path}/offers{_PAGED}",
            trades=f"{path}/trades{_PAGED}",
            # The JavaScript SDK reads `data` only where this link is.
            data=f"{path}/data/{{key}}",
        ),
        "id": of.address,
        "account_id": of.address,
        "paging_token": of.address,
        "sequence": str(of.sequence),
        "subentry_count": 0,
        "num_sponsoring": 0,
        "num_sponsored": 0,
        "last_modified_ledger": of.transactions[-1].ledger if of.transactions else 1,
        "thresholds": dict.fromkeys(("low_threshold", "med_threshold", "high_threshold"), 0),
        "flags": dict.fromkeys(("auth_required", "auth_revocable", "auth_immutable"), False),
        "balances": [
            {
                "balance": fixed_point(of.balance),
                "buying_liabilities": fixed_point(0),
                "selling_liabilities": fixed_point(0),
                "asset_type": NATIVE,
            }
        ],
        "signers": [{"key": of.address, "weight": 1, "type": "ed25519_public_key"}],
        "data": {},
    }


def fee_stats(latest: int, base_fee_stroops: int) -> Record:
    """Nobody bids against anybody here: every fee is the base fee."""
    fee = str(base_fee_stroops)
    return {
        "last_ledger": str(latest),
        "last_ledger_base_fee": fee,
        "ledger_capacity_usage": "0.01",
        "fee_charged": dict.fromkeys(_PERCENTILES, fee),
        "max_fee": dict.fromkeys(_PERCENTILES, fee),
    }


def transaction(base: str, tx: Transaction, txid: str | None = None) -> Record:
    """Under the hash that was asked for; in a list, the outer one of a fee bump."""
    from .results import result_xdr

    txid = txid or tx.txid
    is_inner = txid == tx.inner_txid
    memo = {} if tx.memo is None else {"memo": tx.memo}
    return {
        "_links": _links(
            base,
            self=f"/transactions/{txid}",
            account=f"/accounts/{tx.source}",
            ledger=f"/ledgers/{tx.ledger}",
            operations=f"/transactions/{txid}/operations{_PAGED}",
            effects=f"/transactions/{txid}/effects{_PAGED}",
            precedes=f"/transactions?order=asc&cursor={tx.paging_token}",
            succeeds=f"/transactions?order=desc&cursor={tx.paging_token}",
        ),
        "id": txid,
        "paging_token": str(tx.paging_token),
        "successful": tx.successful,
        "hash": txid,
        "ledger": tx.ledger,
        "created_at": _whole_seconds(tx.closed_at),
        "source_account": tx.source,
        "source_account_sequence": str(tx.sequence),
        "fee_account": tx.source,
        "fee_charged": str(tx.fee_stroops),
        "max_fee": str(tx.max_fee_stroops),
        "operation_count": 1,
        "envelope_xdr": tx.signed.envelope_xdr,
        "result_xdr": result_xdr(tx),
        "memo_type": tx.memo_type,
        **memo,
        "signatures": tx.signed.inner_signatures if is_inner else tx.signed.signatures,
        **_fee_bump(tx),
    }


def operation(base: str, tx: Transaction) -> Record:
    return {
        "_links": _links(
            base,
            self=f"/operations/{tx.operation_id}",
            transaction=f"/transactions/{tx.txid}",
            effects=f"/operations/{tx.operation_id}/effects",
            precedes=f"/effects?order=asc&cursor={tx.operation_id}",
            succeeds=f"/effects?order=desc&cursor={tx.operation_id}",
        ),
        "id": str(tx.operation_id),
        "paging_token": str(tx.operation_id),
        "transaction_successful": tx.successful,
        "source_account": tx.payer,
        "type": tx.kind,
        "type_i": KINDS[tx.kind],
        "created_at": _whole_seconds(tx.closed_at),
        "transaction_hash": tx.txid,
        **_details(tx),
    }


def _details(tx: Transaction) -> Record:
    """What an operation of each kind says besides; a failed path payment moved nothing."""
    if tx.kind == CREATE_ACCOUNT:
        return {"starting_balance": tx.amount, "funder": tx.payer, "account": tx.destination}
    if tx.kind == ACCOUNT_MERGE:
        return {"account": tx.payer, "into": tx.destination}
    paid = {**_asset(tx), "from": tx.payer, "to": tx.destination, "amount": tx.amount}
    if tx.kind == PAYMENT:
        return paid
    path = {"path": [], "source_asset_type": NATIVE}
    moved = tx.amount if tx.successful else fixed_point(0)
    if tx.kind == STRICT_RECEIVE:
        return paid | path | {"source_amount": moved, "source_max": tx.amount}
    return paid | path | {"amount": moved, "source_amount": tx.amount, "destination_min": tx.amount}


def _asset(tx: Transaction) -> Record:
    if tx.asset == NATIVE:
        return {"asset_type": NATIVE}
    code, _, issuer = tx.asset.partition(":")
    kind = "credit_alphanum4" if len(code) <= 4 else "credit_alphanum12"
    return {"asset_type": kind, "asset_code": code, "asset_issuer": issuer}


def _fee_bump(tx: Transaction) -> Record:
    if tx.inner_txid is None:
        return {}
    # A fee bump is charged as one operation more: its inner transaction bids half.
    return {
        "fee_bump_transaction": {"hash": tx.txid, "signatures": tx.signed.signatures},
        "inner_transaction": {
            "hash": tx.inner_txid,
            "signatures": tx.signed.inner_signatures,
            "max_fee": str(tx.max_fee_stroops // 2),
        },
    }


@lru_cache(maxsize=10_000)  # a page is two hundred of them, and most are empty
def ledger_json(
    base: str, number: int, closed_at: datetime, succeeded: bool | None, base_fee_stroops: int
) -> str:
    """As text: who reads a chain asks for each of its ledgers."""
    return dumps(ledger(base, number, closed_at, succeeded, base_fee_stroops))


def ledger(
    base: str, number: int, closed_at: datetime, succeeded: bool | None, base_fee_stroops: int
) -> Record:
    """`succeeded`: its one transaction did; None: it has none."""
    path = f"/ledgers/{number}"
    return {
        "_links": _links(
            base,
            self=path,
            transactions=f"{path}/transactions{_PAGED}",
            operations=f"{path}/operations{_PAGED}",
            payments=f"{path}/payments{_PAGED}",
            effects=f"{path}/effects{_PAGED}",
        ),
        "id": _ledger_hash(number),
        "paging_token": str(number << 32),
        "hash": _ledger_hash(number),
        "prev_hash": _ledger_hash(number - 1),
        "sequence": number,
        "successful_transaction_count": int(succeeded is True),
        "failed_transaction_count": int(succeeded is False),
        "operation_count": int(succeeded is True),
        "closed_at": _whole_seconds(closed_at),
        "base_fee_in_stroops": base_fee_stroops,
        "base_reserve_in_stroops": MINIMUM_STROOPS // 2,
        "max_tx_set_size": 1000,
        "protocol_version": _PROTOCOL,
    }


def _links(base: str, /, **paths: str) -> Record:
    """Those with parts to fill in say so, as URI templates (RFC 6570)."""
    return {
        name: {"href": base + path, "templated": True} if "{" in path else {"href": base + path}
        for name, path in paths.items()
    }


def _whole_seconds(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(100_000)
def _ledger_hash(number: int) -> str:
    return hashlib.sha256(f"ledger {number}".encode()).hexdigest()
