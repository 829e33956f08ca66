"""Horizon's way with a submitted transaction, from the form field to the answer.

What it already shows it answers again; the rest goes to the core. It has no patience: what it
cannot show at once (a ledger still to close, or a lag) is a 504, where the real one waits 30 s.
"""

from .core import Verdict
from .envelope import Envelope, read
from .horizon import HorizonError
from .pi import Pi
from .records import Record
from .results import refusal_xdr

_STATUSES = {"PENDING": 201, "ERROR": 400, "DUPLICATE": 409, "TRY_AGAIN_LATER": 503}


def submit(pi: Pi, xdr: str, base: str) -> Record:
    """`POST /transactions`: the transaction's record. Raises HorizonError."""
    envelope = _read(pi, xdr)
    known = pi.horizon(base).find(envelope.txid) if pi.settings.repeats_success else None
    if known is None:
        verdict = pi.core.submit(envelope, pi.now())
        if verdict.status == "ERROR":
            raise _failed(envelope, verdict, pi.settings.base_fee_stroops)
        known = pi.horizon(base).find(envelope.txid)
    if known is None:
        raise HorizonError("timeout")
    if not known.successful:
        raise _failed(envelope, Verdict("ERROR", "tx_failed", known.code), known.fee_stroops)
    return pi.horizon(base).record(known)


def submit_async(pi: Pi, xdr: str) -> tuple[Record, int]:
    """`POST /transactions_async`: the core's own word, and its HTTP status."""
    envelope = _read(pi, xdr)
    verdict = pi.core.submit(envelope, pi.now())
    body: Record = {"tx_status": verdict.status, "hash": envelope.txid}
    if verdict.status == "ERROR":
        body["error_result_xdr"] = _result(verdict, pi.settings.base_fee_stroops)
    return body, _STATUSES[verdict.status]


def _read(pi: Pi, xdr: str) -> Envelope:
    pi.core.catch_up(pi.now())
    if not xdr:
        raise HorizonError("bad_request", invalid_field="tx", reason="tx is missing")
    try:
        return read(xdr, pi.chain.passphrase)
    except ValueError:
        raise HorizonError("transaction_malformed", envelope_xdr=xdr) from None


def _failed(envelope: Envelope, verdict: Verdict, fee_stroops: int) -> HorizonError:
    codes: Record = {"transaction": verdict.code}
    if verdict.operation_code:
        codes["operations"] = [verdict.operation_code]
    return HorizonError(
        "transaction_failed",
        envelope_xdr=envelope.transaction.envelope_xdr,
        result_codes=codes,
        result_xdr=_result(verdict, fee_stroops),
    )


def _result(verdict: Verdict, fee_stroops: int) -> str:
    return refusal_xdr(verdict.code, verdict.operation_code, fee_stroops)
