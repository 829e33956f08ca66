"""Bad weather: the shop says what is wrong and what becomes of the money, and goes on by itself."""

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import Watch
from tests.browser.shop.truth import Truth
from tests.browser.shop.visitor import Visit, Visitor

API = "**/_aws/execute-api/**"
APPROVE = "**/pi_payment/approve"


@pytest.fixture(autouse=True)
def _failed_calls_are_expected(watch: Watch) -> None:
    watch.allow("Failed to load resource: (net::ERR_FAILED|the server responded with a status of)")


def test_an_unreachable_api_is_told_and_asked_again(alice: Visitor, truth: Truth) -> None:
    alice.cannot_reach(API)
    alice.reload()
    alice.reads("We cannot reach the shop", "Nothing is lost.")
    alice.shot("offline")

    alice.can_reach(API)
    expect(alice.page.get_by_text("Nothing yet.")).to_be_visible()
    expect(alice.notice).to_be_hidden()


def test_a_press_before_the_page_can_hear_it_is_not_lost(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/shop.js", hold)
    visitor.page.reload(wait_until="commit")
    sign_in = visitor.button("Sign in")
    sign_in.wait_for()
    with pytest.raises(Error, match="Timeout"):
        sign_in.click(timeout=500)
    held[0].continue_()
    sign_in.click()
    expect(visitor.dialog).to_be_visible()


def test_goods_that_cannot_be_listed_yet_are_waited_for(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    visitor.cannot_reach("**/products.json")
    visitor.reload()
    visitor.reads("We cannot reach the shop")
    expect(visitor.page.locator("#products")).to_have_attribute("aria-busy", "true")
    visitor.shot("loading")

    visitor.can_reach("**/products.json")
    expect(visitor.page.locator(".product")).to_have_count(3)
    expect(visitor.notice).to_be_hidden()


def test_pi_is_down_when_the_user_signs_in(visit: Visit, truth: Truth) -> None:
    truth.weather("pi_down", on=True)
    visitor = visit()
    visitor.press("Sign in")
    visitor.consent("alice")
    visitor.reads("Pi does not answer", "Nothing is lost.")
    visitor.shot("pi-down")

    truth.weather("pi_down", on=False)
    expect(visitor.page.locator("#user")).to_have_text("alice")
    expect(visitor.notice).to_be_hidden()


def test_pi_is_down_before_the_approval(alice: Visitor, truth: Truth) -> None:
    truth.weather("pi_down", on=True)
    alice.press("Buy apple pie")
    alice.reads("Pi does not answer")
    alice.shot("pi-down-at-approval")

    truth.weather("pi_down", on=False)
    alice.pays("3.14")
    alice.reads("Thank you!")
    truth.is_delivered_once("alice")


def test_pi_is_down_after_the_payment(alice: Visitor, truth: Truth) -> None:
    alice.press("Buy apple pie")
    expect(alice.button("Pay 3.14 Pi")).to_be_visible()
    truth.weather("pi_down", on=True)
    alice.pays("3.14")
    alice.reads("Paid, not confirmed yet", "You may close this page")
    alice.shot("unconfirmed")
    assert truth.owned("alice") == 0

    truth.weather("pi_down", on=False)
    alice.reads("Thank you!")
    alice.has("Apple pie 3.14 Pi Bought")
    truth.is_delivered_once("alice")


def test_the_chain_lags_and_pi_does_not_know_yet(alice: Visitor, truth: Truth) -> None:
    """202: the server can prove the payment neither at Pi nor on the chain."""
    truth.emulator.control("PATCH", "/settings", {"forgets_links": True})
    truth.weather("chain_lags", on=True)
    alice.buys_pie()
    alice.reads("Paid, not confirmed yet")
    alice.has("Apple pie 3.14 Pi Not finished")
    assert truth.owned("alice") == 0

    truth.weather("chain_lags", on=False)
    alice.reads("Thank you!")
    truth.is_delivered_once("alice")


def test_an_answer_that_is_lost_sells_nothing_twice(alice: Visitor, truth: Truth) -> None:
    truth.weather("answers_lost", on=True)
    alice.buys_pie()
    truth.weather("answers_lost", on=False)

    alice.reads("Thank you!")
    truth.is_delivered_once("alice")


def test_a_token_that_has_run_out_is_renewed_without_a_word(alice: Visitor, truth: Truth) -> None:
    def too_late(route: Route) -> None:
        truth.expire("alice")
        route.continue_()

    alice.page.route(APPROVE, too_late, times=1)
    alice.buys_pie()

    alice.reads("Thank you!")
    alice.sees_no_dialog()
    truth.is_delivered_once("alice")


def test_a_token_that_cannot_be_renewed_asks_to_sign_in_again(alice: Visitor, truth: Truth) -> None:
    truth.expire("alice")
    alice.page.evaluate("() => { ask = Pi.authenticate; Pi.authenticate = () => Promise.reject() }")
    alice.press("Send me 0.5 Pi")

    alice.reads("Please sign in again", "What you bought is safe.")
    alice.shot("token-expired")
    assert truth.payouts() == []

    alice.page.evaluate("() => { Pi.authenticate = ask }")
    alice.press("Sign in")
    expect(alice.notice).to_be_hidden()
    alice.buys_pie()
    alice.reads("Thank you!")


def test_outside_the_pi_browser_the_shop_says_so(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    visitor.cannot_reach("**/pi-sdk.js")
    visitor.reload()
    visitor.press("Buy apple pie")

    visitor.reads("Please open this page in the Pi Browser")
    visitor.shot("no-pi")
