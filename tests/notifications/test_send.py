"""What Pi answers, and what becomes of each user then."""

from contextlib import suppress
from typing import Any

import pytest

from shared.notifications.record import BatchState
from tests.notifications.promises import check, check_at_rest
from tests.world import World
from tests.world.devices import ActsAt, Died, DiesAt, First, LosesAt

NOTIFY = "/v2/in_app_notifications/notify"
DAY = 24 * 3600


def over_quota(world: World, name: str) -> str:
    """A user who has had all that Pi allows in a day."""
    uid = world.reader(name)
    for n in range(48):
        body = {"title": f"{name} {n}", "body": "News", "subroute": "/", "user_uid": uid}
        world.pi.notify(world.pi.registry.app(), {"notifications": [body]})
    return uid


# --- A quota --------------------------------------------------------------------------------------


def test_who_is_over_quota_is_left_out_and_the_rest_is_sent(each_world: World) -> None:
    # Given one user whose quota is used up, and one who did not consent
    world = each_world
    alice, bob, carol = world.reader("alice"), over_quota(world, "bob"), world.user("carol").uid

    # When all three are notified
    world.notify("pie-17", alice, bob, carol)
    world.work()

    # Then the others are told apart
    expected = {"delivered": [alice], "not_consented": [carol], "over_quota": [bob]}
    assert world.outcomes("pie-17") == world.told("pie-17:0") == expected
    assert world.metrics.counted["ServerKeyRefused"] == 0
    check_at_rest(world)


@pytest.mark.parametrize("names", [None, 1, 2])
def test_however_many_of_them_pi_names(world: World, names: int | None) -> None:
    world.pi.settings.notification_quota_names = names
    full = sorted(over_quota(world, f"user-{n}") for n in range(5))
    alice = world.reader("alice")

    world.notify("pie-17", alice, *full)
    world.work()

    assert world.outcomes("pie-17") == {"delivered": [alice], "over_quota": full}
    check_at_rest(world)


@pytest.mark.parametrize(
    "setting", [{"notification_quota_names": 0}, {"notification_app_quota": 48}], ids=str
)
def test_a_quota_that_names_nobody_is_about_all(world: World, setting: dict[str, int]) -> None:
    for name, value in setting.items():
        setattr(world.pi.settings, name, value)
    alice, bob = world.reader("alice"), over_quota(world, "bob")

    world.notify("pie-17", alice, bob)
    world.work()

    assert world.outcomes("pie-17") == {"over_quota": sorted([alice, bob])}
    check_at_rest(world)


def test_a_uid_that_is_part_of_another_is_not_taken_for_it(world: World) -> None:
    bob = over_quota(world, "bob")
    part = bob.partition("-")[0]

    world.notify("pie-17", bob, part)
    world.work()

    assert world.outcomes("pie-17") == {"not_consented": [part], "over_quota": [bob]}


# --- Another refusal ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["sentence", "code", "not_found"])
def test_an_app_that_may_not_notify_hears_so(world: World, how: str) -> None:
    world.pi.settings.notification_refusal = how
    world.pi.registry.app().notifications = False
    alice = world.reader()

    world.notify("pie-17", alice)
    world.work()

    assert world.outcomes("pie-17") == {"refused": [alice]}
    assert world.notification("pie-17").body["reasons"] == ["notifications_not_enabled"]
    assert world.metrics.counted["ServerKeyRefused"] == 0
    check_at_rest(world)


def test_strangers_that_pi_refuses_hold_up_nobody(world: World) -> None:
    world.pi.settings.notification_strangers_refused = True
    alice = world.reader()

    world.notify("pie-17", alice, "nobody")
    world.work()

    assert world.outcomes("pie-17") == {"delivered": [alice], "refused": ["nobody"]}
    check_at_rest(world)


@pytest.mark.parametrize(("status", "sentence"), [(422, "Invalid payload"), (400, "Too many")])
def test_a_refusal_that_names_nobody_is_about_all(world: World, status: int, sentence: str) -> None:
    world.fault(path=NOTIFY, status=status, body={"error": sentence})
    alice = world.reader()

    world.notify("pie-17", alice)
    world.work()

    assert world.outcomes("pie-17") == {"refused": [alice]}
    assert world.notification("pie-17").body["reasons"] == ["refused_by_pi"]
    check_at_rest(world)


# --- What passes by itself ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_waits_for_a_right_one(world: World, status: int) -> None:
    alice = world.reader()
    world.server_key = "wrong"
    world.fault("POST", NOTIFY, status=status, body={"error": "Invalid authorization."})
    world.notify("pie-17", alice)
    world.work()
    world.rounds(10)
    assert world.outcomes("pie-17") == {"pending": [alice]}
    assert world.notification("pie-17").body["reasons"] == ["server_key_refused"]
    assert world.metrics.counted["ServerKeyRefused"] > 0
    assert world.bus.events == []

    world.heal()
    world.server_key = world.pi.registry.app().key
    world.rounds(2)

    assert world.outcomes("pie-17") == {"delivered": [alice]}
    check_at_rest(world)


def test_without_a_key_it_waits(world: World) -> None:
    alice, world.server_key = world.reader(), None
    world.notify("pie-17", alice)
    world.rounds(3)
    assert world.outcomes("pie-17") == {"pending": [alice]}

    world.server_key = world.pi.registry.app().key
    world.rounds(2)

    assert world.outcomes("pie-17") == {"delivered": [alice]}


