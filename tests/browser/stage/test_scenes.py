"""Each scene plays itself to its end, and its last line is true."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from local.processes import ROOT
from local.stage.server import Stage
from local.stage.snapshot import Snapshot
from tests.browser.axe import violations
from tests.browser.conftest import SCREENSHOTS, Watch

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

    page.get_by_role("link", name=title_of(scene)).click()

    expect(page.locator("body")).to_have_attribute(
        "data-scene", re.compile("over|failed"), timeout=SCENE_MS
    )
    photograph(page, f"stage-{scene}")
    tone = page.locator(".caption").get_attribute("data-tone")
    assert tone == "good", page.inner_text(".caption")
    assert page.inner_text(".verdict") == LAST_LINES[scene]
    assert_true(scene, stage.director.sources.snapshot(Snapshot()))
    assert violations(page) == []


def title_of(scene: str) -> str:
    script = (ROOT / "local" / "stage" / "page" / "scenes.js").read_text()
    [title] = re.findall(rf'"?{scene}"?: \{{\n    title: "([^"]*)"', script)
    return str(title)


def photograph(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


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
