"""The one place that moves money: a signed transaction is handed to the chain.

Nothing else in the bundle sends Horizon a POST; a test keeps it so. What may be handed in, and
when, is decided by the sender of payouts, which has written it down before.
"""

from __future__ import annotations

from urllib.parse import quote

from shared.base.errors import ChainUnavailable
from shared.base.http import CallFailed, Http
from shared.base.identifiers import CODE, TXID
from shared.stellar.objects import Submission


class Submitter:
    def __init__(self, http: Http, base_url: str) -> None:
        self._http, self._base_url = http, base_url.rstrip("/")

    def submit(self, envelope: str) -> Submission:
        """Hand in a signed transaction; the same one any number of times. Raises ChainUnavailable:
        it may have been applied.

        Source: Horizon, POST /transactions; `extras.result_codes` of a failed one.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            reply = self._http.call(
                "POST",
                f"{self._base_url}/transactions",
                headers=headers,
                body=f"tx={quote(envelope, safe='')}",
            )
        except CallFailed:
            raise ChainUnavailable from None
        json = reply.json or {}
        txid = str(json.get("hash")).lower()
        if reply.status == 200 and json.get("successful") is True and TXID.fullmatch(txid):
            return Submission(txid=txid)
        extras = json.get("extras")
        codes = extras.get("result_codes") if isinstance(extras, dict) else None
        return Submission(error=_code(codes))


def _code(codes: object) -> str:
    """Stellar's code of what went wrong. Raises ChainUnavailable if this is none."""
    if not isinstance(codes, dict):
        raise ChainUnavailable
    operations = codes.get("operations")
    failed = [c for c in operations if c != "op_success"] if isinstance(operations, list) else []
    code = failed[0] if failed else codes.get("transaction")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise ChainUnavailable
    return code
