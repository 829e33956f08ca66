"""What became of a transaction, as XDR: the stellar SDK's, so imported only when it is needed."""

from functools import lru_cache
from typing import Any

from stellar_sdk import Asset, Keypair
from stellar_sdk import xdr as stellar_xdr

from .chain import (
    ACCOUNT_MERGE,
    PAYMENT,
    STRICT_RECEIVE,
    STRICT_SEND,
    Transaction,
)

Code = stellar_xdr.TransactionResultCode

_TRANSACTION_CODES = {
    "tx_success": Code.txSUCCESS,
    "tx_failed": Code.txFAILED,
    "tx_too_early": Code.txTOO_EARLY,
    "tx_too_late": Code.txTOO_LATE,
    "tx_missing_operation": Code.txMISSING_OPERATION,
    "tx_bad_seq": Code.txBAD_SEQ,
    "tx_bad_auth": Code.txBAD_AUTH,
    "tx_insufficient_balance": Code.txINSUFFICIENT_BALANCE,
    "tx_no_source_account": Code.txNO_ACCOUNT,
    "tx_insufficient_fee": Code.txINSUFFICIENT_FEE,
    "tx_bad_auth_extra": Code.txBAD_AUTH_EXTRA,
    "tx_not_supported": Code.txNOT_SUPPORTED,
}
_OPERATION_CODES = {
    "op_bad_auth": stellar_xdr.OperationResultCode.opBAD_AUTH,
    "op_not_supported": stellar_xdr.OperationResultCode.opNOT_SUPPORTED,
}


def refusal_xdr(code: str, operation_code: str | None, fee_stroops: int) -> str:
    """The TransactionResult of a payment with these codes, as Horizon names them."""
    results = None if operation_code is None else [_operation_result(PAYMENT, operation_code)]
    result = stellar_xdr.TransactionResultResult(_TRANSACTION_CODES[code], results=results)
    return _result(result, fee_stroops)


@lru_cache(maxsize=10_000)  # a history is read again and again
def result_xdr(tx: Transaction) -> str:
    """The TransactionResult of what was applied; a fee bump holds that of its inner one."""
    code = Code.txSUCCESS if tx.successful else Code.txFAILED
    results = [_operation_result(tx.kind, tx.code, **_moved(tx))]
    if tx.inner_txid is None:
        result = stellar_xdr.TransactionResultResult(code, results=results)
        return _result(result, tx.fee_stroops)
    inner = stellar_xdr.InnerTransactionResult(
        # The outer one has paid.
        fee_charged=stellar_xdr.Int64(0),
        result=stellar_xdr.InnerTransactionResultResult(code, results=results),
        ext=stellar_xdr.InnerTransactionResultExt(0),
    )
    inner_hash = stellar_xdr.Hash(bytes.fromhex(tx.inner_txid))
    pair = stellar_xdr.InnerTransactionResultPair(inner_hash, inner)
    code = Code.txFEE_BUMP_INNER_SUCCESS if tx.successful else Code.txFEE_BUMP_INNER_FAILED
    result = stellar_xdr.TransactionResultResult(code, inner_result_pair=pair)
    return _result(result, tx.fee_stroops)


def _result(result: stellar_xdr.TransactionResultResult, fee_stroops: int) -> str:
    return stellar_xdr.TransactionResult(
        fee_charged=stellar_xdr.Int64(fee_stroops),
        result=result,
        ext=stellar_xdr.TransactionResultExt(0),
    ).to_xdr()


def _operation_result(kind: str, code: str, **moved: Any) -> stellar_xdr.OperationResult:
    """The SDK names an operation's parts by its kind, and its codes as Horizon does."""
    if code in _OPERATION_CODES:
        return stellar_xdr.OperationResult(_OPERATION_CODES[code])
    name = kind.title().replace("_", "") + "Result"
    codes, result = getattr(stellar_xdr, f"{name}Code"), getattr(stellar_xdr, name)
    own = codes[f"{kind}_{code.removeprefix('op_')}".upper()]
    inner = stellar_xdr.OperationResultTr(
        stellar_xdr.OperationType[kind.upper()], **{f"{kind}_result": result(own, **moved)}
    )
    return stellar_xdr.OperationResult(stellar_xdr.OperationResultCode.opINNER, tr=inner)


def _moved(tx: Transaction) -> dict[str, Any]:
    """What the results of some kinds say besides, if they succeeded."""
    if not tx.successful or tx.kind not in (ACCOUNT_MERGE, STRICT_RECEIVE, STRICT_SEND):
        return {}
    amount = stellar_xdr.Int64(tx.amount_stroops)
    if tx.kind == ACCOUNT_MERGE:
        return {"source_account_balance": amount}
    receiver = Keypair.from_public_key(tx.destination).xdr_account_id()
    last = stellar_xdr.SimplePaymentResult(receiver, Asset.native().to_xdr_object(), amount)
    sort = "Receive" if tx.kind == STRICT_RECEIVE else "Send"
    success = getattr(stellar_xdr, f"PathPaymentStrict{sort}ResultSuccess")
    return {"success": success([], last)}
