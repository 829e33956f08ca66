"""Taking on a payout: the same request is the same payout; each refusal has its own code; nothing
is counted without a payout that stands for it.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from shared.base.amount import Amount
from shared.payments.record import Attention, PaymentState
from shared.payouts.record import PayoutState
from shared.payouts.request import PayoutRequest
from tests.payouts.promises import check, check_at_rest
from tests.payouts.stories import PAYOUT
from tests.world import World
from tests.world.devices import First
from tests.world.effects import AwsFault
from tests.world.functions import Reply

THREADS = 16


def body(world: World, **changes: Any) -> dict[str, Any]:
    whole = {"payout_id": "p1", "uid": world.uid("alice"), "amount": Decimal("3.5"), "memo": "Hi"}
    return whole | changes


def refused(reply: Reply) -> tuple[int, str | None]:
    return reply.status, reply.error


def test_the_same_request_again(each_world: World) -> None:
    world = each_world
    first = world.post(**body(world, metadata={"a": 1, "b": 2}))
    again = world.post(**body(world, amount="3.50", metadata={"b": 2, "a": 1}))
    assert (first.status, again.status) == (202, 202)
    assert first.body == again.body
    check(world)
    world.send()
    later = world.post(**body(world, metadata={"a": 1, "b": 2}))
    assert (later.status, later.state) == (200, "completed")
    check_at_rest(world, PayoutState.COMPLETED, "p1")


def test_the_same_request_again_behind_a_cap_and_the_switch(each_world: World) -> None:
    world = each_world
    world.deploy(PayoutCap="5", PayoutUserDailyCap="5", PayoutWalletDailyCap="5")
    assert world.post(**body(world)).status == 202
    world.deploy(PayoutCap="1", PayoutUserDailyCap="1", PayoutWalletDailyCap="1")
    world.switch.value = "off"
    assert world.post(**body(world)).status == 202
    check(world)


@pytest.mark.parametrize(
    "change", [{"amount": 4}, {"memo": "Ho"}, {"metadata": {"a": 1}}, {"uid": "somebody"}]
)
def test_another_request_under_the_same_id(each_world: World, change: Mapping[str, Any]) -> None:
    world = each_world
    world.post(**body(world))
    assert refused(world.post(**body(world, **change))) == (409, "payout_id_taken")
    check(world)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": Decimal("100.0000001")}, 409, "above_payment_cap"),
        ({"amount": Decimal("0.00000001")}, 400, "invalid_amount"),
        ({"amount": "1.00000001"}, 400, "invalid_amount"),
        ({"amount": 0}, 400, "invalid_amount"),
        ({"amount": -1}, 400, "invalid_amount"),
        ({"amount": None}, 400, "invalid_amount"),
        ({"amount": True}, 400, "invalid_amount"),
        ({"amount": "1e999"}, 400, "invalid_amount"),
        ({"memo": ""}, 400, "invalid_memo"),
        ({"memo": "x" * 101}, 400, "invalid_memo"),
        ({"memo": 7}, 400, "invalid_memo"),
        ({"memo": "\ud800"}, 400, "invalid_memo"),
        ({"metadata": {"payout_id": "p2"}}, 400, "reserved_metadata_key"),
        ({"metadata": {"x": "y" * 2000}}, 400, "invalid_metadata"),
        ({"metadata": [1]}, 400, "invalid_metadata"),
        ({"uid": ""}, 400, "invalid_uid"),
        ({"uid": 7}, 400, "invalid_uid"),
        ({"payout_id": "a/b"}, 400, "invalid_payout_id"),
        ({"payout_id": "day#wallet"}, 400, "invalid_payout_id"),
        ({"payout_id": None}, 400, "invalid_payout_id"),
    ],
)
def test_what_no_payout_can_be_made_of(
    world: World, change: Mapping[str, Any], status: int, code: str
) -> None:
    assert refused(world.post(**body(world, **change))) == (status, code)
    assert world.all_payouts() == []
    assert world.counters() == {}
    assert world.payout_queue.messages == []


def test_the_longest_memo_and_the_smallest_amount(world: World) -> None:
    memo, amount = "ä" * 100, Decimal("1e-7")
    assert world.post(**body(world, memo=memo, amount=amount)).status == 202
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "p1")


def test_the_users_day(each_world: World) -> None:
    world = each_world
    alice, bob = world.uid("alice"), world.uid("bob")
    world.requested("p1", alice, amount=100)
    world.requested("p2", alice, amount=50)
    reply = world.post(**body(world, payout_id="p3", amount="0.0000001"))
    assert refused(reply) == (409, "user_daily_cap_reached")
    world.requested("p4", bob, amount=1)
    check(world)
    world.tick(24 * 3600)
    world.requested("p5", alice, amount=100)
    check(world)


def test_the_users_number_of_a_day(each_world: World) -> None:
    """Refunds are exempt; at midnight it begins anew."""
    world = each_world
    world.deploy(PayoutUserDailyNumber="2")
    alice, payment_id = world.uid("alice"), world.sold("3")
    for number in (1, 2):
        world.requested(f"p{number}", alice, amount="1")
    reply = world.post(**body(world, payout_id="p3", amount="1"))
    assert refused(reply) == (409, "user_daily_number_reached")
    assert world.post(payout_id="r1", refund_of=payment_id, amount="0.001").status == 202
    world.requested("p4", world.uid("bob"), amount="1")
    world.requested("p1", alice, amount="1")  # again
    world.tick(24 * 3600)
    world.requested("p5", alice, amount="1")
    check(world)


@pytest.mark.parametrize("is_the_users_fault", [True, False])
def test_the_number_is_given_back_unless_the_recipient_was_the_cause(
    each_world: World, is_the_users_fault: bool
) -> None:
    world = each_world
    world.deploy(PayoutUserDailyNumber="1")
    uid = world.uid("alice")
    world.refuse_for_good("missing_wallet" if is_the_users_fault else "invalid_arguments")
    world.requested("p1", uid, amount="1")
    world.send()
    check_at_rest(world, PayoutState.FAILED, "p1")

    reply = world.post(**body(world, payout_id="p2", uid=uid, amount="1"))

    assert reply.error == ("user_daily_number_reached" if is_the_users_fault else None)


@pytest.mark.parametrize(("amount", "status"), [("0.0099999", 409), ("0.01", 202)])
def test_the_least_amount(world: World, amount: str, status: int) -> None:
    """Whatever the chain takes for it. A refund may be smaller."""
    world.deploy(PayoutLeastAmount="0.01")
    reply = world.post(**body(world, amount=amount))
    assert reply.status == status
    assert reply.error in (None, "below_least_amount")
    assert world.post(payout_id="r1", refund_of=world.sold("3"), amount="0.001").status == 202


def test_the_wallets_day(each_world: World) -> None:
    world = each_world
    for number in range(4):
        world.requested(f"p{number}", world.uid(f"user {number}"), amount=100)
    reply = world.post(**body(world, payout_id="p9", amount="0.0000001"))
    assert refused(reply) == (409, "wallet_daily_cap_reached")
    check(world)


def test_a_day_that_is_too_small_for_even_one(each_world: World) -> None:
    world = each_world
    world.deploy(PayoutUserDailyCap="1")
    assert refused(world.post(**body(world))) == (409, "user_daily_cap_reached")
    world.deploy(PayoutUserDailyCap="9", PayoutWalletDailyCap="1")
    assert refused(world.post(**body(world))) == (409, "wallet_daily_cap_reached")
    assert world.counters() == {}


@pytest.mark.parametrize("uid", ["wallet", "#", "2026-11-23", "a#b"])
def test_a_uid_that_looks_like_a_counter(each_world: World, uid: str) -> None:
    """No such user: Pi says so. The wallet's counter is not his."""
    world = each_world
    assert world.post(**body(world, uid=uid)).status == 202
    check(world)
    world.send()
    assert world.payout("p1").reason == "user_not_found"
    world.tick(121)
    world.decide("p1", "fail")
    world.send()
    check_at_rest(world, PayoutState.FAILED, "p1")
    assert world.counters() == {}


