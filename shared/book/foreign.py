"""Memos that look like a payment's id, and were found to be none of this app's, as they were
reported. So the daily proof asks Pi nothing, however much dust strangers send.
"""

from __future__ import annotations

from shared.aws.table import Table

PREFIX = "foreign#"  # no payment's or payout's id has a `#` in it


class ForeignMemos:
    """They lie in the table of the records."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, memo: str, txid: str) -> None:
        self._table.update(PREFIX + memo, "SET txid = :txid", {"txid": txid})

    def __contains__(self, memo: str) -> bool:
        """Read consistently."""
        return bool(self._table.get(PREFIX + memo))
