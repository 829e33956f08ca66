"""The sparse index of unfinished work of one table; its size follows the work, not the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.aws.codec import record_of
from shared.aws.dynamodb import Item, readable
from shared.aws.table import Table
from shared.base.errors import UnreadableRecord
from shared.work.due import DueRow


class DueIndex:
    def __init__(self, table: Table) -> None:
        self._table = table

    def unfinished(
        self, shard: str, due_by: int | None = None, due_after: int | None = None
    ) -> Iterator[DueRow]:
        """The shard's rows, earliest first, page by page; `due_by` leaves out what is due later,
        `due_after` what is not."""
        condition, values = "due_shard = :shard", {"shard": shard, "by": due_by, "after": due_after}
        condition += "" if due_by is None else " AND due_at <= :by"
        condition += "" if due_after is None else " AND due_at > :after"
        for item in self._table.query("due", condition, values):
            try:
                yield readable(self._row, item, self._table.key)
            except UnreadableRecord:
                continue  # counted; it holds up no other

    def _row(self, item: Item) -> DueRow:
        return record_of(DueRow, {**item, "key": item[self._table.key]})

    def push(self, moves: Sequence[tuple[DueRow, int]]) -> list[bool | None]:
        """Move `due_at` of at most 25 rows forward. False: the work was finished, or another sweep
        was first; None: try again later. Costs 1 call."""
        # Still unfinished, and no other sweep has it: finishing removes or moves it.
        return self._table.change_each("due_at", [(row.key, row.due_at, at) for row, at in moves])
