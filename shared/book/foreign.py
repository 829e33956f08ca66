"""Memos that look like a payment's id, and were found to be none of this app's, as they were
reported. So the daily proof asks Pi nothing, however much dust strangers send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.aws.dynamodb import encoded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "foreign#"  # no payment's or payout's id has a `#` in it


class ForeignMemos:
    """They lie in the table of the records; `key` is the name of its key."""

    def __init__(self, client: DynamoDBClient, table: str, key: str) -> None:
        self._client, self._table, self._key = client, table, key

    def add(self, memo: str, txid: str) -> None:
        with aws_call():
            self._client.update_item(
                TableName=self._table,
                Key=encoded({self._key: PREFIX + memo}),
                UpdateExpression="SET txid = :txid",
                ExpressionAttributeValues=encoded({":txid": txid}),
            )

    def __contains__(self, memo: str) -> bool:
        """Read consistently."""
        key = encoded({self._key: PREFIX + memo})
        with aws_call():
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return "Item" in answer
