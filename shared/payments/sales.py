"""The operator's switch for sales, an item in the Payments table: while it exists, no payment is
approved. Payments that are already approved are still completed.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.aws.table import Table
from shared.base.clock import Clock
from shared.base.errors import ServiceUnavailable

PAUSE = "pause#"  # no payment's id has a `#` in it
PAUSED = "This app sells nothing just now. Please try again later."
SEEN_SECONDS = 10  # an environment looks again after so long


@dataclass(slots=True)
class Sales:
    table: Table
    clock: Clock
    looked_at: int = 0

    def require(self) -> None:
        """Raises ServiceUnavailable: `sales_paused`, or it cannot be read. Costs 1 read at most
        every ten seconds."""
        now = self.clock()
        if now - self.looked_at < SEEN_SECONDS:
            return
        if self.paused_since() is not None:
            raise ServiceUnavailable("sales_paused", PAUSED)
        self.looked_at = now

    def paused_since(self) -> int | None:
        """Seconds since 1970; None: the app sells."""
        since = self.table.get(PAUSE).get("paused_at")
        return None if since is None else int(since)

    def pause(self) -> None:
        """The first pause counts."""
        first = "attribute_not_exists(paused_at)"
        self.table.update(PAUSE, "SET paused_at = :now", {"now": self.clock()}, only_if=first)

    def go_on(self) -> None:
        self.table.update(PAUSE, "REMOVE paused_at", {})
