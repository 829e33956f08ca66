"""A table as it was: DynamoDB restores it into a copy beside it, and what differs is written back.

The stack's own table stays: its name, its alarms and its own point-in-time recovery, by which what
is written over can be had again for 35 days. Only what differs is written, so a run that broke off
is simply repeated.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from local.command.deployed import Deployed, StackError, scanned
from local.command.tell import utc
from shared.payments.record import PaymentState
from shared.payments.sales import PAUSE

MOST_WRITES = 25  # DynamoDB's own, of one batch
LOOK_EVERY_SECONDS = 10
MOST_LOOKS = 24 * 360  # a day
AGAIN_SECONDS = 1
# Written by a restore into its own copy: no row of the stack's.
NOTE = "restore#"
# The operator's pause of the sales lies among the payments, and must outlast them.
KEPT = (PAUSE, NOTE)

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Restored:
    """A table of the stack, by its logical id, and its copy as it was at a moment (seconds since
    1970). `key` is the name of its key."""

    logical: str
    name: str
    key: str
    to: int

    @property
    def copy(self) -> str:
        return f"{self.name}-restore-{self.to}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a row has to become; None: it was not there."""

    key: str
    item: Item | None


def require_restorable(deployed: Deployed, table: Restored) -> None:
    """Raises StackError: DynamoDB cannot restore it to this moment, and what to do."""
    client = deployed.aws("dynamodb")
    try:
        answer = client.describe_continuous_backups(TableName=table.name)
    except (client.exceptions.TableNotFoundException, client.exceptions.ResourceNotFoundException):
        raise StackError(
            f"{table.logical} is gone. Bring {table.name} back under its name first:"
            " docs/restore.md#a-table-is-gone"
        ) from None
    found = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    if found["PointInTimeRecoveryStatus"] != "ENABLED":
        raise StackError(f"{table.logical} has no point-in-time recovery.")
    earliest = int(found["EarliestRestorableDateTime"].timestamp())
    latest = int(found["LatestRestorableDateTime"].timestamp())
    if not earliest <= table.to <= latest:
        raise StackError(
            f"{table.logical} can be restored to a moment from {utc(earliest)} to {utc(latest)}."
        )


def restore_aside(deployed: Deployed, tables: Iterable[Restored]) -> None:
    """Each of them into a copy beside it, and wait until all stand. To repeat it restores nothing
    anew. Raises StackError."""
    for _ in range(MOST_LOOKS):
        stand = [_stands(deployed, table) for table in tables]
        if all(stand):
            return
        deployed.app.edges.sleep(LOOK_EVERY_SECONDS)
    raise StackError("A table has not been restored within a day. Look at it in the console.")


def _stands(deployed: Deployed, table: Restored) -> bool:
    """Whether its copy does; it is begun where there is none."""
    status = _status(deployed, table.copy)
    if status is None:
        deployed.aws("dynamodb").restore_table_to_point_in_time(
            SourceTableName=table.name,
            TargetTableName=table.copy,
            RestoreDateTime=datetime.fromtimestamp(table.to, UTC),
            GlobalSecondaryIndexOverride=[],  # it is only read through
        )
    return status == "ACTIVE"


def drop(deployed: Deployed, tables: Iterable[Restored]) -> None:
    """The copies alone. To repeat it changes nothing."""
    for table in tables:
        if _status(deployed, table.copy) not in (None, "DELETING"):
            deployed.aws("dynamodb").delete_table(TableName=table.copy)


def _status(deployed: Deployed, name: str) -> str | None:
    client = deployed.aws("dynamodb")
    try:
        return str(client.describe_table(TableName=name)["Table"]["TableStatus"])
    except client.exceptions.ResourceNotFoundException:
        return None


# --- What differs ---------------------------------------------------------------------------------


def changes(deployed: Deployed, table: Restored) -> Iterator[Change]:
    """What has to be written to make the table what its copy is. Meanwhile a digest is kept of each
    row that stands: a few hundred bytes. What another back end has delivered and Pi has open is not
    forgotten, nor what it has sold once: it would be found again, and delivered a second time."""
    now, kept, holders = dict[str, bytes](), set[str](), dict[str, str]()
    for item in rows(deployed, table.name):
        if not (key := _key(table, item)).startswith(KEPT):
            now[key] = _digest(item)
            holders[key] = item.get("held_by", {}).get("S", key)
            if is_delivered_before(item) and item["state"]["S"] == PaymentState.OPEN:
                kept.add(key)
    for item in rows(deployed, table.copy):
        key = _key(table, item)
        if not key.startswith(KEPT) and now.pop(key, None) != _digest(item):
            yield Change(key, item)
    for key in now:
        if holders[key] not in kept:
            yield Change(key, None)


def is_delivered_before(item: Item) -> bool:
    """A payment that was imported."""
    return bool(item.get("delivered_before", {}).get("BOOL"))


def rows(deployed: Deployed, name: str) -> Iterator[Item]:
    """All that a table holds, in DynamoDB's wire form."""
    return scanned(deployed.aws("dynamodb"), name)


def write(
    deployed: Deployed,
    table: Restored,
    wanted: Iterable[Change],
    require: Callable[[], None],
) -> None:
    """Only while nothing else writes: what stands is not asked. `require` is called before each
    batch, and raises where this run may not go on."""
    left = iter(wanted)
    while batch := list(islice(left, MOST_WRITES)):
        waiting = {table.name: [_request(table, change) for change in batch]}
        while waiting:
            require()
            answer = deployed.aws("dynamodb").batch_write_item(RequestItems=waiting)
            if waiting := answer.get("UnprocessedItems", {}):
                deployed.app.edges.sleep(AGAIN_SECONDS)


def _request(table: Restored, change: Change) -> dict[str, Any]:
    if change.item is None:
        return {"DeleteRequest": {"Key": {table.key: {"S": change.key}}}}
    return {"PutRequest": {"Item": change.item}}


def _key(table: Restored, item: Item) -> str:
    return str(item[table.key]["S"])


def _digest(item: Item) -> bytes:
    return sha256(json.dumps(item, sort_keys=True).encode()).digest()[:16]


# --- A note beside the copy -----------------------------------------------------------------------


def keep_note(deployed: Deployed, table: Restored, note: dict[str, Any]) -> None:
    """In the copy, which lasts until the restore is over: the stack's own table is written over.
    The first one stays, since it was made before that."""
    item = {table.key: {"S": NOTE}, "note": {"S": json.dumps(note)}}
    client, first = deployed.aws("dynamodb"), f"attribute_not_exists({table.key})"
    with suppress(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName=table.copy, Item=item, ConditionExpression=first)


def note_of(deployed: Deployed, table: Restored) -> dict[str, Any]:
    key = {table.key: {"S": NOTE}}
    answer = deployed.aws("dynamodb").get_item(TableName=table.copy, Key=key, ConsistentRead=True)
    found: dict[str, Any] = json.loads(answer["Item"]["note"]["S"])
    return found
