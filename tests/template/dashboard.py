"""The dashboard and the saved queries as CloudWatch gets them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.cloud.template import Template, of_type

Widget = dict[str, Any]
REGION, STACK = "eu-central-1", "the-stack"
_NAMED = re.compile(r"\$\{(\w+(?:::\w+)?(?:\.\w+)?)\}")


def body(template: Template) -> dict[str, Any]:
    """The JSON of the dashboard, with every alarm that there may be. Log groups, tables, queues and
    functions are called by their logical ids."""
    [dashboard] = of_type(template, "AWS::CloudWatch::Dashboard").values()
    parsed: dict[str, Any] = json.loads(_text(dashboard["Properties"]["DashboardBody"]))
    return parsed


def _text(value: Any) -> str:
    match value:
        case {"Fn::Sub": [text, {**names}]}:
            known = {name: _text(of) for name, of in names.items()}
            return _NAMED.sub(lambda found: known.get(found[1]) or _name(found), text)
        case {"Fn::Sub": text}:
            return _NAMED.sub(_name, text)
        case {"Fn::If": [_, yes, ""]}:
            return _text(yes)
    raise ValueError(f"the dashboard has had nothing like this yet: {value}")


def _name(found: re.Match[str]) -> str:
    own = {"AWS::Region": REGION, "AWS::StackName": STACK}
    return own.get(found[1]) or found[1].removesuffix(".QueueName")


@dataclass(frozen=True, slots=True)
class Shown:
    """A metric of a widget, with the widget's statistic where it has none of its own."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    statistic: str


def metrics_of(widget: Widget) -> Iterator[Shown]:
    properties = widget["properties"]
    for row in properties["metrics"]:
        if isinstance(row[0], dict):
            continue
        own: Mapping[str, Any] = row[-1] if isinstance(row[-1], dict) else {}
        named = row[:-1] if own else row
        namespace, name, *dimensions = named
        statistic = own.get("stat", properties["stat"])
        yield Shown(namespace, name, tuple(dimensions), statistic)


@dataclass(frozen=True, slots=True)
class Query:
    """`groups`: logical ids."""

    name: str
    groups: tuple[str, ...]
    text: str

    @property
    def filter(self) -> str | None:
        found = re.search(r"^\W*filter (.*)$", self.text, re.MULTILINE)
        return found and found[1].strip()

    @property
    def fields(self) -> set[str]:
        """Those of a line of the log that it names; `@...` are CloudWatch's own."""
        text = re.sub(r'"[^"]*"|/[^/]*/|\bas \w+', "", self.text)
        given = set(re.findall(r"\bas (\w+)", self.text))
        words = set(re.findall(r"(?<![@\w])[a-z_]+(?!\w*\()", text))
        return words - given - LANGUAGE


LANGUAGE = {
    *("fields", "filter", "stats", "sort", "limit", "by", "asc", "desc", "like", "and", "or", "as"),
    *("ispresent", "count", "count_distinct", "sum", "pct", "max", "latest"),
}


def widget_queries(widgets: list[Widget]) -> Iterator[Query]:
    for widget in widgets:
        if widget["type"] == "log":
            text = widget["properties"]["query"]
            parts = text.split(" | ")
            groups = [part[8:-1] for part in parts if part.startswith("SOURCE '")]
            rest = "\n| ".join(parts[len(groups) :])
            yield Query(widget["properties"]["title"], tuple(groups), rest)


def saved_queries(template: Template) -> Iterator[Query]:
    for name, one in of_type(template, "AWS::Logs::QueryDefinition").items():
        properties = one["Properties"]
        groups = tuple(group["Ref"] for group in properties["LogGroupNames"])
        yield Query(name, groups, properties["QueryString"])
