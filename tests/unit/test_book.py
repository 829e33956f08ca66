"""How far the wallet's book was read once a page of movements was acted on. Promise 3."""

from dataclasses import replace

from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.book.record import Book, read_up_to
from shared.stellar.objects import Ledger
from tests.unit.samples import MOVED

BOOK = Book(
    wallet="G", since=0, ledger=10, until=50, place=(11 << 32) - 1, read_at=0, covers=0, due_at=0
)
IN_12, IN_30 = replace(MOVED, token=12 << 32, at=60), replace(MOVED, token=30 << 32, at=150)
SURE = Ledger(20, 100)


def test_a_page_that_may_go_on_covers_nothing_yet() -> None:
    """The next one may hold more of the same ledger."""
    read = read_up_to(BOOK, [IN_12], [], SURE, covers=90)

    assert (read.place, read.ledger, read.covers) == (IN_12.token, 11, 0)


def test_the_last_page_covers_all_that_is_sure() -> None:
    read = read_up_to(BOOK, [], [], SURE, covers=90)

    assert (read.place, read.ledger, read.until, read.covers) == (BOOK.place, 20, 100, 90)


def test_what_lies_beyond_is_read_again() -> None:
    read = read_up_to(BOOK, [IN_12, IN_30], [], SURE, covers=90)

    assert (read.place, read.ledger, read.covers) == (IN_12.token, 20, 90)


def test_it_speaks_of_what_was_begun_five_minutes_after_its_first_ledger() -> None:
    """What pays a payment may be dated before it: Pi's clock and the chain's differ."""
    book = replace(BOOK, since=1000, covers=5000)

    assert book.silent_until("payment-1", 1000 + CLOCK_SKEW_SECONDS) == 0
    assert book.silent_until("payment-1", 1001 + CLOCK_SKEW_SECONDS) == 5000
