"""Which ledgers a Horizon shows. It may lack some, anywhere, while its history is filled again; so
only a stretch of ledgers with none missing tells what is not on the chain."""

from __future__ import annotations

from shared.adapters.horizon import MOST_PAGES, Horizon
from shared.domain.chain import Ledger
from shared.domain.errors import ChainUnavailable

LEDGER_SECONDS = 5  # from one to the next, as a first guess: it is a setting of the network
MOST_BEHIND_SECONDS = 24 * 3600


def last_before(chain: Horizon, newest: Ledger, moment: int) -> Ledger:
    """One that closed before the moment, and not long before; the oldest that Horizon has if its
    history does not go so far back. How fast ledgers close is found out on the way. Raises
    ChainUnavailable, also where Horizon shows nothing yet, or only what is long past: from there
    to the moment would be millions of ledgers."""
    if newest.closed_at < moment - MOST_BEHIND_SECONDS:
        raise ChainUnavailable
    found, back = newest, 0
    while found.closed_at >= moment and back < newest.number:
        passed = newest.closed_at - found.closed_at
        seconds = max(passed // back, 1) if back and passed else LEDGER_SECONDS
        back += (found.closed_at - moment) // seconds + 1
        # Never the first ledger of a network: it says that it closed in 1970.
        ledgers = chain.ledgers(after=max(newest.number - back - 1, 1))
        if not ledgers:
            raise ChainUnavailable
        if ledgers[0] == found:  # nothing is shown before it
            break
        found = ledgers[0]
    return found


def unbroken(chain: Horizon, after: Ledger, until: int) -> tuple[Ledger, bool]:
    """The last ledger after this one that closed by `until`, with none missing between, and whether
    all until then are there."""
    sure = after
    for _ in range(MOST_PAGES):
        page = chain.ledgers(after=sure.number)
        for ledger in page:
            if ledger.number != sure.number + 1:
                return sure, False
            if ledger.closed_at > until:
                return sure, True
            sure = ledger
        if not page:
            break
    return sure, False
