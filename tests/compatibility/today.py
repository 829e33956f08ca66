"""The bundle's stores, readers and names as they are called today. Nothing else in this folder
imports `shared`: after a move only this file is edited.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.aws.dynamodb import decoded, encoded
from shared.aws.table import Table
from shared.base import observability
from shared.book.foreign import ForeignMemos
from shared.book.store import BookStore
from shared.payments.store import PaymentStore
from shared.payouts.store import PayoutStore
from shared.rewards.store import RewardStore
from shared.work.ordered import OrderedWakeUp
from shared.work.records import Records
from shared.work.wake_ups import WakeUp
from tests.world import World

Wire = dict[str, Any]
"""An item as DynamoDB's API writes it: `{"uid": {"S": "..."}}`."""

log_handle = observability.logger._logger


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: where it lies, how it is read and written."""

    table: str
    key: str
    read: Callable[[Mapping[str, Any]], Any]
    item: Callable[[Any], Mapping[str, Any]]
    replace: Callable[[World, Any, Any], tuple[Any, bool]]

    def decode(self, wire: Wire) -> Any:
        """The record. Raises UnreadableRecord."""
        return self.read(decoded(wire))

    def encode(self, record: Any) -> Wire:
        return encoded(self.item(record))

    def touch(self, world: World, wire: Wire) -> bool:
        """Read it, and write it back with another `due_at`, as each transition does."""
        record = self.decode(wire)
        later = replace(record, due_at=(record.due_at or 0) + 1)
        _, written = world.look(self.replace, world, record, later)
        return written


def _kind(table: str, records: Records[Any], store: str) -> Kind:
    return Kind(
        table,
        records._table.key,
        records._read,
        records._item,
        lambda world, old, new: getattr(world.eyes, store).replace(old, new),
    )


_NO_CLIENT: Any = None
_PAYMENTS = Table(_NO_CLIENT, "", "payment_id")
_PAYOUTS = Table(_NO_CLIENT, "", "payout_id")
KINDS = {
    "payment": _kind("PaymentsTable", PaymentStore(_PAYMENTS), "payments"),
    "payout": _kind("PayoutsTable", PayoutStore(_PAYOUTS, _PAYMENTS), "payouts"),
    "reward": _kind("RewardsTable", RewardStore(Table(_NO_CLIENT, "", "id")), "rewards"),
    "payments_book": _kind("PaymentsTable", BookStore(_PAYMENTS), "books"),
    "payouts_book": _kind("PayoutsTable", BookStore(_PAYOUTS), "payout_books"),
}


def is_at_rest(kind: str, record: Any) -> bool:
    """Nothing is left to do; a book is never at rest, but due for ever."""
    return kind.endswith("_book") or (record.due_at is None and record.pending_event is None)


def needs_person(kind: str, record: Any) -> bool:
    """The app has heard of it, and nothing but a person or a change at Pi goes on with it."""
    if kind == "payment":
        return record.pending_event is None and record.needs_review is not None
    return kind == "payout" and record.pending_event is None and record.state == "blocked"


def wake_up_texts(body: str) -> tuple[str, str]:
    """What the worker reads of a message: the kind of work, and the key."""
    wake_up = WakeUp.read(body)
    return str(wake_up.work), wake_up.key


def payout_wake_up(body: str) -> tuple[str, int]:
    """What the sender reads of a message: the key, and when it was due."""
    wake_up = OrderedWakeUp.read(body)
    return wake_up.key, wake_up.due_at


# --- What lies beside the records ---------------------------------------------------------------


def canary(world: World) -> str | None:
    return world.look(world.eyes.payments.canary)


def payout_of(world: World, payment_id: str) -> str | None:
    return world.look(world.eyes.payouts.payout_of, payment_id)


def counts_withdrawal(world: World, day: str) -> bool:
    """Whether one more payment may be cancelled at Pi on this day."""
    return world.look(world.eyes.payouts.count_withdrawal, day)


def is_foreign(world: World, table: str, memo: str) -> bool:
    """Whether a memo is known to be none of this app's."""
    key = KINDS["payment" if table == "PaymentsTable" else "payout"].key
    memos = ForeignMemos(Table(world.tables.eyes, world.tables.names[table], key))
    return world.look(memos.__contains__, memo)
