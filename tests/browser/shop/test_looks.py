"""Each state of the shop at three widths, light and dark: nothing is cut off, axe finds nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from local.processes import ROOT
from tests.browser.axe import violations
from tests.browser.conftest import SCREENSHOTS, Watch
from tests.browser.shop.truth import Truth
from tests.browser.shop.visitor import Visit, Visitor

WIDTHS = (320, 768, 1440)
SCHEMES = ("light", "dark")

# What no page of this shop can cause, or no user can hear of.
ONLY_A_FAULTY_PAGE = re.compile(r"invalid_(?!token)|reserved_|unexpected_key|body_too|conflicting")
NOT_OF_A_SHOP = {"payout_not_found", "payout_id_taken", "not_refundable", "above_paid_amount"}
GENERAL = {"server_key_refused", "pi_answer_invalid", "server_key_missing", "unexpected_error"}


def payment(number: int, **parts: Any) -> dict[str, Any]:
    made = {"created_at": 1795445570 - 86400 * number, "completed_at": None, "quantity": 1}
    what = {"product_id": "apple_pie_1", "amount": "3.14", "state": "open", "txid": None}
    return {"payment_id": str(number), **what, "attention": None, **made, **parts}


PAYMENTS = [
    payment(1, state="completed"),
    payment(2, txid="ab" * 32),
    payment(3, product_id="donation", amount="99.1234567"),
    payment(4, attention="odd_receipt", product_id="recipe_1"),
    payment(5, state="cancelled", product_id=None),
]


@pytest.fixture(params=[(width, scheme) for scheme in SCHEMES for width in WIDTHS], ids=str)
def look(
    request: pytest.FixtureRequest, contexts: Callable[..., BrowserContext], visit: Visit
) -> "Look":
    width, scheme = request.param
    browser = contexts(color_scheme=scheme, viewport={"width": width, "height": 900})
    return Look(visit(browser), f"{width}-{scheme}")


class Look:
    def __init__(self, visitor: Visitor, name: str) -> None:
        self.visitor, self.page, self._name = visitor, visitor.page, name

    def at(self, state: str) -> None:
        """Judge what is shown, and keep a picture of all of it."""
        folder = SCREENSHOTS / "shop" / self._name
        self.page.screenshot(path=folder / f"{state}.png", full_page=True)
        assert violations(self.page) == [], state
        assert cut_off(self.page) == [], state


def cut_off(page: Page) -> list[str]:
    """What sticks out of the page, or does not fit into its own box."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
          .filter((each) => each.checkVisibility() && !each.closest(".scroll, svg"))
          .filter((each) => each.getBoundingClientRect().right > innerWidth + 1
            || each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
          .map((each) => each.outerHTML.slice(0, 80))"""
    )
    return found


def test_each_state_is_fit_to_be_seen(look: Look, truth: Truth, watch: Watch) -> None:
    watch.allow("Failed to load resource")
    visitor, page = look.visitor, look.page
    look.at("signed-out")

    page.route("**/payments?*", lambda route: answer(route, payments=[], next=None))
    visitor.sign_in("alice_with_a_long_name")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    look.at("nothing-bought")

    page.unroute("**/payments?*")
    page.route("**/payments?*", lambda route: answer(route, payments=PAYMENTS, next="1.a"))
    visitor.cannot_reach("**/products.json")
    visitor.reload()
    visitor.reads("We cannot reach the shop")
    expect(visitor.purchases).to_have_count(5)
    look.at("loading-and-offline")

    visitor.can_reach("**/products.json")
    expect(visitor.button("Not finished")).to_be_visible()
    page.get_by_text("For developers").click()
    look.at("purchases-and-calls")

    for tone, code in (("bad", "already_bought"), ("bad", "unexpected_amount"), ("wait", "odd")):
        page.evaluate(SHOW_NOTICE, [tone, code])
        look.at(f"notice-{code}")


SHOW_NOTICE = """async ([tone, code]) => {
  const [{ notice }, { wordsFor }] = await Promise.all([import("/notice.js"), import("/words.js")]);
  const details = { minimum: "3.14", maximum: "3.14", amount: "0.0000001" };
  const requestId = "5f9c4ab0-0b44-4d6f-9d2f-0f2c1fbb9c11";
  notice(tone, wordsFor({ code, details, requestId }), ["Try again", () => {}]);
}"""


def answer(route: Route, **body: Any) -> None:
    """The bundle's, in its place."""
    origin = {"Access-Control-Allow-Origin": "*"}
    route.fulfill(json=body, headers=origin)


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


def test_each_refusal_has_words_of_its_own(visit: Visit) -> None:
    """docs/errors.md lists them; a shop can meet all but those of a faulty page."""
    text = (ROOT / "docs" / "errors.md").read_text()
    listed = [
        code
        for part in ("A call of a user", "A call of your back end, for a payout", "Any call")
        for code in re.findall(r"^\| \d{3} \| `(\w+)`", section(text, part), re.MULTILINE)
    ]
    assert len(listed) > 50
    met = [code for code in listed if not ONLY_A_FAULTY_PAGE.match(code)]
    words = visit().page.evaluate(WORDS_OF, met)

    wordless = {code for code in met if words[code][0] in ("Something went wrong", "Pi said no")}
    assert wordless - NOT_OF_A_SHOP <= GENERAL


WORDS_OF = """async (codes) => {
  const { wordsFor } = await import("/words.js");
  return Object.fromEntries(codes.map((code) => [code, wordsFor({ code })]));
}"""


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