def test_everything_is_refused_while_payouts_are_off(world: World) -> None:
    payment_id = world.sold()
    world.switch.value = "off"
    assert refused(world.post(**body(world))) == (409, "payouts_off")
    assert refused(world.post(payout_id="r", refund_of=payment_id)) == (409, "payouts_off")
    assert world.all_payouts() == []


# --- Refunds -----------------------------------------------------------------------------------


def test_refunds_that_add_up_to_more_than_was_paid(each_world: World) -> None:
    world = each_world
    payment_id = world.sold("3")
    for number in (1, 2):
        assert world.post(payout_id=f"r{number}", refund_of=payment_id, amount=1).status == 202
    reply = world.post(payout_id="r3", refund_of=payment_id, amount="1.0000001")
    assert refused(reply) == (409, "above_paid_amount")
    assert world.post(payout_id="r4", refund_of=payment_id, amount=1).status == 202
    reply = world.post(payout_id="r5", refund_of=payment_id, amount="0.0000001")
    assert refused(reply) == (409, "above_paid_amount")
    check(world)
    assert world.record(payment_id).refunded == Amount.of(3)


def test_a_refund_of_more_than_was_paid(each_world: World) -> None:
    world = each_world
    reply = world.post(payout_id="r1", refund_of=world.sold("3"), amount=4)
    assert refused(reply) == (409, "above_paid_amount")
    assert world.counters() == {}


