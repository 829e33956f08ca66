"""Where a world's tables are: in memory, or MiniStack's over HTTP; with the template's keys and
indexes, in both.

The bundle's client is watched, the test's own eyes are not.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config
from mypy_boto3_dynamodb import DynamoDBClient

from local.cloud import template
from shared.aws.client import CONFIG
from shared.aws.dynamodb import encoded
from tests.world.dynamodb import Database, Table
from tests.world.effects import Effects

TABLES = (
    *("PaymentsTable", "ProductsTable", "RewardsTable", "PayoutsTable"),
    "NotificationsTable",
)
KEYS = {
    name: template.bundle()["Resources"][name]["Properties"]["KeySchema"][0]["AttributeName"]
    for name in TABLES
}

_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True)
class Tables:
    """`names` by logical id. Items are in DynamoDB's wire form but for `items`."""

    names: Mapping[str, str]
    bundle: DynamoDBClient
    eyes: DynamoDBClient

    def raw(self, table: str, index: str | None = None) -> list[dict[str, Any]]:
        """All that a table holds, or one of its indexes."""
        call, items = dict[str, Any](TableName=self.names[table]), list[dict[str, Any]]()
        if index is not None:
            call["IndexName"] = index
        while True:
            page = self.eyes.scan(**call)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            call["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def items(self, table: str) -> list[dict[str, Any]]:
        """The same as plain values."""
        return [
            {name: _deserialize(value) for name, value in item.items()} for item in self.raw(table)
        ]

    def put(self, table: str, item: Mapping[str, Any]) -> None:
        self.eyes.put_item(TableName=self.names[table], Item=item)

    def replace(self, table: str, items: list[dict[str, Any]]) -> None:
        """All that it holds by this."""
        for item in self.raw(table):
            self.delete(table, item[KEYS[table]]["S"])
        for item in items:
            self.put(table, item)

    def delete(self, table: str, key: str) -> None:
        self.eyes.delete_item(TableName=self.names[table], Key={KEYS[table]: {"S": key}})

    def edit(self, table: str, key: str, **changes: object) -> None:
        """By hand, as a person with the AWS console; an attribute that becomes None goes."""
        self.edit_raw(table, key, dict.fromkeys(changes) | encoded(changes))

    def edit_raw(self, table: str, key: str, changes: Mapping[str, Any]) -> None:
        """The same in the wire form."""
        [item] = [item for item in self.raw(table) if item[KEYS[table]]["S"] == key]
        whole = {**item, **changes}
        self.put(table, {name: value for name, value in whole.items() if value is not None})


Place = Callable[[Effects], AbstractContextManager[Tables]]
"""Gives tables, as a context, in which `effects` hears of the bundle's calls."""


@contextmanager
def in_memory(effects: Effects) -> Iterator[Tables]:
    """Empty ones, for this world alone."""
    declared = template.bundle()["Resources"]
    database = Database({name: Table(declared[name]["Properties"]) for name in TABLES})
    names = {name: name for name in TABLES}
    yield Tables(names, bundle=database.client(effects), eyes=database.client())


class Storage:
    """MiniStack's DynamoDB."""

    def __init__(self, endpoint: str) -> None:
        # The bundle's own settings, with patience for a busy machine and 16 threads; and each call
        # is held against boto's model.
        patient = Config(read_timeout=20, max_pool_connections=32, parameter_validation=True)
        config = CONFIG.merge(patient)
        self.bundle: DynamoDBClient = boto3.client("dynamodb", endpoint_url=endpoint, config=config)
        self.eyes: DynamoDBClient = boto3.client("dynamodb", endpoint_url=endpoint, config=config)

    @contextmanager
    def __call__(self, effects: Effects) -> Iterator[Tables]:
        """New tables."""
        with effects.of_client(self.bundle):
            yield Tables(self._make_tables(), bundle=self.bundle, eyes=self.eyes)

    def _make_tables(self) -> dict[str, str]:
        names = {table: f"{table}-{uuid4().hex}" for table in TABLES}
        for table, name in names.items():
            declared = template.bundle()["Resources"][table]["Properties"]
            keys = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            self.eyes.create_table(
                TableName=name, **{key: declared[key] for key in keys if key in declared}
            )
        return names
