"""The Rewards table: a record per ad id, and a counter per user and UTC day beside it.

Both are written in one transaction, so a grant is counted exactly once and never beyond the cap.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.aws.codec import item_of
from shared.aws.dynamodb import (
    FAILED_CONDITION,
    Item,
    decoded,
    due_keys,
    encoded,
    transact,
)
from shared.base.clock import Clock, clock
from shared.base.errors import DailyCapReached
from shared.rewards.record import RewardRecord
from shared.work.records import Records

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = "id"  # an ad id, or `day#<uid>#<date>`: no ad id holds a #
COUNTER_LIFE = timedelta(days=3)


class RewardStore(Records[RewardRecord]):
    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Clock = clock,
    ) -> None:
        super().__init__(client, table, KEY, RewardRecord, _item, lambda _record: None, clock)
        self._sleep, self._jitter = sleep, jitter

    def grant(self, record: RewardRecord, daily_cap: int) -> RewardRecord:
        """The record that stands afterwards: `record` itself if the ad was unclaimed, else the
        earlier claim.

        Raises DailyCapReached, for an unclaimed ad only.
        """
        writes = [self._put(record), _count(self._table, record, daily_cap)]
        reasons = transact(self._client, writes, self._sleep, self._jitter)
        if reasons is None:
            return record
        # The ad's own reason first: a repeat by its owner is answered as before, even at the cap.
        if reasons[0]["Code"] == FAILED_CONDITION:
            return self._read(decoded(reasons[0]["Item"]))
        raise DailyCapReached(daily_cap)


def _count(table: str, record: RewardRecord, daily_cap: int) -> Any:
    expires_at = int((datetime.fromtimestamp(record.granted_at, UTC) + COUNTER_LIFE).timestamp())
    return {
        "Update": {
            "TableName": table,
            "Key": encoded({KEY: f"day#{record.uid}#{record.day}"}),
            "UpdateExpression": "ADD granted :one SET expires_at = :expires_at",
            "ConditionExpression": "attribute_not_exists(granted) OR granted < :cap",
            "ExpressionAttributeValues": encoded(
                {":one": 1, ":cap": daily_cap, ":expires_at": expires_at}
            ),
        }
    }


def _item(record: RewardRecord) -> Item:
    return {**item_of(record), **due_keys(record.ad_id, record.due_at)}
