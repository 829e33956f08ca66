"""The Rewards table: a record per ad id, and a counter per user and UTC day beside it.

Both are written in one transaction, so a grant is counted exactly once and never beyond the cap.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace as with_
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.aws.client import aws_call
from shared.aws.dynamodb import (
    FAILED_CONDITION,
    Item,
    decoded,
    due_keys,
    encoded,
    readable,
    replace,
    transact,
    whole,
)
from shared.base.errors import DailyCapReached
from shared.rewards.record import RewardOwed, RewardRecord, RewardState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = "id"  # an ad id, or `day#<uid>#<date>`: no ad id holds a #
COUNTER_LIFE = timedelta(days=3)


class RewardStore:
    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client, self._table = client, table
        self._sleep, self._jitter = sleep, jitter

    def get(self, ad_id: str) -> RewardRecord | None:
        """The record, read consistently."""
        with aws_call():
            answer = self._client.get_item(
                TableName=self._table, Key=encoded({KEY: ad_id}), ConsistentRead=True
            )
        return _record(decoded(answer["Item"])) if "Item" in answer else None

    def grant(self, record: RewardRecord, daily_cap: int) -> RewardRecord:
        """The record that stands afterwards: `record` itself if the ad was unclaimed, else the
        earlier claim.

        Raises DailyCapReached, for an unclaimed ad only.
        """
        writes = [_put(self._table, record), _count(self._table, record, daily_cap)]
        reasons = transact(self._client, writes, self._sleep, self._jitter)
        if reasons is None:
            return record
        # The ad's own reason first: a repeat by its owner is answered as before, even at the cap.
        if reasons[0]["Code"] == FAILED_CONDITION:
            return _record(decoded(reasons[0]["Item"]))
        raise DailyCapReached(daily_cap)

    def replace(self, old: RewardRecord, new: RewardRecord) -> tuple[RewardRecord, bool]:
        """Write a transition from `old`: the record that stands afterwards, and whether it is this
        transition's; if somebody else wrote first, it is theirs."""
        standing = replace(self._client, self._table, KEY, _item(old), _item(new))
        if standing is None:
            return with_(new, version=old.version + 1), True
        return _record(standing), False


def _put(table: str, record: RewardRecord) -> Any:
    return {
        "Put": {
            "TableName": table,
            "Item": encoded(_item(record)),
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


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
    return {
        KEY: record.ad_id,
        "uid": record.uid,
        "state": record.state.value,
        "day": record.day,
        "granted_at": record.granted_at,
        "owed": record.owed and record.owed.value,
        "recheck_at": record.recheck_at,
        **due_keys(record.ad_id, record.due_at),
        "version": record.version,
    }


def _record(item: Item) -> RewardRecord:
    return readable(_read, item, KEY)


def _read(item: Item) -> RewardRecord:
    return RewardRecord(
        ad_id=item[KEY],
        uid=item["uid"],
        state=RewardState(item["state"]),
        day=item["day"],
        granted_at=int(item["granted_at"]),
        owed=RewardOwed(item["owed"]) if "owed" in item else None,
        recheck_at=whole(item.get("recheck_at")),
        due_at=whole(item.get("due_at")),
        version=int(item["version"]),
    )
