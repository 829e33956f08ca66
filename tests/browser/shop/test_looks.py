"""Each state of the shop at three widths, light and dark: nothing is cut off, axe finds nothing.

The page and Pi's SDK are the real ones. The tests give the answers of the bundle and of the shop's
own server.
"""

import re
from collections.abc import Callable, Iterator
from itertools import product
from types import SimpleNamespace
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from local.cloud.stack import Stack
from local.emulator.http import create_app as create_emulator
from local.emulator.pi import Pi
from local.emulator.server import serving
from local.processes import ROOT
from local.shop.server import serving_shop
from tests.browser.axe import violations
from tests.browser.conftest import SCREENSHOTS, Watch
from tests.browser.shop.truth import Truth
from tests.browser.shop.visitor import Visit, Visitor
from tests.emulator.world import World

WIDTHS = (1440, 768, 320)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 900
LONG_NAME = "a_user_with_a_long_name"

# What no page of this shop can cause, or no user can hear of.
ONLY_A_FAULTY_PAGE = re.compile(r"invalid_(?!token)|reserved_|unexpected_key|body_too|conflicting")
NOT_OF_A_SHOP = {"payout_not_found", "payout_id_taken", "not_refundable", "above_paid_amount"}
GENERAL = {"server_key_refused", "pi_answer_invalid", "server_key_missing", "unexpected_error"}

GOODS = [
    {"product_id": "apple_pie_1", "name": "Apple pie", "price": "3.14"},
    {"product_id": "recipe_1", "name": "Recipe", "price": "1", "once": True},
    {"product_id": "donation", "name": "Donation", "minimum": "0.1", "maximum": "100"},
]


def payment(number: int, **parts: Any) -> dict[str, Any]:
    made = {"created_at": 1795445570 - 86400 * number, "completed_at": None, "quantity": 1}
    what = {"product_id": "apple_pie_1", "amount": "3.14", "state": "open", "txid": None}
    more = {"received": what["amount"], "refunded": "0", "attention": None}
    return {"payment_id": str(number), **what, **more, **made, **parts}


PAYMENTS = [
    payment(1, state="completed"),
    payment(2, txid="ab" * 32),
    payment(3, product_id="donation", amount="99.1234567"),
    payment(4, attention="odd_receipt", product_id="recipe_1"),
    payment(5, state="cancelled", product_id=None),
    payment(6, state="completed", refunded="3.14"),
    payment(7, state="completed", refunded="1.0000001"),
]


class Look:
    """One page that is looked at, and what it is answered. What has no answer yet waits."""

    def __init__(self, page: Page, url: str, world: World) -> None:
        self.page, self.world = page, world
        self.visitor = Visitor(page, url)
        for path in ("/products.json", "/bundle/", "/payout"):
            self.on(path, lambda _route: None)

    def on(self, path: str, handle: Callable[[Route], Any]) -> None:
        """The newest handler of a path counts; one that ends with a slash is of all below it."""
        below = path if path.endswith("/") else f"{path}/"
        self.page.route(lambda url: below in f"{urlsplit(url).path}/", handle)

    def answers(self, path: str, status: int = 200, /, **body: Any) -> None:
        self.on(path, lambda route: answer(route, status, **body))

    def goods_and_user(self) -> None:
        self.answers("/products.json", products=GOODS)
        self.answers("/bundle/me", uid="an-uid", username=LONG_NAME, scopes=[])
        self.answers("/bundle/payments", payments=[], next=None)

    def open(self) -> None:
        self.page.goto(self.visitor.url)

    def sign_in(self) -> None:
        self.open()
        self.visitor.sign_in(LONG_NAME)

    def at(self, state: str) -> None:
        """Judge what is shown in each width and scheme, and keep a picture of all of it."""
        for width, scheme in product(WIDTHS, SCHEMES):
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            self.page.emulate_media(color_scheme=scheme)
            path = SCREENSHOTS / "shop" / f"{width}-{scheme}" / f"{state}.png"
            self.page.screenshot(path=path, full_page=True)
            assert cut_off(self.page) == [], f"{state} at {width}"
            if width == WIDTHS[-1]:
                assert violations(self.page) == [], f"{state} in {scheme}"


