"""What a transaction on the Pi chain must show to be a certain payment.

Anyone can send the app's wallet a transaction with any memo, so a memo alone proves nothing.
"""

from __future__ import annotations

from shared.base.amount import Amount
from shared.base.frozen import frozen

FRESH_SECONDS = 30  # a ledger closes every five


@frozen
class Transfer:
    """One movement of native Pi on the chain."""

    source: str
    destination: str
    amount: Amount


@frozen
class ChainTransaction:
    """A transaction with its native payment operations; `memo` is None unless it is a text memo.
    `fee` is what the chain took for it; None: it does not say."""

    txid: str
    successful: bool
    memo: str | None
    transfers: tuple[Transfer, ...]
    fee: Amount | None = None


@frozen
class Ledger:
    """`closed_at` is in seconds since 1970."""

    number: int
    closed_at: int


@frozen
class Movement:
    """One movement of native Pi into or out of a wallet. `token` is its place there, larger than
    all before it; `kind` is Horizon's type of operation; `txids` are the hashes of its transaction,
    of which a fee bump has two; `memo` is None unless it is a text memo. `transfer` is None where
    no native Pi moved; of a merged account it does not tell how much (0)."""

    token: int
    at: int
    kind: str
    txids: tuple[str, ...]
    memo: str | None
    transfer: Transfer | None


@frozen
class ExpectedTransfer:
    """The transaction that would pay one payment."""

    memo: str
    transfer: Transfer

    def is_met_by(self, transaction: ChainTransaction) -> bool:
        return (
            transaction.successful
            and transaction.memo == self.memo
            and self.transfer in transaction.transfers
        )


@frozen
class Account:
    """An account as of the latest ledger. `free` is its native Pi in stroops that no offer has a
    claim on, `reserves` the number of base reserves that it must keep of them."""

    sequence: int
    free: int
    reserves: int


@frozen
class Submission:
    """What the chain said of an envelope: `txid` if it was applied, else Stellar's `error` code."""

    txid: str | None = None
    error: str | None = None
