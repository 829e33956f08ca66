"""The net under the browser tests: what goes wrong in a page does not pass unseen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from werkzeug.wrappers import Response

from local.emulator.server import serving
from tests.browser.axe import violations
from tests.browser.conftest import Watch


@pytest.fixture
def site() -> Iterator[str]:
    with serving(Response("<!doctype html><title>t</title><p>Hello", mimetype="text/html")) as url:
        yield url


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("console.error('lost')", "console: lost"),
        ("setTimeout(() => { throw new Error('odd') })", "uncaught: odd"),
        ("fetch('http://192.0.2.1/pie').catch(() => 0)", "another machine: http://192.0.2.1/pie"),
    ],
)
def test_what_goes_wrong_in_a_page_is_told(
    site: str, page: Page, watch: Watch, script: str, told: str
) -> None:
    page.goto(site)
    page.evaluate(script)
    page.wait_for_timeout(50)

    assert told in "".join(watch.unexpected())
    watch.allow("")


def test_axe_finds_what_a_screen_reader_stumbles_over(site: str, page: Page) -> None:
    page.goto(site)

    assert "html-has-lang" in "".join(violations(page))