def test_a_refund_that_failed_can_be_made_again(each_world: World) -> None:
    world = each_world
    world.refuse_for_good()
    payment_id = world.sold("3")
    world.requested("r1", refund_of=payment_id, amount="3")
    world.send()
    check_at_rest(world, PayoutState.FAILED, "r1")
    world.heal()
    world.requested("r2", refund_of=payment_id, amount="3")
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "r2")
    told = [entry.why for entry in world.record(payment_id).story][-3:]
    assert told == ["refund r1", "refund r1 was not paid", "refund r2"]


def test_a_payment_whose_story_was_edited_holds_up_no_refund(each_world: World) -> None:
    world = each_world
    world.refuse_for_good()
    payment_id = world.sold("3")
    world.requested("r1", refund_of=payment_id, amount="3")
    world.tables.edit("PaymentsTable", payment_id, story="a text")

    world.send()

    items = {item["payment_id"]: item for item in world.tables.items("PaymentsTable")}
    assert (items[payment_id]["refunded"], items[payment_id]["story"]) == (0, "a text")
    world.tables.edit("PaymentsTable", payment_id, story=None)
    check_at_rest(world, PayoutState.FAILED, "r1")


def test_what_pi_cancelled_though_it_was_paid_is_refunded(world: World) -> None:
    """And then its goods are not released, should Pi complete it after all."""
    user = world.user("alice")
    payment_id = world.approved(user)
    world.pay(payment_id, link=False)
    world.pi.user_cancel(payment_id)
    world.until_proven()
    assert world.record(payment_id).needs_review == "cancelled_but_paid"

    world.requested("r1", refund_of=payment_id)
    world.send()

    check_at_rest(world, PayoutState.COMPLETED, "r1")
    reply = world.post(payout_id="r2", refund_of=payment_id, amount="0.1")
    assert refused(reply) == (409, "above_paid_amount")
    world.pi.force(payment_id, {"status": {"user_cancelled": False}})
    world.tick(24 * 3600)
    world.rounds(3)
    assert world.standing_of(payment_id) == ("completed", "unmatched")
    assert world.events(payment_id) == ["PaymentUnmatched"]


