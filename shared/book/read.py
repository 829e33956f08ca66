"""Read on in a wallet's book: each movement once, for all records, acted on before the book's
place moves.

A crash reads again what was acted on already, which changes nothing, and never skips anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from shared.base.clock import Clock
from shared.base.context import remaining
from shared.base.errors import BundleError, ChainUnavailable, ServiceUnavailable
from shared.base.frozen import frozen
from shared.base.networks import Network
from shared.base.observability import count, logger
from shared.book.record import (
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
from shared.book.store import BookStore
from shared.stellar.horizon import MOST_PAGES, Horizon
from shared.stellar.objects import FRESH_SECONDS, Ledger, Movement

LEDGER_SECONDS = 5  # from one to the next, as a first guess: it is a setting of the network
MOST_LEDGER_PAGES = 200  # at once: two days, after a restore
SPARE_SECONDS = 5  # for what comes after the ledgers
MOST_BEHIND_SECONDS = 24 * 3600
MOST_TRIED = 10  # doubts, each time the book is read


@frozen(kw_only=True)
class ChainParts:
    """What everyone reads the chain with who has to be certain of it."""

    chain: Horizon
    network: Network
    clock: Clock


@frozen(kw_only=True)
class BookParts(ChainParts):
    """`act` does what a movement of a wallet means. What it raises stops the reading there; if that
    movement alone is in doubt, it says whose record it belongs in, or an empty text."""

    books: BookStore
    act: Callable[[str, Movement], str | None]


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
    first = last_ledger_before(parts, starts_before(started_at))
    earlier = opened_at(wallet, first, parts.clock())
    if book is None:
        return parts.books.put_if_absent(earlier)
    if earlier.since >= book.since:
        return book
    standing, _ = parts.books.replace(book, reopened(book, earlier))
    return standing


def last_ledger_before(parts: ChainParts, moment: int) -> Ledger:
    """One that closed before the moment, and not long before; the oldest that Horizon has if its
    history does not go so far back. How fast ledgers close is found out on the way. Raises
    ChainUnavailable, also where Horizon shows nothing yet, or only what is long past: from there
    to the moment would be millions of ledgers."""
    newest, _ = _newest(parts)
    if newest.closed_at < moment - MOST_BEHIND_SECONDS:
        raise ChainUnavailable
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


def _newest(parts: ChainParts) -> tuple[Ledger, bool]:
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
    sure, is_whole = unbroken(parts, Ledger(book.ledger, book.until), surely)
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
    """The book that stands once a page was acted on, and whether no other writer was first.

    It is written before as well: a restore in between takes the records back, and the book to
    before that write. So its place never moves past what they have forgotten."""
    if any(movement.token not in book.ahead for movement in page):
        book, is_ours = parts.books.replace(book, book)
        if not is_ours:
            return book, False
    done: list[Movement] = []
    doubts: list[Doubt] = []
    try:
        for movement in page:
            if movement.token in book.ahead:
                done.append(movement)
                continue
            if (subject := parts.act(book.wallet, movement)) is not None:
                if len(book.doubts) + len(doubts) >= MOST_DOUBTS:
                    logger.error("The wallet's book has too many doubts to read on")
                    raise ServiceUnavailable
                moved = movement.transfer.amount.stroops if movement.transfer else 0
                doubts.append(Doubt(movement.token, subject, moved))
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
            is_settled = shown is not None and parts.act(book.wallet, shown) is None
        if not is_settled:
            count("TransferInDoubt")
        tried = tried_again(tried, doubt, is_settled=is_settled)
    return book if tried == book else parts.books.replace(book, tried)[0]


def _write(parts: BookParts, book: Book, new: Book) -> tuple[Book, bool]:
    return parts.books.replace(book, replace(new, read_at=parts.clock()))


def unbroken(parts: ChainParts, sure: Ledger, until: int) -> tuple[Ledger, bool]:
    """The last ledger after `sure` that closed by `until`, with none missing between, and whether
    all until then are there: Horizon may lack some, anywhere, while its history is filled again."""
    for _ in range(MOST_LEDGER_PAGES):
        if remaining() < SPARE_SECONDS:
            break
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


def _begin_anew(parts: BookParts, book: Book, newest: Ledger) -> Book:
    """The chain shows fewer ledgers than were read: this node is behind, or the network was begun
    anew, as Pi Testnet is at times. Then nothing can be said of what came before."""
    if newest.closed_at <= book.until:
        raise ChainUnavailable
    logger.error("The network has begun anew", extra={"ledger": newest.number})
    count("ChainReset")
    first = last_ledger_before(parts, book.until)
    new = reopened(book, opened_at(book.wallet, first, parts.clock()))
    return parts.books.replace(book, new)[0]
