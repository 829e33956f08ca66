"""One DynamoDB table: each call to it, and its conditional writes; see `shared.work.records`."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.aws.client import aws_call
from shared.aws.dynamodb import Item, attribute, decoded, encoded
from shared.base.context import remaining
from shared.base.errors import ServiceUnavailable
from shared.base.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a write must find as it was read. The version alone is not enough: a restored record counts
# its versions once more.
GUARDS = ("version", "state", "txid", "place")
FAILED_CONDITION = "ConditionalCheckFailed"
FIRST_PAUSE_SECONDS = 0.05
NAME = re.compile(r"#(\w+)")


class Table:
    """`key` is the name of its key. An item is given and answered in plain values. Every call
    raises ServiceUnavailable."""

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        key: str,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client, self.name, self.key = client, name, key
        self._sleep, self._jitter = sleep, jitter

    def get(self, key: str, *, consistent: bool = True) -> Item:
        """The item, whatever it is; empty if there is none."""
        wire = encoded({self.key: key})
        with aws_call():
            answer = self._client.get_item(TableName=self.name, Key=wire, ConsistentRead=consistent)
        return decoded(answer.get("Item", {}))

    def get_each(self, keys: Sequence[str]) -> Mapping[str, Item]:
        """The items of at most 100 keys, each under its key, as far as they exist. What DynamoDB
        leaves out of an answer is asked again while there is time."""
        found: dict[str, Item] = {}
        wire = [encoded({self.key: key}) for key in keys]
        asked: Any = {self.name: {"Keys": wire, "ConsistentRead": True}} if wire else {}
        pause = FIRST_PAUSE_SECONDS
        while asked:
            with aws_call():
                answer = self._client.batch_get_item(RequestItems=asked)
            found |= {
                one[self.key]: one for one in map(decoded, answer["Responses"].get(self.name, ()))
            }
            if asked := answer.get("UnprocessedKeys", {}):
                pause = self._wait(pause)
        return found

    def put_if_absent(self, item: Item) -> Item | None:
        """None if the item is new, else the item that stands already."""
        with aws_call():
            try:
                self._client.put_item(**self._put(item))
            except self._client.exceptions.ConditionalCheckFailedException as failed:
                return standing(failed.response)
        return None

    def replace(self, old: Item, new: Item) -> Item | None:
        """Write what differs between `old` and `new`. None if it was written, else the item that
        stands instead."""
        with aws_call():
            try:
                self._client.update_item(**self._change(old, new))
            except self._client.exceptions.ConditionalCheckFailedException as failed:
                return standing(failed.response)
        return None

    def update(self, key: str, expression: str, values: Item, only_if: str | None = None) -> bool:
        """Change an item in place, or make it. False: it does not fulfil the condition `only_if`.

        `values` are named without their colon, and each `#name` in an expression stands for the
        attribute of that name."""
        with aws_call():
            try:
                self._client.update_item(**self._update(key, expression, values, only_if))
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def change_each(self, name: str, changes: Sequence[tuple[str, Any, Any]]) -> list[bool | None]:
        """In one call: of at most 25 items, each by its key, change the attribute `name` from the
        second value to the third. Each fails alone: False, it had another value; None, it was
        refused, and may be tried again."""
        # The names are our own; what comes from elsewhere is a parameter.
        where = f'WHERE "{self.key}"=? AND "{name}"=?'
        statement = f'UPDATE "{self.name}" SET "{name}"=? {where}'  # nosec B608
        statements: Any = [
            {"Statement": statement, "Parameters": [attribute(one) for one in (new, key, old)]}
            for key, old, new in changes
        ]
        with aws_call():
            answer = self._client.batch_execute_statement(Statements=statements)
        return [_is_changed(response.get("Error")) for response in answer["Responses"]]

    def query(self, index: str, condition: str, values: Item) -> Iterator[Item]:
        """The items of an index, in ascending order, page by page."""
        start: Any = {}
        while True:
            with aws_call():
                page = self._client.query(**self._query(index, condition, values), **start)
            yield from map(decoded, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def latest(
        self, index: str, condition: str, values: Item, limit: int, after: Item | None
    ) -> tuple[list[Item], Item]:
        """At most `limit` items of an index in descending order, and the last one's keys; empty
        where nothing follows. `after`: such keys, of the page before."""
        start: Any = {} if after is None else {"ExclusiveStartKey": encoded(after)}
        query = self._query(index, condition, values)
        with aws_call():
            page = self._client.query(**query, ScanIndexForward=False, Limit=limit, **start)
        return [decoded(item) for item in page["Items"]], decoded(page.get("LastEvaluatedKey", {}))

    # --- Transactions ----------------------------------------------------------------------------

    def putting(self, item: Item) -> Any:
        """A write that fails if the item stands already."""
        return {"Put": self._put(item)}

    def changing(self, old: Item, new: Item) -> Any:
        """A write of what differs, which fails if there was a write since `old` was read."""
        return {"Update": self._change(old, new)}

    def updating(
        self,
        key: str,
        expression: str,
        values: Item,
        only_if: str | None = None,
        *,
        shows: bool = True,
    ) -> Any:
        """As `update`, but a failed condition fails the whole; its reason has the item, if this
        `shows` it. Where the role may write some attributes alone, it must not."""
        update = self._update(key, expression, values, only_if)
        shown = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if shows else {}
        return {"Update": {**update, **shown}}

    def transact(self, writes: Sequence[Any]) -> Sequence[Any] | None:
        """Write all or nothing, also in other tables. None if it was written, else each write's
        reason, in their order, as `{"Code": ..., "Item": ...}`. A conflict with another transaction
        is tried again while there is time."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            with aws_call():
                try:
                    self._client.transact_write_items(TransactItems=writes)
                except self._client.exceptions.TransactionCanceledException as cancelled:
                    reasons = cancelled.response["CancellationReasons"]
                else:
                    return None
            codes = [reason["Code"] for reason in reasons]
            if set(codes) <= {"None", FAILED_CONDITION}:
                return reasons
            # Another transaction held one of the items: nothing was written.
            pause = self._wait(pause)

    def _wait(self, seconds: float) -> float:
        """Pause before the same call is repeated; gives the next pause, in seconds. Raises
        ServiceUnavailable: there is no time for it."""
        if remaining() < 2 * seconds:
            raise ServiceUnavailable
        self._sleep(seconds * (0.5 + self._jitter() / 2))
        return 2 * seconds

    # --- DynamoDB's requests ---------------------------------------------------------------------

    def _put(self, item: Item) -> Any:
        return {
            "TableName": self.name,
            "Item": encoded(item),
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": self.key},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _change(self, old: Item, new: Item) -> Any:
        changed = {
            name: value
            for name, value in new.items()
            if value != old.get(name) and value is not None
        }
        gone = [name for name, value in old.items() if value is not None and new.get(name) is None]
        sets = ", ".join(f"#{name} = :{name}" for name in changed)
        removes = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
        known = {name: old[name] for name in GUARDS if old.get(name) is not None}
        # Nobody wrote since we read: the record is still in the state that the transition starts
        # from.
        guards = [
            f"#{name} = :read_{name}" if name in known else f"attribute_not_exists(#{name})"
            for name in GUARDS
        ]
        values = {**changed, **{f"read_{name}": value for name, value in known.items()}}
        update = self._update(
            old[self.key], f"SET {sets}{removes}", values, only_if=" AND ".join(guards)
        )
        return {**update, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

    def _update(self, key: str, expression: str, values: Item, only_if: str | None) -> Any:
        request = {
            "TableName": self.name,
            "Key": encoded({self.key: key}),
            "UpdateExpression": expression,
            **_named(f"{expression} {only_if or ''}", values),
        }
        return request if only_if is None else {**request, "ConditionExpression": only_if}

    def _query(self, index: str, condition: str, values: Item) -> Any:
        return {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": condition,
            **_named(condition, values),
        }


def _is_changed(error: Any) -> bool | None:
    if error is None:
        return True
    if error["Code"] == FAILED_CONDITION:
        return False
    logger.warning("DynamoDB refused one of many changes", extra={"aws_code": error["Code"]})
    return None


def _named(expressions: str, values: Item) -> Mapping[str, Any]:
    """The values and the attributes that the expressions name."""
    found = {
        "ExpressionAttributeNames": _names(expressions),
        "ExpressionAttributeValues": encoded({f":{name}": one for name, one in values.items()}),
    }
    return {kind: given for kind, given in found.items() if given}


@cache
def _names(expressions: str) -> Mapping[str, str]:
    return {f"#{name}": name for name in NAME.findall(expressions)}


def standing(failed: Any) -> Item:
    """The item that failed a condition, as ReturnValuesOnConditionCheckFailure gives it: in an
    error's response, or in a transaction's reason. Raises ServiceUnavailable: there is none."""
    if "Item" not in failed:
        raise ServiceUnavailable from None  # deleted by hand under our feet
    return decoded(failed["Item"])
