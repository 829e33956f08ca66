"""docs/emulator-browser.md: what it says to put into a page works, and it quotes what is said."""

import re

from playwright.sync_api import Page
from werkzeug.wrappers import Response

from local.emulator.server import serving
from local.processes import ROOT
from tests.browser.sdk.conftest import Visit
from tests.docs.pages import text
from tests.emulator.page import BROWSER, EMULATOR, block
from tests.emulator.world import World

SDK = ROOT / "local" / "emulator" / "browser" / "pi-sdk.js"


def test_the_lines_for_a_page(page: Page, world: World) -> None:
    lines = block("html", "pi-sdk.js", BROWSER).replace(EMULATOR, world.url)
    with serving(Response(f"<!doctype html><title>t</title>{lines}", mimetype="text/html")) as url:
        page.goto(url)
        page.get_by_role("button", name="Pi emulator").wait_for()


def test_the_line_that_watches(visit: Visit) -> None:
    said: list[str] = []
    visit.page.on("console", lambda message: said.append(message.text.split()[0]))
    visit.js(block("js", "pi-emulator", BROWSER))
    visit.sign_in()

    assert said == ["authenticate", "signed-in"]


def test_it_quotes_the_sdk() -> None:
    quotes = re.findall(r'"([A-Z][^"0-9]{9,})"', text(BROWSER))
    assert len(quotes) > 5
    script = SDK.read_text().replace('" +\n    "', "")
    assert [quote for quote in quotes if quote not in script] == []


def test_it_names_every_event() -> None:
    told = set(re.findall(r'tell\("([\w-]+)"', SDK.read_text()))
    told |= {"onReadyForServerApproval", "onReadyForServerCompletion"}
    named = set(
        re.findall(r"`([\w-]+)`", text(BROWSER).partition("`what` is")[2].partition(";")[0])
    )
    assert named == told
