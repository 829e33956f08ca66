"""What is free of charge: a slice for an ad, and half a Pi to the visitor's own wallet."""

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Watch
from tests.browser.shop.truth import TIMEOUT, Truth
from tests.browser.shop.visitor import Visit, Visitor
from tests.laptop.waiting import eventually

PAYOUT = "**/payout/*"  # the page asks what became of it


def watches_an_ad(visitor: Visitor) -> None:
    visitor.press("Watch an ad")
    visitor.press("Close and take the reward")


def test_a_watched_ad_earns_a_slice_once(alice: Visitor, truth: Truth) -> None:
    watches_an_ad(alice)

    alice.reads("A slice for you")
    alice.shot("ad-granted")
    (ad,) = truth.pi("ads")
    assert truth.reward(ad["identifier"])["state"] == "granted"
    assert truth.reward(ad["identifier"])["uid"] == truth.user("alice")["uid"]


def test_an_ad_that_is_closed_too_early_earns_nothing(alice: Visitor, truth: Truth) -> None:
    truth.emulator.control("PATCH", "/settings", {"sdk_ad_s": 600})
    alice.press("Watch an ad")
    alice.shot("ad")
    alice.press("Close without the reward")

    alice.reads("No slice this time", "You closed the ad before its end.")
    assert truth.pi("ads") == []


def test_what_the_ad_network_does_not_grant_earns_nothing(
    alice: Visitor, truth: Truth, watch: Watch
) -> None:
    watch.allow("status of 409")
    truth.emulator.control("PATCH", "/settings", {"sdk_ad_status": "failed"})
    watches_an_ad(alice)

    alice.reads("No slice this time", "the ad was not watched to its end")
    alice.shot("ad-refused")
    assert truth.reward(truth.pi("ads")[0]["identifier"]) == {}


def test_there_may_be_no_ad(alice: Visitor, truth: Truth) -> None:
    truth.emulator.control("PATCH", "/settings", {"sdk_ads": "AD_NOT_AVAILABLE"})
    alice.press("Watch an ad")

    alice.reads("No ad right now")


def test_an_ad_is_claimed_once_by_the_user_who_comes_first(
    alice: Visitor,
    visit: Visit,
    truth: Truth,
    watch: Watch,
    contexts: Callable[..., BrowserContext],
) -> None:
    watches_an_ad(alice)
    alice.reads("A slice for you")
    (ad,) = truth.pi("ads")

    # Bob's page was changed: it claims that he watched Alice's ad.
    watch.allow("status of 409")
    bob = visit(contexts())
    bob.press("Sign in")
    bob.dialog.get_by_role("radio", name="Someone new").check()
    bob.consent("bob")
    shown = {"result": "AD_REWARDED", "adId": ad["identifier"]}
    bob.page.evaluate("shown => { Pi.Ads.showAd = async () => shown }", shown)
    bob.press("Watch an ad")

    bob.reads("This ad is used up")
    bob.shot("ad-claimed-twice")
    assert truth.reward(ad["identifier"])["uid"] == truth.user("alice")["uid"]


def test_a_pending_ad_is_asked_for_until_the_network_answers(alice: Visitor, truth: Truth) -> None:
    truth.emulator.control("PATCH", "/settings", {"sdk_ad_status": None})
    watches_an_ad(alice)
    alice.reads("Nearly yours")
    alice.shot("ad-pending")

    alice.reload()  # a page that is closed meanwhile claims it at its next visit
    alice.reads("Nearly yours")
    (ad,) = truth.pi("ads")
    truth.emulator.control("PATCH", f"/ads/{ad['identifier']}", {"status": "granted"})
    alice.reads("A slice for you")


@pytest.mark.usefixtures("sender")
def test_a_double_click_pays_half_a_pi_once(alice: Visitor, truth: Truth) -> None:
    alice.page.route(PAYOUT, lambda _route: None)
    alice.button("Send me 0.5 Pi").dblclick()
    expect(alice.page.locator("#payout-state")).to_contain_text("On its way")
    alice.shot("payout-on-its-way")
    alice.page.unroute(PAYOUT)  # what was held goes on

    alice.reads("It has arrived", "0.5 Pi are in your wallet.")
    alice.shot("payout-done")
    (payout,) = truth.payouts()
    assert payout["amount"] == 0.5
    assert truth.received("alice") == [0.5]


@pytest.mark.usefixtures("sender")
def test_a_payout_goes_on_without_the_page(alice: Visitor, visit: Visit, truth: Truth) -> None:
    alice.page.route(PAYOUT, lambda _route: None)
    alice.press("Send me 0.5 Pi")
    expect(alice.page.locator("#payout-state")).to_contain_text("On its way")
    alice.page.close()

    visit().reads("It has arrived")
    assert truth.received("alice") == [0.5]


