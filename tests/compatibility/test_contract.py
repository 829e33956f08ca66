"""What others know the bundle by stays; more may come."""

import pytest

from local.cloud.template import Template, load, translate
from local.processes import ROOT
from tests.compatibility import contract
from tests.compatibility.frozen_set import frozen
from tests.template.metrics import sent

NOW = "what was frozen is gone or another: it must stay, see tests/compatibility/README.md"


@pytest.fixture(scope="module")
def translated() -> Template:
    return translate(load(ROOT / "template.yaml"))


@pytest.mark.parametrize("part", frozen("template"))
def test_the_template_keeps_its_names_and_keys(translated: Template, part: str) -> None:
    assert not contract.lost(frozen("template")[part], contract.stack(translated)[part]), NOW


@pytest.mark.parametrize("route", frozen("api")["routes"])
def test_the_api_keeps_its_fields_and_codes(route: str) -> None:
    now = contract.api()["routes"].get(route, {})
    assert not contract.lost(frozen("api")["routes"][route], now), NOW


def test_metrics_keep_their_names() -> None:
    assert not contract.lost(frozen("metrics")["names"], sorted(sent())), NOW


def test_a_loss_is_seen() -> None:
    frozen_set = {"a": {"b": ["c", "d"]}, "e": "f", "g": "h"}
    now = {"a": {"b": ["d", "x"]}, "e": "other", "y": "more"}
    assert contract.lost(frozen_set, now) == [
        "/a/b: c is gone",
        "/e was f, is other",
        "/g is gone",
    ]
