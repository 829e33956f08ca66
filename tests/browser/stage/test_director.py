"""The director's panel, switch by switch, and what the stage does for a person."""

import re

import pytest
import requests
from playwright.sync_api import FrameLocator, Page, expect

from local.emulator.process import PiEmulator
from local.processes import ROOT
from local.stage.director import SWITCHES
from local.stage.server import Stage
from tests.browser.axe import violations
from tests.browser.conftest import Watch
from tests.browser.stage.test_scenes import photograph

LONG_MS = 30_000


def shop(page: Page) -> FrameLocator:
    return page.frame_locator(".panel:not([hidden]) iframe")


def sign_in(page: Page) -> None:
    shop(page).get_by_role("button", name="Sign in").click()
    shop(page).get_by_role("dialog").get_by_role("button", name="Sign in").click()
    expect(shop(page).get_by_text("alice")).to_be_visible(timeout=LONG_MS)


def buy(page: Page) -> None:
    shop(page).get_by_role("button", name="Buy apple pie").click()
    shop(page).get_by_role("button", name="Pay 3.14 Pi").click(timeout=LONG_MS)


def row(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator(".lanes li").filter(has_text=text).first).to_be_visible(timeout=LONG_MS)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_shows_how_it_is_and_survives_a_reload(
    stage: Stage, page: Page, emulator_server: PiEmulator, name: str
) -> None:
    def weather() -> list[str]:
        on: list[str] = emulator_server.control("GET", "/state")["weather"]
        return on

    switch = page.locator("[role=switch]").nth(list(SWITCHES).index(name))
    expect(switch).to_have_accessible_description(SWITCHES[name].means)
    expect(page.get_by_text(SWITCHES[name].means)).to_be_visible()
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    assert weather() == [name]
    page.reload()
    expect(switch).to_be_checked()
    switch.click()
    expect(switch).not_to_be_checked()
    assert weather() == []


def test_pi_is_down_and_a_purchase_waits_for_it(stage: Stage, page: Page, watch: Watch) -> None:
    watch.allow("status of 50[023]")
    sign_in(page)
    page.get_by_role("switch", name="Pi is down").click()
    shop(page).get_by_role("button", name="Buy apple pie").click()
    row(page, "/pi_payment/approve → 503")
    page.get_by_role("switch", name="Pi is down").click()
    shop(page).get_by_role("button", name="Pay 3.14 Pi").click(timeout=LONG_MS)
    expect(page.locator(".verdict")).to_have_text(
        "Nothing was lost: 3.14 Pi, delivered once.", timeout=LONG_MS
    )


def test_the_page_is_closed_and_opened_again(stage: Stage, page: Page) -> None:
    sign_in(page)
    press(page, "Close the page now")
    expect(page.get_by_role("heading", name="The page is closed")).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)
    assert violations(page) == []
    photograph(page, "stage-closed")
    press(page, "Open it again")
    expect(page.locator("iframe")).to_be_focused()
    expect(shop(page).get_by_text("alice")).to_be_visible(timeout=LONG_MS)


def test_the_page_is_closed_once_it_is_paid_and_the_sweep_finishes(
    stage: Stage, page: Page
) -> None:
    once = page.get_by_role("switch", name="Close the page once paid")
    sign_in(page)
    once.click()
    expect(once).to_be_checked()
    buy(page)
    expect(page.get_by_role("heading", name="The page is closed")).to_be_visible(timeout=LONG_MS)
    expect(once).not_to_be_checked()  # the next purchase is left alone
    press(page, "An hour later")
    row(page, "completed, by the worker")
    row(page, "delivered: 1 apple_pie_1")
    # A payment of before the hour would be too old to be approved after it.
    expect(page.locator("body[aria-busy=true]")).to_have_count(0, timeout=LONG_MS)
    assert page.locator(".lanes li").filter(has_text="/pi_payment/complete").count() == 0
    press(page, "Open it again")
    buy(page)
    row(page, "/pi_payment/complete → 200")


