"""Each scene plays itself to its end, and its last line is true."""

import re
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, Route, expect

from local.processes import ROOT
from local.stage.server import Stage
from local.stage.snapshot import Snapshot
from tests.browser.axe import violations
from tests.browser.conftest import SCREENSHOTS, Watch

PHONE = 320
WIDTHS = (PHONE, 768, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCENE_MS = 120_000  # the machine may be busy

PRICE = "3.1400000"
BOUGHT = "Nothing was lost: 3.14 Pi, delivered once."
BACK = "3.14 Pi given back once."

LAST_LINES = {
    "bought": BOUGHT,
    "closed-page": BOUGHT,
    "lost-answer": BOUGHT,
    "tampered-price": "Nothing was lost: a payment refused, no Pi moved, nothing delivered.",
    "cancelled": f"Nothing was lost: 3.14 Pi came in, nothing delivered; {BACK}",
    "ad-twice": "Nothing was lost: 1 ad, rewarded once.",
    "refund": f"Nothing was lost: 3.14 Pi, delivered once; {BACK}",
}
# What the browser says of answers that the scene is about.
ANSWERS = {"tampered-price": "status of 409", "lost-answer": "status of 503"}


def test_each_scene_is_played_here() -> None:
    script = (ROOT / "local" / "stage" / "page" / "scenes.js").read_text()
    assert set(re.findall(r'^  "?([\w-]+)"?: \{$', script, re.MULTILINE)) == LAST_LINES.keys()


@pytest.mark.parametrize("scene", LAST_LINES)
def test_a_scene_ends_with_the_truth(stage: Stage, page: Page, watch: Watch, scene: str) -> None:
    watch.allow(ANSWERS.get(scene, "^$"))

    play(page, scene)

    photograph(page, f"stage-{scene}")
    tone = page.locator(".caption").get_attribute("data-tone")
    assert tone == "good", page.inner_text(".caption")
    assert page.inner_text(".verdict") == LAST_LINES[scene]
    if scene == "refund":
        expect(page.frame_locator("iframe").locator("#purchases")).to_contain_text("Paid back")
    assert_true(scene, stage.director.sources.snapshot(Snapshot()))
    assert violations(page) == []


def title_of(scene: str) -> str:
    script = (ROOT / "local" / "stage" / "page" / "scenes.js").read_text()
    [title] = re.findall(rf'"?{scene}"?: \{{\n    title: "([^"]*)"', script)
    return str(title)


def test_what_was_played_is_readable_at_any_width_in_either_scheme(
    stage: Stage, page: Page, watch: Watch
) -> None:
    """A scene with lines in every tone and a long last line; and a switch that is on."""
    watch.allow(ANSWERS["tampered-price"])
    play(page, "tampered-price")
    page.get_by_role("switch", name="Answers get lost").click()
    expect(page.get_by_role("switch", name="Answers get lost")).to_be_checked()

    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        if width > PHONE:
            expect(page.locator(".verdict")).to_be_in_viewport(ratio=1)
            expect(page.locator(".lanes li:visible").last).to_be_in_viewport(ratio=1)
        assert violations(page) == []
        photograph(page, f"stage-{width}-{scheme}")


def test_at_a_phones_width_a_scene_shows_the_shop_and_then_the_last_line(
    stage: Stage, page: Page, watch: Watch
) -> None:
    watch.allow(ANSWERS["tampered-price"])
    page.set_viewport_size({"width": PHONE, "height": 720})
    shop = page.locator(".phone")
    page.get_by_role("link", name=title_of("tampered-price")).scroll_into_view_if_needed()
    expect(shop).not_to_be_in_viewport()

    with page.expect_request("**/director/reset"):
        page.get_by_role("link", name=title_of("tampered-price")).click()
    expect(shop).to_be_in_viewport(ratio=1)
    wait_for_end(page)

    expect(page.locator(".caption")).to_be_in_viewport(ratio=1)
    expect(page.locator(".verdict")).to_be_in_viewport(ratio=1)


def test_a_scene_that_is_stopped_says_no_more(stage: Stage, page: Page, watch: Watch) -> None:
    watch.allow(ANSWERS["tampered-price"])
    verdicts: list[Route] = []

    def hold(verdict: Route) -> None:
        verdicts.append(verdict)

    page.route("**/verdict", hold)
    with page.expect_request("**/verdict"):
        page.get_by_role("link", name=title_of("tampered-price")).click()

    page.get_by_role("button", name="Stop the scene").click()
    with page.expect_response("**/verdict"):
        verdicts[0].fulfill(json={"tone": "good", "text": "Nothing was lost."})

    expect(page.locator(".caption")).to_contain_text("The scene was stopped.")
    expect(page.locator("body")).to_have_attribute("data-scene", "stopped")


def test_a_scene_that_takes_long_is_not_called_wrong(
    stage: Stage, page: Page, watch: Watch
) -> None:
    watch.allow(ANSWERS["tampered-price"])
    waiting = {"tone": "waiting", "text": "On its way: 3.14 Pi paid, and not completed yet."}
    page.route("**/verdict", lambda route: route.fulfill(json=waiting))
    with page.expect_request("**/verdict"):
        page.get_by_role("link", name=title_of("tampered-price")).click()

    page.evaluate("Date.now = ((now) => () => now + 61_000)(Date.now())")

    expect(page.locator(".caption")).to_contain_text("It takes longer than a minute.")
    expect(page.locator(".caption")).to_have_attribute("data-tone", "plain")


def test_a_scene_says_why_it_cannot_go_on(stage: Stage, page: Page, watch: Watch) -> None:
    watch.allow("status of 502")
    page.route(
        "**/director/reset", lambda route: route.fulfill(status=502, json={"error": "Pi is busy."})
    )
    page.get_by_role("link", name=title_of("bought")).click()
    expect(page.locator(".caption")).to_contain_text("The scene cannot go on. Pi is busy.")


def play(page: Page, scene: str) -> None:
    page.get_by_role("link", name=title_of(scene)).click()
    wait_for_end(page)


def wait_for_end(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute(
        "data-scene", re.compile("over|failed"), timeout=SCENE_MS
    )


def photograph(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


def assert_true(scene: str, now: Snapshot) -> None:
    """The scene's last line, looked up where each fact stands."""
    moved = [transaction["amount"] for transaction in now.transactions.values()]
    sold = [item["quantity"] for item in now.goods.values() if "quantity" in item]
    states = [record["state"] for record in now.payments.values()]
    expected: dict[str, tuple[list[str], list[int], list[str]]] = {
        "bought": ([PRICE], [1], ["completed"]),
        "closed-page": ([PRICE], [1], ["completed"]),
        "lost-answer": ([PRICE], [1], ["completed"]),
        "tampered-price": ([], [], ["cancelled"]),
        "cancelled": ([PRICE, PRICE], [], ["open"]),
        "ad-twice": ([], [], []),
        "refund": ([PRICE, PRICE], [1], ["completed"]),
    }
    assert (moved, sold, states) == expected[scene]
    assert len(now.rewards) == (scene == "ad-twice")
    paid_back: list[Any] = [payout["state"] for payout in now.payouts.values()]
    assert paid_back == ["completed"] * (len(moved) == 2)