@pytest.fixture
def look(page: Page, watch: Watch) -> Iterator[Look]:
    watch.allow("Failed to load resource")
    with serving(create_emulator(Pi(seed=1))) as pi, requests.Session() as session:
        world = World(pi, session)
        world.set(sdk_done_s=0.1, sdk_ad_s=0.1, sdk_repeat_s=1)
        bundle = SimpleNamespace(api_url=f"{pi}/bundle", cloud=SimpleNamespace(signed=None))
        with serving_shop(cast("Stack", bundle), pi=pi) as url:
            yield Look(page, url, world)


def answer(route: Route, status: int = 200, **body: Any) -> None:
    route.fulfill(status=status, json=body, headers={"Access-Control-Allow-Origin": "*"})


def cut_off(page: Page) -> list[str]:
    """What sticks out of the page, does not fit into its own box, or is a button of two lines."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
          .filter((each) => each.checkVisibility() && !each.closest(".scroll, svg"))
          .filter((each) => each.getBoundingClientRect().right > innerWidth + 1
            || each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0
            || each.matches("button") && each.offsetHeight > 50)
          .map((each) => each.outerHTML.slice(0, 80))"""
    )
    return found


def test_the_page_of_a_visitor_who_is_signed_out(look: Look) -> None:
    visitor, page = look.visitor, look.page
    look.open()
    look.at("loading")

    look.answers("/products.json", products=[])
    look.open()
    expect(page.get_by_text("Everything is sold.")).to_be_visible()
    look.at("sold-out")

    look.answers("/products.json", 404, error="not_found")
    look.open()
    visitor.reads("Something went wrong")
    expect(page.get_by_text("We cannot tell what is for sale")).to_be_visible()
    look.at("no-list-of-products")

    look.answers("/products.json", products=GOODS)
    visitor.press("Try again")
    expect(page.locator(".product")).to_have_count(3)
    look.at("signed-out")

    visitor.press("Sign in")
    look.at("consent")
    visitor.press("Cancel")
    visitor.reads("You are not signed in")
    look.at("not-signed-in")

    visitor.cannot_reach("**/pi-sdk.js")
    look.open()
    visitor.press("Buy apple pie")
    visitor.reads("Please open this page in the Pi Browser")
    look.at("not-in-the-pi-browser")


def test_the_page_of_a_user(look: Look) -> None:
    visitor, page = look.visitor, look.page
    look.goods_and_user()
    look.on("/bundle/payments", lambda _route: None)
    look.sign_in()
    look.at("loading-purchases")

    look.answers("/bundle/payments", payments=[], next=None)
    look.open()
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    look.at("nothing-bought")

    look.answers("/bundle/payments", payments=PAYMENTS, next="1.a")
    look.open()
    expect(visitor.button("Not finished")).to_be_visible()
    expect(visitor.purchases).to_contain_text(ROWS)
    page.get_by_text("For developers").click()
    look.at("purchases-and-calls")

    look.on("/products.json", lambda route: route.abort())
    look.on("/bundle/payments", lambda route: route.abort())
    look.open()
    visitor.reads("We cannot reach the shop")
    look.at("offline")

    look.goods_and_user()
    look.answers("/bundle/me", 503, error="pi_unavailable")
    look.open()
    visitor.reads("Pi does not answer")
    look.at("pi-down")

    look.goods_and_user()
    look.answers("/bundle/payments", 401, error="invalid_token")
    look.open()
    visitor.reads("Please sign in again")
    expect(visitor.notice.get_by_role("button", name="Sign in")).to_be_visible()
    look.at("token-expired")


ROWS = [
    *[re.compile("Apple pie"), re.compile("Apple pie"), re.compile("Donation")],
    *[re.compile("Being checked"), re.compile("Not paid")],
]


