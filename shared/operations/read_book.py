"""Read on in the wallet's book: each movement once, for all payments, acted on before the book's
place moves.

A crash reads again what was acted on already, which changes nothing, and never skips anything.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from shared.adapters.book_store import BookStore
from shared.adapters.edges import Clock
from shared.adapters.horizon import MOST_PAGES, Horizon
from shared.adapters.observability import count, logger
from shared.domain.book import (
    FRESH_SECONDS,
    NODES_APART_SECONDS,
    Book,
    opened_at,
    read_up_to,
    reopened,
    starts_before,
)
from shared.domain.chain import Ledger, Movement
from shared.domain.errors import ChainUnavailable
from shared.domain.payment import PaymentRecord
from shared.domain.pi import Network

STALE_SECONDS = NODES_APART_SECONDS  # a book that was read so lately need not be read again
WATCHED_SECONDS = 3600  # after that it is looked up again whether a wallet still has a book
LEDGER_SECONDS = 5  # from one to the next, as Pi's network has it; a setting of the network


@dataclass(frozen=True, slots=True, kw_only=True)
class BookParts:
    """`act` does what a movement of a wallet means; what it raises stops the reading there.
    `watched`: until when the wallets whose books this environment has seen need no other look."""

    chain: Horizon
    books: BookStore
    act: Callable[[str, Movement], None]
    network: Network
    clock: Clock
    watched: dict[str, int] = field(default_factory=dict)


def read_book(parts: BookParts, wallet: str) -> None:
    """Read on. Raises ChainUnavailable, and what `act` raises: what was read until then stays
    read."""
    book = parts.books.get(wallet)
    if book is not None:
        _read_on(parts, book)


def watch(parts: BookParts, record: PaymentRecord) -> bool:
    """See to it that the wallet that this payment runs to has a book; whether that is done."""
    wallet, started_at = record.to_address, record.started_at
    if wallet is None or started_at is None:
        return True
    now = parts.clock()
    if parts.watched.get(wallet, 0) <= now:
        with suppress(ChainUnavailable):
            _book_of(parts, wallet, started_at)
            parts.watched[wallet] = now + WATCHED_SECONDS
    return parts.watched.get(wallet, 0) > now


def known_silence(books: BookStore, record: PaymentRecord) -> int:
    """Until when, by our clock, the chain has surely nothing for this payment but what its record
    says, as far as the book was read; 0: it cannot tell."""
    if record.to_address is None or record.started_at is None:
        return 0
    book = books.get(record.to_address)
    return 0 if book is None else book.silent_until(record.started_at)


def silence(parts: BookParts, record: PaymentRecord) -> int:
    """The same, after reading on. Never raises for the chain: then it knows less."""
    with suppress(ChainUnavailable):
        if record.to_address is not None and record.started_at is not None:
            book = _book_of(parts, record.to_address, record.started_at)
            if parts.clock() - book.read_at > STALE_SECONDS:
                _read_on(parts, book)
    return known_silence(parts.books, record)


def _book_of(parts: BookParts, wallet: str, started_at: int) -> Book:
    """The wallet's book; opened, or taken back, to cover a payment that was begun then, as far as
    Horizon's history goes."""
    book = parts.books.get(wallet)
    if book is not None and book.reaches_back_to(started_at):
        return book
    first = _last_ledger_before(parts, starts_before(started_at))
    earlier = opened_at(wallet, first, parts.clock())
    if book is None:
        return parts.books.put_if_absent(earlier)
    if earlier.since >= book.since:
        return book
    standing, _ = parts.books.replace(book, reopened(book, earlier))
    return standing


def _last_ledger_before(parts: BookParts, moment: int) -> Ledger:
    """One that closed before the moment, and not long before; the oldest that Horizon has if its
    history does not go so far back. How fast ledgers close is found out on the way."""
    newest, _ = _newest(parts)
    found, back = newest, 0
    while found.closed_at >= moment and back < newest.number:
        passed = newest.closed_at - found.closed_at
        seconds = max(passed // back, 1) if back and passed else LEDGER_SECONDS
        back += (found.closed_at - moment) // seconds + 1
        # Never the first ledger of a network: it says that it closed in 1970.
        ledgers = parts.chain.ledgers(after=max(newest.number - back - 1, 1))
        if not ledgers:
            raise ChainUnavailable
        if ledgers[0] == found:  # nothing is shown before it
            break
        found = ledgers[0]
    return found


def _newest(parts: BookParts) -> tuple[Ledger, bool]:
    """The newest ledger, and whether it is the chain as it is right now."""
    root = parts.chain.root(parts.clock())
    if root.network != parts.network:
        logger.error("This Horizon shows another network", extra={"network": root.network})
        raise ChainUnavailable
    return root.newest, root.is_current


def _read_on(parts: BookParts, book: Book) -> None:
    # Before the pages: what closes while we read is then not claimed to be read.
    newest, is_current = _newest(parts)
    if newest.number < book.ledger:
        _begin_anew(parts, book, newest)
        return
    surely = newest.closed_at - NODES_APART_SECONDS
    sure, is_whole = _unbroken(parts, book, surely)
    # A ledger that closed just now says that this is the chain as it is now.
    covers = parts.clock() - FRESH_SECONDS - NODES_APART_SECONDS if is_current and is_whole else 0
    cursor = book.place
    for _ in range(MOST_PAGES):
        page = parts.chain.movements(book.wallet, after=cursor)
        done: list[Movement] = []
        try:
            for movement in page:
                parts.act(book.wallet, movement)
                done.append(movement)
        finally:  # one that cannot be acted on now takes nothing back from those before it
            is_all = len(done) == len(page)
            new = read_up_to(book, done, sure, covers) if is_all or done else book
            book, is_ours = _note_place(parts, book, replace(new, read_at=parts.clock()))
        if not page or not is_ours:
            return
        cursor = page[-1].token


def _note_place(parts: BookParts, book: Book, new: Book) -> tuple[Book, bool]:
    return (book, True) if new == book else parts.books.replace(book, new)


def _unbroken(parts: BookParts, book: Book, until: int) -> tuple[Ledger, bool]:
    """The last ledger after those that were read that closed by `until`, with none missing between,
    and whether all until then are there: Horizon may lack some, anywhere, while its history is
    filled again."""
    sure = Ledger(book.ledger, book.until)
    for _ in range(MOST_PAGES):
        page = parts.chain.ledgers(after=sure.number)
        for ledger in page:
            if ledger.number != sure.number + 1:
                return sure, False
            if ledger.closed_at > until:
                return sure, True
            sure = ledger
        if not page:
            break
    return sure, False


def _begin_anew(parts: BookParts, book: Book, newest: Ledger) -> None:
    """The chain shows fewer ledgers than were read: this node is behind, or the network was begun
    anew, as Pi Testnet is at times. Then nothing can be said of what came before."""
    if newest.closed_at <= book.until:
        raise ChainUnavailable
    logger.error("The network has begun anew", extra={"ledger": newest.number})
    count("ChainReset")
    first = _last_ledger_before(parts, book.until)
    parts.books.replace(book, reopened(book, opened_at(book.wallet, first, parts.clock())))
