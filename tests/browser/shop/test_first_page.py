"""docs/get-started.md: the README's page, saved and served as it says, sells an apple pie."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from local.processes import HOST, Child, environment, free_port
from tests.browser.conftest import Watch
from tests.browser.shop.truth import Truth
from tests.docs.pages import DOCS, README, text

SDK = "https://sdk.minepi.com/pi-sdk.js"
START_SECONDS = 20


@pytest.fixture
def url(truth: Truth, tmp_path: Path) -> Iterator[str]:
    """The page with its two addresses changed, as the README says, and the page's own command."""
    [html] = re.findall(r"```html\n(.*?)```", text(README), re.DOTALL)
    [command] = re.findall(r"^python3 (.*3000.*)$", text(DOCS / "get-started.md"), re.MULTILINE)
    [api] = re.findall(r'const API = "(.*?)"', html)
    html = html.replace(SDK, f"{truth.emulator.url}/pi-sdk.js").replace(api, truth.stack.api_url)
    (tmp_path / "index.html").write_text(html)
    port = free_port()
    words = [sys.executable, *shlex.split(command.replace("3000", str(port)))]
    server = Child("page", words, log=tmp_path / "log", env=environment(), cwd=tmp_path)
    try:
        address = f"http://{HOST}:{port}"
        server.wait_until(lambda: _answers(address), seconds=START_SECONDS)
        yield address
    finally:
        server.stop()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.ConnectionError:
        return False


def test_it_sells(url: str, page: Page, truth: Truth, watch: Watch) -> None:
    watch.allow("favicon.ico")
    page.goto(url)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("alice")
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Buy an apple pie").click()
    dialog.get_by_role("button", name="Pay 3.14 Pi").click()
    expect(page.get_by_text("Thank you!")).to_be_visible()
    assert truth.paid("alice") == [3.14]
