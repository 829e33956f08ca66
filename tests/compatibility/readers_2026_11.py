"""What a reader of November 2026 made of each item. Never edited: what the bundle writes must be
readable by these for ever, since an older deployment may run beside a newer one.

Copied from the stores of that time; plain functions on items in DynamoDB's wire form, without a
line of the bundle. Attributes that they do not know are ignored. Each raises KeyError, TypeError or
ValueError if an attribute is missing or not what it should be.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Wire = Mapping[str, Any]
Told = dict[str, Any]

PAYMENT_STATES = {"open", "completed", "cancelled"}
ATTENTIONS = {"gone", "odd_receipt", "never_verifies", "cancelled_but_paid", "unmatched"}
PAYMENT_EVENTS = {"PaymentCompleted", "PaymentCancelled", "PaymentUnmatched"}
REWARD_STATES = {"granted", "revoked"}
REWARD_EVENTS = {"RewardGranted", "RewardRevoked"}
PAYOUT_STATES = {"requested", "created", "signed", "completed", "failed", "blocked"}
PAYOUT_EVENTS = {"PayoutCompleted", "PayoutFailed", "PayoutBlocked"}
WORK = {"payment", "reward", "book"}

PAYMENT_TEXTS = ("username", "from_address", "to_address", "refusal", "txid")
PAYMENT_NUMBERS = (
    *("started_at", "asked_at", "dead_at", "completed_at", "cancelled_at"),
    *("refunded", "due_at"),
)
PAYOUT_TEXTS = (
    *("refund_of", "payment_id", "from_address", "to_address", "envelope", "txid"),
    *("chain_error", "reason", "blocked_reason", "giving_up", "withdrawing"),
    *("former_payments", "doubt", "refused_with"),
)
PAYOUT_NUMBERS = (
    *("create_attempted_at", "envelopes", "max_time", "submitted_at", "blocked_at", "decided_at"),
    *("doubt_since", "refusals", "no_account_since", "closed_at", "due_at"),
)
BOOK_NUMBERS = ("since", "ledger", "until", "place", "covers", "read_at", "due_at", "version")


# --- The wire form ------------------------------------------------------------------------------


def _value(attribute: Wire) -> Any:
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return Decimal(value)
        case "NULL":
            return None
        case "L":
            return [_value(one) for one in value]
        case "M":
            return {name: _value(one) for name, one in value.items()}
    raise ValueError(kind)


def _plain(wire: Wire) -> Told:
    return {name: _value(attribute) for name, attribute in wire.items()}


def _text(item: Told, name: str) -> str:
    if not isinstance(item[name], str):
        raise TypeError(name)
    return str(item[name])


def _whole(item: Told, name: str) -> int:
    if not isinstance(item[name], Decimal):
        raise TypeError(name)
    return int(item[name])


def _one_of(item: Told, name: str, known: set[str]) -> str:
    if item[name] not in known:
        raise ValueError(f"{name}: {item[name]}")
    return str(item[name])


def _optional(item: Told, texts: tuple[str, ...], numbers: tuple[str, ...]) -> Told:
    """Those of these attributes that are there."""
    return {
        **{name: _text(item, name) for name in texts if name in item},
        **{name: _whole(item, name) for name in numbers if name in item},
    }


# --- Records ------------------------------------------------------------------------------------


def payment(wire: Wire) -> Told:
    item = _plain(wire)
    told = {
        "payment_id": _text(item, "payment_id"),
        "uid": _text(item, "uid"),
        "amount": _whole(item, "amount"),
        "state": _one_of(item, "state", PAYMENT_STATES),
        "created_at": _whole(item, "created_at"),
        "version": _whole(item, "version"),
        **_optional(item, PAYMENT_TEXTS, PAYMENT_NUMBERS),
    }
    if "price_minimum" in item:
        told["product_id"] = _text(item, "product_id")
        for name in ("quantity", "price_minimum", "price_maximum"):
            told[name] = _whole(item, name)
    if "attention" in item:
        told["attention"] = _one_of(item, "attention", ATTENTIONS)
    if "owed" in item:
        told["owed"] = _one_of(item, "owed", PAYMENT_EVENTS)
    if "receipts" in item:
        told["receipts"] = [_receipt(entry) for entry in item["receipts"]]
    return told


def _receipt(entry: Told) -> Told:
    told: Told = {"token": _whole(entry, "token"), "txid": _text(entry, "txid")}
    told["amount"] = _whole(entry, "amount")
    return told | ({"odd": _text(entry, "odd")} if "odd" in entry else {})


def reward(wire: Wire) -> Told:
    item = _plain(wire)
    told = {
        "id": _text(item, "id"),
        "uid": _text(item, "uid"),
        "state": _one_of(item, "state", REWARD_STATES),
        "day": _text(item, "day"),
        "granted_at": _whole(item, "granted_at"),
        "version": _whole(item, "version"),
        **_optional(item, (), ("recheck_at", "due_at")),
    }
    if "owed" in item:
        told["owed"] = _one_of(item, "owed", REWARD_EVENTS)
    return told


def payout(wire: Wire) -> Told:
    item = _plain(wire)
    told = {
        **{name: _text(item, name) for name in ("payout_id", "uid", "memo", "metadata")},
        **{name: _text(item, name) for name in ("fingerprint", "day")},
        "amount": _whole(item, "amount"),
        "state": _one_of(item, "state", PAYOUT_STATES),
        "requested_at": _whole(item, "requested_at"),
        "version": _whole(item, "version"),
        **_optional(item, PAYOUT_TEXTS, PAYOUT_NUMBERS),
    }
    json.loads(told["metadata"])
    if "blocked_from" in item:
        told["blocked_from"] = _one_of(item, "blocked_from", PAYOUT_STATES)
    if "owed" in item:
        told["owed"] = _one_of(item, "owed", PAYOUT_EVENTS)
    if "sent" in item:
        told["sent"] = [
            {
                "token": _whole(entry, "token"),
                "txid": _text(entry, "txid"),
                "payment_id": _text(entry, "payment_id"),
            }
            for entry in item["sent"]
        ]
    return told


def book(wire: Wire) -> Told:
    """A wallet's, in the payments' table or in the payouts'."""
    item = _plain(wire)
    told = {"wallet": _text(item, "wallet"), **{name: _whole(item, name) for name in BOOK_NUMBERS}}
    if "ahead" in item:
        told["ahead"] = [int(token) for token in item["ahead"]]
    if "doubts" in item:
        told["doubts"] = [
            {
                "token": _whole(doubt, "token"),
                "subject": _text(doubt, "subject"),
                "amount": _whole(doubt, "amount"),
            }
            for doubt in item["doubts"]
        ]
    return told


