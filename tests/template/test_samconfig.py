"""`sam build && sam deploy` with the committed settings is all that an account needs."""

import tomllib
from typing import Any

import pytest

from local.processes import ROOT


@pytest.fixture(scope="module")
def samconfig() -> dict[str, Any]:
    return tomllib.loads((ROOT / "samconfig.toml").read_text())


@pytest.mark.parametrize("environment", ["default", "staging", "prod"])
def test_an_environment_builds_and_deploys(samconfig: dict[str, Any], environment: str) -> None:
    settings = samconfig[environment]
    assert settings["build"]["parameters"]["build_in_source"] is True
    deploy = settings["deploy"]["parameters"]
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert deploy["resolve_s3"] is True
    assert deploy["fail_on_empty_changeset"] is False


def test_the_environments_are_stacks_and_only_prod_asks(samconfig: dict[str, Any]) -> None:
    names = {
        name: samconfig[name]["global"]["parameters"]["stack_name"]
        for name in samconfig
        if name != "version"
    }
    assert names == {
        "default": "pi-bundle-dev",
        "staging": "pi-bundle-staging",
        "prod": "pi-bundle",
    }
    deploy = {name: samconfig[name]["deploy"]["parameters"] for name in names}
    assert 'Environment="prod"' in deploy["prod"]["parameter_overrides"]
    for name in ("default", "staging"):
        assert 'Environment="dev"' in deploy[name]["parameter_overrides"]
        assert "confirm_changeset" not in deploy[name]
    assert deploy["prod"]["confirm_changeset"] is True