def test_a_payment_from_the_press_to_the_goods(look: Look) -> None:
    visitor, page = look.visitor, look.page
    look.goods_and_user()
    look.sign_in()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    look.on("/pi_payment/approve", hold)
    visitor.press("Buy apple pie")
    expect(page.get_by_text("Waiting for the app")).to_be_visible()
    look.at("waiting-for-pi")

    look.answers("/pi_payment/approve", 503, error="pi_unavailable")
    for route in held:
        answer(route, 503, error="pi_unavailable")
    visitor.reads("Pi does not answer")
    look.at("pi-down-before-paying")

    look.on("/pi_payment/approve", lambda route: approve(look.world, route))
    expect(visitor.button("Pay 3.14 Pi")).to_be_visible()
    expect(visitor.notice).to_be_hidden()
    look.at("wallet")

    look.answers("/pi_payment/complete", 202, state="open")
    look.answers("/bundle/payments", payments=PAYMENTS[1:2], next=None, state="open")
    visitor.pays("3.14")
    visitor.reads("Paid, not confirmed yet")
    expect(visitor.purchases).to_have_count(1)
    look.at("paid-not-confirmed")

    look.answers("/bundle/payments", payments=PAYMENTS[:1], next=None, state="completed")
    look.on("/pi_payment/complete", lambda route: complete(look.world, route))
    visitor.reads("Thank you!")
    visitor.sees_no_dialog()
    visitor.has("Apple pie 3.14 Pi Bought")
    look.at("bought")


def test_a_payment_that_is_not_made(look: Look) -> None:
    visitor, page = look.visitor, look.page
    look.goods_and_user()
    look.on("/pi_payment/approve", lambda route: approve(look.world, route))
    look.answers("/pi_payment/cancel", 202, state="open")
    look.sign_in()
    visitor.press("Buy apple pie")
    visitor.press("Cancel")
    visitor.reads("The payment was cancelled")
    look.at("cancelled")

    details = {"minimum": "3.14", "maximum": "3.14", "amount": "0.01"}
    look.answers("/pi_payment/approve", 409, error="unexpected_amount", details=details)
    look.answers("/pi_payment/error", 202, state="open")
    look.answers("/pi_payment/incomplete", 202, state="open")
    visitor.press("Buy apple pie")
    visitor.reads("This is not our price")
    look.at("refused-under-the-wallet")

    identifier = look.world.state()["payments"][-1]["identifier"]
    look.world.control("POST", f"/browser/payments/{identifier}/expire")
    visitor.press("Close")
    visitor.sees_no_dialog()
    visitor.reads("This is not our price")
    look.at("refused")
    page.get_by_role("button", name="Close this notice").click()
    expect(visitor.notice).to_be_hidden()


def approve(world: World, route: Route) -> None:
    """As the bundle does."""
    body: Any = route.request.post_data_json
    world.server("POST", f"/payments/{body['paymentId']}/approve")
    answer(route, state="open")


def complete(world: World, route: Route) -> None:
    body: Any = route.request.post_data_json
    world.complete(body["paymentId"], body["txid"])
    answer(route, state="completed")


def test_what_is_free_of_charge(look: Look) -> None:
    visitor, page = look.visitor, look.page
    look.goods_and_user()
    look.sign_in()
    look.answers("/claim", 202, state="pending")
    visitor.press("Watch an ad")
    expect(visitor.button("Close and take the reward")).to_be_visible()
    look.at("ad")
    visitor.press("Close and take the reward")
    visitor.reads("Nearly yours")
    look.at("ad-pending")
    look.answers("/claim", state="granted")
    visitor.reads("A slice for you")
    look.at("ad-granted")

    look.answers("/payout", 202, state="requested", amount="0.5")
    visitor.press("Send me 0.5 Pi")
    for name, payout, words in PAYOUTS:
        look.answers("/payout", amount="0.5", **payout)
        look.open()  # asks what became of it
        expect(page.locator("#payout-state")).to_contain_text(words)
        look.at(f"payout-{name}")


PAYOUTS: list[tuple[str, dict[str, str], str]] = [
    ("on-its-way", {"state": "created"}, "On its way."),
    ("needs-the-wallet", {"state": "requested", "reason": "missing_scope"}, "Share its address"),
    ("being-checked", {"state": "blocked"}, "We are looking into it."),
    ("completed", {"state": "completed"}, "Sent: it is in your wallet."),
]


