"""`Pi.init` and `Pi.authenticate`: who the user is, and what they let the app have."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.wrappers import Response

from local.emulator.server import serving
from tests.browser.conftest import Watch
from tests.browser.sdk.conftest import SCOPES, Shop, Visit
from tests.emulator.world import World, code_of

UNINITIALIZED = "Pi Network SDK was not initialized. Call init() before any other method."


def failure(page: Page, code: str) -> str:
    """The error of this, thrown or as a promise's."""
    message: str = page.evaluate(f"(async () => {code})().then(String, (e) => e.message)")
    return message


def test_a_user_signs_in(visit: Visit, world: World) -> None:
    auth = visit.sign_in()

    assert auth["user"].keys() == {"uid", "username"}
    me = world.browser("/me", auth["accessToken"]).json()
    assert (me["uid"], me["username"]) == (auth["user"]["uid"], auth["user"]["username"])
    assert me["credentials"]["scopes"] == [*SCOPES, "platform"]
    visit.wait_closed()


def test_consent_is_remembered(visit: Visit, open_shop: Callable[[], Visit], world: World) -> None:
    """Given a user who has signed in, when the page or a new one asks for the same, then nothing
    is asked, and the token is a fresh one."""
    first = visit.sign_in()
    visit.start_signing_in()
    again = visit.wait("signed in", 2)[0]
    other = open_shop()
    other.start_signing_in(["username"])
    third = other.wait("signed in")[0]

    assert {each["user"]["uid"] for each in (first, again, third)} == {first["user"]["uid"]}
    assert len({each["accessToken"] for each in (first, again, third)}) == 3
    assert world.state()["users"][0]["scopes"] == SCOPES


def test_another_scope_is_asked_for(visit: Visit, world: World) -> None:
    visit.sign_in(["username"])
    visit.start_signing_in(["payments"])
    expect(visit.dialog.get_by_role("checkbox")).to_have_count(1)
    visit.press("Sign in")
    visit.wait("signed in", 2)

    assert world.state()["users"][0]["scopes"] == ["username", "payments"]


def test_a_user_refuses_their_wallets_address(visit: Visit, world: World) -> None:
    """They can't be paid, and are not asked again."""
    visit.start_signing_in()
    visit.page.get_by_label("wallet").uncheck()
    visit.press("Sign in")
    auth = visit.wait("signed in")[0]
    visit.start_signing_in()
    visit.wait("signed in", 2)

    assert code_of(world.create_payout(auth["user"]["uid"])) == "missing_scope"
    told = failure(visit.page, "Pi.Wallet.getUserMigratedWalletAddresses()")
    assert told == 'Cannot get wallet addresses without "wallet_address" scope'


def test_what_was_refused_can_be_asked_again(visit: Visit, world: World) -> None:
    visit.start_signing_in()
    visit.page.get_by_label("wallet").uncheck()
    visit.press("Sign in")
    visit.wait("signed in")
    visit.press("Pi emulator")
    with visit.page.expect_navigation():
        visit.press("Ask again what I refused")
    visit.sign_in()

    assert world.state()["users"][0]["scopes"] == SCOPES


def test_a_refusal_outlives_another_question(visit: Visit, world: World) -> None:
    visit.start_signing_in(["username", "wallet_address"])
    visit.page.get_by_label("wallet").uncheck()
    visit.press("Sign in")
    visit.wait("signed in")
    visit.start_signing_in(["payments"])
    visit.press("Sign in")
    visit.wait("signed in", 2)
    visit.start_signing_in()
    visit.wait("signed in", 3)

    assert world.state()["users"][0]["scopes"] == ["username", "payments"]


def test_a_user_refuses_their_name_and_payments(visit: Visit) -> None:
    visit.start_signing_in()
    visit.page.get_by_label("username").uncheck()
    visit.page.get_by_label("payments").uncheck()
    visit.press("Sign in")

    assert visit.wait("signed in")[0]["user"].keys() == {"uid"}
    told = failure(visit.page, "buy()")
    assert told == 'Cannot create a payment without "payments" scope'


def test_a_user_refuses_to_sign_in(visit: Visit, world: World) -> None:
    visit.start_signing_in()
    visit.press("Cancel")

    assert visit.wait("not signed in") == ["User consent cancelled."]
    assert world.state()["users"] == []


def test_the_users_that_there_are_can_be_chosen(visit: Visit, world: World) -> None:
    bob = world.sign_in(username="bob")
    world.sign_in(username="carol")
    visit.start_signing_in()
    visit.page.get_by_label("bob").check()
    visit.press("Sign in")

    assert visit.wait("signed in")[0]["user"]["uid"] == bob["uid"]


def test_a_new_user_needs_a_name(visit: Visit, world: World) -> None:
    world.sign_in(username="bob")
    visit.start_signing_in()
    visit.page.get_by_label("Name, any will do").fill(" ")
    visit.press("Sign in")
    expect(visit.dialog.get_by_role("status")).to_have_text("Please give a name.")
    visit.page.get_by_label("Name, any will do").fill("dave")
    visit.press("Sign in")

    assert visit.wait("signed in")[0]["user"]["username"] == "dave"


def test_two_calls_at_once_ask_once(visit: Visit) -> None:
    visit.start_signing_in()
    visit.start_signing_in()
    visit.press("Sign in")

    visit.wait("signed in", 2)
    expect(visit.dialog).to_have_count(0)


def test_whoever_revoked_the_app_is_asked_again(visit: Visit, world: World) -> None:
    before = visit.sign_in()["user"]
    visit.press("Pi emulator")
    with visit.page.expect_navigation():
        visit.press("Revoke this app")
    after = visit.sign_in()["user"]

    assert after["username"] == before["username"]
    assert after["uid"] != before["uid"]


