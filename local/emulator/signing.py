"""What a wallet here signs when it pays: the envelope that any other wallet would make of it.

Like `envelope`, imported only when somebody pays: the stellar SDK takes its time.
"""

from base64 import b64encode

from stellar_sdk import (
    Account,
    Asset,
    FeeBumpTransactionEnvelope,
    TransactionBuilder,
    TransactionEnvelope,
)

from . import chain
from .address import seed_behind
from .chain import NATIVE, Order, SignedTransaction, fixed_point


def sign(
    order: Order, sequence: int, fee_stroops: int, passphrase: str, *, fee_bump: bool = False
) -> SignedTransaction:
    """Signed by whoever pays, where their seed is known here. A fee bump is one operation more.

    Raises ValueError for what is no transaction: a wallet without an address, an asset without a
    name.
    """
    fee = fee_stroops // 2 if fee_bump else fee_stroops
    builder = TransactionBuilder(Account(order.source, sequence - 1), passphrase, fee)
    builder.add_time_bounds(0, 0)
    if order.memo is not None:
        builder.add_text_memo(order.memo)
    _append(builder, order)
    inner = builder.build()
    _add_signatures(inner, {order.source, order.payer})
    if not fee_bump:
        return SignedTransaction(inner.hash_hex(), inner.to_xdr(), signatures(inner))
    outer = builder.build_fee_bump_transaction(order.source, fee, inner, passphrase)
    _add_signatures(outer, {order.source})
    return SignedTransaction(
        outer.hash_hex(), outer.to_xdr(), signatures(outer), inner.hash_hex(), signatures(inner)
    )


def signatures(envelope: TransactionEnvelope | FeeBumpTransactionEnvelope) -> tuple[str, ...]:
    """As Horizon shows them."""
    return tuple(b64encode(each.signature).decode() for each in envelope.signatures)


def _add_signatures(
    envelope: TransactionEnvelope | FeeBumpTransactionEnvelope, addresses: set[str]
) -> None:
    for address in sorted(addresses):
        if seed := seed_behind(address):
            envelope.sign(seed)


def _append(builder: TransactionBuilder, order: Order) -> None:
    to, by, amount = order.destination, order.operation_source, fixed_point(order.amount_stroops)
    pi = Asset.native()
    match order.kind:
        case chain.CREATE_ACCOUNT:
            builder.append_create_account_op(to, amount, by)
        case chain.ACCOUNT_MERGE:
            builder.append_account_merge_op(to, by)
        case chain.STRICT_RECEIVE:
            builder.append_path_payment_strict_receive_op(to, pi, amount, pi, amount, [], by)
        case chain.STRICT_SEND:
            builder.append_path_payment_strict_send_op(to, pi, amount, pi, amount, [], by)
        case _:
            asset = pi if order.asset == NATIVE else Asset(*order.asset.split(":", 1))
            builder.append_payment_op(to, asset, amount, by)