@pytest.mark.parametrize(
    "fault",
    [
        {"path": NOTIFY, "status": 429, "body": {"error": "Too many requests"}},
        {"path": "/v2/*", "status": 403, "body": {"error": "Forbidden"}},  # nor is the key judged
    ],
    ids=["too many requests", "no verdict about the key"],
)
def test_what_pi_refuses_for_now_waits(world: World, fault: dict[str, Any]) -> None:
    alice = world.reader()
    world.fault(**fault)
    world.notify("pie-17", alice)
    world.rounds(3)
    assert world.outcomes("pie-17") == {"pending": [alice]}

    world.heal()
    world.rounds(2)

    assert world.outcomes("pie-17") == {"delivered": [alice]}
    check_at_rest(world)


# --- No clear answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "after"},
        {"drop": "before"},  # the connection was made: nobody knows
        {"status": 500, "body": "<html>oops</html>", "effect": True},
        {"status": 408, "effect": True},
        {"status": 201, "body": "<html>created</html>", "effect": True},
        {"status": 201, "body": {"success": True}, "effect": True},
        {"status": 201, "body": {"success": True, "delivered_notifications": [5]}, "effect": True},
        {"status": 201, "body": {"success": False, "delivered_notifications": []}},
        {"status": 302, "effect": True},
        {"delay_s": 30},
    ],
    ids=str,
)
def test_an_unclear_batch_is_never_repeated_and_is_told_of(
    world: World, fault: dict[str, Any]
) -> None:
    alice = world.reader()
    world.fault(path=NOTIFY, **fault)

    world.notify("pie-17", alice)
    world.work()
    world.heal()
    world.live(DAY)

    assert world.outcomes("pie-17") == world.told("pie-17:0") == {"unclear": [alice]}
    assert world.notification("pie-17").body["reasons"] == ["no_clear_answer"]
    assert len(world.front.calls) - sum("notify" not in c["path"] for c in world.front.calls) == 1
    check_at_rest(world)


def test_one_unclear_batch_is_not_the_others(world: World) -> None:
    users = [world.reader(f"user-{n}") for n in range(300)]
    world.fault_once("POST", NOTIFY, drop="after")

    world.notify("news-1", *users)
    world.work()

    counts = world.notification("news-1").body["counts"]
    assert (counts["delivered"], counts["unclear"]) == (44, 256)
    assert {world.got(uid) for uid in users} == {1}
    check_at_rest(world)


def test_who_was_found_over_quota_before_stays_so(world: World) -> None:
    alice, bob = world.reader("alice"), over_quota(world, "bob")
    world.notify("pie-17", alice, bob)
    with world.effects.watched_by(LosesAt(6, "after")):  # the second call
        world.work()

    assert world.outcomes("pie-17") == {"over_quota": [bob], "unclear": [alice]}
    check_at_rest(world)


# --- Several at once ------------------------------------------------------------------------------


def test_two_workers_ask_pi_once(world: World) -> None:
    """The second is at work, from start to end, before each effect of the first."""
    for number in range(1, 12):
        alice = world.reader(f"alice-{number}")
        name = f"pie-{number}"
        world.notify(name, alice, title=name)
        other = world.environment("settle")
        record = {"messageId": "2", "body": f'{{"work": "notification", "key": "{name}:0"}}'}

        def act(other: Any = other, record: Any = record) -> None:
            assert other({"Records": [record]}) == {"batchItemFailures": []}

        with world.effects.watched_by(ActsAt(world.effects, number, act)):
            world.work()
        world.rounds(2)

        assert world.got(alice) == 1
        assert world.outcomes(name) == {"delivered": [alice]}
        check(world)


def test_a_worker_that_died_after_its_call_is_followed_by_none(world: World) -> None:
    """The other one has read the batch before, and would call Pi now."""
    alice = world.reader()
    world.notify("pie-17", alice)
    record = {"messageId": "2", "body": '{"work": "notification", "key": "pie-17:0"}'}

    def dies_after_its_call() -> None:
        with world.effects.watched_by(DiesAt(3, "after")), suppress(Died):
            world.environment("settle")({"Records": [record]})

    with world.effects.watched_by(First("UpdateItem", dies_after_its_call)):
        world.work()
    assert world.got(alice) == 1
    world.rounds(2)

    assert world.got(alice) == 1
    assert world.outcomes("pie-17") == {"unclear": [alice]}
    check_at_rest(world)


def test_a_call_under_way_is_left_alone(world: World) -> None:
    """A repeated message finds the intent of a worker that is still waiting for Pi."""
    alice = world.reader()
    world.notify("pie-17", alice)
    record = {"messageId": "2", "body": '{"work": "notification", "key": "pie-17:0"}'}
    states = []

    def meanwhile() -> None:
        assert world.environment("settle")({"Records": [record]}) == {"batchItemFailures": []}
        states.append(world.batch("pie-17:0").state)

    with world.effects.watched_by(First("POST " + NOTIFY, meanwhile)):
        world.work()

    assert states == [BatchState.SENDING]
    assert world.outcomes("pie-17") == {"delivered": [alice]}
    assert world.got(alice) == 1


def test_the_bus_is_down(world: World) -> None:
    alice = world.reader()
    world.notify("pie-17", alice)
    with world.bus.is_down():
        world.work()
        world.rounds(2)
    assert world.outcomes("pie-17") == {"delivered": [alice]}

    world.rounds(2)

    assert world.told("pie-17:0") == {"delivered": [alice]}
    check_at_rest(world)


def test_the_queue_is_down(world: World) -> None:
    alice, world.wake_ups.down = world.reader(), True
    assert world.notify("pie-17", alice).status == 202
    world.wake_ups.down = False

    world.rounds(1)

    assert world.outcomes("pie-17") == {"delivered": [alice]}


def test_a_finished_one_costs_nothing(world: World) -> None:
    world.notify("pie-17", world.reader())
    world.work()
    calls = len(world.front.calls)

    world.live(DAY)

    assert [c for c in world.front.calls[calls:] if "notif" in c["path"]] == []
    assert world.metrics.counted["WakeUps"] == 0
