"""The sparse index of what was completed, by day, of one table; and of its wallets' books.

A completed record has the UTC day in `settled_on`, written in the same write. A book never settles:
under `never` the proof finds it, in rows that do not move while the sweep is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.aws.codec import record_of
from shared.aws.dynamodb import NEVER, Item, readable
from shared.aws.table import Table
from shared.base.errors import UnreadableRecord
from shared.book.store import wallet_of
from shared.proof.record import Settled


class DayIndex:
    """`read` makes a record's row of an item."""

    def __init__(self, table: Table, read: Callable[[Item], Settled]) -> None:
        self._table, self._read = table, read

    def wallets(self) -> list[str]:
        """Those that have a book in this table."""
        wallets = (wallet_of(item[self._table.key]) for item in self._items(NEVER))
        return [wallet for wallet in wallets if wallet is not None]

    def settled(self, day: str) -> Iterator[Settled | str]:
        """What was completed on this day, `2026-11-26`; of a row that cannot be read, its key (that
        is counted)."""
        for item in self._items(day):
            try:
                yield readable(self._read, item, self._table.key)
            except UnreadableRecord:
                yield str(item[self._table.key])

    def _items(self, day: str) -> Iterator[Item]:
        return self._table.query("by_day", "settled_on = :day", {"day": day})


def of_payment(item: Item) -> Settled:
    """Raises KeyError and the like if it cannot be read."""
    key, wallet, begun_at = item["payment_id"], item.get("to_address"), item.get("started_at")
    return record_of(Settled, {**item, "subject": key, "wallet": wallet, "begun_at": begun_at})


def of_payout(item: Item) -> Settled:
    """The same."""
    key, wallet, begun_at = item["payout_id"], item.get("from_address"), item["requested_at"]
    return record_of(Settled, {**item, "subject": key, "wallet": wallet, "begun_at": begun_at})