def test_a_page_that_is_opened_later_is_closed_once_paid_and_a_reset_switches_it_off(
    stage: Stage, page: Page
) -> None:
    once = page.get_by_role("switch", name="Close the page once paid")
    sign_in(page)
    press(page, "Close the page now")
    once.click()
    press(page, "Open it again")
    buy(page)
    expect(page.get_by_role("heading", name="The page is closed")).to_be_visible(timeout=LONG_MS)

    once.click()
    press(page, "Reset everything")
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible(timeout=LONG_MS)
    expect(once).not_to_be_checked()
    sign_in(page)
    buy(page)
    row(page, "/pi_payment/complete → 200")


def test_a_second_tab_is_the_same_person_in_the_same_shop(stage: Stage, page: Page) -> None:
    sign_in(page)
    press(page, "A second tab")
    expect(shop(page).get_by_text("alice")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("tab", name="Tab 2")).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    page.get_by_role("tab", name="Tab 2").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Tab 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Tab 1")).to_be_focused()

    press(page, "A second tab")
    expect(page.get_by_role("tab", name="Tab 2")).to_have_attribute("aria-selected", "true")
    expect(page.locator("iframe")).to_have_count(2)


def test_a_refund_needs_a_purchase(stage: Stage, page: Page, watch: Watch) -> None:
    watch.allow("status of 409")
    press(page, "Refund the last purchase")
    expect(page.get_by_text("There is no purchase to give back.")).to_be_visible()


def test_the_operator_asks_twice_for_a_refund_and_it_is_sent_once(stage: Stage, page: Page) -> None:
    sign_in(page)
    buy(page)
    row(page, "delivered: 1 apple_pie_1")

    press(page, "Refund the last purchase")

    expect(page.locator(".lanes li").filter(has_text="POST /payouts →")).to_have_count(2)
    row(page, "payout completed")
    expect(page.locator(".verdict")).to_have_text(
        "Nothing was lost: 3.14 Pi, delivered once; 3.14 Pi given back once."
    )
    told = page.locator(".lanes li").all_inner_texts()
    at_pi = [at for at, text in enumerate(told) if "/complete → 200" in text]
    [recorded] = [at for at, text in enumerate(told) if "payout completed" in text]
    assert at_pi[-1] < recorded


def test_an_hour_passes_on_every_clock_of_the_stage(stage: Stage, page: Page) -> None:
    ahead = stage.director.ahead
    press(page, "An hour later")
    row(page, "An hour passes")
    expect(page.locator("body[aria-busy=true]")).to_have_count(0, timeout=LONG_MS)
    assert stage.director.ahead == ahead + 3600
    now = f"The clock is {stage.director.ahead // 3600} h ahead, and never goes back."
    expect(page.get_by_text(now)).to_be_visible()
    page.reload()
    expect(page.get_by_text(now)).to_be_visible()


def test_a_purchase_by_hand_and_then_everything_is_reset(stage: Stage, page: Page) -> None:
    sign_in(page)
    buy(page)
    row(page, "open: recorded at 3.14 Pi")
    row(page, re.compile(r"POST /payments/\S+/approve → 200"))
    row(page, re.compile(r"3\.14 Pi to the app, txid \w{8}…"))
    row(page, "delivered: 1 apple_pie_1")

    press(page, "Reset everything")

    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible(timeout=LONG_MS)
    expect(page.locator(".lanes li")).to_have_count(0)
    expect(shop(page).get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator(".verdict")).to_have_text("No Pi has moved yet.")


def test_after_a_reset_pi_knows_the_key_that_the_stack_has(stage: Stage) -> None:
    """Whoever has tried `pi-bundle key put` plays on with the new one."""
    stack, emulator = stage.director.sources.stack, stage.director.sources.emulator
    first = stack.server_key()
    stack.put_server_key("another-key")
    try:
        stage.director.reset()
        answer = requests.get(
            f"{emulator.url}/v2/payments/incomplete_server_payments",
            headers={"Authorization": "Key another-key"},
            timeout=10,
        )
        assert answer.status_code == 200
    finally:
        stack.put_server_key(first)
        stage.director.reset()


def test_a_reset_that_fails_says_why_and_can_be_tried_again(
    stage: Stage, page: Page, watch: Watch
) -> None:
    watch.allow("status of 502")
    sign_in(page)
    page.route(
        "**/director/reset", lambda route: route.fulfill(status=502, json={"error": "Pi is busy."})
    )
    press(page, "Reset everything")
    expect(page.get_by_text("Pi is busy.")).to_be_visible()

    page.unroute("**/director/reset")
    press(page, "Reset everything")
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("Pi is busy.")).to_have_count(0)


