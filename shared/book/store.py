"""The wallets' books. Each lies in the table of the records that it notes in, so that a restore
takes it back together with them: what has moved since is then read again.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import replace as with_
from typing import TYPE_CHECKING

from shared.aws.client import aws_call
from shared.aws.dynamodb import (
    NEVER,
    Item,
    decoded,
    due_keys,
    encoded,
    put_if_absent,
    readable,
    replace,
)
from shared.book.record import Book, Doubt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "wallet#"  # no payment's or payout's id has a `#` in it
NUMBERS = ("since", "ledger", "until", "place", "covers", "read_at", "due_at", "version")


def wallet_of(key: str) -> str | None:
    """The wallet whose book has this key in its table; None: it is a record's."""
    return key.removeprefix(PREFIX) if key.startswith(PREFIX) else None


class BookStore:
    """`key` is the name of the table's own key."""

    def __init__(self, client: DynamoDBClient, table: str, key: str) -> None:
        self._client, self._table, self._key = client, table, key

    def get(self, wallet: str) -> Book | None:
        """The book, read consistently."""
        key = encoded({self._key: PREFIX + wallet})
        with aws_call():
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return self._book(decoded(answer["Item"])) if "Item" in answer else None

    def put_if_absent(self, book: Book) -> Book:
        """The book that stands afterwards."""
        standing = put_if_absent(self._client, self._table, self._key, self._item(book))
        return book if standing is None else self._book(standing)

    def replace(self, old: Book, new: Book) -> tuple[Book, bool]:
        """The book that stands afterwards, and whether it is this one; if somebody else wrote
        first, it is theirs."""
        old_item, new_item = self._item(old), self._item(new)
        standing = replace(self._client, self._table, self._key, old_item, new_item)
        if standing is None:
            return with_(new, version=old.version + 1), True
        return self._book(standing), False

    def _item(self, book: Book) -> Item:
        """Every field under its own name; and how far it was read as the index's `created_at`, so
        that the sweep sees how far it is behind. The daily proof finds it by `settled_on`."""
        key = PREFIX + book.wallet
        return {
            self._key: key,
            **asdict(book),
            "ahead": list(book.ahead) or None,
            "doubts": [asdict(doubt) for doubt in book.doubts] or None,
            "created_at": book.until,
            "settled_on": NEVER,
            **due_keys(key, book.due_at),
        }

    def _book(self, item: Item) -> Book:
        return readable(_read, item, self._key)


def _read(item: Item) -> Book:
    doubts = (
        Doubt(int(entry["token"]), entry["subject"], int(entry["amount"]))
        for entry in item.get("doubts", ())
    )
    return Book(
        wallet=item["wallet"],
        ahead=tuple(map(int, item.get("ahead", ()))),
        doubts=tuple(doubts),
        **{name: int(item[name]) for name in NUMBERS},
    )
