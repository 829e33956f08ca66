"""What a page quotes of the shop stands in the shop."""

import re
from textwrap import dedent

from local.processes import ROOT
from tests.docs.pages import DOCS, text

QUOTE = re.compile(
    r"rom \[[\w.]+\]\(\.\./(local/shop/\w+\.js)\)[^`]*(?:`[^`]+`[^`]*)*?:\n\n```js\n(.*?)```",
    re.DOTALL,
)


def test_what_is_quoted_of_the_shop_stands_there() -> None:
    quotes = QUOTE.findall(text(DOCS / "front-end.md"))

    assert len(quotes) == 2
    for file, quoted in quotes:
        lines = (ROOT / file).read_text().splitlines()
        wanted = quoted.splitlines()
        starts = [n for n, line in enumerate(lines) if line.strip() == wanted[0].strip()]
        assert any(
            dedent("\n".join(lines[n : n + len(wanted)])).splitlines() == wanted for n in starts
        )
