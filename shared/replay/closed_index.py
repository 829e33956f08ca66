"""The sparse index of what was closed, by day, of one table: keys alone, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.aws.dynamodb import decoded, encoded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef


class ClosedIndex:
    """`key` is the name of the table's own key, `day` of the attribute by which the index groups;
    `before` stands before the date there."""

    def __init__(
        self, client: DynamoDBClient, table: str, key: str, day: str, before: str = ""
    ) -> None:
        self._client, self._table, self._key = client, table, key
        self._day, self._before = day, before

    def page(self, day: str, limit: int, after: str | None) -> tuple[list[str], str | None]:
        """At most `limit` keys of a day, `2026-11-26`, in their order, and the one after which the
        next page starts; None: that was all."""
        partition = f"{self._before}{day}"
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": "by_day",
            "KeyConditionExpression": "#day = :day",
            "ExpressionAttributeNames": {"#day": self._day},
            "ExpressionAttributeValues": encoded({":day": partition}),
            "Limit": limit,
        }
        if after is not None:
            query["ExclusiveStartKey"] = encoded({self._day: partition, self._key: after})
        with aws_call():
            page = self._client.query(**query)
        last = decoded(page.get("LastEvaluatedKey", {}))
        return [decoded(item)[self._key] for item in page["Items"]], last.get(self._key)
