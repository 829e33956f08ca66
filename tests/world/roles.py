"""What each function's role lets it do with the tables, judged as IAM judges it by the template.

Every call of the bundle to the tables in memory passes here. So a change of the code that would
need another right, or write another attribute, fails wherever its flow is played. What
`dynamodb:Attributes` holds is DynamoDB's: the key, and each attribute that an expression names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from local.cloud import template

Item = dict[str, Any]

WRITES = {"Put": "PutItem", "Update": "UpdateItem"}
STATEMENT = re.compile(r'UPDATE "([^"]+)"')
NAMES = re.compile(r"(?<![:\w])#?[a-z_]\w*")
WORDS = {"attribute_exists", "attribute_not_exists", "list_append", "if_not_exists"}


class AccessDeniedError(AssertionError):
    """AWS would refuse it."""


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a call does: `place` is a table's logical id, or `<table>/index/<name>`."""

    verb: str
    place: str
    attributes: frozenset[str] = frozenset()
    # Whatever stands is answered where a condition fails. Whether a role may ask for that which may
    # write some attributes alone is not documented, so none does.
    shows_all: bool = False


def check(function: str | None, operation: str, call: Item) -> None:
    """Raises AccessDeniedError: the role of the function of this folder does not allow it. Who is
    no function of the bundle may do all."""
    if function is None or (logical := template.function_of(function)) not in _functions():
        return
    for use in uses(operation, call):
        if not _allows(logical, use):
            raise AccessDeniedError(f"{logical} may not {use}")


def uses(operation: str, call: Item) -> Iterator[Use]:
    """A transaction, and a batch of statements, is judged by each of its parts."""
    match operation:
        case "TransactWriteItems":
            for write in call["TransactItems"]:
                [(kind, part)] = write.items()
                yield _write(WRITES[kind], part)
        case "BatchExecuteStatement":
            for text in {each["Statement"] for each in call["Statements"]}:
                yield _of_statement(text)
        case "Query":
            yield Use("Query", f"{call['TableName']}/index/{call['IndexName']}")
        case "GetItem":
            yield Use("GetItem", call["TableName"])
        case "BatchGetItem":
            yield from (Use("BatchGetItem", table) for table in call["RequestItems"])
        case _:
            yield _write(operation, call)


def _write(verb: str, call: Item) -> Use:
    shows_all = "ReturnValuesOnConditionCheckFailure" in call
    return Use(verb, call["TableName"], _attributes(call), shows_all)


@cache
def _of_statement(text: str) -> Use:
    [table] = STATEMENT.findall(text)
    return Use("PartiQLUpdate", table, frozenset(re.findall(r'"(\w+)"', text)) - {table})


def _attributes(call: Item) -> frozenset[str]:
    named = call.get("ExpressionAttributeNames", {})
    text = f"{call.get('UpdateExpression', '')} {call.get('ConditionExpression', '')}"
    found = {named.get(name, name) for name in _names_in(text)}
    return frozenset(found | set(call.get("Key", ())) | set(call.get("Item", ())))


@cache
def _names_in(text: str) -> frozenset[str]:
    """An expression's own words are in capitals."""
    return frozenset(NAMES.findall(text)) - WORDS


# --- The template's side --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    verb: str
    place: str
    attributes: frozenset[str] | None  # None: all


@cache
def grants(function: str) -> frozenset[Grant]:
    """What the role of the function of this logical id allows on tables."""
    resources = template.bundle()["Resources"]
    role, _ = resources[function]["Properties"]["Role"]["Fn::GetAtt"]
    return frozenset(
        grant
        for policy in resources[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for each in statement.get("Fn::If", [None, statement])[1:]
        for grant in _granted(each)
    )


def _granted(statement: Mapping[str, Any]) -> Iterator[Grant]:
    attributes = None
    if condition := statement.get("Condition"):
        [(operator, keys)] = condition.items()
        [(key, names)] = keys.items()
        assert (operator, key) == ("ForAllValues:StringEquals", "dynamodb:Attributes")
        attributes = frozenset(names)
    for action in _listed(statement["Action"]):
        service, verb = action.split(":")
        if service == "dynamodb":
            for resource in _listed(statement["Resource"]):
                yield Grant(verb, _place(resource), attributes)


def _place(resource: Mapping[str, Any]) -> str:
    if "Fn::GetAtt" in resource:
        return str(resource["Fn::GetAtt"][0])
    return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", resource["Fn::Sub"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def _functions() -> frozenset[str]:
    bundle = template.bundle()
    return frozenset(template.of_type(bundle, "AWS::Serverless::Function"))


@cache
def _allows(function: str, use: Use) -> bool:
    return any(
        (grant.verb, grant.place) == (use.verb, use.place) and _covers(grant, use)
        for grant in grants(function)
    )


def _covers(grant: Grant, use: Use) -> bool:
    if grant.attributes is None:
        return True
    return use.attributes <= grant.attributes and not use.shows_all