@pytest.mark.usefixtures("sender")
def test_a_payout_is_its_users_when_another_user_signs_in_meanwhile(
    alice: Visitor, truth: Truth, watch: Watch
) -> None:
    """Alice's page does not hear that her payout was taken on; then Bob uses her browser."""
    watch.allow("Failed to load resource: net::ERR_FAILED")
    alice.page.route("**/payout", lambda route: (route.fetch(), route.abort()))
    with alice.page.expect_event("requestfailed", lambda lost: "payout" in lost.url):
        alice.press("Send me 0.5 Pi")

    alice.switches_user("Someone new")
    alice.consent("bob")
    expect(alice.page.locator("#user")).to_have_text("bob")
    expect(alice.page.locator("#payout-state")).to_be_empty()
    alice.switches_user("alice")
    alice.dialog.get_by_role("button", name="Sign in", exact=True).click()

    alice.reads("It has arrived")
    assert truth.received("alice") == [0.5]
    assert truth.received("bob") == []


@pytest.mark.usefixtures("sender")
def test_without_the_wallets_address_money_waits(visit: Visit, truth: Truth) -> None:
    """The payout to oneself, and the refund that the operator asks for."""
    bob = visit()
    bob.sign_in("bob", without="Your wallet")
    bob.buys_pie()
    bob.reads("Thank you!")
    bob.sees_no_dialog()
    bob.press("Send me 0.5 Pi")
    expect(bob.page.locator("#payout-state")).to_contain_text("Share its address")
    expect(bob.button("Share my wallet address")).to_be_visible()
    bob.shot("payout-waits")

    (payment,) = truth.recorded("bob")
    refund = {"payout_id": f"refund-{payment['payment_id']}", "refund_of": payment["payment_id"]}
    assert truth.signed("POST", "/payouts", refund)["warning"] == "missing_scope"
    path = f"/payouts/{refund['payout_id']}"
    eventually(lambda: truth.signed("GET", path)["reason"] == "missing_scope", seconds=TIMEOUT)
    assert truth.signed("GET", path)["state"] not in ("completed", "failed")
    assert truth.received("bob") == []

    bob.press("Share my wallet address")  # Pi asks once, and remembers what was refused
    bob.reads("Not shared so far")
    bob.page.evaluate("localStorage.setItem('pi-emulator', '{\"username\": \"bob\"}')")
    bob.press("Share my wallet address")
    bob.dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(bob.page.locator("#payout-state")).to_contain_text("It is sent within a day")
    bob.shot("payout-shared")


def test_while_payouts_are_off_the_shop_says_so(alice: Visitor, truth: Truth, watch: Watch) -> None:
    watch.allow("status of 409")
    truth.stack.switch_payouts(on=False)
    try:
        alice.press("Send me 0.5 Pi")
        alice.reads("Not right now")
    finally:
        truth.stack.switch_payouts(on=True)
    alice.shot("payouts-off")
    assert truth.payouts() == []


REQUEST = "a-request-of-the-tests"


@pytest.mark.parametrize("amount", ["0.6", "0", "-1", "1e-1", "0.12345678", 0.5, None])
def test_the_server_pays_no_other_amount(
    truth: Truth, alice: Visitor, shop_url: str, amount: object
) -> None:
    headers = {"Authorization": f"Bearer {truth.token('alice')}"}
    body = {"amount": amount, "request_id": REQUEST}
    answer = requests.post(f"{shop_url}/payout", json=body, headers=headers, timeout=TIMEOUT)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_amount")


def test_the_server_pays_nobody_who_is_not_signed_in(truth: Truth, shop_url: str) -> None:
    body = {"amount": "0.5", "request_id": REQUEST}
    answer = requests.post(f"{shop_url}/payout", json=body, timeout=TIMEOUT)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert truth.payouts() == []


def test_a_payout_is_its_owners_own(truth: Truth, shop_url: str) -> None:
    """Another user who learns the request's id reads nothing, and repeats nothing."""
    tokens = [
        truth.emulator.control("POST", "/users", {"username": name})["accessToken"]
        for name in ("alice", "bob")
    ]
    alice, bob = ({"Authorization": f"Bearer {token}"} for token in tokens)
    body = {"amount": "0.5", "request_id": REQUEST}
    asked = requests.post(f"{shop_url}/payout", json=body, headers=alice, timeout=TIMEOUT)
    assert asked.status_code in (200, 202)

    url = f"{shop_url}/payout/{REQUEST}"
    assert requests.get(url, headers=alice, timeout=TIMEOUT).json()["amount"] == "0.5"
    answer = requests.get(url, headers=bob, timeout=TIMEOUT)
    assert (answer.status_code, answer.json()["error"]) == (404, "payout_not_found")
