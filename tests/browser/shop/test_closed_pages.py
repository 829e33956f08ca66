"""The page is closed in the middle of a payment: nothing is lost, and nothing is sold twice."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watch
from tests.browser.shop.truth import Truth
from tests.browser.shop.visitor import Visit, Visitor

APPROVE, COMPLETE, INCOMPLETE = (
    f"**/pi_payment/{step}" for step in ("approve", "complete", "incomplete")
)


@pytest.fixture(autouse=True)
def _lost_calls_are_expected(watch: Watch) -> None:
    watch.allow("Failed to load resource: net::ERR_FAILED")
    watch.allow("404.*/pi_payment/incomplete")  # what nobody has approved is unknown here


def pays_and_closes(visitor: Visitor, truth: Truth) -> None:
    """The wallet has paid; the page is gone before it could tell the server."""
    visitor.cannot_reach(COMPLETE)
    with visitor.page.expect_event("requestfailed", lambda lost: "complete" in lost.url):
        visitor.buys_pie()
    visitor.page.close()
    assert truth.paid("alice") == [3.14]


def test_closed_before_the_approval_nothing_can_be_paid(
    alice: Visitor, visit: Visit, truth: Truth
) -> None:
    alice.cannot_reach(APPROVE)
    alice.press("Buy apple pie")
    alice.reads("We cannot reach the shop")
    alice.shot("approval-lost")
    alice.page.close()

    assert truth.paid("alice") == []
    again = visit()
    again.buys_pie()
    again.reads("Thank you!")
    truth.is_delivered_once("alice")


def test_closed_after_the_payment_it_is_healed_without_a_page(
    alice: Visitor, visit: Visit, truth: Truth
) -> None:
    pays_and_closes(alice, truth)
    truth.heal("alice")
    truth.is_delivered_once("alice")

    visit().has("Apple pie 3.14 Pi Bought")


def test_closed_after_the_payment_the_next_sign_in_completes_it(
    alice: Visitor, visit: Visit, truth: Truth
) -> None:
    pays_and_closes(alice, truth)
    assert truth.owned("alice") == 0

    again = visit()
    again.has("Apple pie 3.14 Pi Bought")
    again.shot("healed")
    truth.is_delivered_once("alice")


def test_closed_before_the_answer_the_purchase_is_there(
    alice: Visitor, visit: Visit, truth: Truth
) -> None:
    """The server has completed it, and the page has not heard."""
    alice.page.route(COMPLETE, lambda route: (route.fetch(), route.abort()))
    with alice.page.expect_event("requestfailed", lambda lost: "complete" in lost.url):
        alice.buys_pie()
    assert truth.states("alice") == ["completed"]
    alice.page.close()

    visit().has("Apple pie 3.14 Pi Bought")
    truth.is_delivered_once("alice")


def test_an_open_purchase_says_so_until_it_is_bought(
    alice: Visitor, visit: Visit, truth: Truth
) -> None:
    alice.page.context.route(INCOMPLETE, lambda route: route.abort())
    pays_and_closes(alice, truth)
    again = visit()
    again.has("Apple pie 3.14 Pi (Paid|Not finished)")
    expect(again.purchases).to_contain_text("it arrives by itself")
    again.shot("not-finished")

    truth.heal("alice")
    again.has("Apple pie 3.14 Pi Bought")  # the page looks again
    truth.is_delivered_once("alice")
