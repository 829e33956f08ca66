"""DynamoDB in memory: the few calls and expressions that the bundle uses, each atomic.

Ten thousand histories need a database that answers in microseconds. That it answers as MiniStack's
does is held by running the same tests on both (`each_world`).
"""

import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import islice
from threading import RLock
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError, ReadTimeoutError
from mypy_boto3_dynamodb import DynamoDBClient

from shared.base.context import log_keys
from tests.world import roles
from tests.world.effects import AwsFault, Effects

Item = dict[str, Any]
Place = tuple[Decimal | str, str]
"""In an index: the value of its range key, and the item's own key."""
# Of DynamoDB's reserved words, those that name an attribute or might.
RESERVED = {"state", "status", "day", "name", "count", "counter", "value", "key", "user", "time"}
MOST_AT_ONCE = 25  # that a batch of reads is answered; the rest is left out
TOKEN = re.compile(r"\s*(<=|<|>|=|\(|\)|[#:\w]+)")


SWAP = re.compile(r'UPDATE "(.+)" SET "(\w+)"=\? WHERE "(\w+)"=\? AND "(\w+)"=\?')


class ConditionalCheckFailedException(ClientError):
    pass


class TransactionCanceledException(ClientError):
    pass


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: it holds the items that have both its keys, as far as it projects them.
    `places`: where they are, in order, by their hash key's value."""

    hash_key: str
    range_key: str
    key: str  # of its table
    projected: frozenset[str] | None  # None: all
    places: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def shows(self, item: Item) -> bool:
        return self.hash_key in item and self.range_key in item

    def place(self, item: Item) -> Place:
        [(kind, value)] = item[self.range_key].items()
        return Decimal(value) if kind == "N" else value, _text(item[self.key])

    def move(self, old: Item, new: Item) -> None:
        """A write has replaced one by the other."""
        if self.shows(old):
            places = self.places[_text(old[self.hash_key])]
            del places[bisect_left(places, self.place(old))]
        if self.shows(new):
            insort(self.places[_text(new[self.hash_key])], self.place(new))

    def keys(self, hash_value: str, after: Item | None, *, backward: bool) -> Iterator[str]:
        """Of the items with this hash key, in order, which come after that one."""
        places = self.places.get(hash_value, [])
        if backward:
            end = len(places) if after is None else bisect_left(places, self.place(after))
            return (places[n][1] for n in reversed(range(end)))
        start = 0 if after is None else bisect_right(places, self.place(after))
        return (places[n][1] for n in range(start, len(places)))

    def project(self, item: Item) -> Item:
        if self.projected is None:
            return item
        return {name: value for name, value in item.items() if name in self.projected}


class Table:
    """One table, as the template declares it. `page`: the most items that a query reads at once;
    DynamoDB counts them in bytes."""

    page = 1000

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self.kinds = {
            attribute["AttributeName"]: attribute["AttributeType"]
            for attribute in declared["AttributeDefinitions"]
        }
        [[self.key]] = [[key["AttributeName"] for key in declared["KeySchema"]]]
        self.items: dict[str, Item] = {}
        # Told of each change, a deletion as None: what a point-in-time recovery keeps.
        self.changed: Callable[[str, Item | None], None] | None = None
        self.indexes = {
            index["IndexName"]: self._index(index)
            for index in declared.get("GlobalSecondaryIndexes", [])
        }

    def put(self, name: str, item: Item) -> None:
        for index in self.indexes.values():
            index.move(self.items.get(name, {}), item)
        self.items[name] = item
        if self.changed is not None:
            self.changed(name, item)

    def delete(self, name: str) -> None:
        for index in self.indexes.values():
            index.move(self.items.get(name, {}), {})
        self.items.pop(name, None)
        if self.changed is not None:
            self.changed(name, None)

    def check(self, item: Item) -> Item:
        """As DynamoDB does: keys of the declared types, none of them empty; numbers are numbers."""
        for name, attribute in item.items():
            [(kind, value)] = attribute.items()
            assert kind == self.kinds.get(name, kind), f"{name} is a key, and of another type"
            assert value != "" or name not in self.kinds, f"{name} is a key, and empty"
            if kind == "N":
                Decimal(value)
        return item

    def _index(self, declared: Mapping[str, Any]) -> Index:
        hash_key, range_key = (key["AttributeName"] for key in declared["KeySchema"])
        projection = declared["Projection"]
        if projection["ProjectionType"] == "ALL":
            return Index(hash_key, range_key, self.key, None)
        more = projection.get("NonKeyAttributes", [])
        projected = frozenset({self.key, hash_key, range_key, *more})
        return Index(hash_key, range_key, self.key, projected)


