"""What a wallet has paid, read from Horizon once and remembered for the environment's life.

What the chain has closed never changes, so only what is new has to be read again. Invariant: what
is held has no gap, from the newest payment to the oldest that was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.adapters.horizon import CLOCK_SKEW, MOST_PAGES, Horizon
from shared.domain.chain import ChainPayment
from shared.domain.errors import ChainUnavailable


@dataclass(slots=True)
class WalletHistory:
    """Newest first: `sent` is what the wallet itself has paid, `newest` and `oldest` the ends of
    all that was read."""

    wallet: str
    sent: list[ChainPayment] = field(default_factory=list)
    newest: ChainPayment | None = None
    oldest: ChainPayment | None = None

    def since(
        self, chain: Horizon, moment: datetime, now: datetime, dead_since: datetime | None = None
    ) -> Iterator[ChainPayment]:
        """What the wallet has paid since then, newest first.

        To come to the end proves that there is nothing else. Where that is not certain, it raises
        ChainUnavailable: the chain cannot be read, is behind, or has more pages than one call
        reads; the next call goes on from there. `dead_since`: the moment after which nothing more
        can have been applied; the latest ledger must have closed later.
        """
        # The ledger first: whatever closes while we read is then not claimed to be covered.
        is_current = chain.is_current(now, dead_since)
        pages = _Pages(chain, self.wallet)
        self._read_news(pages)
        until = moment - CLOCK_SKEW
        seen = 0
        while True:
            while seen < len(self.sent) and self.sent[seen].at >= until:
                yield self.sent[seen]
                seen += 1
            if self.oldest is not None and self.oldest.at < until:
                break
            page = pages.before(self.oldest)
            if not page:  # the wallet's beginning, unless Horizon has dropped what was before
                is_current = is_current and chain.begins_before(until)
                break
            self._add(page)
        if not is_current:
            raise ChainUnavailable

    def _read_news(self, pages: _Pages) -> None:
        """Page back to the newest payment that is known. If it is not there, this is the history of
        another chain, or of one that is behind: what it shows is kept, but not believed yet."""
        known, news = self.newest, WalletHistory(self.wallet)
        try:
            while known is None or news.oldest is None or news.oldest.token > known.token:
                page = pages.before(news.oldest)
                if known in page:
                    news._add(page[: page.index(known)])
                    news._join(self)
                    known = None
                    break
                news._add(page)
                if known is None or not page:
                    break
        except ChainUnavailable:
            if news.newest is not None:
                self._become(news)
            raise
        self._become(news)
        if known is not None:
            raise ChainUnavailable

    def _add(self, page: list[ChainPayment]) -> None:
        """The payments that come next, going back."""
        for payment in page:
            self.newest, self.oldest = self.newest or payment, payment
            if payment.transfer is not None and payment.transfer.source == self.wallet:
                self.sent.append(payment)

    def _join(self, older: WalletHistory) -> None:
        self.sent += older.sent
        self.newest, self.oldest = self.newest or older.newest, older.oldest

    def _become(self, other: WalletHistory) -> None:
        self.sent, self.newest, self.oldest = other.sent, other.newest, other.oldest


class _Pages:
    """As many pages as one call may read."""

    def __init__(self, chain: Horizon, wallet: str) -> None:
        self._chain, self._wallet, self._left = chain, wallet, MOST_PAGES

    def before(self, payment: ChainPayment | None) -> list[ChainPayment]:
        if self._left == 0:
            raise ChainUnavailable
        self._left -= 1
        return self._chain.payments(self._wallet, payment.token if payment else None)
