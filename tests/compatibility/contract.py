"""What stacks, front ends, consumers and alarms know the bundle by: names, keys, fields, codes.

Each function gives JSON of dictionaries, lists and plain values. `lost` compares two of them.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from local.processes import ROOT

Json = Any

# Logical ids of these are what CloudFormation, or a person, knows them by; roles and the like may
# change.
KEPT = {
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::SQS::Queue",
    "AWS::Events::EventBus",
    "AWS::Events::Archive",
    "AWS::Logs::LogGroup",
    "AWS::Lambda::Function",
    "AWS::SSM::Parameter",
    "AWS::CloudWatch::Alarm",
    "AWS::ApiGatewayV2::Api",
    "AWS::CloudWatch::Dashboard",
}
NAMES = {
    *("TableName", "QueueName", "FunctionName", "LogGroupName", "AlarmName", "ArchiveName"),
    *("DashboardName",),
}
OF_QUEUES = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
OF_ALARMS = ("Namespace", "MetricName", "Dimensions")


def stack(translated: Json) -> Json:
    """Of the translated template: what other stacks, people and data depend on."""
    return {
        "logical_ids": _logical_ids(translated),
        "names": {
            name: resource["Properties"][key]
            for name, resource in translated["Resources"].items()
            for key in _names_in(resource)
        },
        "tables": {
            name: _table(resource["Properties"])
            for name, resource in _of(translated, "AWS::DynamoDB::Table")
        },
        "queues": {
            name: {key: resource["Properties"].get(key, False) for key in OF_QUEUES}
            for name, resource in _of(translated, "AWS::SQS::Queue")
        },
        "alarms": {
            name: {
                key: resource["Properties"][key]
                for key in OF_ALARMS
                if key in resource["Properties"]
            }
            for name, resource in _of(translated, "AWS::CloudWatch::Alarm")
        },
        "parameters": {
            name: {
                key: parameter[key]
                for key in ("Type", "Default", "AllowedValues")
                if key in parameter
            }
            for name, parameter in translated["Parameters"].items()
        },
        "outputs": {
            name: output.get("Export", {}).get("Name", "")
            for name, output in translated["Outputs"].items()
        },
    }


def _of(translated: Json, kind: str) -> Iterator[tuple[str, Json]]:
    for name, resource in translated["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource


def _logical_ids(translated: Json) -> dict[str, list[str]]:
    return {
        kind: sorted(name for name, _ in _of(translated, kind))
        for kind in sorted(KEPT)
        if any(_of(translated, kind))
    }


def _names_in(resource: Json) -> list[str]:
    """The properties in which a resource has a name of its own."""
    if resource["Type"] not in KEPT:
        return []
    names = NAMES | ({"Name"} if "Name" in resource.get("Properties", {}) else set())
    return [name for name in sorted(names) if name in resource.get("Properties", {})]


def _table(declared: Json) -> Json:
    kinds = {a["AttributeName"]: a["AttributeType"] for a in declared["AttributeDefinitions"]}

    def keys(of: Json) -> list[str]:
        return [
            f"{k['AttributeName']} {kinds[k['AttributeName']]} {k['KeyType']}"
            for k in of["KeySchema"]
        ]

    return {
        "keys": keys(declared),
        "indexes": {
            index["IndexName"]: {
                "keys": keys(index),
                "type": index["Projection"]["ProjectionType"],
                "attributes": sorted(index["Projection"].get("NonKeyAttributes", [])),
            }
            for index in declared.get("GlobalSecondaryIndexes", [])
        },
        "expires_by": declared.get("TimeToLiveSpecification", {}).get("AttributeName", ""),
    }


# --- The API --------------------------------------------------------------------------------------


def api() -> Json:
    """Of docs/openapi.yaml: routes with their statuses and codes, and every field of every body."""
    spec = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    return {
        "routes": {
            f"{method.upper()} {path}": _operation(spec, item)
            for path, methods in spec["paths"].items()
            for method, item in methods.items()
            if method in {"get", "post", "put", "delete"}
        }
    }


def _operation(spec: Json, item: Json) -> Json:
    body = _resolved(spec, item.get("requestBody", {}))
    return {
        "parameters": sorted(
            f"{p['in']} {p['name']}" for p in map(_resolver(spec), item.get("parameters", []))
        ),
        "request": sorted(_fields(spec, _schema(body))),
        "answers": {
            str(status): _answer(spec, response) for status, response in item["responses"].items()
        },
    }


def _answer(spec: Json, response: Json) -> Json:
    found = _resolved(spec, response)
    fields = _fields(spec, _schema(found))
    return {"fields": sorted(fields), "codes": sorted(set(_codes(spec, _schema(found))))}


def _resolver(spec: Json) -> Any:
    return lambda node: _resolved(spec, node)


def _resolved(spec: Json, node: Json) -> Json:
    while isinstance(node, dict) and "$ref" in node:
        found = spec
        for key in node["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        node = found
    return node


def _schema(body: Json) -> Json:
    return body.get("content", {}).get("application/json", {}).get("schema", {})


def _schemas(spec: Json, schema: Json) -> Iterator[Json]:
    """It, and whatever it is made of."""
    found = _resolved(spec, schema)
    if not isinstance(found, dict):  # `true`: anything
        return
    yield found
    for how in ("allOf", "anyOf", "oneOf"):
        for part in found.get(how, []):
            yield from _schemas(spec, part)


def _fields(spec: Json, schema: Json, before: str = "") -> set[str]:
    """Paths, such as `payments[].state`."""
    fields: set[str] = set()
    for part in _schemas(spec, schema):
        for name, kind in part.get("properties", {}).items():
            if kind is False:  # refused
                continue
            fields |= {f"{before}{name}", *_fields(spec, kind, f"{before}{name}.")}
        if "items" in part:
            fields |= _fields(spec, part["items"], f"{before.removesuffix('.')}[].")
    return fields


def _codes(spec: Json, schema: Json) -> Iterator[str]:
    for part in _schemas(spec, schema):
        for error in _schemas(spec, part.get("properties", {}).get("error", {})):
            yield from error.get("enum", [])


# --- Both ---------------------------------------------------------------------------------------


def lost(frozen: Json, now: Json, where: str = "") -> list[str]:
    """What stood in `frozen` and is not in `now`, or is another there. More is no loss."""
    match frozen, now:
        case dict(), dict():
            return [
                one
                for name, value in frozen.items()
                for one in (
                    lost(value, now[name], f"{where}/{name}")
                    if name in now
                    else [f"{where}/{name} is gone"]
                )
            ]
        case list(), list():
            return [f"{where}: {one} is gone" for one in frozen if one not in now]
    return [] if frozen == now else [f"{where} was {frozen}, is {now}"]
