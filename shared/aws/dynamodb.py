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

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def encoded(item: Item) -> dict[str, Any]:
    """To the wire form; attributes that are None are left out."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


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


def day_key(settled_at: int | None) -> Item:
    """The key of the sparse index of what was completed, by UTC day; none before it is."""
    day = None if settled_at is None else datetime.fromtimestamp(settled_at, UTC).date().isoformat()
    return {"settled_on": day}
