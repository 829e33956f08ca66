"""What `make bench` compares with: a short script that does the same I/O with requests and boto3.

Every call to Pi and DynamoDB that the bundle makes on a good day is here, with the same effects in
the same order; every rule, retry and deadline that makes the bundle safe is not. Never deploy it.
"""

import json
import os
import time
from decimal import Decimal
from typing import Any

import requests

TIMEOUT = (2.0, 5.0)  # connect, read


class Bare:
    """A session, and the AWS clients that a function with these services would make."""

    def __init__(self, *services: str) -> None:
        self.session = requests.Session()
        if services:
            import boto3

            make: Any = boto3.client  # typed for literal names only
            self.clients = {name: make(name) for name in services}
        self.key = ""

    def approve(self, event: dict[str, Any]) -> dict[str, Any]:
        """GET /me, GET payment, read the price, record, approve."""
        body = json.loads(event["body"])
        payment_id, dynamodb = body["paymentId"], self.clients["dynamodb"]
        user = self._pi("GET", "/me", f"Bearer {body['accessToken']}")
        payment = self._pi("GET", f"/payments/{payment_id}", self._server_key())
        product = dynamodb.get_item(
            TableName=os.environ["PRODUCTS_TABLE"],
            Key={"product_id": {"S": payment["metadata"]["productId"]}},
        )["Item"]
        if payment["user_uid"] != user["uid"] or payment["amount"] != Decimal(
            product["price"]["S"]
        ):
            return _answer(409, {"error": "unexpected"})
        now, stroops = str(int(time.time())), str(int(payment["amount"] * 10**7))
        dynamodb.put_item(
            TableName=os.environ["PAYMENTS_TABLE"],
            Item={
                "payment_id": {"S": payment_id},
                "uid": {"S": user["uid"]},
                "amount": {"N": stroops},
                "state": {"S": "open"},
                "created_at": {"N": now},
                "product_id": product["product_id"],
                "quantity": {"N": "1"},
                "price_minimum": {"N": stroops},
                "price_maximum": {"N": stroops},
                "due_shard": {"S": "0"},
                "due_at": {"N": now},
                "version": {"N": "1"},
            },
            ConditionExpression="attribute_not_exists(payment_id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        self._pi("POST", f"/payments/{payment_id}/approve", self._server_key())
        return _answer(200, {"payment_id": payment_id, "state": "open", "amount": stroops})

    def complete(self, event: dict[str, Any]) -> dict[str, Any]:
        """Read the record, GET payment, complete, update."""
        body = json.loads(event["body"])
        payment_id, dynamodb = body["paymentId"], self.clients["dynamodb"]
        key = {"payment_id": {"S": payment_id}}
        table = os.environ["PAYMENTS_TABLE"]
        record = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
        payment = self._pi("GET", f"/payments/{payment_id}", self._server_key())
        txid = payment["transaction"]["txid"]
        self._pi("POST", f"/payments/{payment_id}/complete", self._server_key(), {"txid": txid})
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #state = :state, #txid = :txid, #completed_at = :now, "
            "#owed = :owed, #due_at = :now, #version = :new",
            ConditionExpression="#version = :old",
            ExpressionAttributeNames={
                f"#{name}": name
                for name in ("state", "txid", "completed_at", "owed", "due_at", "version")
            },
            ExpressionAttributeValues={
                ":state": {"S": "completed"},
                ":txid": {"S": txid},
                ":now": {"N": str(int(time.time()))},
                ":owed": {"S": "PaymentCompleted"},
                ":new": {"N": "2"},
                ":old": record["version"],
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return _answer(200, {"payment_id": payment_id, "state": "completed"})

    def _server_key(self) -> str:
        if not self.key:
            secret = self.clients["secretsmanager"].get_secret_value(
                SecretId=os.environ["SERVER_KEY_SECRET_ARN"]
            )
            self.key = f"Key {secret['SecretString']}"
        return self.key

    def _pi(
        self, method: str, path: str, authorization: str, body: dict[str, str] | None = None
    ) -> dict[str, Any]:
        response = self.session.request(
            method,
            os.environ["PI_API_URL"] + path,
            headers={"Authorization": authorization},
            json=body,
            timeout=TIMEOUT,
        )
        response.raise_for_status()
        answer: dict[str, Any] = response.json(parse_float=Decimal)
        return answer


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }
