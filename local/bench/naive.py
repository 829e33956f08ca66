"""What `make bench-peers` compares with: handlers that check no payment. Never deploy them."""

import json
import os
from typing import Any

import boto3
import requests

TIMEOUT = 30.0

Event = dict[str, Any]


class Naive:
    """Of the usual tutorial: they hand on whatever the page sends, with the server's key, and
    remember nothing. The key is read once, as each tutorial has it in a variable."""

    def __init__(self, server_key: str) -> None:
        self._headers = {"Authorization": f"Key {server_key}"}

    def approve(self, event: Event) -> Event:
        """One round trip: it approves any payment, at any price, of any user."""
        body = json.loads(event["body"])
        return self._answered(self._pi("POST", f"{body['paymentId']}/approve"))

    def complete(self, event: Event) -> Event:
        """One round trip: if its answer is lost, the payment is stuck."""
        body = json.loads(event["body"])
        txid = {"txid": body["transactionId"]}
        return self._answered(self._pi("POST", f"{body['paymentId']}/complete", txid))

    def _pi(self, method: str, path: str, body: Event | None = None) -> requests.Response:
        url = f"{os.environ['PI_API_URL']}/payments/{path}"
        return requests.request(method, url, json=body, headers=self._headers, timeout=TIMEOUT)

    def _answered(self, answer: requests.Response) -> Event:
        return {"statusCode": answer.status_code, "body": answer.text}


class Demo(Naive):
    """Those of Pi's own demo app (github.com/pi-apps/demo, backend/src/handlers/payments.ts), which
    keep an order too: there in MongoDB, here in DynamoDB. The user is the one of a session."""

    def __init__(self, server_key: str) -> None:
        super().__init__(server_key)
        self._user = "the-user-of-the-session"
        self._orders: Any = boto3.resource("dynamodb").Table(os.environ["PAYMENTS_TABLE"])

    def approve(self, event: Event) -> Event:
        """Two round trips, and the order between them."""
        payment_id = json.loads(event["body"])["paymentId"]
        payment = self._pi("GET", payment_id).json()
        order = {"product": payment["metadata"]["productId"], "user": self._user}
        self._orders.put_item(Item={"payment_id": f"demo-{payment_id}", "paid": False, **order})
        return self._answered(self._pi("POST", f"{payment_id}/approve"))

    def complete(self, event: Event) -> Event:
        """The order is paid before Pi has said so."""
        body = json.loads(event["body"])
        self._orders.update_item(
            Key={"payment_id": f"demo-{body['paymentId']}"},
            UpdateExpression="SET paid = :paid, txid = :txid",
            ExpressionAttributeValues={":paid": True, ":txid": body["transactionId"]},
        )
        return super().complete(event)
