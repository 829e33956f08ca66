"""Read on in a wallet's book: each movement once, for all records, acted on before the book's
place moves.

A crash reads again what was acted on already, which changes nothing, and never skips anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from shared.adapters.book_store import BookStore
from shared.adapters.edges import Clock
from shared.adapters.horizon import MOST_PAGES, Horizon
from shared.adapters.ledgers import last_before, unbroken
from shared.adapters.observability import count, logger
from shared.domain.book import (
    FRESH_SECONDS,
    MOST_DOUBTS,
    NODES_APART_SECONDS,
    Book,
    Doubt,
    opened_at,
    read_up_to,
    reopened,
    starts_before,
    tried_again,
)
from shared.domain.chain import Ledger, Movement
from shared.domain.errors import BundleError, ChainUnavailable, ServiceUnavailable
from shared.domain.pi import Network

MOST_TRIED = 10  # doubts, each time the book is read


@dataclass(frozen=True, slots=True, kw_only=True)
class BookParts:
    """`act` does what a movement of a wallet means, and says whether that is settled; what it
    raises stops the reading there."""

    chain: Horizon
    books: BookStore
    act: Callable[[str, Movement], bool]
    network: Network
    clock: Clock


def read_book(parts: BookParts, wallet: str) -> None:
    """Read on, if the wallet has a book. Raises as `read_on`."""
    book = parts.books.get(wallet)
    if book is not None:
        read_on(parts, book)


def book_of(parts: BookParts, wallet: str, started_at: int) -> Book:
    """The wallet's book; opened, or taken back, to cover a payment that was begun then, as far as
    Horizon's history goes. Raises ChainUnavailable."""
    book = parts.books.get(wallet)
    if book is not None and book.reaches_back_to(started_at):
        return book
    newest, _ = _newest(parts)
    first = last_before(parts.chain, newest, starts_before(started_at))
    earlier = opened_at(wallet, first, parts.clock())
    if book is None:
        return parts.books.put_if_absent(earlier)
    if earlier.since >= book.since:
        return book
    standing, _ = parts.books.replace(book, reopened(book, earlier))
    return standing


def _newest(parts: BookParts) -> tuple[Ledger, bool]:
    """The newest ledger, and whether it is the chain as it is right now."""
    root = parts.chain.root(parts.clock())
    if root.network != parts.network:
        logger.error("This Horizon shows another network", extra={"network": root.network})
        raise ChainUnavailable
    return root.newest, root.is_current


def read_on(parts: BookParts, book: Book) -> Book:
    """The book as it stands afterwards. Raises ChainUnavailable, and what `act` raises: what was
    read until then stays read."""
    # Before the pages: what closes while we read is then not claimed to be read.
    newest, is_current = _newest(parts)
    if newest.number < book.ledger:
        return _begin_anew(parts, book, newest)
    surely = newest.closed_at - NODES_APART_SECONDS
    sure, is_whole = unbroken(parts.chain, Ledger(book.ledger, book.until), surely)
    # A ledger that closed just now says that this is the chain as it is now.
    covers = parts.clock() - FRESH_SECONDS - NODES_APART_SECONDS if is_current and is_whole else 0
    cursor = book.place
    for _ in range(MOST_PAGES):
        page = parts.chain.movements(book.wallet, after=cursor)
        book, is_ours = _act_on(parts, book, page, sure, covers)
        if not is_ours:
            return book
        if not page:
            break
        cursor = page[-1].token
    return _try_doubts(parts, book)


def _act_on(
    parts: BookParts, book: Book, page: Sequence[Movement], sure: Ledger, covers: int
) -> tuple[Book, bool]:
    """The book that stands once a page was acted on, and whether nobody else wrote it."""
    done: list[Movement] = []
    doubts: list[Doubt] = []
    try:
        for movement in page:
            if not parts.act(book.wallet, movement):
                if len(book.doubts) + len(doubts) >= MOST_DOUBTS:
                    logger.error("The wallet's book has too many doubts to read on")
                    raise ServiceUnavailable
                doubts.append(Doubt(movement.token, movement.memo or ""))
            done.append(movement)
    except BundleError:
        if done:  # one that cannot be acted on now takes nothing back from those before it
            _write(parts, book, read_up_to(book, done, doubts, sure, covers=0))
        raise
    return _write(parts, book, read_up_to(book, page, doubts, sure, covers))


def _try_doubts(parts: BookParts, book: Book) -> Book:
    """Those that wait longest, again; what holds them up holds up nothing else."""
    tried = book
    for doubt in book.doubts[:MOST_TRIED]:
        is_settled = False
        with suppress(BundleError):
            page = parts.chain.movements(book.wallet, after=doubt.token - 1)
            shown = page[0] if page and page[0].token == doubt.token else None
            is_settled = shown is not None and parts.act(book.wallet, shown)
        if not is_settled:
            count("TransferInDoubt")
        tried = tried_again(tried, doubt, is_settled=is_settled)
    return book if tried == book else parts.books.replace(book, tried)[0]


def _write(parts: BookParts, book: Book, new: Book) -> tuple[Book, bool]:
    return parts.books.replace(book, replace(new, read_at=parts.clock()))


def _begin_anew(parts: BookParts, book: Book, newest: Ledger) -> Book:
    """The chain shows fewer ledgers than were read: this node is behind, or the network was begun
    anew, as Pi Testnet is at times. Then nothing can be said of what came before."""
    if newest.closed_at <= book.until:
        raise ChainUnavailable
    logger.error("The network has begun anew", extra={"ledger": newest.number})
    count("ChainReset")
    first = last_before(parts.chain, newest, book.until)
    new = reopened(book, opened_at(book.wallet, first, parts.clock()))
    return parts.books.replace(book, new)[0]
