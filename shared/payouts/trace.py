"""Find what has paid a payout, whatever our table remembers of it.

A table restored from a backup may say `requested` of what was paid long ago, and Pi lists only what
is open. But all that the wallet has sent is on the chain, and its book notes it in the records.
"""

from __future__ import annotations

from shared.base.errors import ChainUnavailable, Overtaken
from shared.book.read import book_of, read_on
from shared.book.record import Book
from shared.payouts.record import PayoutRecord
from shared.payouts.sender import SendParts
from shared.pi.objects import PaymentDto

LATELY_SECONDS = 240  # a book that has just been read covers all until then


def trace_payout(
    parts: SendParts,
    record: PayoutRecord,
    wallet: str,
    in_hand: PaymentDto | None = None,
    dead_since: int | None = None,
) -> PayoutRecord:
    """The record as it stands once the wallet's book was read to its end. What has paid the payout
    is noted in it (`sent`), and is the next step's; if nothing is, then certainly nothing has, as
    of now.

    `in_hand` is the payment that Pi has for it. `dead_since`: nothing that we signed for it can be
    applied after this moment (seconds since 1970), so what came later does not matter.

    Raises ChainUnavailable: it is not certain yet; Overtaken; and what reading the book may.
    """
    with parts.canary.while_shown(in_hand.identifier if in_hand else None):
        book = read_on(parts.book, book_of(parts.book, wallet, record.requested_at))
    standing = parts.payouts.get(record.payout_id)
    if standing is None or not (standing.sent or standing == record):
        raise Overtaken
    if standing.sent or _is_silent(book, record, parts.clock(), dead_since):
        return standing
    raise ChainUnavailable


def _is_silent(book: Book, record: PayoutRecord, now: int, dead_since: int | None) -> bool:
    if not book.reaches_back_to(record.requested_at):
        return False
    if book.is_in_doubt_about(record.payout_id, record.amount.stroops):
        return False
    return book.covers >= now - LATELY_SECONDS if dead_since is None else book.until > dead_since
