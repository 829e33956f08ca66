"""The records as they stand, read by the bundle's own stores: None where one cannot be read."""

from collections.abc import Callable
from typing import Any, TypeVar

from shared.base.errors import UnreadableRecord
from shared.payouts.record import PayoutRecord
from tests.world import World

Record = TypeVar("Record")


def read_quietly(world: World, read: Callable[[str], Record], key: str) -> Record | None:
    """What the test's own eyes cannot read is not counted: the bundle's functions count it."""
    counted = list(world.metrics.metric_set)
    try:
        return read(key)
    except UnreadableRecord:
        world.metrics.metric_set[:] = counted
        return None


def payouts_of(world: World) -> dict[str, PayoutRecord]:
    """Those that can be read, by their id."""
    keys = [item["payout_id"]["S"] for item in world.tables.raw("PayoutsTable")]
    found = {key: read_quietly(world, world.payout, key) for key in keys if "#" not in key}
    return {key: record for key, record in found.items() if record is not None}


class Records:
    """One table's records; each is read again only when its item has changed."""

    def __init__(self, world: World, table: str, key: str, read: Callable[[str], Any]) -> None:
        self._world, self._table, self._key, self._read = world, table, key, read
        self._seen: dict[str, tuple[dict[str, Any], Any]] = {}

    def now(self) -> dict[str, tuple[dict[str, Any], Any]]:
        """Item (in DynamoDB's wire form) and record (None: it cannot be read) by their key."""
        found = {}
        for item in self._world.tables.raw(self._table):
            key = item[self._key]["S"]
            if "#" in key:
                continue
            seen = self._seen.get(key)
            if seen is None or seen[0] != item:
                seen = item, read_quietly(self._world, self._read, key)
            found[key] = seen
        self._seen = found
        return found


def payments(world: World) -> Records:
    return Records(world, "PaymentsTable", "payment_id", world.record)


def payouts(world: World) -> Records:
    return Records(world, "PayoutsTable", "payout_id", world.payout)


def rewards(world: World) -> Records:
    return Records(world, "RewardsTable", "id", world.reward)
