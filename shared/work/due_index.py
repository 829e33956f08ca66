"""The sparse index of unfinished work of one table; its size follows the work, not the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.aws.codec import record_of
from shared.aws.dynamodb import Item, decoded, encoded, readable
from shared.base.errors import UnreadableRecord
from shared.work.due import DueRow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef


class DueIndex:
    """`key` is the name of the table's own key."""

    def __init__(self, client: DynamoDBClient, table: str, key: str) -> None:
        self._client, self._table, self._key = client, table, key

    def unfinished(self, shard: str, due_by: int | None = None) -> Iterator[DueRow]:
        """The shard's rows, earliest first, page by page; `due_by` leaves out what is due later."""
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": "due",
            "KeyConditionExpression": "due_shard = :shard",
            "ExpressionAttributeValues": encoded({":shard": shard, ":due_by": due_by}),
        }
        if due_by is not None:
            query["KeyConditionExpression"] = "due_shard = :shard AND due_at <= :due_by"
        while True:
            with aws_call():
                page = self._client.query(**query)
            for item in map(decoded, page["Items"]):
                try:
                    yield readable(self._row, item, self._key)
                except UnreadableRecord:
                    continue  # counted; it holds up no other
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _row(self, item: Item) -> DueRow:
        return record_of(DueRow, {**item, "key": item[self._key]})

    def push(self, row: DueRow, due_at: int) -> bool:
        """Move `due_at` forward. False: the work was finished, or another sweep was first."""
        with aws_call():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=encoded({self._key: row.key}),
                    UpdateExpression="SET due_at = :later",
                    # Still unfinished, and no other sweep has it: finishing removes or moves it.
                    ConditionExpression="due_at = :seen",
                    ExpressionAttributeValues=encoded({":later": due_at, ":seen": row.due_at}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True
