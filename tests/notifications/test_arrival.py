"""A user hears in the Pi App that a payout or a refund has arrived, if there is a text for it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress

import pytest

from shared.payouts.record import PayoutState
from tests.payouts.promises import check_at_rest
from tests.world import World, new_world
from tests.world.devices import Died, DiesAt, Loses, deaths
from tests.world.notifications import SCOPES
from tests.world.tables import in_memory

TEXTS = {
    "PayoutNotification": "You won {amount} Pi.",
    "RefundNotification": "You got {amount} Pi back.",
    "NotificationTitle": "Pi for you",
}


def telling() -> AbstractContextManager[World]:
    """A world whose stack has a text for both."""
    return new_world(in_memory, None, **TEXTS)


@pytest.fixture
def world() -> Iterator[World]:
    with telling() as world:
        yield world


def sent_to(world: World, uid: str) -> list[tuple[str, str, str]]:
    mine = [one for one in world.pi.notifications if one.user_uid == uid]
    return [(one.title, one.body, one.subroute) for one in mine]


def test_a_payout_has_arrived(world: World) -> None:
    alice = world.reader("alice")
    world.requested("raffle-17", alice, amount="0.5")

    world.send()
    world.work()

    assert sent_to(world, alice) == [("Pi for you", "You won 0.5 Pi.", "/")]
    assert world.outcomes("payout:raffle-17") == {"delivered": [alice]}
    assert world.events("raffle-17") == ["PayoutCompleted"]
    assert world.told("payout:raffle-17:0") == {"delivered": [alice]}


def test_a_refund_has_arrived(world: World) -> None:
    alice = world.user("alice", scopes=SCOPES)
    payment_id = world.sold(uid=alice.uid)
    world.requested("refund-42", refund_of=payment_id, amount="1.5")

    world.send()
    world.work()

    assert sent_to(world, alice.uid) == [("Pi for you", "You got 1.5 Pi back.", "/")]


def test_without_a_text_nobody_is_told() -> None:
    with new_world() as world:
        world.requested("raffle-17", world.reader("alice"))
        world.rounds(2)
        assert world.events("raffle-17") == ["PayoutCompleted"]
        assert world.all_batches() == []


def test_a_payout_that_failed_is_no_news(world: World) -> None:
    alice = world.user("alice", scopes=["username", "in_app_notifications"])
    world.requested("raffle-17", alice.uid)
    world.rounds(2)
    assert world.payout("raffle-17").state is not PayoutState.COMPLETED
    assert sent_to(world, alice.uid) == []


@pytest.mark.parametrize("effect", ["TransactWriteItems", "SendMessage"])
def test_it_never_holds_up_the_payout(world: World, effect: str) -> None:
    """Nor its event."""
    world.requested("payout-1", world.reader("alice"))
    with world.effects.watched_by(Loses(effect, "before")):
        world.send()
    check_at_rest(world, PayoutState.COMPLETED)


def test_who_has_not_consented_gets_his_payout_all_the_same(world: World) -> None:
    alice = world.uid("alice")
    world.requested("payout-1", alice)
    world.rounds(2)
    check_at_rest(world, PayoutState.COMPLETED)
    assert world.outcomes("payout:payout-1") == {"not_consented": [alice]}


def effects_of() -> list[str]:
    with telling() as world:
        world.requested("payout-1", world.reader("alice"))
        with world.counting() as spent:
            world.send()
        return spent.log


def test_the_sender_dies_at_any_effect(subtests: pytest.Subtests) -> None:
    """Promise 4: once per payout, whatever crashes; and after a crash it is not forgotten."""
    for number, moment, effect in deaths(effects_of()):
        with subtests.test(number=number, moment=moment, effect=effect), telling() as world:
            alice = world.reader("alice")
            world.requested("payout-1", alice)
            with world.effects.watched_by(DiesAt(number, moment)), suppress(Died):
                world.send()
            world.cold_start()
            world.rounds(5)
            check_at_rest(world, PayoutState.COMPLETED)
            assert len(sent_to(world, alice)) == 1
