"""Where a test's tables are: MiniStack's DynamoDB over HTTP, or the one in memory.

The bundle's client is watched, the test's own eyes are not.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from mypy_boto3_dynamodb import DynamoDBClient

from local import template
from local.processes import ROOT
from shared.adapters import payment_store, payout_store
from tests.integration.effects import Effects
from tests.integration.world import Storage
from tests.payouts.dynamodb import Database


@dataclass(frozen=True, slots=True)
class Tables:
    """Empty tables, with the template's keys and indexes."""

    payouts: str
    payments: str
    rewards: str
    bundle: DynamoDBClient
    eyes: DynamoDBClient
    refusals: list[str] = field(default_factory=list)
    """Of the next transactions, in memory alone: MiniStack knows no conflict."""

    def items(self, table: str) -> list[dict[str, Any]]:
        pages: Any = self.eyes.scan(TableName=table)
        assert "LastEvaluatedKey" not in pages
        items: list[dict[str, Any]] = pages["Items"]
        return items


Place = Callable[[Effects], AbstractContextManager[Tables]]
"""Gives tables, as a context, in which `effects` hears of the bundle's calls."""


@contextmanager
def in_memory(effects: Effects) -> Iterator[Tables]:
    keys = {"payouts": payout_store.KEY, "payments": payment_store.KEY, "rewards": "id"}
    database = Database(keys)
    yield Tables(
        "payouts",
        "payments",
        "rewards",
        bundle=database.client(effects),
        eyes=database.client(),
        refusals=database.refusals,
    )


def on_ministack(storage: Storage) -> Place:
    @contextmanager
    def place(effects: Effects) -> Iterator[Tables]:
        tables = Tables(
            payouts=_made(storage, "Payouts"),
            payments=_made(storage, "Payments"),
            rewards=_made(storage, "Rewards"),
            bundle=storage.bundle,
            eyes=storage.eyes,
        )
        with effects.of_storage(storage.bundle):
            yield tables

    return place


def _made(storage: Storage, table: str) -> str:
    name = f"{table}-{uuid4().hex}"
    declared = template.load(ROOT / "template.yaml")["Resources"][f"{table}Table"]["Properties"]
    keys = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    storage.eyes.create_table(
        TableName=name, **{key: declared[key] for key in keys if key in declared}
    )
    return name
