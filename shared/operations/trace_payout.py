"""Find the payment that paid a payout, whatever our table remembers of it.

A table restored from a backup may say `requested` of what was paid long ago, and Pi lists only what
is open. But all that the wallet has sent is on the chain: its memo is the identifier of a payment,
and Pi still shows that payment, with the id of the payout that it was made for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.adapters.wallet_history import WalletHistory
from shared.domain.errors import BadRequest, PiRefused
from shared.domain.identifiers import payment_id_of
from shared.domain.payout import FORGOTTEN_SECONDS, PayoutRecord, payout_of
from shared.domain.pi import PaymentDto
from shared.operations.sender import SendParts


@dataclass(frozen=True, slots=True)
class Paid:
    """The payment at Pi that paid a payout, and the transaction that proves it. Of `payment` only
    what never changes may be believed: it may be remembered from earlier."""

    payment: PaymentDto
    txid: str


def trace_payout(
    parts: SendParts,
    record: PayoutRecord,
    wallet: str,
    in_hand: PaymentDto | None = None,
    dead_since: int | None = None,
) -> Paid | None:
    """What has paid this payout from this wallet; None: certainly nothing, as of now.

    `in_hand` is the payment that Pi has for it. `dead_since`: nothing that we signed for it can be
    applied after this moment (seconds since 1970).

    Raises ChainUnavailable: it is not certain yet. PiRefused `payment_not_found`: the wallet has
    sent this amount for a payment that Pi does not know, nor does Pi know another one; perhaps the
    server key is another app's. Or Pi has forgotten the payout's own payment, which is paid. Costs
    two calls to Horizon, and two more, one of them to Pi, for each transaction of this amount that
    this environment has not seen yet.
    """
    history = parts.memory.histories.setdefault(wallet, WalletHistory(wallet))
    sent = history.since(
        parts.chain,
        _moment(record.requested_at - FORGOTTEN_SECONDS),
        _moment(parts.clock()),
        None if dead_since is None else _moment(dead_since),
    )
    amounts = {record.amount, in_hand.amount if in_hand else record.amount}
    asked, unknown = in_hand is not None, None
    for transaction in sent:
        if transaction.transfer is None or transaction.transfer.amount not in amounts:
            continue
        is_new = transaction.txid not in parts.memory.payment_of
        try:
            payment = _payment_of(parts, transaction.txid)
        except PiRefused as refused:
            if refused.code != "payment_not_found" or _names(parts, transaction.txid, record):
                raise
            unknown = refused  # sent by hand, perhaps
            continue
        asked = asked or (is_new and payment is not None)
        if payment is not None and _is_of(payment, record):
            return Paid(payment, transaction.txid)
    if unknown is not None and not asked:
        raise unknown
    return None


def _names(parts: SendParts, txid: str, record: PayoutRecord) -> bool:
    """Whether the transaction pays what Pi once had for this payout, and has forgotten."""
    known = {record.payment_id, *(record.former_payments or "").split()}
    return parts.chain.memo(txid) in known


def _is_of(payment: PaymentDto, record: PayoutRecord) -> bool:
    """Whether this is a payment of this payout. What else Pi shows of it need not fit: whether it
    was what had been asked for is judged later, by whoever adopts it."""
    is_named = payout_of(payment) == record.payout_id and payment.user_uid == record.uid
    return is_named or payment.identifier == record.payment_id


def _payment_of(parts: SendParts, txid: str) -> PaymentDto | None:
    """The payment at Pi that a transaction of ours names. That never changes, so each is asked for
    once. None: it names none. Raises PiRefused."""
    known = parts.memory.payment_of
    if txid not in known:
        try:
            payment_id = payment_id_of(parts.chain.memo(txid))
        except BadRequest:
            known[txid] = None
        else:
            known[txid] = parts.pi.get_payment(payment_id)
    return known[txid]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
