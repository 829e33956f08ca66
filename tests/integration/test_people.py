"""A user whom Pi has given a new uid keeps what he bought, and a name can be forgotten."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, cast

import pytest

from tests.integration.test_history import get, pages
from tests.world import User, World


def operate(world: World, command: str, **more: Any) -> Mapping[str, Any]:
    event = {"command": command, **more}
    return cast(Mapping[str, Any], world.function("operate")(event))


def come_back(world: World, user: User, name: str) -> User:
    """He revokes the app, and grants it again: another uid, and nothing at Pi says whose."""
    world.pi.registry.revoke(user.uid)
    return world.user(name)


def bought(world: World, user: User, number: int = 1) -> list[str]:
    """The newest first."""
    ids: list[str] = []
    for _ in range(number):
        payment_id, txid = world.paid(user)
        world.complete(payment_id, txid, user)
        world.tick(1)
        ids.insert(0, payment_id)
    return ids


def test_purchases_follow_the_person(world: World, alice: User, bob: User) -> None:
    first = bought(world, alice, 3)
    second = come_back(world, alice, "alice")
    then = bought(world, second, 2)
    third = come_back(world, second, "alice")
    now = bought(world, third, 1)
    assert pages(world, third, 20) == [now]
    assert get(world, first[0], third)[0] == 404

    operate(world, "link", old_uid=alice.uid, new_uid=second.uid)
    answer = operate(world, "link", old_uid=second.uid, new_uid=third.uid)
    assert answer == {"uid": third.uid, "earlier_uids": [second.uid, alice.uid]}
    assert get(world, first[0], third)[0] == 200
    assert get(world, first[0], bob)[0] == 404
    for limit in (1, 2, 20):
        assert [*chain(*pages(world, third, limit))] == [*now, *then, *first]
        assert [*chain(*pages(world, bob, limit))] == []


def test_an_open_payment_is_settled_for_the_new_uid(world: World, alice: User) -> None:
    payment_id, txid = world.paid(alice)
    again = come_back(world, alice, "alice")
    assert world.complete(payment_id, txid, again).status == 403
    operate(world, "link", old_uid=alice.uid, new_uid=again.uid)
    assert world.complete(payment_id, txid, again).status == 200


def test_a_refund_goes_to_the_new_uid(world: World, alice: User) -> None:
    """A repeat is the same refund, whichever of the two uids it names; another user is refused."""
    [payment_id] = bought(world, alice)
    again = come_back(world, alice, "alice")
    operate(world, "link", old_uid=alice.uid, new_uid=again.uid)
    for uid in ({}, {"uid": alice.uid}, {"uid": again.uid}):
        reply = world.post(payout_id="refund-1", refund_of=payment_id, **uid)
        assert (reply.status, reply.body["uid"]) == (202, again.uid)
    stranger = world.post(payout_id="refund-1", refund_of=payment_id, uid="somebody")
    assert (stranger.status, stranger.error) == (409, "payout_id_taken")
    stranger = world.post(payout_id="refund-2", refund_of=payment_id, uid="somebody")
    assert (stranger.status, stranger.error) == (400, "invalid_uid")
    world.rounds(2)
    assert world.payout("refund-1").state == "completed"


def test_a_link_that_was_a_mistake_is_undone(world: World, alice: User, bob: User) -> None:
    [payment_id] = bought(world, alice)
    operate(world, "link", old_uid=alice.uid, new_uid=bob.uid)
    assert get(world, payment_id, bob)[0] == 200
    operate(world, "unlink", old_uid=alice.uid, new_uid=bob.uid)
    assert get(world, payment_id, bob)[0] == 404
    again = operate(world, "unlink", old_uid=alice.uid, new_uid=bob.uid)
    assert again["error"] == "not_linkable"


@pytest.mark.parametrize(
    ("old", "new"), [("a", "a"), ("b", "a"), ("c", "a"), ("a", "c"), ("x", "b"), ("a", "x")]
)
def test_no_uid_has_two_heirs_and_none_is_its_own(world: World, old: str, new: str) -> None:
    for pair in (("a", "b"), ("b", "c")):
        operate(world, "link", old_uid=pair[0], new_uid=pair[1])
    before = world.tables.items("PaymentsTable")
    assert operate(world, "link", old_uid=old, new_uid=new)["error"] == "not_linkable"
    assert world.tables.items("PaymentsTable") == before


def test_a_link_that_is_made_again_changes_nothing(world: World) -> None:
    first = operate(world, "link", old_uid="a", new_uid="b")
    before = world.tables.items("PaymentsTable")
    assert operate(world, "link", old_uid="a", new_uid="b") == first
    assert world.tables.items("PaymentsTable") == before


def test_a_name_is_forgotten(world: World, alice: User, bob: User) -> None:
    """Of one uid; his payments stay, and can be settled."""
    old = bought(world, alice, 3)
    unpaid = world.approved(alice)
    kept = bought(world, bob)
    answer = operate(world, "forget", uid=alice.uid)
    assert answer == {"uid": alice.uid, "forgotten": 4, "is_done": True}
    assert operate(world, "forget", uid=alice.uid)["forgotten"] == 0
    assert {world.record(payment_id).username for payment_id in [*old, unpaid]} == {None}
    assert world.record(kept[0]).username == "bob"
    assert "alice" not in str(world.tables.items("PaymentsTable"))
    assert world.complete(unpaid, world.pay(unpaid), alice).status == 200


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"command": "destroy"}, "invalid_command"),
        ({}, "invalid_command"),
        ({"command": "forget"}, "invalid_uid"),
        ({"command": "forget", "uid": ""}, "invalid_uid"),
        ({"command": "forget", "uid": "a", "old_uid": "b"}, "unexpected_key"),
        ({"command": "link", "old_uid": "a"}, "invalid_uid"),
    ],
)
def test_nothing_is_obeyed_by_half(world: World, command: dict[str, Any], code: str) -> None:
    assert world.function("operate")(command)["error"] == code


def test_a_link_is_made_at_both_ends_or_at_none(world: World, alice: User) -> None:
    """Promise 4, for links: one call writes both."""
    with world.counting() as effects:
        operate(world, "link", old_uid="a", new_uid="b")
    assert effects.writes == ["TransactWriteItems"]
