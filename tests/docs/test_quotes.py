"""What a page quotes of the shop stands in the shop."""

import re
from itertools import pairwise

from local.processes import ROOT
from tests.docs.pages import DOCS, text

SOURCE = re.compile(r"[Ff]rom \[[\w.]+\]\(\.\./(local/shop/\w+\.js)\)")


def quotes() -> list[tuple[str, str]]:
    """The file that the paragraph before a block of code names, and the block."""
    found = []
    for before, block in pairwise(text(DOCS / "front-end.md").split("```js\n")):
        paragraph = before.rstrip().rpartition("\n\n")[2]
        if source := SOURCE.search(paragraph):
            found.append((source[1], block.partition("```")[0]))
    return found


def unindented(code: str) -> str:
    return "\n".join(line.strip() for line in code.strip().splitlines())


def test_what_is_quoted_of_the_shop_stands_there() -> None:
    assert [file for file, _ in quotes()] == ["local/shop/pi.js"] * 2
    for file, quoted in quotes():
        assert unindented(quoted) in unindented((ROOT / file).read_text())
