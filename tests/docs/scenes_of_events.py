"""What a back end gets that catches up after its own outage, and every way to be refused."""

from typing import Any

from tests.docs.scene import answers
from tests.world import User, World
from tests.world.functions import Reply

LIST, AGAIN = "GET /events", "POST /events/send_again"


def listed(world: World, **query: str) -> Reply:
    return world.call(LIST, query={"since": str(world.clock() - 3600)} | query)


def again(world: World, event_id: Any) -> Reply:
    return world.call(AGAIN, body={"event_id": event_id})


@answers(LIST, 200)
def _(world: World, *_: User) -> Reply:
    world.paid_payment()
    world.paid_payment()
    world.granted_ad()
    world.rounds(2)
    reply = listed(world, limit="2")
    assert len(reply.body["events"]) == 2
    return reply


@answers(LIST, 200)
def _(world: World, *_: User) -> Reply:
    """Nothing was missed."""
    return listed(world)


@answers(LIST, 400, "invalid_since")
def _(world: World, *_: User) -> Reply:
    return listed(world, since="yesterday")


@answers(LIST, 400, "invalid_limit")
def _(world: World, *_: User) -> Reply:
    return listed(world, limit="101")


@answers(LIST, 400, "invalid_cursor")
def _(world: World, *_: User) -> Reply:
    return listed(world, next="tomorrow")


@answers(AGAIN, 200)
def _(world: World, *_: User) -> Reply:
    payment_id = world.paid_payment()
    world.rounds(2)
    return again(world, f"{payment_id}:PaymentCompleted")


@answers(AGAIN, 400, "invalid_event_id")
def _(world: World, *_: User) -> Reply:
    return again(world, None)


@answers(AGAIN, 400, "unexpected_key")
def _(world: World, *_: User) -> Reply:
    return world.call(AGAIN, body={"event_id": "a:PaymentCompleted", "to": "me"})


@answers(AGAIN, 400, "invalid_body")
def _(world: World, *_: User) -> Reply:
    return world.call(AGAIN, body="[]")


@answers(AGAIN, 400, "body_too_large")
def _(world: World, *_: User) -> Reply:
    return world.call(AGAIN, body='"' + "a" * 70_000 + '"')


@answers(AGAIN, 404, "event_not_found")
def _(world: World, *_: User) -> Reply:
    return again(world, "no-such-payment:PaymentCompleted")


@answers(AGAIN, 503, "service_unavailable")
def _(world: World, *_: User) -> Reply:
    payment_id = world.paid_payment()
    world.rounds(2)
    with world.bus.is_down():
        return again(world, f"{payment_id}:PaymentCompleted")