def test_what_came_twice_is_refunded(world: World) -> None:
    payment_id, _ = world.paid(world.user("alice"))
    world.pay(payment_id, skip_approval_check=True)
    world.rounds(3)

    world.requested("r1", refund_of=payment_id)
    world.send()
    world.requested("r2", refund_of=payment_id)
    world.send()

    check_at_rest(world, PayoutState.COMPLETED, "r1", "r2")
    reply = world.post(payout_id="r3", refund_of=payment_id, amount="0.1")
    assert refused(reply) == (409, "above_paid_amount")
    assert world.events(payment_id) == ["PaymentCompleted"]


def test_what_came_in_beside_an_open_payment_is_refunded(world: World) -> None:
    """Another amount than was asked for: the payment itself goes on, and its goods go out."""
    payment_id = world.approved(world.user("alice"))
    world.pay(payment_id, amount=1, link=False)
    world.rounds(2)

    world.requested("r1", refund_of=payment_id, amount="1")
    world.send()
    world.pay(payment_id, skip_approval_check=True)
    world.rounds(3)

    assert str(world.payout("r1").amount) == "1"
    check_at_rest(world, PayoutState.COMPLETED, "r1")
    assert world.events(payment_id) == ["PaymentCompleted"]


@pytest.mark.parametrize("state", [PaymentState.OPEN, PaymentState.CANCELLED])
def test_what_was_never_paid_is_not_refunded(world: World, state: PaymentState) -> None:
    reply = world.post(payout_id="r1", refund_of=world.sold(state=state))
    assert refused(reply) == (409, "not_refundable")
    reply = world.post(payout_id="r1", refund_of="unheard-of")
    assert refused(reply) == (404, "payment_not_found")
    assert world.all_payouts() == []


def test_an_unmatched_payment_is_refunded(world: World) -> None:
    payment_id = world.sold("7", needs_review=Attention.UNMATCHED)
    world.requested("r1", refund_of=payment_id)
    world.send()
    check_at_rest(world, PayoutState.COMPLETED, "r1")


# --- Many at once ------------------------------------------------------------------------------


def all_at_once(world: World, bodies: list[dict[str, Any]]) -> list[Reply]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda one: world.post(**one), bodies))


def test_sixteen_at_once_under_one_id(each_world: World) -> None:
    world = each_world
    replies = all_at_once(world, [body(world)] * THREADS)
    assert {reply.status for reply in replies} == {202}
    check(world)
    assert len(world.all_payouts()) == 1


def test_sixteen_at_once_at_the_wallets_cap(each_world: World) -> None:
    """100 each, of 400 a day."""
    world = each_world
    bodies = [
        body(world, payout_id=f"p{n}", uid=world.uid(f"user {n}"), amount=100)
        for n in range(THREADS)
    ]
    replies = all_at_once(world, bodies)
    assert sorted(reply.status for reply in replies) == [202] * 4 + [409] * 12
    assert {r.error for r in replies if r.error} == {"wallet_daily_cap_reached"}
    check(world)


def test_sixteen_refunds_at_once_of_one_payment(each_world: World) -> None:
    world = each_world
    payment_id = world.sold("5")
    bodies = [{"payout_id": f"r{n}", "refund_of": payment_id, "amount": 1} for n in range(THREADS)]
    replies = all_at_once(world, bodies)
    assert sorted(reply.status for reply in replies) == [202] * 5 + [409] * 11
    assert {r.error for r in replies if r.error} == {"above_paid_amount"}
    check(world)


