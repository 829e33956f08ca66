"""The documents hold together: sizes, links, and what they name of the code and of the tests."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from local.cloud.template import load, of_type
from local.processes import ROOT
from tests.docs.pages import (
    DOCS,
    DOCUMENTS,
    PAGES,
    README,
    RUNBOOK,
    all_text,
    anchors,
    links,
    named,
    section,
    table,
    tables,
    text,
)

KB = 1024
# An address of a document in code, template and schemas: the page, and perhaps an anchor.
ADDRESS = re.compile(r"\b(docs/[\w/-]+\.md|(?:README|SECURITY|CHANGELOG)\.md)(?:#([\w-]+))?")


def test_no_page_is_too_long_to_be_read() -> None:
    sizes = {page.name: page.stat().st_size for page in PAGES}
    assert README.stat().st_size <= 8 * KB
    assert {name: size for name, size in sizes.items() if size > 12 * KB} == {}


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [README]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            found = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
            waiting += [target for target in found if target.suffix == ".md"]
    assert reached >= {*PAGES, *DOCS.rglob("*.md")}


def sources() -> list[Path]:
    folders = [*(ROOT / name for name in ("functions", "shared", "local", "tests")), DOCS]
    files = [file for folder in folders for file in folder.rglob("*")]
    return [
        ROOT / "template.yaml",
        ROOT / "Makefile",
        *(file for file in files if file.suffix in {".py", ".yaml", ".json"}),
    ]


@pytest.mark.parametrize(
    "file",
    [file for file in sources() if ADDRESS.search(file.read_text())],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_what_the_code_says_of_a_document_is_there(file: Path) -> None:
    for path, anchor in ADDRESS.findall(file.read_text()):
        assert (ROOT / path).exists(), path
        assert not anchor or anchor in anchors(ROOT / path), f"{path}#{anchor}"


def test_every_alarm_names_its_entry() -> None:
    """An operator who is woken by the alarm has the address of what to do."""
    for name, resource in of_type(load(ROOT / "template.yaml"), "AWS::CloudWatch::Alarm").items():
        found = ADDRESS.search(resource["Properties"]["AlarmDescription"])
        assert found is not None, name
        page, anchor = ROOT / found[1], found[2]
        (heading,) = (
            heading
            for heading in re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
            if heading.lower().replace(" ", "-") == anchor
        )
        assert heading == name or f"`{name}`" in section(heading, [page])


@cache
def names_in(file: Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text()).body if hasattr(node, "name")}


def test_every_guarantee_names_its_test() -> None:
    page = DOCS / "guarantees.md"
    rows = tables("| ... | Then | Test |", page)
    rows += table("| It is | Open at most | Because | Test |", page)
    assert len(rows) > 40
    for row in rows:
        found = re.fullmatch(r"\[`(test_\w+)`\]\((.+)\)", row[-1])
        assert found is not None, row
        name, path = found.groups()
        assert name in names_in((DOCS / path).resolve()), row[-1]


def test_the_glossary_is_short() -> None:
    words = [word for word, _ in table("| Word | Means |", DOCS / "architecture.md")]
    assert len(words) == len(set(words)) <= 20


def test_the_first_line_is_the_same_in_readme_and_runbook() -> None:
    """The one thing that is said twice: a newcomer and an operator need it at once."""
    first = section("First", RUNBOOK).partition("```sh\n")[2].partition("```")[0]
    assert first
    assert first in text(README)


def test_the_log_lines_that_the_runbook_quotes_are_written_by_the_code() -> None:
    """A search for a line that was reworded finds nothing, and looks like good news."""
    pages = all_text(RUNBOOK)
    searched = re.findall(r"--filter-pattern '\"(.+?)\"'", pages)
    log_says = table("| The log says | Do |", DOCS / "alarms-money.md")
    quoted = [line for cell, _ in log_says for line in re.findall(r'"([^"]+)"', cell)]
    quoted += re.findall(r'\("([A-Z][^"]+)"\)', pages)
    quoted += re.findall(r"\(`([A-Z][^`]+ [^`]+)`", pages)
    assert len(searched) == 4
    assert len(quoted) == 8
    code = "".join(file.read_text() for file in (ROOT / "shared").rglob("*.py"))
    joined = re.sub(r'"\s*\n\s*"', "", code)
    of_lambda = {"Task timed out"}
    assert {line for line in {*searched, *quoted} - of_lambda if line not in joined} == set()


def test_its_functions_are_all_there() -> None:
    """By name, so that no number of functions has to be kept true."""
    rows = table("| Function | Started by | Does |", DOCS / "architecture.md")
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert {named(name)[0] for name, *_ in rows} == functions
