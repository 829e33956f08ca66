"""Until when the wallet's book proves that nothing was paid for a payment ("silence")."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import field

from shared.base.errors import ChainUnavailable
from shared.base.frozen import frozen
from shared.book.read import BookParts, book_of, read_on
from shared.book.record import NODES_APART_SECONDS
from shared.book.store import BookStore
from shared.payments.record import PaymentRecord
from shared.stellar.objects import FRESH_SECONDS

STALE_SECONDS = NODES_APART_SECONDS  # a book that was read so lately need not be read again
# A book that is read so long after a moment covers it, and a minute more.
COVERED_AFTER_SECONDS = STALE_SECONDS + FRESH_SECONDS + 2 * NODES_APART_SECONDS
WATCHED_SECONDS = 3600  # after that it is looked up again whether a wallet still has a book


def known_silence(books: BookStore, record: PaymentRecord) -> int:
    """The time, by the bundle's clock, until which the chain certainly has nothing for this payment
    except what its record says, as far as the book was read; 0: not known."""
    if (begun := _begun(record)) is None:
        return 0
    wallet, started_at = begun
    book = books.get(wallet)
    return 0 if book is None else book.silent_until(record.payment_id, started_at)


def silence(parts: BookParts, record: PaymentRecord) -> int:
    """The same, after reading on. If the chain cannot be read, it does not raise: it knows less."""
    if (begun := _begun(record)) is not None:
        with suppress(ChainUnavailable):
            book = book_of(parts, *begun)
            if parts.clock() - book.read_at > STALE_SECONDS:
                read_on(parts, book)
    return known_silence(parts.books, record)


@frozen
class Watch:
    """The wallets whose books this environment has seen: until when they need no other look, for
    payments that were begun then or later. A book that could not be opened is left for a minute."""

    book: BookParts
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    left_until: dict[str, int] = field(default_factory=dict)

    def covers(self, record: PaymentRecord) -> bool:
        """See to it that the wallet that this payment runs to has a book, which goes back to its
        beginning as far as the chain is shown; whether that is done."""
        if (begun := _begun(record)) is None:
            return True
        wallet, started_at = begun
        now = self.book.clock()
        until, since = self.seen.get(wallet, (0, 0))
        if now < until and started_at >= since:
            return True
        if now < self.left_until.get(wallet, 0):
            return False
        with suppress(ChainUnavailable):
            book_of(self.book, *begun)
            self.seen[wallet] = now + WATCHED_SECONDS, started_at
            return True
        self.left_until[wallet] = now + STALE_SECONDS
        return False


def _begun(record: PaymentRecord) -> tuple[str, int] | None:
    """The wallet that the payment runs to, and since when; None: Pi has not shown it."""
    if record.to_address is None or record.started_at is None:
        return None
    return record.to_address, record.started_at
