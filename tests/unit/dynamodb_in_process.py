"""DynamoDB for one thread: moto's tables, and a client that fails as a test says."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.aws.client import client
from tests.unit.clock import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAYMENTS, PRODUCTS, REWARDS = "payments", "products", "rewards"
KEYS = {PAYMENTS: "payment_id", PRODUCTS: "product_id", REWARDS: "id"}


def refusal(code: str, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "canary"}, **more}
    return ClientError(response, "Call")


class Tables:
    """The three tables, their raw items, and the test's clock."""

    clock: Clock

    def __init__(self) -> None:
        self.client: DynamoDBClient = client("dynamodb")
        for table, key in KEYS.items():
            self._create(table, key)

    def _create(self, table: str, key: str) -> None:
        self.client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"},
                {"AttributeName": "uid", "AttributeType": "S"},
                {"AttributeName": "created_at", "AttributeType": "N"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_user",
                    "KeySchema": [
                        {"AttributeName": "uid", "KeyType": "HASH"},
                        {"AttributeName": "created_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )

    def empty(self) -> None:
        for table, key in KEYS.items():
            for name in self.items(table):
                self.client.delete_item(TableName=table, Key={key: {"S": name}})

    def items(self, table: str) -> dict[str, dict[str, Any]]:
        """Each item as DynamoDB holds it, by its key."""
        key = KEYS[table]
        return {item[key]["S"]: item for item in self.client.scan(TableName=table)["Items"]}

    def put(self, table: str, **item: Any) -> None:
        self.client.put_item(TableName=table, Item=item)

    def failing(self, *failures: Exception) -> "FailingClient":
        return FailingClient(self.client, *failures)


class FailingClient:
    """The real client, but its next calls fail, one failure each."""

    def __init__(self, client: "DynamoDBClient", *failures: Exception) -> None:
        self._client = client
        self._failures = list(failures)
        self.exceptions = client.exceptions
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self.calls += 1
            if self._failures:
                raise self._as_boto3_raises_it(self._failures.pop(0))
            return real(**arguments)

        return call

    def _as_boto3_raises_it(self, failure: Exception) -> Exception:
        if not isinstance(failure, ClientError):
            return failure
        exceptions: Any = self._client.exceptions
        kind: type[ClientError] = exceptions.from_code(failure.response["Error"]["Code"])
        return kind(failure.response, failure.operation_name)
