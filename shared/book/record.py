"""The wallet's book: how far what the chain shows of one wallet has been read, without a gap.

Money arrives at, and leaves, the app's wallet. So one reader goes forward through all its movements
and notes each in the record that it belongs to; a payment of which nothing was noted in what has
been read was not made. Invariant: nothing in the ledgers that the book claims was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.base.frozen import frozen
from shared.stellar.objects import Ledger, Movement

# Nodes behind one address differ: one may show what another does not show yet.
NODES_APART_SECONDS = 60
LATELY_SECONDS = 4 * NODES_APART_SECONDS  # a book that has just been read covers all until then
LEDGERS_A_DAY = 24 * 3600 // 5
MOST_DOUBTS = 100
MOST_AHEAD = 400  # more than that are acted on again, which changes nothing
PI_PATIENCE_SECONDS = 3600  # so long the book waits for Pi, which may be away for one payment alone


@frozen
class Doubt:
    """A movement that was read and could not be acted on: the record that it belongs to cannot be
    read, or Pi does not say what it pays. It is tried again until it is. `subject` is the id of the
    record; empty: it is not known. `amount` is in stroops."""

    token: int
    subject: str
    amount: int


@frozen(kw_only=True)
class Book:
    """Every movement in a ledger that closed after `since` and before `until` (seconds since 1970,
    by the chain's clock) was read and, but for the `doubts`, acted on; `ledger` is the last of
    them, and none between is missing. `place` is the paging token of the last movement in them;
    those of later ones that were acted on already are `ahead`.
    `covers`: until when, by our clock, that is all that there is; it stands still while Horizon is
    behind. `read_at` is when it was last read on. `version` counts the writes."""

    wallet: str
    since: int
    ledger: int
    until: int
    place: int
    covers: int
    read_at: int
    due_at: int
    ahead: tuple[int, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    version: int = 1

    def silent_until(self, subject: str, started_at: int) -> int:
        """What was paid until then, by our clock, for a record begun at `started_at` was noted; 0:
        the book cannot tell."""
        is_doubted = any(doubt.subject == subject for doubt in self.doubts)
        return self.covers if self.reaches_back_to(started_at) and not is_doubted else 0

    def is_in_doubt_about(self, subject: str, amount: int) -> bool:
        """Whether a movement of so much (stroops) may be this record's."""
        return any(
            doubt.subject == subject or (doubt.subject == "" and doubt.amount == amount)
            for doubt in self.doubts
        )

    def reaches_back_to(self, started_at: int) -> bool:
        return self.since < starts_before(started_at)


def starts_before(started_at: int) -> int:
    """What pays a payment that was begun then is in no ledger that closed before this moment."""
    return started_at - CLOCK_SKEW_SECONDS


def opened_at(wallet: str, ledger: Ledger, now: int) -> Book:
    """A book that claims what comes after this ledger. It reads a day more, in which a former book
    may have been lost."""
    return Book(
        wallet=wallet,
        since=ledger.closed_at,
        ledger=ledger.number,
        until=ledger.closed_at,
        place=place_after(max(ledger.number - LEDGERS_A_DAY, 0)),
        covers=0,
        read_at=0,
        due_at=now,
    )


def reopened(book: Book, other: Book) -> Book:
    """The same book, to be read anew from where `other` begins."""
    return replace(other, version=book.version)


def read_up_to(
    book: Book, page: Sequence[Movement], doubts: Sequence[Doubt], sure: Ledger, covers: int
) -> Book:
    """The book once this page of movements was acted on, but for these `doubts`. What lies beyond
    `sure`, the last ledger up to which none is missing, is read again next time, since others may
    show between; to have read up to there `covers` all until that moment."""
    inside = [movement.token for movement in page if _ledger_of(movement.token) <= sure.number]
    read = sure
    if page and len(inside) == len(page):  # the next page may hold more of the same ledger
        read, covers = Ledger(_ledger_of(inside[-1]) - 1, page[-1].at), 0
    place = max([book.place, *inside])
    acted_on = {*book.ahead, *(movement.token for movement in page)}
    ahead = sorted(token for token in acted_on if token > place)
    return replace(
        book,
        place=place,
        ahead=tuple(ahead[:MOST_AHEAD]),
        doubts=tuple(dict.fromkeys((*book.doubts, *doubts))),
        ledger=max(book.ledger, read.number),
        until=max(book.until, read.closed_at),
        covers=max(book.covers, covers),
    )


def tried_again(book: Book, doubt: Doubt, *, is_settled: bool) -> Book:
    """Without the doubt once it is settled; else it comes last."""
    others = tuple(other for other in book.doubts if other != doubt)
    return replace(book, doubts=others if is_settled else (*others, doubt))


# A paging token begins with the number of its ledger. Source: Stellar's SEP-35.
def place_after(ledger: int) -> int:
    """The place of a reader who has read all until the end of this ledger."""
    return ((ledger + 1) << 32) - 1


def _ledger_of(token: int) -> int:
    return token >> 32
