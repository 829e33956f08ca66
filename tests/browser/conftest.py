"""A real browser: Debian's Chromium, driven by Playwright.

Each test's pages are watched: an error in the console, an error nobody caught or a request to
another machine fails the test. What is done without a Chromium stands in tests/conftest.py.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from local.chromium import chromium
from local.processes import HOST, ROOT

SCREENSHOTS = ROOT / ".local" / "screenshots"
WAIT_MS = 15_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Watch:
    """What goes wrong in a test's pages."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._allowed: list[str] = []

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self._faults.append(f"uncaught: {error.error}"))
        context.on("request", lambda request: self._requested(request.url))

    def allow(self, pattern: str) -> None:
        """What matches, such as "status of 409", is what the test is about."""
        self._allowed.append(pattern)

    def unexpected(self) -> list[str]:
        allowed = [re.compile(pattern) for pattern in self._allowed]
        return [fault for fault in self._faults if not any(one.search(fault) for one in allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._faults.append(f"console: {message.text} ({message.location.get('url')})")

    def _requested(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname not in (HOST, "localhost"):
            self._faults.append(f"a request to another machine: {url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test at its end by what went wrong in its pages."""
    watching = Watch()
    yield watching
    assert not watching.unexpected(), "\n".join(watching.unexpected())


@pytest.fixture
def contexts(browser: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts, each one person's browser: `contexts(color_scheme="dark")`."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        context.set_default_timeout(WAIT_MS)
        watch.over(context)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def context(contexts: Callable[..., BrowserContext]) -> BrowserContext:
    return contexts(viewport={"width": 768, "height": 1024})


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