# --- What lies beside them ----------------------------------------------------------------------


def canary(wire: Wire) -> Told:
    return {"seen": _text(_plain(wire), "seen")}


def foreign(wire: Wire) -> Told:
    return {"txid": _text(_plain(wire), "txid")}


def pointer(wire: Wire) -> Told:
    """Which payout a payment at Pi was made for."""
    return {"paid_for": _text(_plain(wire), "paid_for")}


def payout_day(wire: Wire) -> Told:
    """What the wallet, or a user, has been paid out on a day; in stroops."""
    return {"paid": _whole(_plain(wire), "paid")}


def payout_number(wire: Wire) -> Told:
    return {"number": _whole(_plain(wire), "number")}


def withdrawals(wire: Wire) -> Told:
    return {"withdrawals": _whole(_plain(wire), "withdrawals")}


def reward_day(wire: Wire) -> Told:
    item = _plain(wire)
    return {name: _whole(item, name) for name in ("granted", "expires_at")}


def product(wire: Wire) -> Told:
    item = _plain(wire)
    prices = ("price",) if "price" in item else ("minimum", "maximum")
    told = {name: Decimal(item[name]) for name in prices}
    return {**told, "name": str(item.get("name", "")), "active": item.get("active") is True}


BY_TABLE = {
    "PaymentsTable": {"canary#": canary, "foreign#": foreign, "wallet#": book, "": payment},
    "RewardsTable": {"day#": reward_day, "": reward},
    "PayoutsTable": {
        "payment#": pointer,
        "day#": payout_day,
        "number#": payout_number,
        "withdrawn#": withdrawals,
        "foreign#": foreign,
        "wallet#": book,
        "": payout,
    },
    "ProductsTable": {"": product},
}
KEYS = {
    "PaymentsTable": "payment_id",
    "RewardsTable": "id",
    "PayoutsTable": "payout_id",
    "ProductsTable": "product_id",
}
KINDS = {
    "PaymentsTable": {"wallet#": "payments_book", "": "payment"},
    "RewardsTable": {"": "reward"},
    "PayoutsTable": {"wallet#": "payouts_book", "": "payout"},
}


def kind_of(table: str, wire: Wire) -> str:
    """The beginning of its key, which says what an item of this table is; empty: a record."""
    key = wire[KEYS[table]]["S"]
    return next(prefix for prefix in BY_TABLE[table] if key.startswith(prefix))


def read(table: str, wire: Wire) -> Told:
    """Whatever lies in this table. Raises StopIteration for what was not known then."""
    return BY_TABLE[table][kind_of(table, wire)](wire)


# --- Messages -----------------------------------------------------------------------------------


def wake_up(body: str) -> tuple[str, str]:
    """The kind of work, and its key."""
    fields = json.loads(body)
    if not (isinstance(fields["key"], str) and fields["key"]) or fields["work"] not in WORK:
        raise ValueError(body)
    return fields["work"], fields["key"]


def payout_wake_up(body: str) -> tuple[str, int]:
    """The key of a payout or of a wallet's book, and when it was due."""
    key, _, due_at = body.rpartition(":")
    if not key:
        raise ValueError(body)
    return key, int(due_at)


# --- Rows of indexes ----------------------------------------------------------------------------


def due_row(table: str, wire: Wire) -> Told:
    """What the sweep sees of unfinished work."""
    item, key = _plain(wire), KEYS[table]
    told = {key: _text(item, key), "due_at": _whole(item, "due_at")}
    if int(_text(item, "due_shard")) not in range(8):
        raise ValueError("due_shard")
    return told | _optional(item, ("attention", "owed"), ("created_at",))


def history_row(wire: Wire) -> Told:
    """What a user's history shows of a payment."""
    item = _plain(wire)
    return {
        "payment_id": _text(item, "payment_id"),
        "state": _one_of(item, "state", PAYMENT_STATES),
        "amount": _whole(item, "amount"),
        "created_at": _whole(item, "created_at"),
        **_optional(item, ("product_id", "txid", "attention"), ("quantity", "completed_at")),
    }


def day_row(table: str, wire: Wire) -> Told:
    """What the daily proof sees of a completed record; of a wallet's book, only its key."""
    item, key = _plain(wire), KEYS[table]
    if item["settled_on"] == "never":
        return {key: _text(item, key)}
    texts = ("txid", "payment_id", "to_address", "from_address")
    told = {key: _text(item, key), "amount": _whole(item, "amount")}
    return told | _optional(item, texts, ("started_at", "requested_at"))
