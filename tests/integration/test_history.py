"""A user's own payments, and nobody else's."""

import pytest

from tests.world import User, World
from tests.world.payments import DONATION


def get(world: World, payment_id: str, user: User | None) -> tuple[int, dict[str, object]]:
    reply = world.call(
        "GET /payments/{payment_id}", path={"payment_id": payment_id}, token=user and user.token
    )
    return reply.status, reply.body


def pages(world: World, user: User, limit: int) -> list[list[str]]:
    """The ids of all pages, followed to their end."""
    read, query = [], {"limit": str(limit)}
    while True:
        reply = world.call("GET /payments", token=user.token, query=query)
        assert reply.status == 200
        read.append([payment["payment_id"] for payment in reply.body["payments"]])
        if reply.body["next"] is None:
            return read
        query["next"] = reply.body["next"]


def test_one_payment_of_mine(world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)

    assert get(world, payment_id, alice) == (
        200,
        {
            "payment_id": payment_id,
            "state": "completed",
            "amount": "3.14",
            "product_id": "apple_pie_1",
            "quantity": 1,
            "txid": txid,
            "received": "3.14",
            "refunded": "0",
            "attention": None,
            "created_at": world.clock(),
            "completed_at": world.clock(),
        },
    )


def test_nobody_learns_which_ids_exist(world: World, alice: User, bob: User) -> None:
    """Another user's payment looks like one that is not there."""
    payment_id = world.approved(alice)

    of_bob, of_nobody = get(world, payment_id, bob), get(world, "A" * 28, bob)

    assert of_bob == of_nobody
    assert of_bob[0] == 404
    assert get(world, payment_id, None)[0] == 401


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
def test_my_history_newest_first_in_pages(world: World, alice: User, bob: User, limit: int) -> None:
    mine = []
    for _ in range(5):
        payment_id, txid = world.paid(alice)
        world.complete(payment_id, txid)
        mine.append(payment_id)
        world.approved(bob)
        world.tick(1)

    read = pages(world, alice, limit)

    assert [payment_id for page in read for payment_id in page] == mine[::-1]
    assert [len(page) for page in read[:-1]] == [limit] * (len(read) - 1)
    assert 0 < len(read[-1]) <= limit


def test_payments_of_the_same_second_are_all_there(world: World, alice: User) -> None:
    # A new payment cancels the unpaid one before it, at Pi.
    mine = [world.approved(alice, "1", {"productId": DONATION}) for _ in range(5)]

    read = pages(world, alice, 2)

    assert sorted(payment_id for page in read for payment_id in page) == sorted(mine)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "invalid_limit"),
        ({"limit": "101"}, "invalid_limit"),
        ({"limit": "-1"}, "invalid_limit"),
        ({"limit": "1e1"}, "invalid_limit"),
        ({"limit": "٣"}, "invalid_limit"),
        ({"next": ""}, "invalid_cursor"),
        ({"next": "1"}, "invalid_cursor"),
        ({"next": "x.y"}, "invalid_cursor"),
        ({"next": f"{10**12}.abc"}, "invalid_cursor"),
        ({"next": "1.a/b"}, "invalid_cursor"),
    ],
)
def test_an_odd_page_is_refused(
    world: World, alice: User, query: dict[str, str], code: str
) -> None:
    """Promise 7."""
    reply = world.call("GET /payments", token=alice.token, query=query)

    assert (reply.status, reply.error) == (400, code)


def test_anothers_cursor_shows_nothing_of_theirs(world: World, alice: User, bob: User) -> None:
    for user in (alice, bob):
        for _ in range(2):
            payment_id, txid = world.paid(user)
            world.complete(payment_id, txid)
            world.tick(1)
    query = {"limit": "1"}
    of_bob = world.call("GET /payments", token=bob.token, query=query).body["next"]

    reply = world.call("GET /payments", token=alice.token, query={"next": of_bob})

    assert reply.status == 200
    assert {world.record(item["payment_id"]).uid for item in reply.body["payments"]} <= {alice.uid}


@pytest.mark.parametrize(("amount", "refunded"), [(None, "3.14"), ("0.0000001", "0.0000001")])
def test_what_went_back_is_seen_in_both_reads(
    world: World, alice: User, amount: str | None, refunded: str
) -> None:
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid)
    part = {} if amount is None else {"amount": amount}

    assert world.post(payout_id="refund-1", refund_of=payment_id, **part).status == 202

    [listed] = world.call("GET /payments", token=alice.token).body["payments"]
    assert (listed["received"], listed["refunded"]) == ("3.14", refunded)
    assert get(world, payment_id, alice) == (200, listed)


def test_the_verified_user(world: World, alice: User) -> None:
    reply = world.call("GET /me", token=alice.token)

    assert reply.status == 200
    assert (reply.body["uid"], reply.body["username"]) == (alice.uid, "alice")
    assert "payments" in reply.body["scopes"]


@pytest.mark.parametrize("route", ["GET /me", "GET /payments"])
@pytest.mark.parametrize("token", [None, "", "no-such-token", "a b", "\u00e9", "x" * 5000])
def test_a_token_that_is_none(world: World, route: str, token: str | None) -> None:
    reply = world.call(route, token=token)

    assert (reply.status, reply.error) == (401, "invalid_token")