class Database:
    """Tables by their names; its clients share it."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables
        self.lock = RLock()
        # What the bundle's last write has replaced, by table and key: a read that is not consistent
        # still sees that.
        self.former: dict[tuple[str, str], Item] = {}

    def client(self, effects: Effects | None = None) -> DynamoDBClient:
        """One whose calls `effects` hears of, and may let fail."""
        return cast(DynamoDBClient, Client(self, effects))


class Client:
    def __init__(self, database: Database, effects: Effects | None) -> None:
        self.database, self._effects = database, effects
        self.exceptions = SimpleNamespace(
            ConditionalCheckFailedException=ConditionalCheckFailedException,
            TransactionCanceledException=TransactionCanceledException,
        )

    def get_item(self, **call: Any) -> Item:
        return self._call("GetItem", call, lambda: _got(self._read(call)))

    def batch_get_item(self, **call: Any) -> Item:
        [(table, asked)] = call["RequestItems"].items()
        return self._call("BatchGetItem", call, lambda: self._read_each(table, **asked))

    def put_item(self, **call: Any) -> Item:
        return self._call("PutItem", call, lambda: self._one({"Put": call}, "PutItem"))

    def update_item(self, **call: Any) -> Item:
        return self._call("UpdateItem", call, lambda: self._one({"Update": call}, "UpdateItem"))

    def delete_item(self, **call: Any) -> Item:
        return self._call("DeleteItem", call, lambda: self._delete(call))

    def transact_write_items(self, **call: Any) -> Item:
        return self._call("TransactWriteItems", call, lambda: self._all(call["TransactItems"]))

    def batch_execute_statement(self, **call: Any) -> Item:
        statements = call["Statements"]
        assert 1 <= len(statements) <= 25
        return self._call(
            "BatchExecuteStatement", call, lambda: {"Responses": [*map(self._swap, statements)]}
        )

    def query(self, **call: Any) -> Item:
        return self._call("Query", call, lambda: self._query(call))

    def scan(self, **call: Any) -> Item:
        return self._call("Scan", call, lambda: self._scan(call))

    def _call(self, operation: str, call: Item, act: Callable[[], Item]) -> Item:
        for write in call.get("TransactItems", [{operation: call}]):
            _check_placeholders(next(iter(write.values())))
        effects = self._effects
        if effects is None:
            with self.database.lock:
                return _copied(act())
        self._require_role(effects, operation, call)
        effects.tell("before", operation)
        if fault := effects.fault(operation, sent=False):
            raise _refused(fault, operation)
        try:
            with self.database.lock:
                answer = act()
                effects.note_write(operation, call)
        finally:
            effects.tell("after", operation)
        if effects.fault(operation, sent=True):
            raise ReadTimeoutError(endpoint_url="dynamodb")
        return answer

    def _require_role(self, effects: Effects, operation: str, call: Item) -> None:
        try:
            roles.check(log_keys().get("function"), operation, call)
        except roles.AccessDeniedError as denied:
            # An edge takes it for any error: so the world remembers it.
            effects.denied.append(str(denied))
            raise

    def _table(self, call: Item) -> Table:
        return self.database.tables[call["TableName"]]

    def _find(self, call: Item) -> Item:
        return self._table(call).items.get(_name(self._key(call)), {})

    def _read(self, call: Item) -> Item:
        found = self._find(call)
        if self._effects is None or call.get("ConsistentRead"):
            return found
        return self.database.former.get((call["TableName"], _name(call["Key"])), found)

    def _read_each(self, table: str, Keys: list[Item], **how: Any) -> Item:  # noqa: N803
        """DynamoDB may leave out some of what is asked, and says so; it promises no order."""
        assert 1 <= len({_name(key) for key in Keys}) == len(Keys) <= 100
        now, later = Keys[:MOST_AT_ONCE], Keys[MOST_AT_ONCE:]
        items = [self._read({"TableName": table, "Key": key, **how}) for key in now[::-1]]
        left_out = {"UnprocessedKeys": {table: {"Keys": later, **how}}} if later else {}
        return {"Responses": {table: [item for item in items if item]}, **left_out}

    def _key(self, call: Item) -> Item:
        key = self._table(call).key
        return cast(Item, call.get("Key") or {key: call["Item"][key]})

    def _one(self, write: Item, operation: str) -> Item:
        call = next(iter(write.values()))
        found = self._find(call)
        if not _holds(call, found):
            response: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            raise ConditionalCheckFailedException(response | _standing(call, found), operation)
        self._apply([write])
        return {}

    def _swap(self, call: Item) -> Item:
        """One of a batch, which fails alone."""
        if self._effects and (fault := self._effects.fault("Statement", sent=False)):
            return {"Error": {"Code": fault.code, "Message": "injected"}}
        table, changed, key, same = SWAP.fullmatch(call["Statement"]).groups()  # type: ignore[union-attr]
        assert changed == same
        assert key == self.database.tables[table].key
        new, name, old = call["Parameters"]
        write = {
            "TableName": table,
            "Key": {key: name},
            "UpdateExpression": f"SET {changed} = :new",
            "ConditionExpression": f"{changed} = :old",
            "ExpressionAttributeValues": {":new": new, ":old": old},
        }
        try:
            self._one({"Update": write}, "UpdateItem")
        except ConditionalCheckFailedException:
            return {"Error": {"Code": "ConditionalCheckFailed", "Message": ""}, "TableName": table}
        return {"TableName": table}

    def _all(self, writes: list[Item]) -> Item:
        calls = [next(iter(write.values())) for write in writes]
        targets = [(call["TableName"], _name(self._key(call))) for call in calls]
        assert len(set(targets)) == len(targets), "a transaction writes each item once"
        reasons = []
        for call in calls:
            found = self._find(call)
            failed = {"Code": "ConditionalCheckFailed", **_standing(call, found)}
            reasons.append({"Code": "None"} if _holds(call, found) else failed)
        if any(reason["Code"] != "None" for reason in reasons):
            error = {"Code": "TransactionCanceledException", "Message": ""}
            response: Any = {"Error": error, "CancellationReasons": reasons}
            raise TransactionCanceledException(response, "TransactWriteItems")
        self._apply(writes)
        return {}

    def _apply(self, writes: list[Item]) -> None:
        self.database.former.clear()
        for write in writes:
            [(kind, call)] = write.items()
            self._write(kind, call)

    def _write(self, kind: str, call: Item) -> None:
        table, key = self._table(call), self._key(call)
        new = call["Item"] if kind == "Put" else _updated(call, {**self._find(call), **key})
        if self._effects is not None:
            self.database.former[call["TableName"], _name(key)] = self._find(call)
        table.put(_name(key), _copied(table.check(new)))

    def _delete(self, call: Item) -> Item:
        self._table(call).delete(_name(call["Key"]))
        return {}

    def _scan(self, call: Item) -> Item:
        items = list(self._table(call).items.values())
        if "IndexName" in call:
            index = self._table(call).indexes[call["IndexName"]]
            items = [index.project(item) for item in items if index.shows(item)]
        return {"Items": items}

    def _query(self, call: Item) -> Item:
        """Its condition names the hash key first."""
        table, condition = self._table(call), call["KeyConditionExpression"]
        index = table.indexes[call["IndexName"]]
        name, operator, placeholder = TOKEN.findall(condition.split(" AND ")[0])
        assert (_path(name, call), operator) == (index.hash_key, "=")
        hash_value = _text(call["ExpressionAttributeValues"][placeholder])
        backward = not call.get("ScanIndexForward", True)
        in_order = index.keys(hash_value, call.get("ExclusiveStartKey"), backward=backward)
        found = (item for key in in_order if _true(condition, call, item := table.items[key]))
        most = min(call.get("Limit", table.page), table.page)
        page = list(islice(found, most))
        answer: Item = {"Items": [index.project(item) for item in page]}
        if len(page) == most:
            keys = (table.key, index.hash_key, index.range_key)
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in keys}
        return answer


def _refused(fault: AwsFault, operation: str) -> ClientError:
    response: Any = fault.response()
    if fault.code == "TransactionCanceledException":
        return TransactionCanceledException(response, operation)
    return ClientError(response, operation)


def _copied(item: Item) -> Item:
    """Of JSON alone, so several times as fast as deepcopy."""
    return {name: _copied_value(value) for name, value in item.items()}


def _copied_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _copied(value)
    return [_copied_value(one) for one in value] if isinstance(value, list) else value


def _got(item: Item) -> Item:
    return {"Item": item} if item else {}


def _name(key: Item) -> str:
    [attribute] = key.values()
    return _text(attribute)


def _text(attribute: Item) -> str:
    [value] = attribute.values()
    return str(value)


def _standing(call: Item, item: Item) -> Item:
    asked = call.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return {"Item": item} if asked and item else {}


APPEND = re.compile(r" SET (\w+) = list_append\(if_not_exists\(\1, (:\w+)\), (:\w+)\)$")


def _updated(call: Item, item: Item) -> Item:
    """`SET a = :a, ... REMOVE b, ...` and `ADD c :c, ...`; and `APPEND`, once."""
    new, expression = dict(item), call["UpdateExpression"]
    if appended := APPEND.search(expression):
        name, before, more = appended.groups()
        values = call["ExpressionAttributeValues"]
        new[name] = {"L": [*new.get(name, values[before])["L"], *values[more]["L"]]}
        expression = APPEND.sub("", expression)
    parts = re.split(r"\b(SET|REMOVE|ADD)\b", expression)[1:]
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
        case ["attribute_exists", "(", name, ")"]:
            return _path(name, call) in item
        case ["attribute_not_exists", "(", name, ")"]:
            return _path(name, call) not in item
        case [name, ("=" | "<=" | "<" | ">") as operator, placeholder]:
            left = item.get(_path(name, call))
            right = call["ExpressionAttributeValues"][placeholder]
            if left is None or left.keys() != right.keys():
                return False
            if "N" not in left:
                return operator == "=" and bool(left == right)
            less = Decimal(left["N"]) < Decimal(right["N"])
            equal = Decimal(left["N"]) == Decimal(right["N"])
            more = not less and not equal
            return {"<": less, "<=": less or equal, ">": more, "=": equal}[operator]
    raise AssertionError(f"an expression that nobody has needed yet: {comparison}")


def _check_placeholders(call: Item) -> None:
    """DynamoDB refuses one that is not given, one that is not used, and its own words as names."""
    text = " ".join(str(value) for name, value in call.items() if name.endswith("Expression"))
    names, values = (
        frozenset(call.get(f"ExpressionAttribute{kind}", ())) for kind in ("Names", "Values")
    )
    _check_expressions(text, names, values)


@cache
def _check_expressions(text: str, names: frozenset[str], values: frozenset[str]) -> None:
    """Of each kind of call once: there are few, and ten thousand histories make each of them."""
    for given, sign in ((names, "#"), (values, ":")):
        assert given == set(re.findall(rf"{sign}\w+", text)), text
    assert not RESERVED & set(re.findall(r"(?<![#:\w])\w+", text.lower())), text


def _path(name: str, call: Item) -> str:
    return str(call.get("ExpressionAttributeNames", {}).get(name, name))
