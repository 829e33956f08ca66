"""Pi refuses our key, or knows it as another app's: nothing is closed on that, and all goes on once
the key is right."""

from tests.weather.ends import CANCELLED, COMPLETED, check_all, populate
from tests.world import World
from tests.world.devices import First

DAY = 24 * 3600


def change_key_at_pi(world: World) -> None:
    world.pi.registry.app().key = "the-new-key"


def rotate_key(world: World) -> None:
    change_key_at_pi(world)
    world.server_key = "the-new-key"


def test_the_key_is_replaced_in_the_middle_of_a_sweep(world: World) -> None:
    """Read again by the worker that meets the refusal: nobody notices."""
    payments = [world.paid_payment() for _ in range(6)]
    world.tick(300)
    world.sweep()

    with world.effects.watched_by(First("POST */complete", lambda: rotate_key(world))):
        world.work()

    COMPLETED.check(world, *payments)
    assert world.metrics.counted["ServerKeyRefused"] == 0


def test_the_key_is_revoked_in_the_middle_of_a_sweep_and_replaced_hours_later(world: World) -> None:
    payments = [world.paid_payment() for _ in range(6)] + [world.approved()]
    world.tick(300)
    world.sweep()
    with world.effects.watched_by(First("POST */complete", lambda: change_key_at_pi(world))):
        world.work()
    assert world.metrics.counted["ServerKeyRefused"] > 0  # its alarm
    world.live(2 * 3600)
    assert {world.record(payment_id).state for payment_id in payments} == {"open"}
    assert {world.record(payment_id).needs_review for payment_id in payments} == {None}

    world.server_key = "the-new-key"
    world.until_proven()

    for payment_id in payments[:-1]:
        COMPLETED.check(world, payment_id)
    CANCELLED.check(world, payments[-1])
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []


def test_there_is_no_key_for_hours(world: World) -> None:
    ends = populate(world)
    key, world.server_key = world.server_key, None
    world.cold_start()
    world.live(2 * 3600)

    world.server_key = key
    world.until_proven()

    check_all(world, ends)
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []


def test_the_key_of_another_app_closes_nothing(world: World) -> None:
    """Pi answers 404 for every payment, also for one that was completed with our key."""
    ends = populate(world)
    world.rounds(1)
    made = [World.paid_payment, World.approved, World.paid_unseen, World.cancelled_by_user]
    payments = [make(world) for make in made]
    key = world.take_another_apps_key()

    world.live(2 * 3600)

    for payment_id in payments:
        assert world.standing_of(payment_id) == ("open", None)
        assert world.events(payment_id) == []
    assert not world.at_pi(payments[1]).is_cancelled
    assert world.metrics.counted["ServerKeyRefused"] > 0  # its alarm

    world.server_key = key
    world.cold_start()
    world.until_proven()

    expected = [COMPLETED, CANCELLED, COMPLETED, CANCELLED]
    for payment_id, end in zip(payments, expected, strict=True):
        assert world.standing_of(payment_id) == (end.state, None)
        assert tuple(world.events(payment_id)) == end.events
    for payment_id, end in ends.items():
        assert world.record(payment_id).state == end.state
        assert tuple(world.events(payment_id)) == end.events


def test_pi_forgets_the_payment_by_which_the_key_is_told(world: World) -> None:
    """The newest that an environment saw completed; the table keeps an older one."""
    kept = world.settled_payment()
    newest = world.settled_payment()
    world.pi.delete_payment(newest)
    world.work()
    lost = world.approved()
    world.pi.delete_payment(lost)

    world.rounds(4)

    COMPLETED.check(world, kept)
    assert world.record(lost).needs_review == "gone"
