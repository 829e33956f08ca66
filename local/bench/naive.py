"""What `make bench-peers` compares with: the handlers of the usual tutorial. They hand on whatever
the page sends, with the server's key, and remember nothing. Never deploy this.
"""

import json
import os
from typing import Any

import requests

TIMEOUT = 30.0


class Naive:
    """The server's key is read once, as each tutorial has it in a variable."""

    def __init__(self, server_key: str) -> None:
        self._headers = {"Authorization": f"Key {server_key}"}

    def approve(self, event: dict[str, Any]) -> dict[str, Any]:
        """One round trip: it approves any payment, at any price, of any user."""
        body = json.loads(event["body"])
        return self._pi(f"{body['paymentId']}/approve", {})

    def complete(self, event: dict[str, Any]) -> dict[str, Any]:
        """One round trip: if its answer is lost, the payment is stuck."""
        body = json.loads(event["body"])
        return self._pi(f"{body['paymentId']}/complete", {"txid": body["transactionId"]})

    def _pi(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        url = f"{os.environ['PI_API_URL']}/payments/{path}"
        answer = requests.post(url, json=body, headers=self._headers, timeout=TIMEOUT)
        return {"statusCode": answer.status_code, "body": answer.text}
