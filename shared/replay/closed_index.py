"""The sparse index of what was closed, by day, of one table: keys alone, page by page."""

from __future__ import annotations

from shared.aws.table import Table


class ClosedIndex:
    """`day` is the attribute by which the index groups; `before` stands before the date there."""

    def __init__(self, table: Table, day: str, before: str = "") -> None:
        self._table, self._day, self._before = table, day, before

    def page(self, day: str, limit: int, after: str | None) -> tuple[list[str], str | None]:
        """At most `limit` keys of a day, `2026-11-26`, and the one after which the next page
        starts; None: that was all. Raises ServiceUnavailable."""
        partition, key = f"{self._before}{day}", self._table.key
        start = None if after is None else {self._day: partition, key: after}
        items, last = self._table.latest(
            "by_day", f"#{self._day} = :day", {"day": partition}, limit, start
        )
        return [item[key] for item in items], last.get(key)
