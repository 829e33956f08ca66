"""The sparse index of what was completed, by day, of one table; and of its wallets' books.

A completed record has the UTC day in `settled_on`, written in the same write. A book never settles:
under `never` the proof finds it, in rows that do not move while the sweep is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.aws.codec import record_of
from shared.aws.dynamodb import NEVER, Item, decoded, encoded, readable
from shared.base.errors import UnreadableRecord
from shared.book.store import wallet_of
from shared.proof.record import Settled

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef


class DayIndex:
    """`key` is the name of the table's own key; `read` makes a record's row of an item."""

    def __init__(
        self, client: DynamoDBClient, table: str, key: str, read: Callable[[Item], Settled]
    ) -> None:
        self._client, self._table, self._key, self._read = client, table, key, read

    def wallets(self) -> list[str]:
        """Those that have a book in this table."""
        wallets = (wallet_of(item[self._key]) for item in self._items(NEVER))
        return [wallet for wallet in wallets if wallet is not None]

    def settled(self, day: str) -> Iterator[Settled | str]:
        """What was completed on this day, `2026-11-26`; of a row that cannot be read, its key (that
        is counted)."""
        for item in self._items(day):
            try:
                yield readable(self._read, item, self._key)
            except UnreadableRecord:
                yield str(item[self._key])

    def _items(self, day: str) -> Iterator[Item]:
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": "by_day",
            "KeyConditionExpression": "settled_on = :day",
            "ExpressionAttributeValues": encoded({":day": day}),
        }
        while True:
            with aws_call():
                page = self._client.query(**query)
            yield from map(decoded, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def of_payment(item: Item) -> Settled:
    """Raises KeyError and the like if it cannot be read."""
    key, wallet, begun_at = item["payment_id"], item.get("to_address"), item.get("started_at")
    return record_of(Settled, {**item, "subject": key, "wallet": wallet, "begun_at": begun_at})


def of_payout(item: Item) -> Settled:
    """The same."""
    key, wallet, begun_at = item["payout_id"], item.get("from_address"), item["requested_at"]
    return record_of(Settled, {**item, "subject": key, "wallet": wallet, "begun_at": begun_at})
