"""axe-core's judgement of a page: what a keyboard or a screen reader stumbles over."""

from pathlib import Path

from playwright.sync_api import Page

from tests.node import installed


def violations(page: Page) -> list[str]:
    """One line for each rule that the page breaks, with the first element that does. What it
    frames is a page of its own."""
    script = installed(Path(__file__).parent) / "axe-core" / "axe.min.js"
    if not page.evaluate("'axe' in window"):
        # Not as a tag: a strict page (its Content-Security-Policy) would refuse it.
        page.evaluate(script.read_text())
    found = page.evaluate("axe.run({ iframes: false }).then((result) => result.violations)")
    return [f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:120]})" for each in found]
