"""What is approved, what is not, and what is written down before Pi hears of it."""

from collections.abc import Callable
from typing import Any

import pytest

from local.emulator.address import address_of
from shared.base.amount import Amount
from shared.payments.prices import Price
from tests.world import User, World
from tests.world.effects import Moment
from tests.world.payments import DONATION, PIE

A_STRANGER = address_of("somebody else")
SEEN_SECONDS = 10  # docs/deploy.md: for so long an old price may be accepted


def test_the_payer_is_known_by_name_where_the_user_lets_us_see_it(world: World) -> None:
    """So that support finds the payment that a user tells of."""
    named = world.user("alice")
    nameless = world.user("bob", scopes=("payments",))
    for user, expected in ((named, "alice"), (nameless, None)):
        payment_id = world.start(user, "3.14", {"productId": PIE})
        assert world.approve(payment_id, user).status == 200
        assert world.record(payment_id).username == expected
        found = world.tables.raw("PaymentsTable", "by_username")
        assert [item["username"]["S"] for item in found] == ["alice"]


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [(("payments", "username"), False), (("payments", "wallet_address"), True)],
)
def test_it_is_known_whether_the_payer_can_be_paid(
    world: World, scopes: tuple[str, ...], expected: bool
) -> None:
    payer = world.user("alice", scopes=scopes)
    payment_id = world.start(payer, "3.14", {"productId": PIE})
    assert world.approve(payment_id, payer).status == 200
    assert world.record(payment_id).grants_wallet is expected


# --- Promise 1: what differs from what we sell is never approved ---------------------------------


@pytest.mark.parametrize(
    ("code", "amount", "metadata", "shown"),
    [
        ("unexpected_amount", "3.13", {"productId": PIE}, {}),
        ("unexpected_amount", "3.14", {"productId": PIE, "quantity": 2}, {}),
        ("unexpected_amount", "100.0000001", {"productId": DONATION}, {}),
        ("unknown_product", "3.14", {"productId": "apple_pie_2"}, {}),
        ("unknown_product", "3.14", {"productId": "off_the_menu"}, {}),
        ("unexpected_network", "3.14", {"productId": PIE}, {"network": "Pi Network"}),
        ("unexpected_network", "3.14", {"productId": PIE}, {"network": None}),
        ("unexpected_token", "3.14", {"productId": PIE}, {"token_canonical": f"EUR:{A_STRANGER}"}),
        ("unexpected_split", "3.14", {"productId": PIE}, {"split_recipients": [{"uid": "x"}]}),
        ("unexpected_wallet", "3.14", {"productId": PIE}, {"to_address": A_STRANGER}),
        ("unexpected_wallet", "3.14", {"productId": PIE}, {"to_address": None}),
    ],
)
def test_another_payment_than_we_sell_is_refused_and_cancelled(
    world: World,
    alice: User,
    code: str,
    amount: str,
    metadata: dict[str, Any],
    shown: dict[str, Any],
) -> None:
    """Promise 1; and the user need not wait until Pi gives it up."""
    world.sell("off_the_menu", price="3.14", active=False)
    payment_id = world.start(alice, amount, metadata, **shown)

    replies = [world.approve(payment_id, alice) for _ in range(2)]

    assert [(reply.status, reply.error) for reply in replies] == [(409, code)] * 2
    assert not world.at_pi(payment_id).developer_approved
    assert world.at_pi(payment_id).cancelled
    record = world.record(payment_id)
    assert (record.state, record.refusal, record.pending_event) == ("cancelled", code, None)


@pytest.mark.parametrize("direction", ["app_to_user", None])
def test_another_direction_is_not_ours(world: World, alice: User, direction: str | None) -> None:
    """Promise 1: 404, and no effect at all."""
    payment_id = world.start(alice, direction=direction)

    assert world.approve(payment_id, alice).status == 404

    assert world.at_pi(payment_id).is_open
    assert not world.at_pi(payment_id).developer_approved
    assert world.find_record(payment_id) is None


def test_another_users_payment_is_not_approved(world: World, alice: User, bob: User) -> None:
    """Promise 1."""
    payment_id = world.start(alice)

    assert world.approve(payment_id, bob).status == 403

    assert not world.at_pi(payment_id).developer_approved
    assert world.find_record(payment_id) is None
    assert world.approve(payment_id, alice).status == 200


@pytest.mark.parametrize(
    ("amount", "metadata"),
    [
        ("3.14", {"productId": PIE}),
        ("9.42", {"productId": PIE, "quantity": "3"}),
        ("99.9999999", {"productId": DONATION}),
        ("1e-7", {"productId": "a_stroop"}),
    ],
)
def test_the_exact_amount_is_approved(
    world: World, alice: User, amount: str, metadata: dict[str, Any]
) -> None:
    """Promise 5: amounts are compared in whole stroops."""
    world.sell("a_stroop", price="0.0000001")
    payment_id = world.start(alice, amount, metadata)

    assert world.approve(payment_id, alice).status == 200

    assert world.at_pi(payment_id).developer_approved
    assert world.record(payment_id).amount == Amount.of(amount)


