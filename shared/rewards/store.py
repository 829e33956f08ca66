"""The Rewards table: a record per ad id, and a counter per user and UTC day beside it.

Both are written in one transaction, so a grant is counted exactly once and never beyond the cap.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.aws.codec import item_of
from shared.aws.dynamodb import Item, due_keys
from shared.aws.table import FAILED_CONDITION, Table
from shared.base.clock import Clock, clock
from shared.base.errors import DailyCapReached
from shared.rewards.record import RewardRecord
from shared.work.records import Records

KEY = "id"  # an ad id, or `day#<uid>#<date>`: no ad id holds a #
COUNTER_LIFE = timedelta(days=3)


class RewardStore(Records[RewardRecord]):
    def __init__(self, table: Table, clock: Clock = clock) -> None:
        super().__init__(table, RewardRecord, _item, lambda _record: None, clock)

    def grant(self, record: RewardRecord, daily_cap: int) -> RewardRecord:
        """The record that stands afterwards: `record` itself if the ad was unclaimed, else the
        earlier claim.

        Raises DailyCapReached, for an unclaimed ad only.
        """
        reasons = self._table.transact([self._put(record), self._count(record, daily_cap)])
        if reasons is None:
            return record
        # The ad's own reason first: a repeat by its owner is answered as before, even at the cap.
        if reasons[0]["Code"] == FAILED_CONDITION:
            return self._standing(reasons[0])
        raise DailyCapReached(daily_cap)

    def _count(self, record: RewardRecord, daily_cap: int) -> Any:
        expires_at = datetime.fromtimestamp(record.granted_at, UTC) + COUNTER_LIFE
        return self._table.updating(
            f"day#{record.uid}#{record.day}",
            "ADD granted :one SET expires_at = :expires_at",
            {"one": 1, "cap": daily_cap, "expires_at": int(expires_at.timestamp())},
            only_if="attribute_not_exists(granted) OR granted < :cap",
        )


def _item(record: RewardRecord) -> Item:
    return {**item_of(record), **due_keys(record.ad_id, record.due_at)}
