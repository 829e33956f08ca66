"""A real browser: Debian's Chromium, driven by Playwright.

Each test's pages are watched: an error in the console, an error nobody caught or a request to
another machine fails the test. Where there is no Chromium, `make test` says in one line what it
left out; CI fails instead.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from local.processes import HOST, ROOT

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LEFT_OUT = "tests/browser was left out: no Chromium here. Debian has it: apt-get install chromium"
SCREENSHOTS = ROOT / ".local" / "screenshots"
WAIT_MS = 15_000


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if CHROMIUM:
        return
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    if ours and os.environ.get("CI"):
        raise pytest.UsageError(LEFT_OUT)
    items[:] = [item for item in items if item not in ours]
    config.hook.pytest_deselected(items=ours)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CHROMIUM:
        terminalreporter.write_line(LEFT_OUT)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own sandbox wants a user other than root; the pages are ours alone.
        launched = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        yield launched
        launched.close()


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
