"""docs/emulator.md, as far as the tests do what it says."""

import re
from pathlib import Path

from tests.docs.pages import DOCS, named, table, text

PAGE, CHAIN = DOCS / "emulator.md", DOCS / "emulator-chain.md"
BROWSER = DOCS / "emulator-browser.md"
EMULATOR, BACKEND = "http://127.0.0.1:8314", "http://127.0.0.1:3000"


def block(kind: str, containing: str, page: Path = PAGE) -> str:
    """The page's block of code of this kind that has this in it."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)
    [found] = (each for each in blocks if containing in each)
    return str(found)


def variables(kit: str) -> dict[str, str]:
    """What the page tells the user of a kit to set."""
    [cell] = (says for name, says in table("| Kit | Say |", PAGE) if kit in name)
    return dict(each.split("=", 1) for each in named(cell))
