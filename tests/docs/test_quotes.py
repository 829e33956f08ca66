"""What a page quotes of the shop stands in the shop."""

import json
import re
import subprocess
from itertools import pairwise

from local.processes import ROOT
from tests.docs.pages import DOCS, tables, text
from tests.node import NODE

SHOP = ROOT / "local" / "shop"
WORDS = """
import { WORDS } from "./words.js";
const price = { minimum: "3.14", maximum: "3.14", amount: "1" };
const told = Object.entries(WORDS).map(([code, words]) =>
  [`\\`${code}\\``, ...(typeof words === "function" ? words(price) : words)]);
console.log(JSON.stringify(told));
"""
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


def test_the_page_of_what_users_read_has_the_shops_words() -> None:
    told = tables("| `error` | Title | Text |", DOCS / "what-users-read.md")
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", WORDS],
        cwd=SHOP,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told == json.loads(done.stdout)
