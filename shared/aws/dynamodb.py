"""DynamoDB's wire form, and its conditional writes; see `shared.work.records`."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from shared.aws.client import aws_call
from shared.base.context import remaining
from shared.base.errors import ServiceUnavailable, UnreadableRecord
from shared.base.observability import count, logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Any]
Record = TypeVar("Record")
DUE_SHARDS = 8
# What a write must find as it was read. The version alone is not enough: a restored record counts
# its versions once more.
GUARDS = ("version", "state", "txid", "place")
NEVER = "never"  # the day on which a book settles
UNPAID = "unpaid#"  # before the day on which a record was closed unpaid
FAILED_CONDITION = "ConditionalCheckFailed"
CONFLICT_PAUSE_SECONDS = 0.05

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


def day_of(at: int) -> str:
    """The UTC day of a moment: `2026-11-26`."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def day_key(completed_at: int | None, unpaid_at: int | None = None) -> Item:
    """The key of the sparse index of what was closed, by UTC day: what was completed, and apart
    from it, since the daily proof reads only that, what ended unpaid. None before it is closed."""
    if completed_at is not None:
        return {"settled_on": day_of(completed_at)}
    return {"settled_on": None if unpaid_at is None else f"{UNPAID}{day_of(unpaid_at)}"}


def put_if_absent(client: DynamoDBClient, table: str, key: str, item: Item) -> Item | None:
    """None if the item is new, else the item that stands already."""
    with aws_call():
        try:
            client.put_item(
                TableName=table,
                Item=encoded(item),
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": key},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except client.exceptions.ConditionalCheckFailedException as failed:
            return _standing(failed)
    return None


def update_of(table: str, key: str, old: Item, new: Item) -> dict[str, Any]:
    """The update that writes what differs between the two, if there was no write in between."""
    changed = {
        name: value for name, value in new.items() if value != old.get(name) and value is not None
    }
    gone = [name for name, value in old.items() if value is not None and new.get(name) is None]
    sets = ", ".join(f"#{name} = :{name}" for name in changed)
    removes = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
    values = {f":{name}": value for name, value in changed.items()}
    known = {f":read_{name}": old[name] for name in GUARDS if old.get(name) is not None}
    conditions = [
        f"#{name} = :read_{name}" if f":read_{name}" in known else f"attribute_not_exists(#{name})"
        for name in GUARDS
    ]
    return {
        "TableName": table,
        "Key": encoded({key: old[key]}),
        "UpdateExpression": f"SET {sets}{removes}",
        # Nobody wrote since we read: the record is still in the state that the transition starts
        # from.
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {f"#{name}": name for name in [*changed, *gone, *GUARDS]},
        "ExpressionAttributeValues": encoded({**known, **values}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def replace(client: DynamoDBClient, table: str, key: str, old: Item, new: Item) -> Item | None:
    """Write what differs between `old` and `new`. None if it was written, else the item that stands
    instead."""
    with aws_call():
        try:
            client.update_item(**update_of(table, key, old, new))
        except client.exceptions.ConditionalCheckFailedException as failed:
            return _standing(failed)
    return None


def transact(
    client: DynamoDBClient,
    writes: Sequence[Any],
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> Sequence[Any] | None:
    """Write all or nothing. None if it was written, else each write's reason, in their order, as
    `{"Code": ..., "Item": ...}`. A conflict with another transaction is tried again while there is
    time; without time, ServiceUnavailable."""
    pause = CONFLICT_PAUSE_SECONDS
    while True:
        with aws_call():
            try:
                client.transact_write_items(TransactItems=writes)
            except client.exceptions.TransactionCanceledException as cancelled:
                reasons = cancelled.response["CancellationReasons"]
            else:
                return None
        codes = [reason["Code"] for reason in reasons]
        if set(codes) <= {"None", FAILED_CONDITION}:
            return reasons
        # Another transaction held one of the items: nothing was written.
        if remaining() < 2 * pause:
            raise ServiceUnavailable
        sleep(pause * (0.5 + jitter() / 2))
        pause *= 2


def _standing(failed: ClientError) -> Item:
    """The item that failed a condition, as ReturnValuesOnConditionCheckFailure gives it."""
    response: Item = failed.response
    if "Item" not in response:
        raise ServiceUnavailable from None  # deleted by hand under our feet
    return decoded(response["Item"])