def transactions_conflict(world: World, code: str, times: int) -> None:
    """In memory alone: MiniStack knows no conflict."""
    reasons = [{"Code": "None"}, {"Code": code}, {"Code": "None"}]
    refusal = "TransactionCanceledException"
    fault = AwsFault("TransactWriteItems", refusal, times=times, reasons=reasons)
    world.effects.faults.append(fault)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_a_conflict_is_tried_again(world: World, code: str) -> None:
    """DynamoDB cancels one of two transactions that meet; the caller hears nothing of it."""
    transactions_conflict(world, code, times=4)
    assert world.post(**body(world)).status == 202
    transactions_conflict(world, code, times=3)
    assert world.post(payout_id="r1", refund_of=world.sold()).status == 202
    check(world)


def test_a_conflict_at_a_release_is_tried_again(world: World) -> None:
    world.refuse_for_good()
    world.requested()
    transactions_conflict(world, "TransactionConflict", times=3)
    world.send()
    check_at_rest(world, PayoutState.FAILED)
    assert world.counters() == {}


def test_a_release_happens_once(world: World) -> None:
    """Woken again and again, and by two at once."""
    world.requested("p0", world.uid("bob"), amount=7)
    world.send()
    world.refuse_for_good()
    world.requested()
    for _ in range(3):
        world.rounds(1)
        world.wake_sender("payout-1")
    check_at_rest(world, PayoutState.FAILED)
    assert set(world.counters().values()) == {70_000_000}


def test_reading_a_payout_that_is_not_there(world: World) -> None:
    shown = world.call("GET /payouts/{payout_id}", path={"payout_id": "p1"})
    assert refused(shown) == (404, "payout_not_found")


FINGERPRINT = "557c25d225fe07f7e2b824beefa2ce9282d9c3ea5d5040820ee1a42da6ed984e"
FINGERPRINT_OF_REFUND = "9d9f23b37e6347eea5d9391ab314c94e82e29a9a41a8f8e11cd89bf46b5578ce"


def fingerprint(metadata: dict[str, Any]) -> str:
    return PayoutRequest("p", "u", Amount.of(1), "m", metadata).fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("1.50"), Decimal("1.5")),
        (Decimal("1E+2"), 100),
        (Decimal("0.00"), 0),
        (Decimal("-0.0"), 0),
        (Decimal("1e999999999"), Decimal("10e999999998")),
        ([1, {"a": 2}], [Decimal("1.0"), {"a": Decimal("2.0")}]),
    ],
    ids=repr,
)
def test_the_fingerprint_is_of_the_value(one: object, other: object) -> None:
    assert fingerprint({"score": one}) == fingerprint({"score": other})


DIFFERENT: list[object] = [
    *(1, "1", True, None, Decimal("1.1"), -1, 10, Decimal("0.1"), [1], ["number", "1e0"]),
    *({"number": "1e0"}, Decimal("1" * 30), Decimal("1" * 29 + "2"), [], {}, [[1]], 0, False),
]


def test_different_values_have_different_fingerprints() -> None:
    fingerprints = {fingerprint({"score": value}) for value in DIFFERENT}
    assert len(fingerprints) == len(DIFFERENT)


# --- A body that contradicts itself --------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"refund_of": None}, "unexpected_key"),
        ({"refund_to": "somebody"}, "unexpected_key"),
        ({"Memo": "Ho"}, "unexpected_key"),
        ({"meta": {"a": 1}}, "unexpected_key"),
        ({"x" * 1000: 1}, "unexpected_key"),
        ({"metadata": None}, "invalid_metadata"),
    ],
    ids=repr,
)
def test_a_payout_contradicts_itself(world: World, change: Mapping[str, Any], code: str) -> None:
    """2.6: refused, not half obeyed; and told which key it was."""
    reply = world.post(**body(world, **change))

    assert refused(reply) == (400, code)
    assert len(reply.body["error_message"]) < 200
    assert world.all_payouts() == []


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"memo": "Sorry"}, "unexpected_key", "memo"),
        ({"metadata": {}}, "unexpected_key", "metadata"),
        ({"refund_off": "p"}, "unexpected_key", "refund_off"),
        ({"refund_of": None}, "invalid_payment_id", "refund_of"),
        ({"refund_of": 7}, "invalid_payment_id", "refund_of"),
        ({"uid": "mallory"}, "invalid_uid", "uid"),
        ({"uid": None}, "invalid_uid", "uid"),
        ({"uid": 7}, "invalid_uid", "uid"),
        ({"refund_to": None}, "invalid_uid", "refund_to"),
        ({"refund_to": ""}, "invalid_uid", "refund_to"),
        ({"refund_to": "new-uid", "uid": "new-uid"}, "invalid_uid", "refund_to"),
    ],
    ids=repr,
)
def test_a_refund_contradicts_itself(
    world: World, change: Mapping[str, Any], code: str, named: str
) -> None:
    whole = {"payout_id": PAYOUT, "refund_of": world.sold(), **change}

    reply = world.post(**whole)

    assert refused(reply) == (400, code)
    assert named in reply.body["error_message"]
    assert world.all_payouts() == []


