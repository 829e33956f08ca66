"""DynamoDB's wire form, and the keys of the sparse indexes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from shared.base.errors import UnreadableRecord
from shared.base.observability import count, logger

Item = Mapping[str, Any]
Record = TypeVar("Record")
DUE_SHARDS = 8
NEVER = "never"  # the day on which a book settles
UNPAID = "unpaid#"  # before the day on which a record was closed unpaid

attribute = TypeSerializer().serialize  # a plain value in the wire form
_deserialize = TypeDeserializer().deserialize


def encoded(item: Item) -> dict[str, Any]:
    """To the wire form; attributes that are None are left out."""
    return {name: attribute(value) for name, value in item.items() if value is not None}


def decoded(item: Item) -> dict[str, Any]:
    """From the wire form; every number is a Decimal."""
    return {name: _deserialize(value) for name, value in item.items()}


def readable(read: Callable[[Item], Record], item: Item, key: str) -> Record:
    """The record that an item holds. Raises UnreadableRecord, counted and logged, if a field is
    missing or not what it should be, because the table was edited by hand, say."""
    try:
        return read(item)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        logger.exception("This record cannot be read", extra={"record": str(item.get(key))})
        count("UnexpectedError")
        raise UnreadableRecord from None


def due_keys(business_id: str, due_at: int | None) -> Item:
    """The keys of the sparse index of unfinished work; none when nothing is left to do."""
    if due_at is None:
        return {"due_shard": None, "due_at": None}
    return {"due_shard": str(zlib.crc32(business_id.encode()) % DUE_SHARDS), "due_at": due_at}


def day_of(at: int) -> str:
    """The UTC day of a moment: `2026-11-26`."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def day_key(completed_at: int | None, unpaid_at: int | None = None) -> Item:
    """The key of the sparse index of what was closed, by UTC day: what was completed, and apart
    from it, since the daily proof reads only that, what ended unpaid. None before it is closed."""
    if completed_at is not None:
        return {"settled_on": day_of(completed_at)}
    return {"settled_on": None if unpaid_at is None else f"{UNPAID}{day_of(unpaid_at)}"}
