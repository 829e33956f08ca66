"""A table's records of one kind: read, put once, and then changed only by who has read what stands.

A record is written whole when it is made and then only by `replace`: the attributes that a
transition changed, on condition that there was no write in between. So a transition happens once,
however often it is tried, and an older deployment never drops an attribute that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace as with_
from typing import Any, Generic, TypeVar, cast

from shared.aws.codec import record_of
from shared.aws.dynamodb import Item, readable
from shared.aws.table import Table, standing
from shared.base.clock import Clock, clock
from shared.base.context import doing
from shared.base.errors import UnreadableRecord
from shared.work.story import ELSEWHERE, Entry, continued

Record = TypeVar("Record")


class Records(Generic[Record]):
    """`item` gives a record's attributes: its own, and what the table's indexes show of it.
    `reason` says why a record is in its state, for its story; None: it has no story."""

    def __init__(
        self,
        table: Table,
        kind: type[Record],
        item: Callable[[Record], Item],
        reason: Callable[[Record], str | None] | None = None,
        clock: Clock = clock,
    ) -> None:
        self._table, self._kind, self._item = table, kind, item
        self._reason, self._clock = reason, clock

    def get(self, key: str) -> Record | None:
        """The record, read consistently. Raises UnreadableRecord."""
        item = self._table.get(key)
        return self._read(item) if item else None

    def get_each(self, keys: Sequence[str]) -> list[Record]:
        """The records of at most 100 keys in their order, read consistently. One that cannot be
        read is counted and left out, as is one that is gone."""
        items, found = self._table.get_each(keys), []
        for key in keys:
            with suppress(KeyError, UnreadableRecord):
                found.append(self._read(items[key]))
        return found

    def put_if_absent(self, record: Record) -> Record:
        """The record that stands afterwards: `record` itself if it was the first, else the one that
        was. Raises UnreadableRecord."""
        standing = self._table.put_if_absent(self._item(record))
        return record if standing is None else self._read(standing)

    def begun_elsewhere(self, record: Any, why: str) -> Record:
        """A record that is about to be put, with a story that says where it comes from: it began at
        another back end."""
        entry = Entry(self._clock(), ELSEWHERE, record.state, why, doing(), record.version)
        return cast(Record, with_(record, story=(entry,)))

    def replace(
        self, old: Record, new: Record, *, decided: str | None = None
    ) -> tuple[Record, bool]:
        """Write a transition from `old`: the record that stands afterwards, and whether it is this
        transition's; if another writer was first, it is theirs. `decided`: what a person has, for
        the story. Raises UnreadableRecord."""
        new = self._next(old, new, decided)
        standing = self._table.replace(self._item(old), self._item(new))
        return (new, True) if standing is None else (self._read(standing), False)

    # --- For transactions ------------------------------------------------------------------------

    def _put(self, record: Record) -> Any:
        """A write that fails if the record stands already."""
        return self._table.putting(self._item(record))

    def _update(self, old: Record, new: Record) -> Any:
        """A write of the `_next` version that fails if there was a write since `old` was read."""
        return self._table.changing(self._item(old), self._item(new))

    def _standing(self, reason: Any) -> Record:
        """The record that made a transaction's write fail. Raises UnreadableRecord."""
        return self._read(standing(reason))

    def _next(self, old: Any, new: Any, decided: str | None = None) -> Record:
        """The next version, with its story."""
        new = with_(new, version=old.version + 1)
        if self._reason is None:
            return cast(Record, new)
        why = decided or self._reason(new)
        if old.pending_event is not None and new.pending_event is None:
            why = f"told {old.pending_event}"
        if why is None and new.state is old.state:
            return cast(Record, new)  # nothing that a person would tell
        entry = Entry(self._clock(), old.state, new.state, why, doing(), new.version)
        return cast(Record, with_(new, story=continued(old.story, entry)))

    def _read(self, item: Item) -> Record:
        return readable(lambda found: record_of(self._kind, found), item, self._table.key)