def test_reads_that_follow_each_other_are_one_row_that_opens(stage: Stage, page: Page) -> None:
    sign_in(page)
    buy(page)
    expect(page.locator(".verdict")).to_contain_text("delivered once", timeout=LONG_MS)
    reads = page.get_by_role("button", name="reads of").first
    number = int(reads.inner_text().split()[0])
    shown = page.locator(".lanes li[data-tone=quiet]:visible")
    before = shown.count()

    reads.click()
    expect(reads).to_have_attribute("aria-expanded", "true")
    expect(shown).to_have_count(before + number)

    reads.click()
    expect(shown).to_have_count(before)


def test_reads_alone_are_nothing_that_has_happened(
    stage: Stage, page: Page, emulator_server: PiEmulator
) -> None:
    """Such as a sweep's. They are told in the lane of who is read."""
    page.set_viewport_size({"width": 1440, "height": 900})
    for _ in range(2):
        requests.get(f"{emulator_server.url}/horizon/fee_stats", timeout=10)
    reads = page.locator(".lanes li.reads button")
    expect(reads).to_have_text("2 reads of the chain")
    expect(reads).to_be_hidden()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()

    page.get_by_role("switch", name="The chain lags").click()

    expect(reads).to_be_visible()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_hidden()
    [head, row] = (
        page.locator(each).bounding_box()
        for each in (".heads [data-lane=chain]", ".lanes li.reads .words")
    )
    assert head
    assert row
    assert abs(head["x"] - row["x"]) < 3


def test_a_long_name_is_broken_between_its_words(stage: Stage, page: Page) -> None:
    row = """async (text) => {
      const { rowOf } = await import("/rows.js");
      return rowOf({ text, lane: "pi", at: 0, tone: "" }).querySelector(".text").innerHTML;
    }"""
    path = "GET /payments/incomplete_server → 200"
    assert page.evaluate(row, path) == (
        "<code>GET /<wbr>payments/<wbr>incomplete_<wbr>server</code><b> → 200</b>"
    )
    assert page.evaluate(row, "onCancel") == "on<wbr>Cancel"
    assert page.evaluate(row, "Pi.init(payments)") == "Pi.init(<wbr>payments)"


def test_the_lanes_follow_the_newest_line_until_a_person_scrolls_up(
    stage: Stage, page: Page
) -> None:
    page.set_viewport_size({"width": 1440, "height": 720})
    sign_in(page)
    buy(page)
    row(page, "delivered: 1 apple_pie_1")
    lanes = page.locator(".scroll")
    from_the_end = "each => each.scrollHeight - each.scrollTop - each.clientHeight"
    assert lanes.evaluate(from_the_end) < 2

    lanes.evaluate("each => (each.scrollTop = 0)")
    page.get_by_role("switch", name="The chain lags").click()
    row(page, "The chain lags.")
    assert lanes.evaluate("each => each.scrollTop") == 0

    press(page, "Newest")
    assert lanes.evaluate(from_the_end) < 2


def test_a_reload_of_the_stage_forgets_no_line(stage: Stage, page: Page) -> None:
    sign_in(page)
    buy(page)
    row(page, "/pi_payment/complete → 200")
    row(page, "the dialog says: done")
    lines = page.locator(".lanes li[data-lane=page]")
    # After the sign-in and after the purchase; else the second answer comes meanwhile.
    expect(lines.filter(has_text="GET /payments → 200")).to_have_count(2, timeout=LONG_MS)
    before = lines.all_inner_texts()
    page.reload()
    row(page, "the dialog says: done")
    after = lines.all_inner_texts()
    assert after[: len(before)] == before
    assert sum("onReadyForServerApproval" in line for line in before) == 1


def test_everything_is_reached_by_keyboard(stage: Stage, page: Page) -> None:
    focused = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        focused.add(page.evaluate("document.activeElement.textContent.trim()"))
    everything = page.locator("main button:visible, main a:visible").all_inner_texts()
    assert set(everything) <= focused


def test_every_size_of_the_stage_is_one_of_the_shops() -> None:
    sheet = (ROOT / "local" / "stage" / "page" / "stage.css").read_text()

    assert re.findall(r"font-size: (?!var).*|\b(?:[4-9]|\d\d)px.*", sheet) == []
