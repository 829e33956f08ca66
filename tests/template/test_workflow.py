"""The workflow at GitHub: what it runs is pinned, it may do little, and knows no secret."""

import re
from typing import Any

import pytest
import yaml

from local.processes import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.iterdir())
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param.read_text())


@pytest.fixture
def workflow(text: str) -> dict[str, Any]:
    # For YAML 1.1 the key `on` is a truth.
    return {"on" if key is True else key: one for key, one in yaml.safe_load(text).items()}


def test_these_are_all() -> None:
    assert [file.name for file in FILES] == ["gates-and-staging.yml"]


def test_each_action_is_pinned_by_its_commit_and_says_its_version(text: str) -> None:
    """A tag can be moved to other code; whoever updates one sees from what."""
    used = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert PINNED.match(line), line


def test_one_version_of_each_action(text: str) -> None:
    used = {line.split("uses: ")[1] for line in text.splitlines() if "uses:" in line}
    assert len({one.split("@")[0] for one in used}) == len(used)


def test_a_job_may_do_what_it_needs_and_only_the_deployment_speaks_for_the_repository(
    workflow: dict[str, Any],
) -> None:
    assert workflow["permissions"] == {}
    permissions = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert permissions == {
        "gates": {"contents": "read"},
        "staging": {"contents": "read", "id-token": "write"},
    }


def test_strangers_code_never_runs_with_the_repositorys_rights(workflow: dict[str, Any]) -> None:
    assert set(workflow["on"]) == {"pull_request", "push"}
    assert workflow["on"]["push"] == {"branches": ["main"]}
    staging = workflow["jobs"]["staging"]
    assert staging["needs"] == "gates"
    assert staging["environment"] == "staging"
    asked = staging["if"].split(" && ")
    assert {"github.event_name == 'push'", "github.ref == 'refs/heads/main'"} <= set(asked)


def test_it_knows_no_secret_and_shows_no_variable(text: str, workflow: dict[str, Any]) -> None:
    """AWS's credentials come by OIDC; what stands in a variable reaches a command by its
    environment, never as a part of its text."""
    assert "secrets." not in text
    assert "github.token" not in text
    for step in steps(workflow):
        run = step.get("run", "")
        assert "${{" not in run
        assert not re.search(r"(?<![-\w])(echo|env|printenv)\b|set -x", run)
        assert "access-key" not in str(step.get("with", {}))


def test_a_checkout_leaves_no_token_behind(workflow: dict[str, Any]) -> None:
    checkouts = [step for step in steps(workflow) if "actions/checkout" in step.get("uses", "")]
    assert len(checkouts) == len(workflow["jobs"])
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_no_job_runs_for_hours(workflow: dict[str, Any]) -> None:
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())


def test_a_deployment_is_never_cut_off_by_another(workflow: dict[str, Any]) -> None:
    concurrency = workflow["jobs"]["staging"]["concurrency"]
    assert concurrency == {"group": "staging", "cancel-in-progress": False}


def test_it_runs_the_gates_deploys_and_then_pays(workflow: dict[str, Any]) -> None:
    gates, staging = (
        [step["run"].strip() for step in workflow["jobs"][job]["steps"] if "run" in step]
        for job in ("gates", "staging")
    )
    assert gates == [".ci/run"]
    assert staging[-2:] == [
        ".venv/bin/pi-bundle deploy --env staging --yes",
        ".venv/bin/pi-bundle smoke --stack pi-bundle-staging --amount 0.01",
    ]


def test_the_page_names_each_variable_that_it_reads(text: str) -> None:
    page = (ROOT / "docs" / "continuous.md").read_text()
    for name in set(re.findall(r"vars\.(\w+)", text)):
        assert f"| `{name}` |" in page


def test_aws_trusts_the_environment_of_one_repository_alone() -> None:
    page = (ROOT / "docs" / "continuous.md").read_text()
    assert ":sub: !Sub repo:${Repository}:environment:staging" in page
    assert ":aud: sts.amazonaws.com" in page
    assert "StringLike" not in page
