"""The demo shop as `make run` serves it: its own origin, the real stack, the emulator as Pi.

Each test asks three sides: what the page shows, what the bundle has recorded, and what Pi, the
chain and the consumer say.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.play.consumer import ExampleConsumer
from local.shop.server import serving_shop
from tests.browser.conftest import WAIT_MS
from tests.browser.shop.truth import Truth
from tests.browser.shop.visitor import Visit, Visitor
from tests.conftest import forget_canary

expect.set_options(timeout=WAIT_MS)

# The shop asks again after some seconds; here after a fifth of them.
HURRY = """
  const later = window.setTimeout;
  window.setTimeout = (act, ms, ...values) => later(act, ms < 1000 ? ms : ms / 5, ...values);
"""
QUICK = {
    "sdk_repeat_s": 2,  # sooner, and a cold function is called again and again while it starts
    "sdk_done_s": 0.1,
    "sdk_ad_s": 0.1,
}


@pytest.fixture(scope="session")
def shop_url(stack: Stack, emulator_server: PiEmulator) -> Iterator[str]:
    with serving_shop(stack, pi=emulator_server.url) as url:
        yield url


@pytest.fixture
def contexts(contexts: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
    def make(**options: Any) -> BrowserContext:
        context = contexts(**options)
        context.add_init_script(HURRY)
        return context

    return make


@pytest.fixture
def truth(stack: Stack, emulator_server: PiEmulator, consumer: ExampleConsumer) -> Truth:
    """With a Pi that has just started."""
    emulator_server.control("POST", "/reset")
    emulator_server.control("PATCH", "/settings", QUICK)
    return Truth(stack, emulator_server, consumer)


@pytest.fixture
def sender(truth: Truth) -> None:
    """What pays out: it believes in the new Pi and its chain at once."""
    truth.stack.cold_start("SendPayout")
    forget_canary(truth.stack)


@pytest.fixture
def visit(shop_url: str, truth: Truth, context: BrowserContext) -> Visit:
    """Open the shop in a tab: of this test's browser, or of another one."""

    def opened(browser: BrowserContext = context) -> Visitor:
        return Visitor(browser.new_page(), shop_url).open()

    return opened


@pytest.fixture
def alice(visit: Visit) -> Visitor:
    """Signed in, with everything granted."""
    visitor = visit()
    visitor.sign_in("alice")
    return visitor
