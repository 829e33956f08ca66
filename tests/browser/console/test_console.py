"""The operator's console in a browser: each of its pages at three widths, light and dark; live, by
keyboard, and with commands that can be copied. Its stack is a world in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from local.console.server import Console
from local.pictures import CONSOLE, take_console
from shared.payments.record import Attention
from tests.browser.axe import violations
from tests.browser.conftest import SCREENSHOTS, Watch
from tests.command.operator import Operator, Watched
from tests.payouts.stories import payout_world
from tests.world import World

WIDTHS = (320, 768, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 900


@pytest.fixture
def world() -> Iterator[World]:
    with payout_world() as world:
        world.deploy(PiWalletAddress=world.wallet)
        yield world


@pytest.fixture
def console(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    monkeypatch.setattr("local.console.server.AGAIN_SECONDS", 0.2)
    watched = Watched(("the-world-PaymentsStuckAlarm",))
    stack = Operator(world, {"cloudwatch": watched}).stack()
    with Console(stack, 0) as console:
        yield console


@pytest.fixture
def opened(console: Console, page: Page) -> Page:
    page.goto(console.door.link())
    return page


# --- What it shows --------------------------------------------------------------------------------


def _quiet(_world: World) -> str:
    return "/"


def _busy(world: World) -> str:
    """Something of everything that can wait for a person."""
    refunded = world.settled_payment()
    world.post(payout_id="refund-1", refund_of=refunded)
    world.send()
    for reason in Attention:
        world.sold(needs_review=reason, due_at=world.clock() + 86_400)
    world.requested("prize")
    world.tables.edit("PayoutsTable", "prize", state="blocked", attention="blocked")
    world.sell("cake", price="3,14")
    world.approved()
    Operator(world).does("payments", "off")
    world.switch.value = "off"
    return "/"


def _several(world: World) -> str:
    alice = world.user("alice")
    for state in ("completed", "cancelled"):
        world.sold(uid=alice.uid, state=state)
    return f"/find?q={alice.uid}"


def _none(_world: World) -> str:
    return "/find?q=@nobody"


def _open(world: World) -> str:
    return f"/record?id={world.paid_payment()}"


def _refunded(world: World) -> str:
    payment_id = world.settled_payment()
    world.post(payout_id="refund-1", refund_of=payment_id)
    world.send()
    return f"/record?id={payment_id}"


def _needs(world: World) -> str:
    payment_id = world.sold(needs_review=Attention.UNMATCHED, due_at=world.clock() + 86_400)
    return f"/record?id={payment_id}"


def _payout(world: World) -> str:
    world.requested()
    world.send()
    return "/record?id=payout-1"


def _reward(world: World) -> str:
    return f"/record?id={world.granted_ad()}"


def _unknown(_world: World) -> str:
    return "/record?id=nothing"


PAGES: dict[str, Callable[[World], str]] = {
    "quiet": _quiet,
    "busy": _busy,
    "several": _several,
    "none": _none,
    "open": _open,
    "refunded": _refunded,
    "needs": _needs,
    "payout": _payout,
    "reward": _reward,
    "unknown": _unknown,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_at_each_width_light_and_dark(
    world: World, console: Console, opened: Page, name: str
) -> None:
    path = PAGES[name](world)
    opened.goto(console.door.url + path)
    for scheme in SCHEMES:
        opened.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            opened.set_viewport_size({"width": width, "height": HEIGHT})
            assert not _outside(opened), f"{name} at {width}"
            shot = SCREENSHOTS / "console" / f"{name}-{width}-{scheme}.png"
            opened.screenshot(path=shot, full_page=True)
        assert violations(opened) == []


def _outside(page: Page) -> list[str]:
    """What is wider than the page, or cut off in its box."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *:not(input)")]
             .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
               || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible")
             .map((e) => e.outerHTML.slice(0, 120))"""
    )
    return found


def test_the_readmes_picture_is_taken(
    world: World, console: Console, page: Page, tmp_path: Path
) -> None:
    take_console(page, console.door.link(), world.paid_payment(), tmp_path)
    with Image.open(tmp_path / CONSOLE) as picture:
        assert picture.format == "WEBP"


# --- What it does ---------------------------------------------------------------------------------


def test_the_page_follows_by_itself(world: World, console: Console, opened: Page) -> None:
    payment_id = world.paid_payment()
    opened.goto(f"{console.door.url}/record?id={payment_id}")
    expect(opened.locator(".state")).to_have_text("open")
    world.rounds(2)
    expect(opened.locator(".state")).to_have_text("completed")
    expect(opened.locator(".story")).to_contain_text("told PaymentCompleted")


def test_a_user_is_found_by_keyboard_alone(world: World, console: Console, opened: Page) -> None:
    payment_id, _ = world.paid(world.user("alice"))
    opened.keyboard.press("Tab")
    opened.keyboard.press("Tab")
    opened.keyboard.type("@alice")
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("heading", level=2)).to_contain_text(payment_id)
    expect(opened).to_have_url(f"{console.door.url}/record?id={payment_id}")


def test_a_command_is_copied(
    world: World, console: Console, contexts: Callable[..., BrowserContext]
) -> None:
    context = contexts(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(console.door.link())
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert (
        page.evaluate("navigator.clipboard.readText()")
        == "pi-bundle payments off --stack the-world"
    )


def test_when_it_ends_the_page_says_so(world: World, page: Page, watch: Watch) -> None:
    watch.allow("ERR_")
    with Console(Operator(world, {"cloudwatch": Watched()}).stack(), 0) as console:
        page.goto(console.door.link())
        expect(page.locator(".connection")).to_be_hidden()
    expect(page.locator(".connection")).to_contain_text("has ended")


STREAMS = """
  window.streams = [];
  const Native = window.EventSource;
  window.EventSource = class extends Native {
    constructor(...words) { super(...words); window.streams.push(this); }
  };
"""
SEEN = """(isSeen) => {
  Object.defineProperty(document, "hidden", { value: !isSeen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_tab_that_nobody_sees_leaves_its_connection_to_others(
    world: World, console: Console, opened: Page
) -> None:
    """Found by attack: a browser opens six to one address, so the seventh tab stayed empty."""
    payment_id = world.paid_payment()
    opened.add_init_script(STREAMS)
    opened.goto(f"{console.door.url}/record?id={payment_id}")
    opened.evaluate(SEEN, False)
    assert opened.evaluate("streams.filter((one) => one.readyState !== 2).length") == 0
    world.rounds(2)
    opened.evaluate(SEEN, True)
    expect(opened.locator(".state")).to_have_text("completed")