def test_the_marker_switches_users(visit: Visit, world: World) -> None:
    world.sign_in(username="bob")
    visit.start_signing_in()
    visit.page.get_by_label("Name, any will do").fill("carol")
    visit.press("Sign in")
    visit.wait("signed in")
    visit.press("Pi emulator")
    expect(visit.page.get_by_text("Signed in as carol")).to_be_visible()
    with visit.page.expect_navigation():
        visit.press("Switch user")
    visit.start_signing_in()
    visit.page.get_by_label("bob").check()
    visit.press("Sign in")

    assert visit.wait("signed in")[0]["user"]["username"] == "bob"


def test_a_page_without_marker(world: World, open_shop: Callable[[], Visit]) -> None:
    world.set(sdk_marker=False)
    expect(open_shop().page.get_by_role("button", name="Pi emulator")).to_have_count(0)


@pytest.mark.parametrize("first", [True, False])
def test_an_incomplete_payment_is_told(visit: Visit, world: World, first: bool) -> None:
    """Before the page has its user, or after: nobody knows which at Pi."""
    world.set(sdk_incomplete_first=first)
    token = world.sign_in(username="alice", scopes=SCOPES)["accessToken"]
    identifier = world.approved(token=token)
    txid = world.pay(identifier)
    visit.sign_in()
    [payment] = visit.wait("onIncompletePaymentFound")

    assert (payment["identifier"], payment["transaction"]["txid"]) == (identifier, txid)
    expected = ["onIncompletePaymentFound", "signed in"]
    assert visit.names() == (expected if first else expected[::-1])


def test_init_comes_first(page: Page, world: World) -> None:
    html = f'<!doctype html><title>t</title><script src="{world.url}/pi-sdk.js"></script>'
    with serving(Response(html, mimetype="text/html")) as url:
        page.goto(url)
        for call in (
            "Pi.authenticate(['username'], () => {})",
            "Pi.createPayment({}, {})",
            "Pi.nativeFeaturesList()",
            "Pi.openShareDialog('a', 'b')",
            "Pi.openUrlInSystemBrowser('about:blank')",
            "Pi.Ads.isAdReady('rewarded')",
            "Pi.Ads.requestAd('rewarded')",
            "Pi.Ads.showAd('rewarded')",
            "Pi.Wallet.getUserMigratedWalletAddresses()",
        ):
            assert failure(page, call) == UNINITIALIZED


def test_what_cannot_be_asked_for(visit: Visit) -> None:
    assert failure(visit.page, "Pi.init({ version: '1' })") == "Unrecognized version number"
    told = failure(visit.page, "Pi.authenticate(['money'], () => {})")
    assert told == "Invalid scopes found. Please check the scopes you're requesting again."


def test_the_users_wallet(visit: Visit, world: World) -> None:
    visit.sign_in()

    told = visit.js("Pi.Wallet.getUserMigratedWalletAddresses()")
    assert told == {"wallets": [{"publicKey": world.state()["users"][0]["wallet"]}]}


def test_another_app_by_the_scripts_address(
    world: World, shop: Shop, open_shop: Callable[[], Visit]
) -> None:
    world.control("POST", "/apps", app_id="other", key="other-key")
    shop.sdk += "?app_id=other"
    open_shop().sign_in()

    assert [user["app_id"] for user in world.state()["users"]] == ["other"]


def test_an_emulator_that_has_gone_away(visit: Visit, world: World, watch: Watch) -> None:
    """A sentence says so, and the page gets Pi's error."""
    watch.allow("ERR_CONNECTION_REFUSED")
    visit.page.route(f"{world.url}/**", lambda route: route.abort("connectionrefused"))
    visit.start_signing_in()

    assert visit.wait("not signed in") == ["Authentication failed."]
    expect(visit.dialog.get_by_role("status")).to_contain_text(f"The Pi emulator at {world.url}")
    visit.press("Close")
    visit.wait_closed()


def test_a_page_from_elsewhere_gets_nothing(
    page: Page, shop_url: str, world: World, watch: Watch
) -> None:
    """Given the shop in a frame that has no origin, nor storage, its user can't sign in."""
    watch.allow("CORS|ERR_FAILED")
    frame = f'<!doctype html><title>t</title><iframe sandbox="allow-scripts" src="{shop_url}">'
    with serving(Response(frame, mimetype="text/html")) as url:
        page.goto(url)
        [_, inner] = page.frames
        told = inner.evaluate(f"signIn({SCOPES}).then(() => told.at(-1))")
    assert told == ["not signed in", "Authentication failed."]
    assert world.state()["users"] == []


def test_framed_as_in_pis_sandbox(context: BrowserContext, shop_url: str, world: World) -> None:
    """Given the shop in a frame of another origin, it signs its user in and sells."""
    frame = f'<!doctype html><title>t</title><iframe src="{shop_url}" width="400" height="700">'
    with serving(Response(frame, mimetype="text/html")) as url:
        page = context.new_page()
        page.goto(url.replace("127.0.0.1", "localhost"))
        framed = page.frame_locator("iframe")
        [_, inner] = page.frames
        inner.evaluate(f"void signIn({SCOPES})")
        framed.get_by_role("button", name="Sign in", exact=True).click()
        inner.wait_for_function("told.some(([name]) => name === 'signed in')")
        framed.get_by_role("button", name="Buy a pie").click()
        framed.get_by_role("button", name="Pay 3.14 Pi").click()
        inner.wait_for_function("told.some(([name]) => name === 'event completed')")
    assert world.state()["payments"][0]["status"]["developer_completed"]
