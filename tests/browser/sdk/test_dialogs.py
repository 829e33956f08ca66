"""The dialogs: by keyboard alone, for a screen reader, in every width and both colour schemes."""

from collections.abc import Iterator
from itertools import product
from typing import Literal

from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import SCREENSHOTS
from tests.browser.sdk.conftest import Shop, Visit
from tests.emulator.world import World

PAY = "Pay 3.14 Pi"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1440, 768, 320)


def press(visit: Visit, *keys: str) -> None:
    for key in keys:
        visit.page.keyboard.press(key)


def focused(visit: Visit) -> str:
    """The text or the label of what has the focus."""
    text: str = visit.js(
        """(() => {
          let active = document.activeElement;
          while (active.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
          return (active.labels?.[0] ?? active).textContent.trim();
        })()"""
    )
    return text


def test_signing_in_by_keyboard(visit: Visit, world: World) -> None:
    world.sign_in(username="bob")
    visit.start_signing_in()
    expect(visit.dialog).to_have_accessible_name("Sign in with Pi")
    press(visit, "Tab")
    assert focused(visit) == "Someone new"
    press(visit, "ArrowUp")
    assert focused(visit) == "bob"
    press(visit, "ArrowDown", "Tab")
    assert focused(visit) == "Name, any will do"
    press(visit, "Control+a")
    visit.page.keyboard.type("carol")
    press(visit, "Tab", "Tab", "Tab", "Space", "Enter")
    auth = visit.wait("signed in")[0]

    assert auth["user"]["username"] == "carol"
    assert world.state()["users"][1]["scopes"] == ["username", "payments"]


def test_paying_by_keyboard(visit: Visit) -> None:
    """The page behind is out of reach, and gets the focus back."""
    visit.sign_in()
    visit.page.get_by_role("button", name="Buy a pie").focus()
    press(visit, "Enter")
    visit.page.get_by_role("button", name=PAY).wait_for()
    order = []
    for _ in range(5):
        press(visit, "Tab")
        order.append(focused(visit))
    assert order[:2] == ["Cancel", PAY]
    assert "Buy a pie" not in order
    while focused(visit) != PAY:
        press(visit, "Tab")
    press(visit, "Enter")
    visit.wait_closed()

    assert focused(visit) == "Buy a pie"


def test_escape_cancels_what_the_user_may_cancel(visit: Visit) -> None:
    visit.start_signing_in()
    visit.dialog.wait_for()
    press(visit, "Escape")
    assert visit.wait("not signed in") == ["User consent cancelled."]
    visit.sign_in()
    visit.buy()
    visit.page.get_by_role("button", name=PAY).wait_for()
    press(visit, "Escape")
    visit.wait("onCancel")
    visit.wait_closed()
    visit.js("Pi.openShareDialog('Pies', 'I bought one')")
    press(visit, "Escape")
    visit.wait_closed()


def test_a_locked_dialog_stays(visit: Visit, shop: Shop) -> None:
    """However often Escape is pressed, and wherever: Chrome closes at the second one."""
    shop.approves = False
    visit.sign_in()
    visit.buy()
    status = visit.dialog.get_by_role("status")
    expect(status).to_contain_text("Waiting for the app")
    press(visit, "Escape", "Escape", "Escape")
    visit.page.mouse.click(5, 5)
    press(visit, "Escape", "Escape", "Escape")
    expect(status).to_be_visible()
    shop.approves = True
    visit.press("Cancel")

    visit.wait("onCancel")


def test_an_ad_by_keyboard(visit: Visit) -> None:
    visit.sign_in()
    visit.js("void Pi.Ads.showAd('rewarded').then((result) => tell('ad', result))")
    visit.page.get_by_role("button", name="take the reward").wait_for()
    press(visit, "Tab", "Enter")

    assert visit.wait("ad")[0]["result"] == "AD_REWARDED"


def test_the_marker_by_keyboard(visit: Visit) -> None:
    visit.sign_in()
    visit.page.get_by_role("button", name="Pi emulator").focus()
    press(visit, "Enter")
    expect(visit.page.get_by_text("Signed in as alice")).to_be_visible()
    press(visit, "Escape")
    expect(visit.page.get_by_text("Signed in as alice")).to_be_hidden()
    assert focused(visit) == "Pi emulator"


def test_nothing_turns_for_whoever_wants_that(visit: Visit, shop: Shop) -> None:
    shop.approves = False
    visit.sign_in()
    visit.buy()
    visit.wait("onReadyForServerApproval")

    turning = "document.querySelector('pi-emulator').shadowRoot.getAnimations().length"
    assert visit.js(turning) == 0
    visit.page.emulate_media(reduced_motion="no-preference")
    assert visit.js(turning) == 1


