"""The template as CloudFormation sees it: what SAM adds to it counts as much."""

import pytest

from local.cloud.template import Template, load, translate
from local.processes import ROOT


@pytest.fixture(scope="session")
def written() -> Template:
    """template.yaml as it stands."""
    return load(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def translated(written: Template) -> Template:
    """template.yaml without SAM."""
    return translate(written)
