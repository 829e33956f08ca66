"""What each step costs, counted: calls to Pi, reads and writes; and that a repeat has no effect."""

from collections.abc import Callable

import pytest

from tests.world import User, World
from tests.world.functions import Reply

GET, ME = "GET /v2/payments/*", "GET /v2/me"


def test_approve(world: World, alice: User) -> None:
    """3 calls to Pi, 1 read, 1 write; and 1 read in ten seconds, of the operator's switch."""
    payment_id = world.start(alice)

    with world.counting() as spent:
        world.approve(payment_id, alice)

    assert sorted(spent.pi) == [ME, GET, "POST /v2/payments/*/approve"]
    assert spent.reads == ["GetItem", "Query", "GetItem"]
    assert (spent.writes, spent.chain) == (["PutItem"], [])


@pytest.mark.parametrize(("age", "calls"), [(59, 2), (60, 3)])
def test_approve_with_a_token_seen(world: World, alice: User, age: int, calls: int) -> None:
    """2 calls to Pi within a minute of the last one."""
    world.call("GET /me", token=alice.token)
    world.approve("no-such-payment", alice)
    world.tick(age)
    payment_id = world.start(alice)

    with world.counting() as spent:
        world.approve(payment_id, alice)

    assert len(spent.pi) == calls


def test_approve_again(world: World, alice: User) -> None:
    """A repeat asks Pi once and writes nothing: the condition of the write fails."""
    payment_id = world.approved(alice)

    with world.counting() as spent:
        world.approve(payment_id, alice)

    assert spent.pi == [GET]
    assert world.record(payment_id).version == 1


def test_complete(world: World, alice: User) -> None:
    """2 calls to Pi, one more for a token not seen within a minute; 1 read, 1 write, 1 wake-up."""
    for who in ([ME], []):
        payment_id, txid = world.paid(alice)

        with world.counting() as spent:
            world.complete(payment_id, txid, alice)

        acts = [GET, "POST /v2/payments/*/complete", "UpdateItem", "SendMessage"]
        assert spent.log == ["GetItem", *who, *acts]


@pytest.mark.parametrize(
    "repeat",
    [
        lambda world, payment_id: world.complete(payment_id, "ab" * 32),
        lambda world, payment_id: world.incomplete(payment_id),
        lambda world, payment_id: world.cancel(payment_id),
        lambda world, payment_id: world.error(payment_id),
    ],
    ids=["complete", "incomplete", "cancel", "error"],
)
def test_a_completed_record_answers_from_the_read(
    world: World, alice: User, repeat: Callable[[World, str], Reply]
) -> None:
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)

    with world.counting() as spent:
        repeat(world, payment_id)
    world.work()
    with world.counting() as told:
        repeat(world, payment_id)

    # Until the event is delivered, each repeat sends a wake-up again.
    assert (spent.log, told.log) == (["GetItem", "SendMessage"], ["GetItem"])


def test_settle_with_nothing_to_do(world: World, alice: User) -> None:
    """1 call to Pi, no write; the first time that somebody asks, a note and a wake-up."""
    payment_id = world.approved(alice)

    with world.counting() as first:
        world.incomplete(payment_id)
    with world.counting() as spent:
        world.incomplete(payment_id)

    assert first.log == ["GetItem", GET, "UpdateItem", "SendMessage"]
    assert spent.log == ["GetItem", GET]


def test_claim(world: World, alice: User) -> None:
    """2 calls to Pi, 1 transaction."""
    ad_id = world.pi.show_ad("granted").identifier

    with world.counting() as spent:
        world.claim(ad_id, alice)

    assert sorted(spent.pi) == ["GET /v2/ads_network/status/*", ME]
    assert (spent.reads, spent.writes) == ([], ["TransactWriteItems"])


def test_claim_again(world: World, alice: User) -> None:
    """1 call to Pi while the token is fresh, and no second effect."""
    ad_id = world.pi.show_ad("granted").identifier
    world.claim(ad_id, alice)

    with world.counting() as spent:
        world.claim(ad_id, alice)

    assert len(spent.pi) == 1
    assert world.rewards_of(alice) == ([ad_id], 1)


def test_bad_input_costs_nothing(world: World, alice: User) -> None:
    with world.counting() as spent:
        world.approve("../me", alice)
        world.complete("x", "not a txid")
        world.incomplete("")
        world.claim("..", alice)

    assert spent.log == []


def test_read_and_history(world: World, alice: User) -> None:
    """1 call to Pi, to know who asks; 3 reads."""
    world.approved(alice)
    with world.counting() as spent:
        world.call("GET /payments", token=alice.token)

    whether_the_user_had_another_uid = "GetItem"
    assert spent.log == [ME, whether_the_user_had_another_uid, "Query", "BatchGetItem"]
