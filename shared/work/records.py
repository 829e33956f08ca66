"""A table's records of one kind: read, put once, and then changed only by who has read what stands.

A record is written whole when it is made and then only by `replace`: the attributes that a
transition changed, on condition that there was no write in between. So a transition happens once,
however often it is tried, and an older deployment never drops an attribute that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from shared.aws.client import aws_call
from shared.aws.codec import record_of
from shared.aws.dynamodb import (
    Item,
    decoded,
    encoded,
    put_if_absent,
    readable,
    replace,
    update_of,
)
from shared.base.clock import Clock, clock
from shared.base.context import doing
from shared.work.story import Entry, continued

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Record = TypeVar("Record")


class Records(Generic[Record]):
    """`key` is the name of the table's key. `item` gives a record's attributes: its own, and what
    the table's indexes show of it. `reason` says why a record is in its state, for its story; None:
    it has no story."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        key: str,
        kind: type[Record],
        item: Callable[[Record], Item],
        reason: Callable[[Record], str | None] | None = None,
        clock: Clock = clock,
    ) -> None:
        self._client, self._table, self._key = client, table, key
        self._kind, self._item, self._reason, self._clock = kind, item, reason, clock

    def get(self, key: str) -> Record | None:
        """The record, read consistently. Raises UnreadableRecord."""
        item = self._get(key)
        return self._read(item) if item else None

    def put_if_absent(self, record: Record) -> Record:
        """The record that stands afterwards: `record` itself if it was the first, else the one that
        was. Raises UnreadableRecord."""
        standing = put_if_absent(self._client, self._table, self._key, self._item(record))
        return record if standing is None else self._read(standing)

    def replace(self, old: Record, new: Record) -> tuple[Record, bool]:
        """Write a transition from `old`: the record that stands afterwards, and whether it is this
        transition's; if another writer was first, it is theirs. Raises UnreadableRecord."""
        new = self._next(old, new)
        standing = replace(self._client, self._table, self._key, self._item(old), self._item(new))
        return (new, True) if standing is None else (self._read(standing), False)

    # --- For transactions, and for what lies beside the records ----------------------------------

    def _get(self, key: str) -> Item:
        """An item of the table, whatever it is; empty if there is none. Read consistently."""
        with aws_call():
            answer = self._client.get_item(
                TableName=self._table, Key=encoded({self._key: key}), ConsistentRead=True
            )
        return decoded(answer.get("Item", {}))

    def _put(self, record: Record) -> Any:
        """A write that fails if the record stands already."""
        return {
            "Put": {
                "TableName": self._table,
                "Item": encoded(self._item(record)),
                "ConditionExpression": "attribute_not_exists(#key)",
                "ExpressionAttributeNames": {"#key": self._key},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _update(self, old: Record, new: Record) -> Any:
        """A write of the `_next` version that fails if there was a write since `old` was read."""
        update = update_of(self._table, self._key, self._item(old), self._item(new))
        return {"Update": update}

    def _next(self, old: Any, new: Any) -> Record:
        """The next version, with its story."""
        new = with_(new, version=old.version + 1)
        if self._reason is None:
            return cast(Record, new)
        why = self._reason(new)
        if old.pending_event is not None and new.pending_event is None:
            why = f"told {old.pending_event}"
        if why is None and new.state is old.state:
            return cast(Record, new)  # nothing that a person would tell
        entry = Entry(self._clock(), old.state, new.state, why, doing(), new.version)
        return cast(Record, with_(new, story=continued(old.story, entry)))

    def _read(self, item: Item) -> Record:
        return readable(lambda found: record_of(self._kind, found), item, self._key)
