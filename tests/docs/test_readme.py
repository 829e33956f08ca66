"""What the documents list is what there is, and all of it: commands, routes, codes, parameters."""

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path

import pytest

from local.cloud.ministack import CREDENTIALS
from local.cloud.stack import STACK
from local.cloud.template import bundle, load, of_type
from local.processes import HOST, ROOT
from local.run import AWS_PORT
from shared.base.version import VERSION
from shared.payments.products import product_of
from tests.docs.pages import DOCS, DOCUMENTS, README, all_text, named, table, tables, text
from tests.docs.spec import codes_of, operations
from tests.template.metrics import sent

EVERYWHERE = [page for page in DOCUMENTS if page.name != "CHANGELOG.md"]
LAPTOP = DOCS / "laptop.md"


@cache
def parameters_and_outputs() -> tuple[set[str], set[str]]:
    template = load(ROOT / "template.yaml")
    return set(template["Parameters"]), set(template["Outputs"])


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-zA-Z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_its_make_targets_exist() -> None:
    used = re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", all_text(EVERYWHERE), re.MULTILINE)
    assert {first or second for first, second in used} <= make_targets()


def test_every_command_of_the_makefile_is_explained() -> None:
    rows = table("| Command | Does |", LAPTOP)
    explained = {named(command)[0].removeprefix("make ") for command, _ in rows}
    internal = {"build-SharedLayer", "build-ChainLayer", "help", "setup", "run", "pi"}
    assert explained == make_targets() - internal


def test_its_settings_of_make_run_exist() -> None:
    exported = re.search(r"^export (ONCE .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert exported is not None
    known = {"TESTS", "SEEDS", "SEED", *exported[1].split()}
    assert set(re.findall(r"make \w+ ([A-Z_]+)=", all_text(EVERYWHERE))) <= known


def test_its_errors_are_those_of_the_api() -> None:
    """Each with what it means, and what to do."""
    rows = tables("| Status | `error` | Means | Do |", DOCS / "errors.md")
    listed = [(int(status), named(code)[0]) for status, code, _, _ in rows]
    assert sorted(listed) == sorted({code for route in operations() for code in codes_of(route)})
    assert all(means and do for *_, means, do in rows)


def test_its_routes_are_those_of_the_api() -> None:
    rows = table("| Route | Token | Answers |", DOCS / "front-end.md")
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
    documents = all_text(EVERYWHERE)
    called = re.findall(r'"\$API(/[^"?]*)', documents)
    called += [f"/pi_payment/{step}" for step in re.findall(r'post\("(\w+)"', documents)]
    called += re.findall(r'call\("\w+", ["`](/(?!pi_payment)[^"`]+)["`]', documents)
    assert len(called) > 10
    for path in called:
        plain = re.sub(r"\$\{[^}]*\}", "x", path)
        assert any(re.fullmatch(pattern, plain) for pattern in patterns), path


def test_the_page_of_the_readme_is_short() -> None:
    page = re.search(r"```html\n(.*?)```", text(README), re.DOTALL)
    assert page is not None
    assert len(page[1].splitlines()) <= 30


def test_its_parameters_are_the_templates() -> None:
    rows = table("| Parameter | Means |", DOCS / "deploy.md")
    listed = [name for cell, _ in rows for name in named(cell)]
    assert sorted(listed) == sorted(parameters_and_outputs()[0])


def test_its_metrics_are_those_that_the_code_sends() -> None:
    rows = table("| Metric | Counts |", DOCS / "monitoring.md")
    listed = [name for cell, _ in rows for name in named(cell)]
    assert sorted(listed) == sorted(sent())


def test_its_alarms_are_the_templates() -> None:
    rows = table("| Alarm | Rings when |", DOCS / "monitoring.md")
    listed = [name for cell, _ in rows for name in named(cell)]
    alarms = of_type(load(ROOT / "template.yaml"), "AWS::CloudWatch::Alarm")
    assert sorted(listed) == sorted(alarms)


def test_its_licence_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    assert all((ROOT / name).read_text().startswith("MIT") for name in project["license-files"])


def test_the_change_log_has_the_projects_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[:2] == ["Unreleased", project["version"]]
    assert VERSION == project["version"] == bundle()["Outputs"]["Version"]["Value"]


@pytest.mark.parametrize("page", EVERYWHERE, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_outputs_exist(page: Path) -> None:
    asked = re.findall(r"\(output (\w+)|`output (\w+)|output `(\w+)`", text(page))
    assert {name for names in asked for name in names if name} <= parameters_and_outputs()[1]


def test_its_products_can_be_sold() -> None:
    lines = re.findall(r"^pi-bundle products put (.+)$", all_text(EVERYWHERE), re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        product_id, *words = shlex.split(line)
        options = dict(zip(words[::2], words[1::2], strict=True))
        product_of({"product_id": product_id} | {k.lstrip("-"): v for k, v in options.items()})


def test_it_points_the_aws_cli_at_the_local_cloud() -> None:
    exported = dict(re.findall(r"(AWS_\w+)=(\S+)", text(LAPTOP)))
    assert exported == {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{AWS_PORT}",
        **{name: CREDENTIALS[name] for name in exported if name in CREDENTIALS},
    }
    assert f"stack={STACK}\n" in text(LAPTOP)
