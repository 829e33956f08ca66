"""README.md names only what there is, and all of it: commands, paths, routes, codes, parameters."""

import json
import re
import tomllib
from functools import cache

import pytest

from local.cloud.ministack import CREDENTIALS
from local.cloud.stack import STACK
from local.cloud.template import load, of_type
from local.processes import HOST, ROOT
from local.run import AWS_PORT
from shared.aws.dynamodb import decoded
from shared.base.amount import Amount
from tests.docs.spec import codes_of, operations
from tests.template.metrics import sent

README = (ROOT / "README.md").read_text()


@cache
def parameters_and_outputs() -> tuple[set[str], set[str]]:
    template = load(ROOT / "template.yaml")
    return set(template["Parameters"]), set(template["Outputs"])


def table(heading: str) -> list[list[str]]:
    """The cells of the rows under a table's heading."""
    _, ruler, *lines = README[README.index(heading) :].splitlines()
    assert set(ruler) <= set("|-")
    rows = lines[: next(at for at, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_its_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-zA-Z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", README, re.MULTILINE))
    assert {first or second for first, second in used} <= targets


def test_its_settings_of_make_run_exist() -> None:
    exported = re.search(r"^export (ONCE .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert exported is not None
    known = {"TESTS", "SEEDS", "SEED", *exported[1].split()}
    assert set(re.findall(r"make \w+ ([A-Z_]+)=", README)) <= known


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:|#)([^)]+)\)", README))
def test_its_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_its_paths_exist() -> None:
    for path, _ in table("| Path | Holds |"):
        for name in named(path):
            assert (ROOT / name).exists(), name


def test_its_errors_are_those_of_the_api() -> None:
    listed = {(int(status), named(code)[0]) for status, code, _ in table("| Status | `error` |")}
    assert listed == {code for route in operations() for code in codes_of(route)}


def test_its_routes_are_those_of_the_api() -> None:
    rows = table("| Route | Token | Answers |")
    listed = {named(route)[0]: (token, answers) for route, token, answers in rows}
    assert set(listed) == set(operations())
    for route, (token, answers) in listed.items():
        operation = operations()[route]
        assert {status for status in operation["responses"] if status < "300"} == set(
            re.findall(r"\b(20\d)\b", answers)
        )
        # Where 401 is no answer, the token is optional.
        token_says = "needed" if "401" in operation["responses"] else "optional"
        is_signed = operation["security"] == [{"awsSignature": []}]
        assert token == ("signed" if is_signed else token_says)


def test_its_calls_go_to_routes_that_exist() -> None:
    patterns = [re.sub(r"\{\w+\}", "[^/]+", route.partition(" ")[2]) for route in operations()]
    called = re.findall(r'"\$API(/[^"?]*)', README)
    called += [f"/pi_payment/{step}" for step in re.findall(r'post\("(\w+)"', README)]
    called += re.findall(r'call\("\w+", ["`](/(?!pi_payment)[^"`]+)["`]', README)
    assert len(called) > 10
    for path in called:
        plain = re.sub(r"\$\{[^}]*\}", "x", path)
        assert any(re.fullmatch(pattern, plain) for pattern in patterns), path


def test_its_parameters_are_the_templates() -> None:
    listed = [name for cell, _ in table("| Parameter | Means |") for name in named(cell)]
    assert sorted(listed) == sorted(parameters_and_outputs()[0])


def test_its_metrics_are_those_that_the_code_sends() -> None:
    listed = [name for cell, _ in table("| Metric | Counts |") for name in named(cell)]
    assert sorted(listed) == sorted(sent())


def test_its_alarms_are_the_templates() -> None:
    listed = [name for cell, _ in table("| Alarm | Rings when |") for name in named(cell)]
    alarms = of_type(load(ROOT / "template.yaml"), "AWS::CloudWatch::Alarm")
    assert sorted(listed) == sorted(alarms)


def test_it_says_what_each_function_is_for() -> None:
    """By name, so that no number of functions has to be kept true."""
    section = README.partition("## How it works\n")[2].partition("\n## ")[0]
    functions = [path.parent.name for path in (ROOT / "functions").glob("*/app.py")]
    assert [name for name in functions if f"`{name}`" not in section] == []


def test_its_licence_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    assert all((ROOT / name).read_text().startswith("MIT") for name in project["license-files"])


def test_the_change_log_has_the_projects_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[:2] == ["Unreleased", project["version"]]


def test_its_outputs_exist() -> None:
    assert set(re.findall(r"[(`]output (\w+)", README)) <= parameters_and_outputs()[1]


def test_its_products_can_be_sold() -> None:
    items = [json.loads(item) for item in re.findall(r"'(\{\"product_id\".*\})'", README)]
    assert len(items) == 2
    for item in items:
        product = decoded(item)
        amounts = [product[name] for name in ("price", "minimum", "maximum") if name in product]
        assert product["active"] is True
        assert all(Amount.of(amount).stroops > 0 for amount in amounts)
        assert len(amounts) == (1 if "price" in product else 2)


def test_it_points_the_aws_cli_at_the_local_cloud() -> None:
    exported = dict(re.findall(r"(AWS_\w+)=(\S+)", README))
    assert exported == {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{AWS_PORT}",
        **{name: CREDENTIALS[name] for name in exported if name in CREDENTIALS},
    }
    assert f"stack={STACK}\n" in README
