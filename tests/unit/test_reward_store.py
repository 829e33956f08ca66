"""Promise 4: one grant per ad id, counted once, never beyond the cap."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from shared.aws.table import Table
from shared.base.context import within
from shared.base.errors import DailyCapReached, ServiceUnavailable
from shared.rewards.record import RewardLimits, RewardRecord, granted
from shared.rewards.store import KEY, RewardStore
from tests.unit.dynamodb_in_process import REWARDS, Tables, refusal
from tests.unit.samples import NOW, UID

CAP = 2
LIMITS = RewardLimits(CAP, fresh_seconds=3600, recheck_after=24 * 3600)
COUNTER = f"day#{UID}#2026-09-21"


def conflict(ad: str = "TransactionConflict", counter: str = "None") -> Exception:
    reasons = [{"Code": ad}, {"Code": counter}]
    return refusal("TransactionCanceledException", CancellationReasons=reasons)


def store(tables: Tables, client: Any = None) -> RewardStore:
    client = client or tables.client
    return RewardStore(Table(client, REWARDS, KEY, tables.clock.sleep, jitter=lambda: 0.0))


def grant(
    tables: Tables, ad_id: str, uid: str = UID, now: int = NOW, client: Any = None
) -> RewardRecord:
    return store(tables, client).grant(granted(ad_id, uid, LIMITS, now), CAP)


def counted(tables: Tables, key: str = COUNTER) -> int:
    item = tables.items(REWARDS).get(key)
    return 0 if item is None else int(item["granted"]["N"])


def test_a_grant_and_its_count_are_one(tables: Tables) -> None:
    assert store(tables).get("ad-1") is None
    assert grant(tables, "ad-1") == granted("ad-1", UID, LIMITS, NOW) == store(tables).get("ad-1")
    assert counted(tables) == 1
    assert set(tables.items(REWARDS)) == {"ad-1", COUNTER}


def test_a_grant_is_due_and_its_counter_expires(tables: Tables) -> None:
    grant(tables, "ad-1")
    items = tables.items(REWARDS)
    assert items["ad-1"]["due_at"] == {"N": str(NOW)}
    assert "expires_at" not in items["ad-1"]
    assert items[COUNTER]["expires_at"] == {"N": str(NOW + 3 * 24 * 3600)}
    assert "due_at" not in items[COUNTER]


def test_a_repeat_gets_the_first_grant_and_counts_once(tables: Tables) -> None:
    first = grant(tables, "ad-1")
    assert grant(tables, "ad-1", now=NOW + 60) == first
    assert counted(tables) == 1


def test_another_user_gets_the_first_users_grant_and_is_not_counted(tables: Tables) -> None:
    first = grant(tables, "ad-1")
    assert grant(tables, "ad-1", uid="somebody-else") == first
    assert counted(tables, "day#somebody-else#2026-09-21") == 0


def test_the_cap_holds_for_new_ads_only(tables: Tables) -> None:
    first = grant(tables, "ad-1")
    grant(tables, "ad-2")
    with pytest.raises(DailyCapReached) as reached:
        grant(tables, "ad-3")
    assert (reached.value.status, reached.value.code) == (429, "daily_cap_reached")
    assert store(tables).get("ad-3") is None
    assert counted(tables) == CAP
    # The same user with the same ad gets the same answer, also at the cap.
    assert grant(tables, "ad-1") == first


def test_each_user_and_each_day_has_its_own_cap(tables: Tables) -> None:
    grant(tables, "ad-1")
    grant(tables, "ad-2")
    grant(tables, "ad-3", uid="somebody-else")
    grant(tables, "ad-4", now=NOW + 24 * 3600)
    assert counted(tables) == CAP


def test_a_conflict_is_tried_again(tables: Tables) -> None:
    client = tables.failing(conflict(), conflict("None", "TransactionConflict"), conflict())
    started = tables.clock.now
    assert grant(tables, "ad-1", client=client) == store(tables).get("ad-1")
    assert counted(tables) == 1
    assert 0 < tables.clock.now - started < 1


def test_promise_8_endless_conflicts_are_unavailable_in_time(tables: Tables) -> None:
    client = tables.failing(*[conflict()] * 1000)
    started = tables.clock.now
    with pytest.raises(ServiceUnavailable):
        grant(tables, "ad-1", client=client)
    assert 1 < tables.clock.now - started <= 10.5
    assert tables.items(REWARDS) == {}
    # The front end's repeat ends right.
    tables.clock.invocation(15, grant, tables, "ad-1")
    assert counted(tables) == 1


@pytest.mark.parametrize(
    "failure",
    [
        refusal("ProvisionedThroughputExceededException"),
        refusal("TransactionInProgressException"),
        refusal("InternalServerError"),
        ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    ],
    ids=lambda failure: str(failure)[:60],
)
def test_any_other_failure_is_unavailable(tables: Tables, failure: Exception) -> None:
    with pytest.raises(ServiceUnavailable):
        grant(tables, "ad-1", client=tables.failing(failure))
    with pytest.raises(ServiceUnavailable):
        store(tables, tables.failing(failure)).get("ad-1")


def test_promise_8_without_time_nothing_is_sent(tables: Tables) -> None:
    with pytest.raises(ServiceUnavailable), within(1.9):
        grant(tables, "ad-1")
    assert tables.items(REWARDS) == {}


def test_the_cap_is_judged_only_of_an_ad_known_to_be_unclaimed(tables: Tables) -> None:
    client = tables.failing(conflict("TransactionConflict", "ConditionalCheckFailed"))
    grant(tables, "ad-1", client=client)
    assert counted(tables) == 1
