"""`Pi.Ads` and the small calls of `Pi`."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.sdk.conftest import Visit
from tests.emulator.world import World


def show(visit: Visit, kind: str) -> None:
    visit.js(f"void Pi.Ads.showAd('{kind}').then((result) => tell('ad', result))")


@pytest.mark.parametrize("status", ["granted", "failed", None])
def test_a_rewarded_ad(visit: Visit, world: World, status: str | None) -> None:
    """The ad network's word on it is a setting: the page learns nothing of it."""
    world.set(sdk_ad_status=status)
    visit.sign_in()
    show(visit, "rewarded")
    reward = visit.dialog.get_by_role("button", name="Close and take the reward")
    expect(reward).to_have_class("main")
    reward.click()
    [result] = visit.wait("ad")
    visit.wait_closed()

    [ad] = world.state()["ads"]
    assert result == {"type": "rewarded", "result": "AD_REWARDED", "adId": ad["identifier"]}
    assert ad["mediator_ack_status"] == status
    assert visit.wait("event ad-result")[0] == {"what": "ad-result"} | result


def test_an_ad_that_is_not_watched_to_its_end(visit: Visit, world: World) -> None:
    world.set(sdk_ad_s=10)
    visit.sign_in()
    show(visit, "rewarded")
    way_out = visit.dialog.get_by_role("button", name="Close without the reward")
    expect(way_out).not_to_have_class("main")
    way_out.click()

    assert visit.wait("ad") == [{"type": "rewarded", "result": "AD_CLOSED"}]
    assert world.state()["ads"] == []


def test_an_interstitial_ad(visit: Visit, world: World) -> None:
    """For it nobody needs to be signed in, and it has no reward."""
    show(visit, "interstitial")
    expect(visit.dialog).to_contain_text("It has ended.")
    visit.press("Close")

    assert visit.wait("ad") == [{"type": "interstitial", "result": "AD_CLOSED"}]
    assert world.state()["ads"] == []


def test_a_rewarded_ad_is_for_users_only(visit: Visit) -> None:
    show(visit, "rewarded")

    assert visit.wait("ad") == [{"type": "rewarded", "result": "USER_UNAUTHENTICATED"}]


def test_an_app_that_the_ad_network_has_not_accepted(visit: Visit, world: World) -> None:
    world.set(sdk_ad_id=False)
    visit.sign_in()
    show(visit, "rewarded")
    visit.press("Close and take the reward")

    assert visit.wait("ad") == [{"type": "rewarded", "result": "AD_REWARDED"}]


@pytest.mark.parametrize(
    ("ads", "requested", "rewarded", "interstitial"),
    [
        ("AD_NOT_AVAILABLE", "AD_NOT_AVAILABLE", "AD_NOT_AVAILABLE", "AD_NOT_AVAILABLE"),
        ("AD_NETWORK_ERROR", "AD_FAILED_TO_LOAD", "AD_NETWORK_ERROR", "AD_NETWORK_ERROR"),
        ("AD_DISPLAY_ERROR", "AD_LOADED", "AD_DISPLAY_ERROR", "AD_DISPLAY_ERROR"),
        ("ADS_NOT_SUPPORTED", "ADS_NOT_SUPPORTED", "ADS_NOT_SUPPORTED", "AD_NOT_AVAILABLE"),
    ],
)
def test_no_ad(
    visit: Visit, world: World, ads: str, requested: str, rewarded: str, interstitial: str
) -> None:
    world.set(sdk_ads=ads)
    visit.sign_in()

    def result(call: str) -> Any:
        return visit.js(f"Pi.Ads.{call}.then(({{ result }}) => result)")

    assert visit.js("Pi.Ads.isAdReady('rewarded')") == {"type": "rewarded", "ready": False}
    assert result("requestAd('rewarded')") == requested
    assert result("showAd('rewarded')") == rewarded
    assert result("showAd('interstitial')") == interstitial
    supported = "ad_network" in visit.js("Pi.nativeFeaturesList()")
    assert supported == (ads != "ADS_NOT_SUPPORTED")


def test_an_ad_is_ready(visit: Visit) -> None:
    assert visit.js("Pi.Ads.isAdReady('interstitial')") == {"type": "interstitial", "ready": True}
    assert visit.js("Pi.Ads.requestAd('rewarded')") == {"type": "rewarded", "result": "AD_LOADED"}
    features = ["inline_media", "request_permission", "ad_network"]
    assert visit.js("Pi.nativeFeaturesList()") == features


def test_share(visit: Visit) -> None:
    assert visit.js("Pi.openShareDialog('Pies', 'I bought one') === undefined")
    expect(visit.dialog).to_contain_text("I bought one")
    visit.press("Close")
    visit.wait_closed()


def test_a_page_in_the_systems_browser(visit: Visit, shop_url: str) -> None:
    with visit.page.context.expect_page() as opened:
        visit.js(f"Pi.openUrlInSystemBrowser('{shop_url}/#elsewhere')")

    assert opened.value.url == f"{shop_url}/#elsewhere"
