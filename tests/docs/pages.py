"""The documents, as far as the tests ask them: pages, sections, tables, links."""

import re
from functools import cache
from pathlib import Path

from local.processes import ROOT

DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(DOCS.glob("*.md"))
# Pages that other pages may link to, and that are linked from.
DOCUMENTS = [
    README,
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(DOCS.rglob("*.md")),
    ROOT / "local" / "emulator" / "README.md",
]
# What an operator reads in the night.
RUNBOOK = [
    DOCS / f"{name}.md"
    for name in (
        *("runbook", "runbook-payments", "runbook-payouts", "payout-reasons"),
        *("alarms", "alarms-work", "alarms-money", "webhooks"),
    )
]


@cache
def text(page: Path) -> str:
    return page.read_text()


def all_text(pages: list[Path]) -> str:
    return "\n".join(map(text, pages))


def prose(page: Path) -> str:
    """Without the blocks of code, in which `#` begins a comment and `[` means other things."""
    return re.sub(r"^ *```.*?^ *```", "", text(page), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    """Where GitHub lets a link into this page lead."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"[^a-z0-9_ -]", "", heading.lower()) for heading in headings)
    return frozenset(heading.replace(" ", "-") for heading in plain)


def links(page: Path) -> list[str]:
    """Relative links, with their anchors."""
    return re.findall(r"\]\((?!https?:)([^)]+)\)", prose(page))


def section(heading: str, pages: list[Path]) -> str:
    """What stands under this heading, up to the next one of its level or above."""
    for page in pages:
        found = re.search(rf"^(#+) {re.escape(heading)}\n", text(page), re.MULTILINE)
        if found is not None:
            rest = text(page)[found.end() :]
            return re.split(rf"^#{{1,{len(found[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    raise LookupError(heading)


def table(heading: str, page: Path, *, nth: int = 0) -> list[list[str]]:
    """The cells of the rows under the nth table with this heading."""
    starts = [found.start() for found in re.finditer(re.escape(heading), text(page))]
    _, ruler, *lines = text(page)[starts[nth] :].splitlines()
    assert set(ruler) <= set("|-")
    end = next((at for at, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[:end]]


def tables(heading: str, page: Path) -> list[list[str]]:
    """The rows of all tables with this heading."""
    times = text(page).count(heading)
    return [row for nth in range(times) for row in table(heading, page, nth=nth)]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
