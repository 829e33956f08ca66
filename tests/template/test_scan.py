"""The policy scan, which `make lint` runs: each exception has its reason beside it."""

import re

from local.processes import ROOT

RULE = re.compile(r"CKV2?_AWS_[0-9]+")


def test_each_rule_that_is_left_out_is_explained() -> None:
    """One reason may stand above several rules in a row."""
    lines = (ROOT / ".checkov.yaml").read_text().split("skip-check:\n")[1].splitlines()
    assert lines[0].strip().startswith("#")
    rules = [line.strip().removeprefix("- ").split(" #")[0] for line in lines if "- CKV" in line]
    assert rules
    assert all(RULE.fullmatch(rule) for rule in rules)
    assert len(set(rules)) == len(rules)


def test_each_resource_that_is_left_out_is_explained() -> None:
    template = (ROOT / "template.yaml").read_text()
    skips = re.findall(r"checkov:skip=(\S+?):? (.+)", template)
    assert skips
    for rule, why in skips:
        assert RULE.fullmatch(rule)
        assert len(why) > 40, rule


def test_the_gates_scan() -> None:
    makefile = (ROOT / "Makefile").read_text()
    lint = makefile.split("\nlint:")[1].split("\n\n")[0]
    assert "checkov --config-file .checkov.yaml" in lint
