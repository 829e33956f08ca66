"""The bus is down, or takes only part of what it is given: nothing is lost, nothing told twice."""

from botocore.exceptions import ReadTimeoutError

from shared.payments.record import PaymentState
from shared.work.wake_ups import Work
from tests.weather.ends import COMPLETED, check_all, populate
from tests.world import World
from tests.world.devices import First

HOUR = 3600


def test_the_bus_is_down_for_an_hour(world: World) -> None:
    ends = populate(world)
    world.tick(HOUR)
    with world.bus.is_down():
        world.live(HOUR)
        # Settling goes on: only the telling waits.
        states = [world.record(payment_id).state for payment_id in ends]
        assert states.count(PaymentState.COMPLETED) == 5
        assert world.bus.events == []

    world.rounds(2)

    check_all(world, ends)
    assert world.wake_ups.messages == world.wake_ups.dead_letters == []


def test_the_bus_refuses_half(world: World) -> None:
    """PutEvents answers 200, with a FailedEntryCount."""
    payments = [world.paid_payment() for _ in range(10)]
    refused = set(payments[::2])
    world.bus.refuses = lambda detail: any(payment_id in detail for payment_id in refused)

    world.rounds(3)

    for payment_id in payments:
        record = world.record(payment_id)
        assert record.state == "completed"
        assert (record.pending_event is not None) == (payment_id in refused)
    assert len(world.bus.events) == 5
    world.bus.refuses = lambda _detail: False
    world.rounds(2)
    COMPLETED.check(world, *payments)


def test_the_answer_of_the_bus_is_lost(world: World) -> None:
    """The event went out and goes out again: the same one, which a consumer drops."""
    payment_id = world.paid_payment()

    def put_then_lose(moment: str, effect: str) -> None:
        if (moment, effect) == ("after", "PutEvents") and len(world.bus.events) == 1:
            raise ReadTimeoutError(endpoint_url="events")

    with world.effects.watched_by(put_then_lose):
        world.rounds(1)
    world.rounds(2)

    assert world.events(payment_id) == ["PaymentCompleted", "PaymentCompleted"]
    assert world.record(payment_id).version == 3


def test_the_bus_is_down_while_pi_is_too(world: World) -> None:
    ends = populate(world)
    world.tick(HOUR)
    world.fault(path="/v2/*", drop="before")
    with world.bus.is_down():
        world.live(HOUR)
    world.heal()

    world.until_proven()

    check_all(world, ends)


def test_paid_after_all_between_two_tellings(world: World) -> None:
    """Cancelled, and before the app heard of it, found paid: it hears of both, in order."""
    payment_id = world.cancelled_by_user()
    with world.bus.is_down():
        world.until_proven()
        assert world.record(payment_id).state == "cancelled"
        payment = world.at_pi(payment_id)
        payment.user_cancelled = False
        world.pay(payment_id)

    with world.effects.watched_by(First("PutEvents", lambda: world.incomplete(payment_id))):
        world.rounds(2)

    assert world.record(payment_id).state == "completed"
    assert world.events(payment_id) == ["PaymentCancelled", "PaymentCompleted"]


def test_what_another_writer_owes_is_told_in_the_same_go(world: World) -> None:
    """Cancelled, and found paid while the app is told so; no other wake-up comes."""
    payment_id = world.cancelled_by_user()
    with world.bus.is_down():
        world.until_proven()
    payment = world.at_pi(payment_id)
    payment.user_cancelled = False
    world.pay(payment_id)
    world.wake(Work.PAYMENT, payment_id)

    def complete() -> None:
        world.incomplete(payment_id)
        world.wake_ups.messages.pop()

    with world.effects.watched_by(First("PutEvents", complete)):
        world.work()

    assert world.events(payment_id) == ["PaymentCancelled", "PaymentCompleted"]


def test_what_is_told_late_was_true_when_it_came_to_be_owed(world: World) -> None:
    """Issue 9, 2.7: cancelled, and paid after all, before the app could be told of the first."""
    user = world.user()
    payment_id = world.approved(user)
    world.tick(HOUR)
    with world.bus.is_down():
        world.until_proven()
        assert world.record(payment_id).pending_event == "PaymentCancelled"
        closed_at = world.record(payment_id).cancelled_at
        world.pay(payment_id, link=False, skip_approval_check=True)
        world.rounds(2)

    world.rounds(4)

    [told] = [event.detail for event in world.bus.events if event.type == "PaymentCancelled"]
    assert (told["txid"], told["closed_at"]) == (None, closed_at)
    assert world.record(payment_id).paid_by is not None
    assert world.record(payment_id).needs_review == "cancelled_but_paid"
