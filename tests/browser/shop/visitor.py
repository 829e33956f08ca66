"""A visitor of the shop, in one tab."""

import re
from collections.abc import Callable
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SCREENSHOTS


class Visitor:
    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.dialog = page.get_by_role("dialog")
        self.notice = page.locator("#notice")
        self.purchases = page.locator("#purchases li")

    def open(self) -> Self:
        self.page.goto(self.url)
        expect(self.page.locator("#products")).not_to_have_attribute("aria-busy", "true")
        return self

    def reload(self) -> Self:
        self.page.reload()
        return self

    def press(self, name: str) -> None:
        self.button(name).click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def sign_in(self, name: str, *, without: str | None = None) -> None:
        """At Pi, where the user may refuse a scope."""
        self.press("Sign in")
        self.consent(name, without=without)
        expect(self.page.locator("#sign-in")).to_be_hidden()

    def consent(self, name: str, *, without: str | None = None) -> None:
        self.dialog.get_by_role("textbox").fill(name)
        if without:
            self.dialog.get_by_role("checkbox", name=without).uncheck()
        self.dialog.get_by_role("button", name="Sign in", exact=True).click()

    def switches_user(self, radio: str) -> None:
        """In the same browser, by the emulator's marker; consent is asked for then."""
        self.press("Pi emulator")
        self.press("Switch user")
        self.dialog.get_by_role("radio", name=radio).check()

    def pays(self, amount: str) -> None:
        self.press(f"Pay {amount} Pi")

    def buys_pie(self) -> None:
        self.press("Buy apple pie")
        self.pays("3.14")

    def reads(self, title: str, text: str = "") -> None:
        """The shop says it, above everything else."""
        expect(self.notice.get_by_role("heading", name=title)).to_be_visible()
        expect(self.notice).to_contain_text(text)

    def sees_no_dialog(self) -> None:
        expect(self.dialog).to_have_count(0)

    def has(self, *purchases: str) -> None:
        """What stands in the list of purchases, newest first: "Apple pie 3.14 Pi Bought"."""
        words = [re.compile(".*".join(each.split()), re.DOTALL) for each in purchases]
        expect(self.purchases).to_have_text(words)

    def is_sold(self, product_id: str, name: str, price: str) -> None:
        """The page is made to believe that this is for sale, for this price."""
        goods = {"product_id": product_id, "name": name, "price": price}
        self.page.route("**/products.json", lambda route: route.fulfill(json={"products": [goods]}))
        self.reload()
        expect(self.page.locator(".product")).to_have_count(1)

    def cannot_reach(self, pattern: str) -> None:
        """From now on such a call is lost on its way."""
        self.page.route(pattern, lambda route: route.abort())

    def can_reach(self, pattern: str) -> None:
        self.page.unroute(pattern)

    def shot(self, name: str) -> None:
        self.page.screenshot(path=SCREENSHOTS / "shop" / f"{name}.png")


# Opens the shop in a tab: of this test's browser, or of the one that is given.
Visit = Callable[..., Visitor]
