"""Signed transactions as they travel, in XDR: what somebody submits is read here.

This module, `signing` and `results` need the stellar SDK: imported only when somebody pays.
"""

from base64 import b64encode
from dataclasses import dataclass
from decimal import Decimal

from stellar_sdk import (
    FeeBumpTransactionEnvelope,
    HashMemo,
    IdMemo,
    Keypair,
    Memo,
    Payment,
    ReturnHashMemo,
    TextMemo,
    Transaction,
    TransactionEnvelope,
)
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.exceptions import BadSignatureError, SdkError
from stellar_sdk.operation import Operation
from xdrlib3 import Error as XdrError

from .chain import NATIVE, Order, SignedTransaction, stroops
from .signing import signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A transaction that somebody submits. Times are seconds of the epoch, `max_time` 0 is never.

    `order` is there unless `tx_flaw` (a transaction code) or `op_flaw` (an operation code) says
    why it can be none. Of its signatures, `signed` says whether one is the source's, and
    `over_signed` whether another one is not.
    """

    transaction: SignedTransaction
    source: str
    sequence: int
    fee_stroops: int
    min_time: int
    max_time: int
    signed: bool
    over_signed: bool
    order: Order | None = None
    tx_flaw: str | None = None
    op_flaw: str | None = None

    @property
    def txid(self) -> str:
        return self.transaction.txid


def read(xdr: str, passphrase: str) -> Envelope:
    """The envelope, hashed for this network. Raises ValueError for what is none."""
    try:
        raw = stellar_xdr.TransactionEnvelope.from_xdr(xdr)
        bumped = raw.type is stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP
        kind = FeeBumpTransactionEnvelope if bumped else TransactionEnvelope
        parsed = kind.from_xdr_object(raw, passphrase)
    except (SdkError, XdrError, ValueError, TypeError, EOFError):
        raise ValueError("not a transaction envelope") from None
    transaction = parsed.transaction
    if not isinstance(transaction, Transaction):
        transaction = transaction.inner_transaction_envelope.transaction
    source = transaction.source.account_id
    bounds = transaction.preconditions and transaction.preconditions.time_bounds
    valid = [_is_signature(source, parsed.hash(), each.signature) for each in parsed.signatures]
    order, tx_flaw, op_flaw = None, "tx_not_supported" if bumped else None, None
    match transaction.operations:
        case []:
            tx_flaw = "tx_missing_operation"
        case [operation]:
            order, op_flaw = _order(source, operation, transaction.memo)
        case _:
            tx_flaw = "tx_not_supported"
    return Envelope(
        transaction=SignedTransaction(parsed.hash_hex(), xdr, signatures(parsed)),
        source=source,
        sequence=transaction.sequence,
        fee_stroops=transaction.fee,
        min_time=bounds.min_time if bounds else 0,
        max_time=bounds.max_time if bounds else 0,
        signed=any(valid),
        over_signed=not all(valid),
        order=order,
        tx_flaw=tx_flaw,
        op_flaw=op_flaw,
    )


def _order(source: str, operation: Operation, memo: Memo) -> tuple[Order | None, str | None]:
    if operation.source and operation.source.account_id != source:
        return None, "op_bad_auth"
    if not isinstance(operation, Payment):
        return None, "op_not_supported"
    try:
        amount = stroops(Decimal(operation.amount))
    except ValueError:
        return None, "op_malformed"
    memo_type, shown = _memo(memo)
    asset = operation.asset
    return Order(
        source=source,
        destination=operation.destination.account_id,
        amount_stroops=amount,
        memo=shown,
        memo_type=memo_type,
        asset=NATIVE if asset.is_native() else f"{asset.code}:{asset.issuer}",
    ), None


def _memo(memo: Memo) -> tuple[str, str | None]:
    """Type and value as Horizon shows them: a text may be any bytes."""
    match memo:
        case TextMemo():
            return "text", memo.memo_text.decode(errors="replace")
        case IdMemo():
            return "id", str(memo.memo_id)
        case HashMemo():
            return "hash", b64encode(memo.memo_hash).decode()
        case ReturnHashMemo():
            return "return", b64encode(memo.memo_return).decode()
        case _:
            return "none", None


def _is_signature(source: str, content: bytes, signature: bytes) -> bool:
    try:
        Keypair.from_public_key(source).verify(content, signature)
    except BadSignatureError:
        return False
    return True