def test_a_refund_names_its_own_user(world: World) -> None:
    uid = world.uid("alice")

    assert world.post(payout_id=PAYOUT, refund_of=world.sold(uid=uid), uid=uid).status == 202


# --- The user has come back with a new uid -------------------------------------------------------


def test_a_refund_to_the_users_new_uid(each_world: World) -> None:
    """It counts as any refund of the payment, and towards the day of the uid that gets it."""
    world = each_world
    old, new = world.uid("alice"), world.uid("alice again")
    payment_id = world.sold("3", old)

    world.requested("r1", refund_of=payment_id, refund_to=new, amount="2")
    world.send()

    check_at_rest(world, PayoutState.COMPLETED, "r1")
    [payment] = world.payments_of("r1")
    assert (payment.user_uid, str(payment.amount)) == (new, "2")
    assert world.record(payment_id).refunded == Amount.of(2)
    assert {key for key in world.counters() if key.count("#") == 2} == {
        f"day#{world.payout('r1').day}#{new}"
    }
    reply = world.post(payout_id="r2", refund_of=payment_id, amount="1.1")
    assert refused(reply) == (409, "above_paid_amount")


def test_whom_a_refund_goes_to_is_part_of_its_identity(each_world: World) -> None:
    world = each_world
    asked = {"payout_id": PAYOUT, "refund_of": world.sold("3", world.uid("alice"))}
    new = world.uid("alice again")

    assert world.post(**asked, refund_to=new).status == 202

    assert world.post(**asked, refund_to=new).status == 202
    for other in ({}, {"refund_to": world.uid("mallory")}, {"uid": new}):
        assert refused(world.post(**asked | other)) == (409, "payout_id_taken")
    assert len(world.all_payouts()) == 1


def test_a_refund_is_the_same_whatever_has_become_of_its_payment(world: World) -> None:
    """2.6: all of what came in was asked for; more comes in, and then the record is lost."""
    payment_id = world.approved(world.user("alice"))
    world.pay(payment_id, amount=1, link=False)
    world.rounds(2)
    asked = {"payout_id": PAYOUT, "refund_of": payment_id}
    first = world.post(**asked)
    world.pay(payment_id, amount=Decimal("0.5"), link=False, skip_approval_check=True)
    world.rounds(2)

    again = world.post(**asked)
    world.tables.delete("PaymentsTable", payment_id)
    later = world.post(**asked)

    assert {reply.status for reply in (first, again, later)} <= {200, 202}
    assert {reply.body["amount"] for reply in (first, again, later)} == {"1"}


def test_the_same_request_meets_itself_at_a_cap(world: World) -> None:
    """Both have read that there is none; the second one would exceed the user's day."""
    asked = body(world, amount=100)

    with world.effects.watched_by(First("TransactWriteItems", lambda: world.post(**asked))):
        reply = world.post(**asked)

    assert reply.status == 202
    assert len(world.all_payouts()) == 1