def test_each_refusal_has_words_of_its_own(look: Look) -> None:
    """docs/errors.md lists them; a shop can meet all but those of a faulty page."""
    text = (ROOT / "docs" / "errors.md").read_text()
    listed = [
        code
        for part in ("A call of a user", "A call of your back end, for a payout", "Any call")
        for code in re.findall(r"^\| \d{3} \| `(\w+)`", section(text, part), re.MULTILINE)
    ]
    assert len(listed) > 50
    met = [code for code in listed if not ONLY_A_FAULTY_PAGE.match(code)]
    look.open()
    worded = set(look.page.evaluate(WORDED))
    assert set(met) - worded - NOT_OF_A_SHOP <= GENERAL

    look.page.evaluate(EACH_NOTICE, sorted(GENERAL))
    look.at("each-refusal")


WORDED = """async () => Object.keys((await import("/words.js")).WORDS)"""

# All of them below each other, in place of the goods.
EACH_NOTICE = """async (general) => {
  const [{ notice, silence }, { WORDS, wordsFor }] =
    await Promise.all([import("/notice.js"), import("/words.js")]);
  const details = { minimum: "3.14", maximum: "3.14", amount: "0.0000001" };
  const requestId = "5f9c4ab0-0b44-4d6f-9d2f-0f2c1fbb9c11";
  const texts = ['without "payments" scope', "a pending payment", "has expired", "consent", "Odd"];
  const errors = [...Object.keys(WORDS), ...general].map((code) => ({ code, details, requestId }));
  const box = document.querySelector("#notice");
  const copies = [...errors, ...texts.map((message) => ({ message }))].map((error) => {
    notice("bad", wordsFor(error), ["Try again", () => {}]);
    const copy = box.cloneNode(true);
    copy.removeAttribute("popover");
    copy.removeAttribute("role");
    copy.removeAttribute("aria-label");
    copy.style.cssText = "position: relative; inset: 0; margin-block: 16px";
    return copy;
  });
  silence();
  const main = document.querySelector("main");
  main.style.display = "block";
  main.replaceChildren(...copies);
}"""


def test_good_news_goes_by_itself_unless_it_is_read(look: Look) -> None:
    """It stays for who wants no motion, as in the other tests; a refusal stays for everybody."""
    visitor, page = look.visitor, look.page
    page.emulate_media(reduced_motion="no-preference")
    look.open()

    def is_told(tone: str) -> None:
        page.evaluate(
            "(tone) => import('/notice.js').then(({ notice }) => notice(tone, ['It is here', '']))",
            tone,
        )

    def leaving(what: str) -> Any:
        return visitor.notice.evaluate(f"(box) => box.getAnimations().map((each) => each.{what})")

    is_told("bad")
    assert leaving("playState") == []
    is_told("good")
    visitor.notice.hover()
    assert leaving("playState") == ["paused"]
    visitor.button("Close this notice").focus()
    page.mouse.move(0, HEIGHT)
    assert leaving("playState") == ["paused"]
    visitor.button("Close this notice").blur()
    assert leaving("playState") == ["running"]

    leaving("currentTime = 7000")
    is_told("good")
    [passed] = leaving("currentTime")
    assert passed < 7000
    leaving("finish()")
    expect(visitor.notice).to_be_hidden()


def test_a_purchase_needs_no_mouse(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    page, keys = visitor.page, visitor.page.keyboard
    until_focused(page, "Buy apple pie")
    keys.press("Enter")
    expect(visitor.dialog).to_be_visible()
    until_focused(page, "")
    page.keyboard.insert_text("alice")
    keys.press("Enter")
    expect(visitor.button("Pay 3.14 Pi")).to_be_visible()
    until_focused(page, "Pay 3.14 Pi")
    keys.press("Enter")

    visitor.reads("Thank you!")
    visitor.sees_no_dialog()
    expect(visitor.button("Buy apple pie")).to_be_focused()
    until_focused(page, "Close this notice")
    keys.press("Enter")
    expect(visitor.notice).to_be_hidden()
    truth.is_delivered_once("alice")


def until_focused(page: Page, name: str) -> None:
    """Press Tab until the element of this name has the focus (no name: a field for text)."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == name:
            return
    pytest.fail(f"{name} cannot be reached by the keyboard")


FOCUSED = """() => {
  let focused = document.activeElement;
  while (focused.shadowRoot) focused = focused.shadowRoot.activeElement ?? document.body;
  return focused.matches("input[type=text]") ? "" : focused.ariaLabel ?? focused.textContent.trim();
}"""


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
