"""`Pi.createPayment`: what the page is told, and what has become of the payment at Pi."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Watch
from tests.browser.sdk.conftest import SCOPES, Shop, Visit
from tests.emulator.world import World

PENDING = (
    "You already have a pending payment on this app, which needs an action from the developer."
)
PAY = "Pay 3.14 Pi"


@pytest.fixture
def alice(visit: Visit) -> Visit:
    """She has signed in."""
    visit.sign_in()
    visit.js("told.length = 0")
    return visit


def status_of(world: World) -> dict[str, bool]:
    """Of the newest payment."""
    status: dict[str, bool] = world.state()["payments"][-1]["status"]
    return status


def test_a_payment(alice: Visit, world: World) -> None:
    alice.buy()
    alice.press(PAY)
    alice.wait_closed()

    [payment] = world.state()["payments"]
    identifier, txid = payment["identifier"], payment["transaction"]["txid"]
    assert payment["status"]["developer_completed"]
    assert alice.told() == [
        ["returned", None],
        ["onReadyForServerApproval", identifier],
        ["onReadyForServerCompletion", identifier, txid],
    ]


def test_what_the_sdk_does_is_told_by_events(alice: Visit) -> None:
    alice.buy()
    alice.press(PAY)
    alice.wait("event completed")

    told: list[str] = alice.js("told.map(([name]) => name).filter((name) => name.match(/^event/))")
    once = list(dict.fromkeys(told))  # Pi asks for the completion again while it is slow
    assert once == [
        f"event {what}"
        for what in (
            *("createPayment", "payment-created", "onReadyForServerApproval", "approved"),
            *("paid", "onReadyForServerCompletion", "completed"),
        )
    ]
    paid = alice.told("event paid")[0][1]
    assert (paid["amount"], len(paid["paymentId"]), len(paid["txid"])) == (3.14, 28, 64)


def test_the_page_is_called_until_pi_shows_it(alice: Visit, shop: Shop) -> None:
    """Given a server that does nothing at first, its page is called again, and the user waits."""
    shop.approves = shop.completes = False
    alice.buy()
    alice.wait("onReadyForServerApproval", 2)
    expect(alice.page.get_by_role("button", name=PAY)).to_have_count(0)
    shop.approves = True
    alice.press(PAY)
    alice.wait("onReadyForServerCompletion", 2)
    expect(alice.dialog).to_be_visible()
    shop.completes = True
    alice.wait_closed()

    alice.wait("event completed")


def test_a_payment_that_nobody_approves(alice: Visit, shop: Shop, world: World) -> None:
    world.set(sdk_approval_s=0.3)
    shop.approves = False
    alice.buy()
    message, payment = alice.wait("onError")

    assert message == "The payment has expired"
    assert payment["status"]["cancelled"]
    assert status_of(world)["cancelled"]
    expect(alice.dialog.get_by_role("status")).to_have_text(message)
    alice.press("Close")
    alice.wait_closed()


def test_pi_itself_gives_up_first(alice: Visit, shop: Shop, world: World) -> None:
    shop.approves = False
    alice.buy()
    alice.wait("onReadyForServerApproval")
    world.advance(61)

    assert alice.wait("onError")[0] == "The payment has expired"


def test_a_payment_that_nobody_completes(alice: Visit, shop: Shop, world: World) -> None:
    """It is paid, so nothing is lost: the server can complete it later."""
    world.set(sdk_completion_s=0.3)
    shop.completes = False
    alice.buy()
    alice.press(PAY)
    message, payment = alice.wait("onError")

    assert "Nothing is lost" in message
    assert not payment["status"]["cancelled"]
    assert world.complete(payment["identifier"], payment["transaction"]["txid"]).ok


def test_the_user_cancels(alice: Visit, world: World) -> None:
    alice.buy()
    alice.press("Cancel")
    alice.wait_closed()

    assert alice.names() == ["returned", "onReadyForServerApproval", "onCancel"]
    assert alice.wait("onCancel") == [world.state()["payments"][0]["identifier"]]
    assert status_of(world)["user_cancelled"]


def test_a_user_without_enough_pi(alice: Visit, world: World) -> None:
    wallet = world.state()["users"][0]["wallet"]
    world.control("POST", "/chain/accounts", address=wallet, balance=4)
    alice.buy()
    expect(alice.dialog.get_by_role("status")).to_contain_text("does not hold enough Pi")
    expect(alice.dialog).to_contain_text("3.02 Pi")
    alice.press("Close")
    alice.wait_closed()

    assert alice.wait("onCancel") == [world.state()["payments"][0]["identifier"]]
    assert status_of(world)["user_cancelled"]


def test_the_pi_is_spent_while_the_user_thinks(alice: Visit, world: World, watch: Watch) -> None:
    watch.allow("409")
    wallet = world.state()["users"][0]["wallet"]
    alice.buy()
    alice.page.get_by_role("button", name=PAY).wait_for()
    world.control("POST", "/chain/accounts", address=wallet, balance=2)
    alice.press(PAY)
    alice.press("Close")

    alice.wait("onCancel")


def test_a_paid_payment_is_in_the_way(alice: Visit, world: World, watch: Watch) -> None:
    """The page hears of it first, then that the new one was not made."""
    watch.allow("400")
    token = world.sign_in(username="alice", scopes=SCOPES)["accessToken"]
    identifier = world.approved(token=token)
    world.pay(identifier)
    alice.buy()
    message, payment = alice.wait("onError")

    assert alice.names() == ["returned", "onIncompletePaymentFound", "onError"]
    assert alice.wait("onIncompletePaymentFound")[0]["identifier"] == identifier
    assert (message, payment) == (PENDING, None)
    alice.press("Close")
    alice.wait_closed()


def test_a_newer_payment_in_another_tab(
    alice: Visit, open_shop: Callable[[], Visit], world: World
) -> None:
    """Given a payment that waits for its user, when they start another one, then Pi cancels the
    first, and its page hears of it."""
    alice.buy()
    alice.page.get_by_role("button", name=PAY).wait_for()
    other = open_shop()
    other.start_signing_in()
    other.wait("signed in")
    other.buy()
    other.press(PAY)
    other.wait_closed()

    first, second = world.state()["payments"]
    assert alice.wait("onCancel") == [first["identifier"]]
    assert (first["status"]["cancelled"], second["status"]["developer_completed"]) == (True, True)
    expect(alice.dialog.get_by_role("status")).to_contain_text("This payment was cancelled")


def test_the_tab_is_closed_after_the_payment(
    alice: Visit, open_shop: Callable[[], Visit], shop: Shop, world: World
) -> None:
    """Given a user who pays and closes the page, when they come back, the page hears of it."""
    shop.completes = False
    alice.buy()
    alice.press(PAY)
    alice.wait("onReadyForServerCompletion")
    alice.page.close()
    other = open_shop()
    other.start_signing_in()
    [payment] = other.wait("onIncompletePaymentFound")

    assert world.complete(payment["identifier"], payment["transaction"]["txid"]).ok


def test_the_tab_is_closed_before_the_approval(
    alice: Visit, open_shop: Callable[[], Visit], shop: Shop, world: World
) -> None:
    """Given a payment that was not paid, the page hears of it; a new one takes its place."""
    shop.approves = False
    alice.buy()
    alice.wait("onReadyForServerApproval")
    alice.page.close()
    shop.approves = True
    other = open_shop()
    other.start_signing_in()
    assert other.wait("onIncompletePaymentFound")[0]["transaction"] is None
    other.wait("signed in")
    other.buy()
    other.press(PAY)
    other.wait("event completed")

    assert world.state()["payments"][0]["status"]["cancelled"]


def test_an_answer_to_the_wallet_is_lost(alice: Visit, watch: Watch) -> None:
    """The chain shows that it was paid: once, and it goes on."""
    watch.allow("ERR_FAILED")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    alice.page.route("**/pay", lose)
    alice.buy()
    alice.press(PAY)
    alice.wait("event completed")


def test_pi_does_not_learn_of_the_transaction(alice: Visit, shop: Shop, world: World) -> None:
    world.set(forgets_links=True)
    shop.completes = False
    alice.buy()
    alice.press(PAY)
    identifier, txid = alice.wait("onReadyForServerCompletion")

    assert world.get(identifier)["transaction"] is None
    assert world.complete(identifier, txid).ok


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{ ...pie, metadata: {} }", "Metadata can't be empty."),
        ("{ ...pie, amount: -1 }", "Invalid amount."),
        ("{ amount: 1, metadata: { a: 1 } }", "A payment has a memo."),
    ],
)
def test_what_is_no_payment(alice: Visit, watch: Watch, data: str, message: str) -> None:
    watch.allow("400")
    alice.js(f"buy({data})")

    assert alice.wait("onError") == [message, None]


def test_a_sign_in_that_has_expired(alice: Visit, watch: Watch, world: World) -> None:
    watch.allow("401")
    world.control("POST", f"/users/{world.state()['users'][0]['uid']}/expire")
    alice.buy()

    assert alice.wait("onError") == ["Your sign-in has expired. Please sign in again.", None]


def test_the_emulator_is_reset_in_the_middle(alice: Visit, watch: Watch, world: World) -> None:
    watch.allow("404")
    alice.buy()
    alice.page.get_by_role("button", name=PAY).wait_for()
    world.control("POST", "/reset")

    assert "Was the emulator reset?" in alice.wait("onError")[0]


def test_the_emulator_goes_away_in_the_middle(alice: Visit, watch: Watch, world: World) -> None:
    """Not at once: it may only be slow."""
    watch.allow("ERR_CONNECTION_REFUSED")
    alice.buy()
    alice.page.get_by_role("button", name=PAY).wait_for()
    alice.page.route(f"{world.url}/**", lambda route: route.abort("connectionrefused"))

    message, payment = alice.wait("onError")
    assert world.url in message
    assert payment["amount"] == 3.14


def test_a_page_that_throws(alice: Visit, watch: Watch, world: World) -> None:
    """Its error is its own, and stops no payment."""
    watch.allow("uncaught: pie is off")
    alice.js("void (callbacks.onReadyForServerApproval = () => { throw new Error('pie is off') })")
    alice.buy()
    identifier = alice.wait("event onReadyForServerApproval")[0]["paymentId"]
    world.server("POST", f"/payments/{identifier}/approve")
    alice.press(PAY)

    alice.wait("event completed")
