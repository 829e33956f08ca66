"""Sixteen at once: the front end repeats its calls every 10 s, from several tabs, and overlaps.

Promise 4: one transition each, and the same answer for all.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.base.threads import Threads
from tests.world import User, World
from tests.world.functions import Reply

THREADS = 16


@pytest.fixture
def crowd(world: World) -> Iterator[ThreadPoolExecutor]:
    """Callers; and the bundle's own threads are real ones here."""
    with Threads(THREADS) as world.executor, ThreadPoolExecutor(THREADS) as callers:
        yield callers


def all_at_once(crowd: ThreadPoolExecutor, *calls: Callable[[], Reply]) -> list[Reply]:
    """Each call as often as there are threads for it, mixed."""
    futures = [crowd.submit(calls[index % len(calls)]) for index in range(THREADS)]
    return [future.result(timeout=60) for future in futures]


def test_the_same_approval(world: World, alice: User, crowd: ThreadPoolExecutor) -> None:
    payment_id = world.start(alice)

    replies = all_at_once(crowd, lambda: world.approve(payment_id, alice))

    assert {reply.status for reply in replies} == {200}
    assert all(reply.body == replies[0].body for reply in replies)
    assert world.at_pi(payment_id).developer_approved
    assert world.record(payment_id).version == 1


def test_the_same_refusal(world: World, alice: User, crowd: ThreadPoolExecutor) -> None:
    payment_id = world.start(alice, "1")

    replies = all_at_once(crowd, lambda: world.approve(payment_id, alice))

    assert {reply.status for reply in replies} == {409}
    assert not world.at_pi(payment_id).developer_approved
    assert world.record(payment_id).version == 1


@pytest.mark.parametrize("shown", [True, False])
def test_one_completion(world: World, alice: User, crowd: ThreadPoolExecutor, shown: bool) -> None:
    world.pi.settings.show_txid_before_complete = shown
    payment_id, txid = world.paid(alice)

    replies = all_at_once(crowd, lambda: world.complete(payment_id, txid, alice))

    assert {reply.status for reply in replies} == {200}
    assert all(reply.body == replies[0].body for reply in replies)
    record = world.record(payment_id)
    assert (record.state, record.pending_event, record.version) == (
        "completed",
        "PaymentCompleted",
        2,
    )


def test_complete_and_settle_at_once(world: World, alice: User, crowd: ThreadPoolExecutor) -> None:
    payment_id, txid = world.paid(alice)

    replies = all_at_once(
        crowd,
        lambda: world.complete(payment_id, txid),
        lambda: world.incomplete(payment_id, transactionId=txid),
        lambda: world.cancel(payment_id),
        lambda: world.error(payment_id),
    )

    assert {(reply.status, reply.state) for reply in replies} == {(200, "completed")}
    record = world.record(payment_id)
    assert (record.pending_event, record.version) == ("PaymentCompleted", 2)


def test_the_same_cancellation(world: World, alice: User, crowd: ThreadPoolExecutor) -> None:
    payment_id = world.approved(alice)
    world.tick(600)

    replies = all_at_once(
        crowd, lambda: world.cancel(payment_id, alice), lambda: world.incomplete(payment_id, alice)
    )

    assert {(reply.status, reply.state) for reply in replies} == {(202, "open")}
    assert world.record(payment_id).version == 1
    assert world.wake_ups.sent == 1


def test_the_same_adoption(world: World, alice: User, crowd: ThreadPoolExecutor) -> None:
    payment_id = world.start(alice)
    world.at_pi(payment_id).approve()
    txid = world.pay(payment_id)

    replies = all_at_once(
        crowd,
        lambda: world.incomplete(payment_id, alice),
        lambda: world.complete(payment_id, txid, alice),
        lambda: world.approve(payment_id, alice),
    )

    assert {reply.status for reply in replies} <= {200, 409}
    record = world.record(payment_id)
    assert (record.state, record.pending_event, record.version) == (
        "completed",
        "PaymentCompleted",
        2,
    )


def test_the_same_claim(world: World, alice: User, crowd: ThreadPoolExecutor) -> None:
    ad_id = world.pi.show_ad("granted").identifier

    replies = all_at_once(crowd, lambda: world.claim(ad_id, alice))

    assert {reply.status for reply in replies} == {200}
    assert all(reply.body == replies[0].body for reply in replies)
    assert world.rewards_of(alice) == ([ad_id], 1)


def test_two_users_claim_one_ad(
    world: World, alice: User, bob: User, crowd: ThreadPoolExecutor
) -> None:
    ad_id = world.pi.show_ad("granted").identifier

    replies = all_at_once(crowd, lambda: world.claim(ad_id, alice), lambda: world.claim(ad_id, bob))

    assert sorted(reply.status for reply in replies) == [200] * 8 + [409] * 8
    owners = [user for user in (alice, bob) if world.rewards_of(user) == ([ad_id], 1)]
    others = [user for user in (alice, bob) if world.rewards_of(user) == ([], 0)]
    assert len(owners) == len(others) == 1


def test_the_cap_holds(world: World, alice: User, crowd: ThreadPoolExecutor) -> None:
    """Sixteen ads at once, a cap of three."""
    ads = [world.pi.show_ad("granted").identifier for _ in range(THREADS)]
    calls = [lambda ad_id=ad_id: world.claim(ad_id, alice) for ad_id in ads]

    replies = all_at_once(crowd, *calls)

    assert sorted(reply.status for reply in replies) == [200] * 3 + [429] * 13
    granted, counted = world.rewards_of(alice)
    assert len(granted) == counted == 3


def test_a_sweep_and_a_worker_side_by_side(world: World, crowd: ThreadPoolExecutor) -> None:
    """Each shard and each message of a batch is a thread; some messages come twice in a batch."""
    payments = [world.paid_payment() for _ in range(40)]
    world.tick(3600)
    assert world.sweep() >= len(payments)
    for message in world.wake_ups.messages[:9]:
        world.wake_ups.put(message.body)

    world.work()

    for payment_id in payments:
        assert world.record(payment_id).state == "completed"
        assert world.calls(payment_id).count("POST complete") >= 1
        assert set(world.events(payment_id)) == {"PaymentCompleted"}
        assert world.record(payment_id).due_at is None
    assert world.wake_ups.messages == []
