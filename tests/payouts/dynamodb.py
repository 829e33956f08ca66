"""DynamoDB in memory: the few calls and expressions that payouts use, each atomic.

Ten thousand histories need a database that answers in microseconds. That it answers as MiniStack's
does is held by running the same tests on both (`conftest.py`).
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from threading import RLock
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError
from mypy_boto3_dynamodb import DynamoDBClient

from tests.integration.effects import Effects

Item = dict[str, Any]
TOKEN = re.compile(r"\s*(<=|=|\(|\)|[#:\w]+)")


class ConditionalCheckFailedException(ClientError):
    pass


class TransactionCanceledException(ClientError):
    pass


class Database:
    """Tables by name; `keys` gives each one's key. Its clients share it."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.keys = keys
        self.tables: dict[str, dict[str, Item]] = {name: {} for name in keys}
        self.lock = RLock()
        self.refusals: list[str] = []  # of the next transactions, as the reason of each write

    def client(self, effects: Effects | None = None) -> DynamoDBClient:
        """One whose calls `effects` hears of."""
        return cast(DynamoDBClient, Client(self, effects))


class Client:
    def __init__(self, database: Database, effects: Effects | None) -> None:
        self._database, self._effects = database, effects
        self.exceptions = SimpleNamespace(
            ConditionalCheckFailedException=ConditionalCheckFailedException,
            TransactionCanceledException=TransactionCanceledException,
        )

    def get_item(self, **call: Any) -> Item:
        return self._call("GetItem", lambda: _got(self._find(call)))

    def put_item(self, **call: Any) -> Item:
        return self._call("PutItem", lambda: self._one({"Put": call}, "PutItem"))

    def update_item(self, **call: Any) -> Item:
        return self._call("UpdateItem", lambda: self._one({"Update": call}, "UpdateItem"))

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803
        return self._call("TransactWriteItems", lambda: self._all(TransactItems))

    def query(self, **call: Any) -> Item:
        return self._call("Query", lambda: self._query(call))

    def scan(self, *, TableName: str) -> Item:  # noqa: N803
        return {"Items": list(self._database.tables[TableName].values())}

    def delete_item(self, *, TableName: str, Key: Item) -> None:  # noqa: N803
        del self._database.tables[TableName][_name(Key)]

    def _call(self, operation: str, act: Callable[[], Item]) -> Item:
        if self._effects is not None:
            self._effects.tell("before", operation)
        try:
            with self._database.lock:
                return deepcopy(act())
        finally:
            if self._effects is not None:
                self._effects.tell("after", operation)

    def _find(self, write: Item) -> Item:
        table = self._database.tables[write["TableName"]]
        return table.get(_name(self._key(write)), {})

    def _key(self, write: Item) -> Item:
        key = self._database.keys[write["TableName"]]
        return cast(Item, write.get("Key") or {key: write["Item"][key]})

    def _one(self, write: Item, operation: str) -> Item:
        call = next(iter(write.values()))
        found = self._find(call)
        if not _holds(call, found):
            response: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            raise ConditionalCheckFailedException(response | _standing(call, found), operation)
        self._apply(write)
        return {}

    def _all(self, writes: list[Item]) -> Item:
        if self._database.refusals:
            raise _cancelled([{"Code": self._database.refusals.pop()}] * len(writes))
        calls = [next(iter(write.values())) for write in writes]
        targets = [(call["TableName"], _name(self._key(call))) for call in calls]
        assert len(set(targets)) == len(targets), "a transaction writes each item once"
        reasons = []
        for call in calls:
            found = self._find(call)
            failed = {"Code": "ConditionalCheckFailed", **_standing(call, found)}
            reasons.append({"Code": "None"} if _holds(call, found) else failed)
        if any(reason["Code"] != "None" for reason in reasons):
            raise _cancelled(reasons)
        for write in writes:
            self._apply(write)
        return {}

    def _apply(self, write: Item) -> None:
        [(kind, call)] = write.items()
        table, key = self._database.tables[call["TableName"]], self._key(call)
        if kind == "Put":
            table[_name(key)] = deepcopy(call["Item"])
        else:
            table[_name(key)] = _updated(call, {**self._find(call), **key})

    def _query(self, call: Item) -> Item:
        found = self._database.tables[call["TableName"]].values()
        shown = [item for item in found if _true(call["KeyConditionExpression"], call, item)]
        return {"Items": sorted(shown, key=lambda item: int(item["due_at"]["N"]))}


def _cancelled(reasons: list[Item]) -> TransactionCanceledException:
    error = {"Code": "TransactionCanceledException", "Message": ""}
    response: Any = {"Error": error, "CancellationReasons": reasons}
    return TransactionCanceledException(response, "TransactWriteItems")


def _got(item: Item) -> Item:
    return {"Item": item} if item else {}


def _name(key: Item) -> str:
    [[value]] = [attribute.values() for attribute in key.values()]
    return str(value)


def _standing(call: Item, item: Item) -> Item:
    asked = call.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return {"Item": item} if asked and item else {}


def _updated(call: Item, item: Item) -> Item:
    """`SET a = :a, ... REMOVE b, ...` and `ADD c :c, ...`."""
    new = dict(item)
    parts = re.split(r"\b(SET|REMOVE|ADD)\b", call["UpdateExpression"])[1:]
    for clause, text in zip(parts[::2], parts[1::2], strict=True):
        for action in text.split(","):
            name, *value = action.replace("=", " ").split()
            path = _path(name, call)
            if clause == "REMOVE":
                new.pop(path, None)
            elif clause == "SET":
                new[path] = call["ExpressionAttributeValues"][value[0]]
            else:
                more = int(call["ExpressionAttributeValues"][value[0]]["N"])
                new[path] = {"N": str(int(new.get(path, {"N": "0"})["N"]) + more)}
    return new


def _holds(call: Item, item: Item) -> bool:
    condition = call.get("ConditionExpression")
    return condition is None or _true(condition, call, item)


def _true(condition: str, call: Item, item: Item) -> bool:
    """Comparisons joined by AND, which binds more tightly, and OR; no brackets but a function's."""
    return any(
        all(_compares(part, call, item) for part in alternative.split(" AND "))
        for alternative in condition.split(" OR ")
    )


def _compares(comparison: str, call: Item, item: Item) -> bool:
    match TOKEN.findall(comparison):
        case ["attribute_not_exists", "(", name, ")"]:
            return _path(name, call) not in item
        case [name, ("=" | "<=") as operator, placeholder]:
            left = item.get(_path(name, call))
            right = call["ExpressionAttributeValues"][placeholder]
            if left is None or left.keys() != right.keys():
                return False
            if operator == "=":
                return bool(left == right)
            return Decimal(left["N"]) <= Decimal(right["N"])
    raise AssertionError(f"an expression that nobody has needed yet: {comparison}")


def _path(name: str, call: Item) -> str:
    return str(call.get("ExpressionAttributeNames", {}).get(name, name))
