"""Let an unpaid payment rest until it can be closed: most of them were opened and dropped.

The wallet's book is read in each sweep and notes every transfer in its record, which makes the
record due at once. So until then Pi need not be asked about this payment. If the book falls behind,
the sweep makes all resting records due.
"""

from __future__ import annotations

from shared.base.clock import Clock
from shared.base.frozen import frozen
from shared.book.store import BookStore
from shared.payments.record import Patience, PaymentRecord
from shared.payments.silence import COVERED_AFTER_SECONDS, known_silence
from shared.payments.store import PaymentStore
from shared.work.due import most_behind

# What is due sooner was not put off by the sweep just now. It stays as it is: to be made due in the
# very second in which it is due already would not show, and the rest would go on.
LEAST_PUT_OFF_SECONDS = 20


@frozen(kw_only=True)
class RestParts:
    payments: PaymentStore
    books: BookStore
    patience: Patience
    sweep_seconds: int
    clock: Clock


def rest(parts: RestParts, record: PaymentRecord) -> None:
    """Until the first look that can close it, if the book was read as lately as it should have
    been, and covers this payment; else nothing is changed. Costs 1 read, and 1 write."""
    now = parts.clock()
    until = record.created_at + parts.patience.alone + COVERED_AFTER_SECONDS
    if record.due_at is None or not now + LEAST_PUT_OFF_SECONDS <= record.due_at < until:
        return
    if known_silence(parts.books, record) >= now - most_behind(parts.sweep_seconds):
        parts.payments.rest(record, until)