# --- Promise 2: the record comes first ----------------------------------------------------------


def test_the_record_stands_before_pi_approves(world: World, alice: User) -> None:
    """Promise 2."""
    payment_id = world.start(alice)
    stood: list[bool] = []

    def look(moment: Moment, effect: str) -> None:
        if moment == "before" and effect.endswith("/approve"):
            stood.append(world.find_record(payment_id) is not None)

    with world.effects.watched_by(look):
        world.approve(payment_id, alice)

    assert stood == [True]


# --- A record fixes its price -------------------------------------------------------------------


def test_a_price_change_does_not_undo_an_approval(world: World, alice: User) -> None:
    """The front end repeats its call every 10 s; in between the operator raises the price."""
    payment_id = world.approved(alice)
    world.sell(PIE, price="4")

    repeat = world.approve(payment_id, alice)

    assert (repeat.status, repeat.state) == (200, "open")
    assert world.record(payment_id).version == 1
    txid = world.pay(payment_id)
    assert world.complete(payment_id, txid, alice).state == "completed"
    assert world.record(payment_id).pending_event == "PaymentCompleted"


def test_a_price_change_before_the_repeat_of_a_lost_approval(world: World, alice: User) -> None:
    """Recorded at the old price, lost on the way to Pi: the record decides, and it is approved."""
    payment_id = world.start(alice)
    world.fault("POST", "*/approve", drop="before", times=4)
    assert world.approve(payment_id, alice).status == 503
    world.sell(PIE, price="4")

    assert world.approve(payment_id, alice).status == 200

    assert world.at_pi(payment_id).developer_approved


@pytest.mark.parametrize("seconds", [0, SEEN_SECONDS - 1])
def test_a_changed_price_is_accepted_at_once(world: World, alice: User, seconds: int) -> None:
    """Its page shows it already. So is a product that is sold again."""
    world.approved(alice)
    world.tick(seconds)
    world.sell(PIE, price="4")

    payment_id = world.start(alice, "4")

    assert world.approve(payment_id, alice).status == 200
    assert world.record(payment_id).price == Price(PIE, 1, Amount.of("4"), Amount.of("4"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"price": "4"}, "unexpected_amount"),
        ({"price": "3.14", "active": False}, "unknown_product"),
        ({"price": "all"}, "unknown_product"),
    ],
)
def test_promise_1_what_is_not_sold_any_more_is_refused_after_ten_seconds(
    world: World, alice: User, change: dict[str, Any], error: str
) -> None:
    """Until then an environment that has just read the product may still sell it."""
    world.approved(alice)
    world.sell(PIE, **change)
    assert world.approve(world.start(alice), alice).status == 200
    world.tick(SEEN_SECONDS)

    assert world.approve(world.start(alice), alice).error == error


def test_what_an_environment_has_seen_switched_off_it_sells_no_more(
    world: World, alice: User
) -> None:
    world.approved(alice)
    world.sell(PIE, price="3.14", active=False)
    for amount in ("9", "3.14"):
        assert world.approve(world.start(alice, amount), alice).error == "unknown_product"


@pytest.mark.parametrize(("price_of_the_first", "approved"), [("3.14", True), ("4", False)])
def test_tabs_of_two_prices(
    world: World, alice: User, price_of_the_first: str, approved: bool
) -> None:
    """Both have looked the price up before either writes, each in an environment of its own: the
    first record decides for both."""
    payment_id = world.start(alice)
    other = {"3.14": "4", "4": "3.14"}[price_of_the_first]
    first: list[int] = []

    def overtake(moment: Moment, effect: str) -> None:
        """The second tab has its price; now the first one runs to its end."""
        if moment == "before" and effect == "PutItem":
            world.sell(PIE, price=price_of_the_first)
            world.cold_start()
            with world.effects.watched_by(None):
                first.append(world.approve(payment_id, alice).status)

    world.sell(PIE, price=other)
    with world.effects.watched_by(overtake):
        second = world.approve(payment_id, alice).status

    assert [*first, second] == ([200, 200] if approved else [409, 409])
    assert world.at_pi(payment_id).developer_approved is approved
    assert world.at_pi(payment_id).cancelled is not approved


# --- Whoever approved it ------------------------------------------------------------------------


def test_approved_elsewhere_and_ours_is_only_recorded(world: World, alice: User) -> None:
    payment_id = world.start(alice)
    world.at_pi(payment_id).approve()

    with world.counting() as spent:
        assert world.approve(payment_id, alice).status == 200

    assert not any("approve" in effect for effect in spent.log)
    assert world.record(payment_id).refusal is None


