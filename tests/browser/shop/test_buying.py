"""A visitor signs in, buys, gives and changes their mind."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.conftest import Watch
from tests.browser.shop.truth import Truth
from tests.browser.shop.visitor import Visit, Visitor


def test_a_first_visit_shows_the_goods_and_asks_for_nothing(visit: Visit, truth: Truth) -> None:
    visitor = visit()

    expect(visitor.page.locator(".product h3")).to_have_text(["Apple pie", "Recipe", "Donation"])
    expect(visitor.page.locator(".price")).to_have_text(["3.14 Pi", "1 Pi", "0.1 to 100 Pi"])
    expect(visitor.page.get_by_text("Sign in to see what you have bought.")).to_be_visible()
    visitor.sees_no_dialog()
    assert truth.pi("users") == []
    visitor.shot("signed-out")


def test_signing_in_shows_who_the_server_says_it_is(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    visitor.press("Sign in")
    visitor.shot("consent")
    visitor.consent("alice")

    expect(visitor.page.locator("#user")).to_have_text("alice")
    expect(visitor.page.get_by_text("Nothing yet.")).to_be_visible()
    assert truth.user("alice")["scopes"] == ["username", "payments", "wallet_address"]
    visitor.shot("nothing-bought")


def test_who_does_not_want_to_sign_in_is_not_pressed(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    visitor.press("Sign in")
    visitor.press("Cancel")

    visitor.reads("You are not signed in")
    visitor.shot("not-signed-in")
    assert truth.pi("users") == []


def test_two_presses_during_a_slow_sign_in_ask_once_and_buy_once(
    visit: Visit, truth: Truth
) -> None:
    visitor = visit()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/me", hold, times=1)
    visitor.press("Sign in")
    with visitor.page.expect_request("**/me"):
        visitor.consent("alice")
    visitor.button("Buy apple pie").dblclick()
    held[0].continue_()
    visitor.pays("3.14")

    visitor.reads("Thank you!")
    visitor.sees_no_dialog()
    assert len(truth.payments("alice")) == 1
    truth.is_delivered_once("alice")


def test_an_apple_pie_is_bought_and_still_there_after_a_reload(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    visitor.press("Buy apple pie")  # signs in first, and goes on from there
    visitor.consent("alice")
    expect(visitor.button("Pay 3.14 Pi")).to_be_visible()
    visitor.shot("wallet")
    visitor.pays("3.14")

    visitor.reads("Thank you!", "Apple pie")
    visitor.sees_no_dialog()
    visitor.has("Apple pie 3.14 Pi Bought")
    visitor.shot("bought")
    truth.is_delivered_once("alice")

    visitor.reload().has("Apple pie 3.14 Pi Bought")
    visitor.sees_no_dialog()


def test_a_donation_is_of_any_amount_in_its_range(alice: Visitor, truth: Truth) -> None:
    amount = alice.page.get_by_label("Amount in Pi")
    amount.fill("0.01")
    alice.press("Donate")
    assert amount.evaluate("input => input.validity.rangeUnderflow")
    assert truth.payments("alice") == []

    amount.fill("0.25")
    alice.press("Donate")
    alice.pays("0.25")

    alice.reads("Thank you!", "Donation")
    alice.has("Donation 0.25 Pi Bought")
    truth.is_delivered_once("alice", "donation")


def test_a_purchase_can_be_cancelled_in_the_wallet(alice: Visitor, truth: Truth) -> None:
    alice.press("Buy apple pie")
    alice.press("Cancel")

    alice.reads("The payment was cancelled", "You can start a new one.")
    alice.sees_no_dialog()
    alice.has("Apple pie 3.14 Pi Not finished")
    alice.shot("cancelled")
    assert truth.paid("alice") == []
    assert truth.payments("alice")[0]["status"]["user_cancelled"]

    alice.buys_pie()
    alice.reads("Thank you!")
    truth.is_delivered_once("alice")


def test_a_changed_price_is_not_approved_and_the_user_told_why_at_once(
    alice: Visitor, truth: Truth, watch: Watch
) -> None:
    watch.allow("status of 409")
    alice.is_sold("apple_pie_1", "Apple pie", "0.01")
    alice.press("Buy apple pie")

    alice.reads("This is not our price", "It costs 3.14 Pi, and this page asked for 0.01.")
    expect(alice.dialog).to_be_visible()  # the wallet still waits, and cannot pay
    alice.shot("price-tampered")
    (payment,) = truth.payments("alice")
    assert not payment["status"]["developer_approved"]

    truth.emulator.control("POST", f"/browser/payments/{payment['identifier']}/expire")
    alice.press("Close")  # of the wallet: it was not approved in time
    alice.reads("This is not our price")
    alice.press("Close this notice")  # within reach, now that the wallet has gone
    expect(alice.notice).to_be_hidden()
    assert truth.paid("alice") == []
    assert "completed" not in truth.states("alice")
    assert truth.owned("alice") == 0
    alice.has("Apple pie 0.01 Pi Not paid")
    alice.reload().has("Apple pie 0.01 Pi Not paid")


def test_what_is_not_for_sale_is_not_sold(alice: Visitor, truth: Truth, watch: Watch) -> None:
    watch.allow("status of 409")
    alice.is_sold("moon_1", "Moon", "1")
    alice.press("Buy moon")

    alice.reads("This is no longer for sale", "You have paid nothing.")
    alice.shot("not-for-sale")
    assert truth.paid("alice") == []


def test_what_is_sold_once_is_not_offered_again(
    alice: Visitor, visit: Visit, truth: Truth, watch: Watch
) -> None:
    other_tab = visit()
    expect(other_tab.page.locator("#user")).to_have_text("alice")
    alice.press("Buy recipe")
    alice.pays("1")
    alice.reads("Thank you!", "Recipe")
    expect(alice.button("You have it")).to_be_disabled()
    alice.shot("you-have-it")

    # A tab that does not know it yet asks, and is refused.
    watch.allow("status of 409")
    other_tab.press("Buy recipe")
    other_tab.reads("You have this already")
    other_tab.shot("already-bought")
    truth.is_delivered_once("alice", "recipe_1")


def test_of_two_tabs_each_purchase_counts_once(alice: Visitor, visit: Visit, truth: Truth) -> None:
    other_tab = visit()
    alice.press("Buy apple pie")
    expect(alice.button("Pay 3.14 Pi")).to_be_visible()

    # Pi has one open payment of a user at a time: the newer one ends the older one.
    other_tab.buys_pie()
    other_tab.reads("Thank you!")
    alice.reads("The payment was cancelled")
    truth.is_delivered_once("alice")


def test_a_wallet_that_holds_too_little_buys_nothing(visit: Visit, truth: Truth) -> None:
    scopes = ["username", "payments", "wallet_address"]
    poor = {"username": "poor", "scopes": scopes, "funded": False}
    truth.emulator.control("POST", "/users", poor)
    visitor = visit()
    visitor.press("Sign in")
    visitor.dialog.get_by_role("radio", name="poor").check()
    visitor.dialog.get_by_role("button", name="Sign in", exact=True).click()
    visitor.press("Buy apple pie")
    visitor.press("Close")

    visitor.reads("The payment was cancelled")
    assert truth.paid("poor") == []


def test_without_the_scope_for_payments_nothing_is_bought(visit: Visit, truth: Truth) -> None:
    visitor = visit()
    visitor.sign_in("bob", without="Ask you for payments")
    visitor.press("Buy apple pie")

    visitor.reads("You have not allowed payments")
    visitor.shot("no-payments-scope")
    assert truth.payments("bob") == []


def test_nobody_else_sees_what_was_bought(
    alice: Visitor, visit: Visit, contexts: Callable[..., BrowserContext]
) -> None:
    alice.buys_pie()
    alice.has("Apple pie 3.14 Pi Bought")

    bob = visit(contexts())
    bob.press("Sign in")
    bob.dialog.get_by_role("radio", name="Someone new").check()
    bob.consent("bob")
    expect(bob.page.get_by_text("Nothing yet.")).to_be_visible()


def test_more_purchases_come_on_demand(alice: Visitor, truth: Truth) -> None:
    for _ in range(6):
        token = truth.token("alice")
        order = {"accessToken": token, "amount": 1, "memo": "Donation"}
        payment = truth.emulator.control(
            "POST", "/payments", {**order, "metadata": {"productId": "donation"}}
        )
        truth.approve(payment["identifier"], token)

    alice.reload()
    expect(alice.purchases).to_have_count(5)
    alice.press("Show more")
    expect(alice.purchases).to_have_count(6)
    expect(alice.button("Show more")).to_be_hidden()
