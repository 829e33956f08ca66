"""The dashboard is one that CloudWatch takes, and shows numbers that are sent."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from local.cloud.stack import NOT_HERE
from local.cloud.template import Template, load, of_type
from local.processes import ROOT
from tests.docs.pages import DOCS, named, table
from tests.template.dashboard import REGION, STACK, Widget, body, metrics_of
from tests.template.metrics import levels, sent

WRITTEN = load(ROOT / "template.yaml")
WIDGETS: list[Widget] = body(WRITTEN)["widgets"]
GRAPHS = [widget for widget in WIDGETS if widget["type"] == "metric"]
GRID = 24  # CloudWatch's columns
FREE_METRICS = 50  # of a dashboard
OF_AWS = {
    "AWS/ApiGateway": ("ApiId", {"Count", "4xx", "5xx", "Latency"}),
    "AWS/Lambda": ("FunctionName", {"Errors"}),
    "AWS/SQS": (
        "QueueName",
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    ),
    "AWS/DynamoDB": (
        "TableName",
        {
            *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
            *("ReadThrottleEvents", "WriteThrottleEvents"),
        },
    ),
}
OWNERS = {
    "ApiId": "AWS::Serverless::HttpApi",
    "FunctionName": "AWS::Serverless::Function",
    "QueueName": "AWS::SQS::Queue",
    "TableName": "AWS::DynamoDB::Table",
}
each_graph = pytest.mark.parametrize(
    "graph", GRAPHS, ids=[graph["properties"]["title"] for graph in GRAPHS]
)


@each_graph
def test_a_graph_shows_what_this_stack_sends(graph: Widget) -> None:
    for shown in metrics_of(graph):
        if shown.namespace == "PiBundle":
            assert shown.name in sent()
            assert shown.dimensions == ("service", STACK)
            continue
        dimension, names = OF_AWS[shown.namespace]
        assert shown.name in names
        assert shown.dimensions[0] == dimension
        assert shown.dimensions[1] in of_type(WRITTEN, OWNERS[dimension])


@each_graph
def test_a_level_is_shown_as_it_was_and_a_counter_as_a_sum(graph: Widget) -> None:
    for shown in metrics_of(graph):
        if shown.namespace == "PiBundle":
            is_level = shown.name in levels()
            assert shown.statistic in (("Maximum", "Minimum") if is_level else ("Sum",))


@each_graph
def test_a_graph_is_complete(graph: Widget) -> None:
    """An expression names the metrics beside it, which are hidden, and nothing else."""
    properties = graph["properties"]
    assert properties["region"] == REGION
    assert properties["period"] % 60 == 0
    options: list[dict[str, Any]] = [
        row[-1] for row in properties["metrics"] if dict in map(type, row)
    ]
    hidden = {one["id"] for one in options if one.get("visible") is False}
    expressions = " ".join(one.get("expression", "") for one in options)
    assert set(re.findall(r"[a-z_]+", expressions)) == hidden


def test_the_widgets_fill_the_grid_and_hide_none() -> None:
    def cells(widget: Widget) -> set[tuple[int, int]]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        rows = range(widget["y"], widget["y"] + widget["height"])
        return {(column, row) for column in columns for row in rows}

    for one, other in combinations(WIDGETS, 2):
        assert not cells(one) & cells(other)
    covered = set[tuple[int, int]]().union(*map(cells, WIDGETS))
    height = max(row for _, row in covered) + 1
    assert covered == {(column, row) for column in range(GRID) for row in range(height)}


def test_money_comes_first() -> None:
    """Then functions, queues, Pi and tables."""
    ordered = sorted(WIDGETS, key=lambda widget: (widget["y"], widget["x"]))
    titles = [w["properties"].get("title", w["properties"].get("markdown")) for w in ordered]
    wanted = ["Alarms", "## Money", "Payments per hour", "Pi per hour", "Refused, by reason"]
    wanted += ["## Functions", "Requests", "## Queues, Pi, tables", "Messages", "Pi's answers"]
    assert [title for title in titles if title in wanted] == wanted


def test_the_dashboard_is_a_free_one(written: Template) -> None:
    shown = {(m.namespace, m.name, m.dimensions) for graph in GRAPHS for m in metrics_of(graph)}
    assert len(shown) <= FREE_METRICS
    assert f"this one has {len(shown)}." in (ROOT / "template.yaml").read_text()
    assert len(of_type(written, "AWS::CloudWatch::Dashboard")) == 1


def test_it_shows_the_state_of_every_alarm() -> None:
    [alarms] = [widget for widget in WIDGETS if widget["type"] == "alarm"]
    shown = alarms["properties"]["alarms"]
    declared = of_type(WRITTEN, "AWS::CloudWatch::Alarm")
    assert sorted(shown) == sorted(f"{name}.Arn" for name in declared)
    assert len(shown) <= 100


def of_the_switch() -> Iterator[str]:
    for name, one in WRITTEN["Resources"].items():
        if one.get("Condition") == "HasDashboard":
            yield name


def test_one_switch_leaves_out_what_a_fourth_stack_would_pay_for() -> None:
    """Also on the local cloud, whose deploy fails on a saved query."""
    kinds = ("AWS::CloudWatch::Dashboard", "AWS::Logs::QueryDefinition")
    assert set(of_the_switch()) == {name for kind in kinds for name in of_type(WRITTEN, kind)}
    assert WRITTEN["Parameters"]["Dashboard"]["Default"] == "on"
    assert NOT_HERE["Dashboard"] == "off"


def test_two_stacks_have_two_dashboards(written: Template) -> None:
    """Also in two regions: an account has one list of them."""
    [dashboard] = of_type(written, "AWS::CloudWatch::Dashboard").values()
    name = dashboard["Properties"]["DashboardName"]
    assert name == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}


def test_the_documents_name_each_saved_query() -> None:
    queries = of_type(WRITTEN, "AWS::Logs::QueryDefinition").values()
    names = {one["Properties"]["Name"]["Fn::Sub"] for one in queries}
    rows = table("| Query | Finds |", DOCS / "monitoring.md")
    assert {f"${{AWS::StackName}}/{named(cell)[0]}" for cell, _ in rows} == names


def test_the_documents_name_each_metric() -> None:
    """What is sent, shown or alarmed on is explained."""
    rows = table("| Metric | Counts |", DOCS / "monitoring.md")
    assert {name for cell, _ in rows for name in named(cell)} == sent()