def test_approved_elsewhere_and_not_ours_is_only_watched(world: World, alice: User) -> None:
    """Promise 3: it can be paid, so it must be found again."""
    payment_id = world.start(alice, "1")
    world.at_pi(payment_id).approve()

    assert world.approve(payment_id, alice).error == "unexpected_amount"

    assert world.at_pi(payment_id).is_open
    record = world.record(payment_id)
    assert (record.state, record.price) == ("open", None)
    assert record.due_at is not None


def test_a_refusal_that_did_not_write_first_does_not_cancel(world: World, alice: User) -> None:
    """Promise 3: two tabs refuse; the one that comes second must leave Pi alone."""
    payment_id = world.start(alice, "1")
    world.fault("POST", "*/cancel", status=500, times=4)
    assert world.approve(payment_id, alice).status == 409

    assert world.approve(payment_id, alice).status == 409

    assert world.at_pi(payment_id).is_open


# --- Payments that are over ---------------------------------------------------------------------


def _user_cancelled(world: World, payment_id: str) -> None:
    world.pi.user_cancel(payment_id)


def _expired(world: World, payment_id: str) -> None:
    world.tick(61)


@pytest.mark.parametrize("ends", [_user_cancelled, _expired])
def test_a_cancelled_payment_is_not_approved(
    world: World, alice: User, ends: Callable[[World, str], None]
) -> None:
    payment_id = world.start(alice)
    ends(world, payment_id)

    assert world.approve(payment_id, alice).error == "payment_cancelled"

    assert not world.at_pi(payment_id).developer_approved
    assert world.record(payment_id).state == "cancelled"


def test_cancelled_between_our_look_and_our_approval(world: World, alice: User) -> None:
    """Pi cancels silently when the user starts another payment: its refusal is looked into."""
    payment_id = world.start(alice)

    def start_another(moment: Moment, effect: str) -> None:
        if moment == "before" and effect == "PutItem":
            world.start(alice)

    with world.effects.watched_by(start_another):
        reply = world.approve(payment_id, alice)

    assert (reply.status, reply.error) == (409, "cancelled_payment")
    record = world.record(payment_id)
    assert (record.state, record.pending_event) == ("cancelled", "PaymentCancelled")


def test_a_repeat_after_completion_answers_the_same(world: World, alice: User) -> None:
    """Promise 4: a late repeat of approve changes nothing."""
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)

    reply = world.approve(payment_id, alice)

    assert (reply.status, reply.state) == (200, "completed")
    assert world.record(payment_id).version == 2


def test_completed_elsewhere_is_said_so(world: World, alice: User) -> None:
    payment_id = world.start(alice)
    world.at_pi(payment_id).approve()
    world.at_pi(payment_id).complete(world.pay(payment_id), None)

    assert world.approve(payment_id, alice).error == "already_completed"

    assert world.find_record(payment_id) is None


def test_what_was_refused_here_and_completed_elsewhere(world: World, alice: User) -> None:
    payment_id = world.start(alice, "3.13", {"productId": PIE})
    world.fault("POST", "/v2/payments/*/cancel", drop="before")
    assert world.approve(payment_id, alice).error == "unexpected_amount"
    world.heal()
    world.at_pi(payment_id).approve()
    world.at_pi(payment_id).complete(world.pay(payment_id), None)

    reply = world.approve(payment_id, alice)

    assert (reply.status, reply.state) == (200, "completed")
    assert world.record(payment_id).needs_review == "unmatched"


def test_a_repeat_that_pi_refuses_is_an_approval(world: World, alice: User) -> None:
    """Whether Pi answers a second approval with 200 is documented nowhere."""
    world.pi.settings.approve_repeat_refused = True
    payment_id = world.start(alice)
    world.fault_once("POST", "*/approve", drop="after")

    assert world.approve(payment_id, alice).status == 200

    assert world.at_pi(payment_id).developer_approved


def test_a_cancelled_payment_is_not_called_one_that_is_not_sold(world: World, alice: User) -> None:
    payment_id = world.start(alice)
    world.pi.user_cancel(payment_id)

    reply = world.approve(payment_id, alice)

    assert reply.error == "payment_cancelled"
    assert "not one that this app sells" not in reply.body["error_message"]


def test_an_empty_bearer_header_counts_as_none(world: World, alice: User) -> None:
    payment_id = world.start(alice)

    reply = world.call(
        "POST /pi_payment/approve",
        body={"paymentId": payment_id, "accessToken": alice.token},
        token="",
    )

    assert reply.status == 200


def test_a_refusal_is_counted_once(world: World, alice: User) -> None:
    """Issue 9, 2.7: metrics count what was written, not what was tried."""
    payment_id = world.start(alice, "1")

    for _ in range(3):
        assert world.approve(payment_id, alice).error == "unexpected_amount"

    assert world.metrics.counted["PaymentRefused"] == 1
