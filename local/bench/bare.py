"""What `make bench` compares with: a short script that does the same I/O with requests and boto3.

Every call to Pi, the chain and AWS that the bundle makes on a good day is here, with the same
effects in the same order; every rule, retry and deadline that makes it safe is not. Never deploy
this.
"""

import json
import os
import time
from decimal import Decimal
from typing import Any

import requests

TIMEOUT = (2.0, 5.0)  # connect, read
SHARDS = 8


class Bare:
    """A session, the AWS clients and the packages of a function that does the same."""

    def __init__(self, *libraries: str) -> None:
        self.session = requests.Session()
        if services := [name for name in libraries if name != "stellar_sdk"]:
            import boto3

            make: Any = boto3.client  # typed for literal names only
            self.clients = {name: make(name) for name in services}
        if "stellar_sdk" in libraries:
            import stellar_sdk

            self.stellar = stellar_sdk
        self.secrets: dict[str, str] = {}

    def approve(self, event: dict[str, Any]) -> dict[str, Any]:
        """GET /me, GET payment, read the user's newest ones and the price, record, approve."""
        body = json.loads(event["body"])
        payment_id, dynamodb = body["paymentId"], self.clients["dynamodb"]
        user = self._pi("GET", "/me", f"Bearer {body['accessToken']}")
        payment = self._pi("GET", f"/payments/{payment_id}", self._server_key())
        dynamodb.query(
            TableName=os.environ["PAYMENTS_TABLE"],
            IndexName="by_user",
            KeyConditionExpression="uid = :uid",
            ExpressionAttributeValues={":uid": {"S": payment["user_uid"]}},
            ScanIndexForward=False,
            Limit=10,
        )
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
        self._wake("payment", payment_id)
        return _answer(200, {"payment_id": payment_id, "state": "completed"})

    def sweep(self, _event: dict[str, Any]) -> dict[str, Any]:
        """Query each shard of each index, push what is due and wake the worker; compare with Pi."""
        dynamodb, sqs, now, woken = self.clients["dynamodb"], self.clients["sqs"], time.time(), 0
        for queue in ("WAKE_UP_QUEUE_URL", "PAYOUT_QUEUE_URL"):
            names = ["ApproximateNumberOfMessages"]
            sqs.get_queue_attributes(QueueUrl=os.environ[queue], AttributeNames=names)
        for shard in range(SHARDS):
            for name in ("PAYMENTS_TABLE", "PAYOUTS_TABLE", "REWARDS_TABLE", "NOTIFICATIONS_TABLE"):
                answer = dynamodb.query(
                    TableName=os.environ[name],
                    IndexName="due",
                    KeyConditionExpression="due_shard = :shard",
                    ExpressionAttributeValues={":shard": {"S": str(shard)}},
                )
                due = [item for item in answer["Items"] if int(item["due_at"]["N"]) <= now]
                for start in range(0, len(due), 25):
                    self._push(os.environ[name], due[start : start + 25], int(now) + 225)
                for start in range(0, len(due), 10):
                    keys = [item["payment_id"]["S"] for item in due[start : start + 10]]
                    self._wake_each("payment", keys)
                woken += len(due)
        self._pi("GET", "/payments/incomplete_server_payments", self._server_key())
        return {"woken": woken}

    def work(self, event: dict[str, Any]) -> dict[str, Any]:
        """Read the record, GET payment, complete, update, tell the bus, update."""
        [message] = event["Records"]
        payment_id = json.loads(message["body"])["key"]
        table, key = os.environ["PAYMENTS_TABLE"], {"payment_id": {"S": payment_id}}
        record = self.clients["dynamodb"].get_item(TableName=table, Key=key, ConsistentRead=True)[
            "Item"
        ]
        payment = self._pi("GET", f"/payments/{payment_id}", self._server_key())
        txid = payment["transaction"]["txid"]
        self._pi("POST", f"/payments/{payment_id}/complete", self._server_key(), {"txid": txid})
        completed = {"state": "completed", "txid": txid, "owed": "PaymentCompleted"}
        self._update(table, key, completed, int(record["version"]["N"]))
        self._tell("PaymentCompleted", {"payment_id": payment_id, "txid": txid})
        self._update(table, key, {}, int(record["version"]["N"]) + 1, "owed, due_at, due_shard")
        return {"batchItemFailures": []}

    def send(self, event: dict[str, Any]) -> dict[str, Any]:
        """Read the record and what is open; create; look at the chain; sign, submit, complete."""
        [message] = event["Records"]
        payout_id = message["body"].rpartition(":")[0]
        table, key = os.environ["PAYOUTS_TABLE"], {"payout_id": {"S": payout_id}}
        record = self.clients["dynamodb"].get_item(TableName=table, Key=key, ConsistentRead=True)[
            "Item"
        ]
        version = int(record["version"]["N"])
        self._pi("GET", "/payments/incomplete_server_payments", self._server_key())
        self._is_on()
        self._update(table, key, {"create_attempted_at": int(time.time())}, version)
        order = {
            "amount": float(record["amount"]["N"]) / 10**7,  # as such scripts do
            "memo": record["memo"]["S"],
            "metadata": json.loads(record["metadata"]["S"]),
            "uid": record["uid"]["S"],
        }
        payment = self._pi("POST", "/payments", self._server_key(), {"payment": order})
        path = f"/payments/{payment['identifier']}"
        created = {"state": "created", "payment_id": payment["identifier"]}
        self._update(table, key, created, version + 1)

        self._horizon("GET", f"/accounts/{payment['to_address']}")
        self._horizon("GET", "/")
        account = f"/accounts/{payment['from_address']}"
        sequence = int(self._horizon("GET", account)["sequence"])
        self._horizon("GET", "/ledgers?order=desc&limit=1")
        for _ in range(2):
            self._horizon("GET", f"{account}/payments?order=desc&limit=200")
        fee = int(self._horizon("GET", "/fee_stats")["last_ledger_base_fee"])
        self._is_on()
        envelope = self._signed(payment, sequence, fee)
        signed = {"state": "signed", "envelope": envelope.to_xdr(), "txid": envelope.hash_hex()}
        self._update(table, key, signed, version + 2)

        self._is_on()
        self._update(table, key, {"submitted_at": int(time.time())}, version + 3)
        self._horizon("POST", "/transactions", {"tx": envelope.to_xdr()})
        txid = {"txid": envelope.hash_hex()}
        self._pi("POST", f"{path}/complete", self._server_key(), txid)
        self._update(table, key, {"state": "completed", "owed": "PayoutCompleted"}, version + 4)
        self._tell("PayoutCompleted", {"payout_id": payout_id, **txid})
        self._update(table, key, {}, version + 5, "owed, due_at, due_shard")
        return {"batchItemFailures": []}

    def _signed(self, payment: dict[str, Any], sequence: int, fee: int) -> Any:
        stellar, keypair = self.stellar, None
        keypair = stellar.Keypair.from_secret(self._secret("WALLET_SEED_SECRET_ARN"))
        account = stellar.Account(payment["from_address"], sequence)
        builder = stellar.TransactionBuilder(account, payment["network"], base_fee=fee)
        builder.add_text_memo(payment["identifier"]).set_timeout(300)
        amount, native = str(payment["amount"]), stellar.Asset.native()
        builder.append_payment_op(payment["to_address"], native, amount)
        envelope = builder.build()
        envelope.sign(keypair)
        return envelope

    def _update(
        self, table: str, key: dict[str, Any], new: dict[str, Any], version: int, remove: str = ""
    ) -> None:
        values = {name: {"N" if isinstance(v, int) else "S": str(v)} for name, v in new.items()}
        values["version"] = {"N": str(version + 1)}
        self.clients["dynamodb"].update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET "
            + ", ".join(f"#{name} = :{name}" for name in values)
            + (f" REMOVE {remove}" if remove else ""),
            ConditionExpression="#version = :old",
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={
                ":old": {"N": str(version)},
                **{f":{name}": value for name, value in values.items()},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def _wake(self, work: str, key: str) -> None:
        self.clients["sqs"].send_message(
            QueueUrl=os.environ["WAKE_UP_QUEUE_URL"],
            MessageBody=json.dumps({"work": work, "key": key}),
        )

    def _wake_each(self, work: str, keys: list[str]) -> None:
        bodies = [json.dumps({"work": work, "key": key}) for key in keys]
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
        queue = os.environ["WAKE_UP_QUEUE_URL"]
        self.clients["sqs"].send_message_batch(QueueUrl=queue, Entries=entries)

    def _push(self, table: str, items: list[dict[str, Any]], later: int) -> None:
        where = 'WHERE "payment_id"=? AND "due_at"=?'
        statement = f'UPDATE "{table}" SET "due_at"=? {where}'  # nosec B608
        self.clients["dynamodb"].batch_execute_statement(
            Statements=[
                {
                    "Statement": statement,
                    "Parameters": [{"N": str(later)}, item["payment_id"], item["due_at"]],
                }
                for item in items
            ]
        )

    def _tell(self, event: str, detail: dict[str, Any]) -> None:
        entry = {
            "EventBusName": os.environ["EVENT_BUS"],
            "Source": "pi-bundle",
            "DetailType": event,
            "Detail": json.dumps(detail),
        }
        self.clients["events"].put_events(Entries=[entry])

    def _is_on(self) -> bool:
        answer = self.clients["ssm"].get_parameter(Name=os.environ["PAYOUTS_SWITCH"])
        return bool(answer["Parameter"]["Value"] == "on")

    def _server_key(self) -> str:
        return f"Key {self._secret('SERVER_KEY_SECRET_ARN')}"

    def _secret(self, variable: str) -> str:
        if variable not in self.secrets:
            secret = self.clients["secretsmanager"].get_secret_value(SecretId=os.environ[variable])
            self.secrets[variable] = secret["SecretString"]
        return self.secrets[variable]

    def _horizon(self, method: str, path: str, form: dict[str, str] | None = None) -> Any:
        url = os.environ["HORIZON_URL"] + path
        return self.session.request(method, url, data=form, timeout=TIMEOUT).json()

    def _pi(
        self, method: str, path: str, authorization: str, body: dict[str, Any] | None = None
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
