"""What is taken on, and what is refused: `POST /notifications` and `GET /notifications/{id}`."""

from typing import Any

import pytest

from tests.notifications.promises import check, check_at_rest
from tests.world import World
from tests.world.effects import AwsFault


def test_it_is_taken_on_sent_and_told_of(each_world: World) -> None:
    # Given two users who take notifications, and one who does not
    world = each_world
    alice, bob, carol = world.reader("alice"), world.reader("bob"), world.user("carol").uid

    # When the back end asks for one
    reply = world.notify("pie-17", alice, bob, carol)

    # Then it is taken on, and sent at once
    assert (reply.status, reply.state) == (202, "pending")
    assert reply.body["counts"]["pending"] == 3
    world.work()
    expected = {"delivered": sorted([alice, bob]), "not_consented": [carol]}
    assert world.outcomes("pie-17") == world.told("pie-17:0") == expected
    [one, _] = [n for n in world.pi.notifications if n.user_uid in (alice, bob)]
    assert (one.title, one.body, one.subroute) == ("Ready", "Your pie is ready.", "/orders")
    check_at_rest(world)


def test_the_same_request_again_is_the_same_notification(world: World) -> None:
    alice, bob = world.reader(), world.reader()
    first = world.notify("pie-17", alice, bob)
    world.work()

    again = world.notify("pie-17", bob, alice, bob)

    assert (first.status, again.status, again.state) == (202, 200, "closed")
    world.work()
    assert world.got(alice) == world.got(bob) == 1


@pytest.mark.parametrize(
    "change",
    [{"title": "Other"}, {"body": "Other"}, {"subroute": "/other"}, {"uids": ["somebody-else"]}],
    ids=lambda change: next(iter(change)),
)
def test_another_body_under_the_same_id_is_refused(world: World, change: dict[str, Any]) -> None:
    alice = world.reader()
    world.notify("pie-17", alice)

    reply = world.notify("pie-17", alice, **change)

    assert (reply.status, reply.error) == (409, "notification_id_taken")
    world.work()
    assert len(world.pi.notifications) == 1


def test_ten_thousand_users_are_forty_batches(each_world: World) -> None:
    """And each is asked for once, however often it was named."""
    world = each_world
    users = [f"00000000-0000-4000-8000-{n:012}" for n in range(9_999)] + [world.reader("alice")]

    reply = world.notify("news-1", *users)

    assert reply.status == 202
    assert reply.body["counts"]["pending"] == 10_000
    batches = world.all_batches()
    assert len(batches) == 40
    assert {batch.batches for batch in batches} == {40}
    assert max(len(batch.pending) for batch in batches) == 256
    world.work()
    counts = world.notification("news-1").body["counts"]
    assert (counts["delivered"], counts["not_consented"]) == (1, 9_999)
    check_at_rest(world)


def test_duplicates_are_removed(world: World) -> None:
    alice = world.reader()
    assert world.notify("pie-17", *[alice] * 300).body["counts"]["pending"] == 1
    world.work()
    assert world.got(alice) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"notification_id": ""}, "invalid_notification_id"),
        ({"notification_id": "a#1"}, "invalid_notification_id"),
        ({"notification_id": "payout:17"}, "invalid_notification_id"),
        ({"notification_id": "a" * 65}, "invalid_notification_id"),
        ({"notification_id": 17}, "invalid_notification_id"),
        ({"title": ""}, "invalid_text"),
        ({"title": " "}, "invalid_text"),
        ({"title": "x" * 101}, "invalid_text"),
        ({"title": None}, "invalid_text"),
        ({"body": "x" * 501}, "invalid_text"),
        ({"body": "half a \ud83d"}, "invalid_text"),
        ({"subroute": "orders"}, "invalid_subroute"),
        ({"subroute": "/or ders"}, "invalid_subroute"),
        ({"subroute": None}, "invalid_subroute"),
        ({"uids": []}, "invalid_uids"),
        ({"uids": "alice"}, "invalid_uids"),
        ({"uids": ["alice", 5]}, "invalid_uids"),
        ({"uids": ["alice, bob"]}, "invalid_uids"),
        ({"uids": [""]}, "invalid_uids"),
        ({"uids": [f"u{n}" for n in range(10_001)]}, "invalid_uids"),
        ({"uid": "alice"}, "unexpected_key"),
    ],
)
def test_what_is_malformed_is_refused(world: World, change: dict[str, Any], error: str) -> None:
    reply = world.notify("pie-17", "alice", **change)
    assert (reply.status, reply.error) == (400, error)
    assert world.all_batches() == []


def test_a_body_of_a_megabyte_is_too_large(world: World) -> None:
    reply = world.notify("pie-17", "alice", padding="x" * 1024 * 1024)
    assert (reply.status, reply.error) == (400, "body_too_large")


def test_ten_thousand_of_the_longest_uids_fit(world: World) -> None:
    assert world.notify("news-1", *[f"{n:064}" for n in range(10_000)]).status == 202


def test_an_unknown_notification_is_not_found(world: World) -> None:
    reply = world.notification("pie-17")
    assert (reply.status, reply.error) == (404, "notification_not_found")
    assert world.notification("pie 17").error == "invalid_notification_id"


def test_no_id_is_taken_for_something_else_by_the_sweep(world: World) -> None:
    """In another table a key that begins with `wallet#` is a book."""
    for name in ("wallet", "day", "payout"):
        assert world.notify(name, world.reader()).status == 202
    world.wake_ups.messages.clear()
    world.tick(3600)

    world.rounds(2)

    assert world.metrics.last["BookSecondsBehind"] == 0
    check_at_rest(world)


def test_the_database_refuses(world: World) -> None:
    """All batches are taken on, or none; the caller asks again."""
    users = [f"user-{n}" for n in range(600)]
    fault = AwsFault("TransactWriteItems", "ThrottlingException", times=None)
    world.effects.faults.append(fault)
    assert world.notify("news-1", *users).status == 503
    world.effects.faults.clear()
    assert world.all_batches() == []
    assert world.notify("news-1", *users).status == 202
    check(world)
