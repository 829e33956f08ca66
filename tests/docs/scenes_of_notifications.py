"""What the operator's back end gets that notifies users."""

from typing import Any

from tests.docs.scene import answers
from tests.world import User, World
from tests.world.effects import AwsFault
from tests.world.functions import Reply

NOTIFY, READ = "POST /notifications", "GET /notifications/{notification_id}"


@answers(NOTIFY, 202)
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.notify("order-17", alice.uid)


@answers(NOTIFY, 200)
def _(world: World, alice: User, _bob: User) -> Reply:
    world.notify("order-17", alice.uid)
    world.work()
    return world.notify("order-17", alice.uid)


@answers(READ, 200)
def _(world: World, alice: User, _bob: User) -> Reply:
    world.notify("order-17", world.reader(), alice.uid)
    world.work()
    return world.notification("order-17")


@answers(READ, 200)
def _(world: World, alice: User, _bob: User) -> Reply:
    """Pi refuses, and the stack waits."""
    world.server_key = "wrong"
    world.notify("order-17", alice.uid)
    world.work()
    return world.notification("order-17")


def _malformed(code: str, **changes: Any) -> None:
    @answers(NOTIFY, 400, code)
    def _(world: World, alice: User, _bob: User) -> Reply:
        return world.notify("order-17", alice.uid, **changes)


_malformed("invalid_notification_id", notification_id="order 17")
_malformed("invalid_text", title="")
_malformed("invalid_subroute", subroute="orders")
_malformed("invalid_uids", uids=[])
_malformed("unexpected_key", uid="alice")
_malformed("body_too_large", padding="x" * 1024 * 1024)


@answers(NOTIFY, 400, "invalid_body")
def _(world: World, *_: User) -> Reply:
    return world.call(NOTIFY, body="[]")


@answers(NOTIFY, 409, "notification_id_taken")
def _(world: World, alice: User, bob: User) -> Reply:
    world.notify("order-17", alice.uid)
    return world.notify("order-17", bob.uid)


@answers(READ, 400, "invalid_notification_id")
def _(world: World, *_: User) -> Reply:
    return world.notification("order 17")


@answers(READ, 404, "notification_not_found")
def _(world: World, *_: User) -> Reply:
    return world.notification("order-17")


@answers(NOTIFY, 503, "service_unavailable")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.effects.faults.append(AwsFault("TransactWriteItems", "InternalServerError", times=9))
    return world.notify("order-17", alice.uid)