# --- Metadata ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        *(7, -7, 0, 2**53 + 1, 10**40, True, False, None, "1.5", "ä", [], {}, {"a": [None, {}]}),
        *(Decimal("1.5"), Decimal("1.50"), Decimal("-0.1"), Decimal("1e-7"), Decimal("1E+22")),
        [{"score": Decimal("0.1234567890123456789")}],
    ],
    ids=repr,
)
def test_metadata_reaches_pi_with_its_types(world: World, value: Any) -> None:
    """Issue 9, 2.6: numbers stay numbers, of the same value, and whole numbers whole."""
    world.requested(PAYOUT, metadata={"score": value})

    world.send()

    [payment] = world.payments_of(PAYOUT)
    assert payment.metadata == {"score": value, "payout_id": PAYOUT}
    assert type(payment.metadata["score"]) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        *(Decimal("1e400"), Decimal("-1e999999999"), Decimal("1e-400")),
        *([{"deep": Decimal("9e999")}], "\ud800", {"\ud800": 1}),
    ],
    ids=repr,
)
def test_metadata_that_would_not_arrive_as_it_is(world: World, value: Any) -> None:
    reply = world.post(**body(world, metadata={"score": value}))

    assert refused(reply) == (400, "invalid_metadata")
    assert world.all_payouts() == []


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_metadata_that_is_no_json(world: World, constant: str) -> None:
    text = f'{{"payout_id": "p1", "metadata": {{"score": {constant}}}}}'

    assert refused(world.call("POST /payouts", body=text)) == (400, "invalid_body")


def test_a_payout_that_was_taken_on_before_metadata_kept_its_types(world: World) -> None:
    """Its text stands in the table, with 1.5 as a text. The same request is still the same."""
    asked = body(world, payout_id=PAYOUT, metadata={"score": Decimal("1.5")})
    world.post(**asked)
    former = json.dumps({"score": "1.5", "payout_id": PAYOUT})
    world.tables.edit("PayoutsTable", PAYOUT, metadata=former)

    assert world.post(**asked).status == 202
    world.send()

    check_at_rest(world, PayoutState.COMPLETED)
    [payment] = world.payments_of(PAYOUT)
    assert payment.metadata["score"] == "1.5"


def test_the_fingerprints_that_stand_in_tables_stay_the_same() -> None:
    metadata = {"score": Decimal("1.50"), "n": 7, "l": [Decimal("1e22"), None, True, "ä"]}
    refund = PayoutRequest("p", "u", Amount.of(1), "Refund", {"refund_of": "pay"}, "pay")

    assert fingerprint(metadata) == FINGERPRINT
    assert refund.fingerprint == FINGERPRINT_OF_REFUND


# --- A warning, where the recipient has not granted his address ----------------------------------


@pytest.mark.parametrize("grants", [True, False])
@pytest.mark.parametrize("is_refund", [True, False])
def test_a_user_who_has_not_granted_his_address(
    world: World, grants: bool, is_refund: bool
) -> None:
    """It is taken on all the same: he may grant it any day. A repeat says the same."""
    uid = world.uid("alice")
    payment_id = world.sold(uid=uid, grants_wallet=grants)
    of = {"refund_of": payment_id} if is_refund else {"uid": uid, "memo": "Hi", "amount": 1}
    expected = None if grants else "missing_scope"
    for _ in range(2):
        reply = world.post(payout_id="p1", **of)
        assert (reply.status, reply.body["warning"]) == (202, expected)


def test_nothing_is_known_of_the_recipient(world: World) -> None:
    assert world.post(**body(world)).body["warning"] is None


def test_his_last_payment_cannot_be_read(world: World) -> None:
    uid = world.uid("alice")
    world.sold(uid=uid, grants_wallet=False)
    [item] = world.tables.raw("PaymentsTable")
    world.tables.put("PaymentsTable", {**item, "state": {"S": "melted"}})
    assert world.post(**body(world)).body["warning"] is None
