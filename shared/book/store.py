"""The wallets' books. Each lies in the table of the records that it notes in, so that a restore
takes it back together with them: what has moved since is then read again.
"""

from __future__ import annotations

from functools import partial

from shared.aws.codec import item_of
from shared.aws.dynamodb import NEVER, Item, due_keys
from shared.aws.table import Table
from shared.book.record import Book
from shared.work.records import Records

PREFIX = "wallet#"  # no payment's or payout's id has a `#` in it


def wallet_of(key: str) -> str | None:
    """The wallet whose book has this key in its table; None: it is a record's."""
    return key.removeprefix(PREFIX) if key.startswith(PREFIX) else None


class BookStore(Records[Book]):
    def __init__(self, table: Table) -> None:
        super().__init__(table, Book, partial(_item, table.key))

    def get(self, wallet: str) -> Book | None:
        """The book, read consistently. Raises UnreadableRecord."""
        return super().get(PREFIX + wallet)


def _item(key: str, book: Book) -> Item:
    """And how far it was read as the index's `created_at`, so that the sweep sees how far it is
    behind. The daily proof finds it by `settled_on`."""
    return {
        key: PREFIX + book.wallet,
        **item_of(book),
        "created_at": book.until,
        "settled_on": NEVER,
        **due_keys(PREFIX + book.wallet, book.due_at),
    }
