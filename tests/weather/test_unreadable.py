"""An item that somebody has edited by hand: counted, alarmed, acknowledged, left as it is; and it
holds up no other. Promise 9. When it is mended, it goes on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.payouts.record import PayoutState
from shared.work.wake_ups import Work
from tests.weather.ends import COMPLETED
from tests.world import User, World, dynamodb
from tests.world.effects import Moment
from tests.world.tables import KEYS as TABLE_KEYS

PAYMENT_FIELDS = ("uid", "amount", "state", "created_at", "version")
PAYOUT_FIELDS = ("uid", "amount", "memo", "metadata", "fingerprint", "state", "day", "version")
REWARD_FIELDS = ("uid", "state", "day", "granted_at", "version")
Spoil = Callable[[dict[str, Any], str], None]


def lose(item: dict[str, Any], field: str) -> None:
    del item[field]


def garble(item: dict[str, Any], field: str) -> None:
    item[field] = {"S": "almost"} if "N" in item[field] else {"N": "7"}


each_way = pytest.mark.parametrize("spoil", [lose, garble])
# DynamoDB itself refuses another type of what is an index's key.
KEYS = {"uid", "created_at", "day"}


def spoiled(world: World, table: str, key: str, spoil: Spoil, field: str) -> dict[str, Any]:
    """The item as it was before it was edited."""
    [item] = [item for item in world.tables.raw(table) if item[TABLE_KEYS[table]] == {"S": key}]
    edited = dict(item)
    spoil(edited, field)
    world.tables.delete(table, key)
    world.tables.put(table, edited)
    return item


def check_left_and_counted(world: World, table: str, item: dict[str, Any]) -> None:
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []
    assert world.payout_queue.messages == world.payout_queue.dead_letters == []
    assert world.metrics.counted["UnexpectedError"] > 0
    assert world.metrics.last["SweepIncomplete"] == 0
    world.tables.put(table, item)


@pytest.mark.parametrize(
    ("field", "spoil"),
    [
        *((field, lose) for field in PAYMENT_FIELDS),
        *((field, garble) for field in PAYMENT_FIELDS if field not in KEYS),
    ],
)
def test_a_payment(world: World, spoil: Spoil, field: str) -> None:
    other, odd = world.paid_payment(), world.paid_payment()
    item = spoiled(world, "PaymentsTable", odd, spoil, field)

    world.rounds(3)

    COMPLETED.check(world, other)
    assert not world.at_pi(odd).developer_completed
    check_left_and_counted(world, "PaymentsTable", item)
    world.rounds(2)
    COMPLETED.check(world, odd)


def test_the_book_reads_on_behind_it(world: World) -> None:
    """Only the chain knows that both were paid; the one that cannot be read comes first."""
    world.settled_payment(rounds=1)
    odd, other = world.paid_unseen(known_to_pi=False), world.paid_unseen(known_to_pi=False)
    spoiled(world, "PaymentsTable", odd, lose, "state")

    world.rounds(3)

    COMPLETED.check(world, other)


@pytest.mark.parametrize("closed_by_hand", [False, True])
def test_what_the_book_passed_is_noted_once_mended(world: World, closed_by_hand: bool) -> None:
    """The only proof that it was paid."""
    world.paid_payment()
    odd = world.paid_unseen(known_to_pi=False)
    item = spoiled(world, "PaymentsTable", odd, lose, "state")
    world.live(3 * 3600)
    assert [doubt.subject for doubt in world.book().doubts] == [odd]

    if closed_by_hand:
        state = {"state": {"S": "cancelled"}, "cancelled_at": item["created_at"]}
        item = {**item, **state, "due_at": {"N": "0"}}
    world.tables.delete("PaymentsTable", odd)
    world.tables.put("PaymentsTable", item)
    world.until_proven()

    # One write more where the worker comes by the closed one before the book does.
    early = closed_by_hand and world.record(odd).version > COMPLETED.version + 1
    end = replace(COMPLETED, version=COMPLETED.version + 1) if early else COMPLETED
    end.check(world, odd)
    assert world.book().doubts == ()


def test_it_is_not_taken_for_unpaid_before_the_book_comes_back_to_it(world: World) -> None:
    world.paid_payment()
    odd = world.paid_unseen(known_to_pi=False)
    item = spoiled(world, "PaymentsTable", odd, lose, "state")
    world.live(3 * 3600)
    world.tables.delete("PaymentsTable", odd)
    world.tables.put("PaymentsTable", item)

    world.wake(Work.PAYMENT, odd)
    world.work()

    assert not world.at_pi(odd).is_cancelled


@each_way
@pytest.mark.parametrize("field", PAYOUT_FIELDS)
def test_a_payout(world: World, spoil: Spoil, field: str) -> None:
    odd, other = world.requested("odd"), world.requested("other", world.uid("bob"))
    item = spoiled(world, "PayoutsTable", odd, spoil, field)

    world.send()
    world.rounds(3)

    assert world.payout(other).state is PayoutState.COMPLETED
    assert world.transfers_of(odd) == []
    check_left_and_counted(world, "PayoutsTable", item)
    world.rounds(2)
    assert len(world.transfers_of(odd)) == 1


@pytest.mark.parametrize(
    ("field", "spoil"),
    [
        *((field, lose) for field in REWARD_FIELDS),
        *((field, garble) for field in REWARD_FIELDS if field not in KEYS),
    ],
)
def test_a_reward(world: World, spoil: Spoil, field: str) -> None:
    odd, other = world.granted_ad(), world.granted_ad()
    item = spoiled(world, "RewardsTable", odd, spoil, field)

    world.rounds(3)

    assert (world.events(other), world.events(odd)) == (["RewardGranted"], [])
    check_left_and_counted(world, "RewardsTable", item)
    world.rounds(2)
    assert world.events(odd) == ["RewardGranted"]


def test_a_front_end_hears_what_it_hears_of_a_bug(world: World) -> None:
    payment_id = world.paid_payment()
    spoiled(world, "PaymentsTable", payment_id, lose, "uid")

    reply = world.incomplete(payment_id)

    assert (reply.status, reply.error) == (503, "unexpected_error")
    assert world.metrics.counted["UnexpectedError"] == 1


def test_the_sweep_goes_on_behind_it(world: World) -> None:
    """Not even its row in the index of unfinished work can be read."""
    others = [world.requested(f"p{number}", world.uid(), amount="1") for number in range(8)]
    odd = world.requested("odd")
    world.payout_queue.messages.clear()
    world.tables.edit("PayoutsTable", odd, created_at="almost")

    world.rounds(3)

    assert {world.payout(name).state for name in others} == {PayoutState.COMPLETED}


def test_the_comparison_with_pi_goes_on_behind_it(world: World) -> None:
    """The open payment of a payout that cannot be read is no stranger's; a stranger's is told."""
    world.requested("odd")
    world.fault(path="/horizon/*", drop="before")
    world.send()
    [ours] = world.payments_of("odd")
    item = spoiled(world, "PayoutsTable", "odd", lose, "memo")
    world.sweep()
    assert ours.is_open
    assert world.metrics.counted["ForeignPayout"] == 0

    world.tables.put("PayoutsTable", item)
    world.sweep()
    assert world.metrics.counted["ForeignPayout"] == 0


# --- A user's history ----------------------------------------------------------------------------

NUMBERS, TEXTS = (
    ("amount", "quantity", "completed_at"),
    ("state", "attention", "product_id", "txid"),
)


def history(world: World, user: User, limit: int = 20) -> list[str]:
    """The ids on all pages."""
    found, query = list[str](), {"limit": str(limit)}
    while True:
        reply = world.call("GET /payments", token=user.token, query=query)
        assert reply.status == 200
        found += [payment["payment_id"] for payment in reply.body["payments"]]
        if reply.body["next"] is None:
            return found
        query["next"] = reply.body["next"]


@pytest.mark.parametrize("limit", [1, 2, 20])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, None) for field in ("state", "amount")),
        *((field, {"S": "almost"}) for field in (*NUMBERS, "state", "attention")),
        *((field, {"N": "7"}) for field in TEXTS),
    ],
)
def test_one_row_hides_no_other_from_its_user(
    world: World, field: str, value: dict[str, Any] | None, limit: int
) -> None:
    """GET /payments leaves it out, and counts it."""
    user = world.user()
    payments = [world.approved(user) for _ in range(3)]
    [item] = [i for i in world.tables.raw("PaymentsTable") if {"S": payments[1]} in i.values()]
    world.tables.put("PaymentsTable", {**item, field: value} if value else lost(item, field))

    assert set(history(world, user, limit)) == {payments[0], payments[2]}

    assert world.metrics.counted["UnexpectedError"] == 1


def test_a_page_that_the_database_answers_in_parts(world: World) -> None:
    user = world.user()
    payments = list[str]()
    for _ in range(2 * dynamodb.MOST_AT_ONCE + 1):
        world.tick(1)
        payment_id, txid = world.paid(user)
        assert world.complete(payment_id, txid).status == 200
        payments.append(payment_id)

    assert history(world, user, limit=100) == payments[::-1]


def test_a_record_that_is_anothers_by_now_is_not_shown(world: World) -> None:
    """It was edited by hand after the index was read."""
    user, other = world.user("alice"), world.user("bob")
    payments = [world.approved(user), world.approved(user)]

    def edit(moment: Moment, effect: str) -> None:
        if (moment, effect) == ("before", "BatchGetItem"):
            world.tables.edit("PaymentsTable", payments[0], uid=other.uid)

    with world.effects.watched_by(edit):
        assert history(world, user) == [payments[1]]


def test_a_page_that_the_database_never_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 8: it is asked again while there is time."""
    user = world.user()
    world.approved(user)
    monkeypatch.setattr(dynamodb, "MOST_AT_ONCE", 0)

    reply = world.call("GET /payments", token=user.token)

    assert (reply.status, reply.error) == (503, "service_unavailable")


def lost(item: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != field}


@pytest.mark.parametrize(
    ("created_at", "key"),
    [
        ("1795445570000", "in-milliseconds"),
        ("1795445570.5", "of-half-a-second"),
        ("-1", "before-1970"),
        ("1795445570", "typed by hand, with a dot.ä"),
    ],
)
def test_the_pages_go_on_behind_an_odd_key(world: World, created_at: str, key: str) -> None:
    """No page can end with it, since no caller could name it to go on."""
    user = world.user()
    payments = [world.approved(user)]
    [item] = world.tables.raw("PaymentsTable")
    odd = {"payment_id": {"S": key}, "created_at": {"N": created_at}}
    world.tables.put("PaymentsTable", item | odd)
    world.tick(60)
    payments.append(world.approved(user))
    before = world.metrics.counted["UnexpectedError"]

    found = history(world, user, limit=1)

    assert sorted(found) == sorted(payments)
    assert world.metrics.counted["UnexpectedError"] - before == 1