def test_the_pages_own_styles_do_not_reach_a_dialog(visit: Visit) -> None:
    look = """(() => {
      const { shadowRoot } = document.querySelector("pi-emulator");
      return ["dialog", "h2", "button.main"].map((name) => {
        const { color, font, margin, position } = getComputedStyle(shadowRoot.querySelector(name));
        return [color, font, margin, position];
      });
    })()"""
    visit.start_signing_in()
    visit.dialog.wait_for()
    before = visit.js(look)
    visit.page.add_style_tag(
        content="* { color: red; font: 30px serif; margin: 9px; position: relative; opacity: 0.9 }"
    )

    assert visit.js(look) == before


# --- Every dialog, as it is seen ----------------------------------------------------------------


def every_dialog(visit: Visit, shop: Shop, world: World) -> Iterator[str]:
    """Names each dialog as it opens."""
    world.set(sdk_done_s=600)
    visit.start_signing_in()
    visit.dialog.wait_for()
    yield "first-sign-in"
    visit.press("Sign in")
    visit.wait("signed in")
    visit.press("Pi emulator")
    yield "marker"
    with visit.page.expect_navigation():
        visit.press("Switch user")
    for name in ("bob", "carol", "a-user-with-a-name-as-long-as-names-can-be"):
        world.sign_in(username=name)
    visit.start_signing_in()
    visit.dialog.wait_for()
    yield "sign-in"
    visit.press("Sign in")
    visit.wait("signed in")
    yield from payment_dialogs(visit, shop, world)
    yield from ad_dialogs(visit, world)
    visit.js("Pi.openShareDialog('The best pie of my life', 'Get yours at https://pies.test/42')")
    yield "share"
    visit.press("Close")


def payment_dialogs(visit: Visit, shop: Shop, world: World) -> Iterator[str]:
    shop.approves = shop.completes = False
    visit.buy()
    visit.dialog.get_by_role("timer").wait_for()
    yield "waiting-for-approval"
    shop.approves = True
    visit.page.get_by_role("button", name=PAY).wait_for()
    yield "wallet"
    visit.press(PAY)
    visit.page.get_by_text("Paid. Waiting").wait_for()
    yield "waiting-for-completion"
    shop.completes = True
    visit.page.get_by_text("Done.").wait_for()
    yield "done"
    visit.page.reload()
    visit.start_signing_in()
    visit.wait("signed in")
    visit.js("buy({ ...pie, memo: 'Two hundred thousand apple pies', amount: 628000.1234567 })")
    visit.page.get_by_role("button", name="Pay").wait_for()
    yield "wallet-with-a-lot"
    visit.press("Cancel")
    visit.wait_closed()
    visit.js("buy({ ...pie, amount: 1000000 })")
    visit.page.get_by_text("does not hold enough").wait_for()
    yield "not-enough"
    visit.press("Close")
    visit.wait_closed()
    world.set(sdk_approval_s=0)
    shop.approves = False
    visit.buy()
    visit.page.get_by_text("expired").wait_for()
    yield "expired"
    visit.press("Close")
    visit.wait_closed()


def ad_dialogs(visit: Visit, world: World) -> Iterator[str]:
    world.set(sdk_ad_s=60)
    visit.js("void Pi.Ads.showAd('rewarded')")
    visit.dialog.wait_for()
    yield "ad"
    visit.press("Close without the reward")
    visit.wait_closed()
    world.set(sdk_ad_s=0)
    visit.js("void Pi.Ads.showAd('rewarded')")
    visit.page.get_by_role("button", name="take the reward").wait_for()
    yield "ad-watched"
    visit.press("Close and take the reward")
    visit.wait_closed()


def test_every_dialog(visit: Visit, shop: Shop, world: World) -> None:
    """Nothing is cut off, axe finds nothing, and a picture of each is kept."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page, found = visit.page, []
    for name in every_dialog(visit, shop, world):
        for width, scheme in product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 720})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=SCREENSHOTS / f"sdk-{name}-{width}-{scheme}.png")
            found += [f"{name} at {width}: cut off: {each}" for each in cut_off(page)]
            found += [f"{name}: {each}" for each in violations(page) if width == WIDTHS[-1]]
    assert found == []


def cut_off(page: Page) -> list[str]:
    """What is wider than its place."""
    wide: list[str] = page.evaluate(
        """[...document.querySelector("pi-emulator").shadowRoot.querySelectorAll("*")]
          .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
          .filter((each) => getComputedStyle(each).display !== "inline")
          .map((each) => each.outerHTML.slice(0, 120))"""
    )
    return wide
