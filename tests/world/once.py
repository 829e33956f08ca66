"""The words for what is sold once to each user: a badge."""

from typing import Any

from shared.aws.dynamodb import decoded
from tests.world import User, World
from tests.world.functions import Reply

BADGE = "badge"


def sell_badge(world: World) -> None:
    world.sell(BADGE, price="5", once=True)


def started(world: World, user: User, product: str = BADGE) -> str:
    return world.start(user, "5", {"productId": product})


def bought(world: World, user: User) -> str:
    """Approved, and not paid yet."""
    payment_id = started(world, user)
    assert world.approve(payment_id, user).status == 200
    return payment_id


def completed(world: World, user: User) -> str:
    payment_id = bought(world, user)
    assert world.complete(payment_id, world.pay(payment_id), user).status == 200
    return payment_id


def is_refused(reply: Reply) -> bool:
    return (reply.status, reply.error) == (409, "already_bought")


def claim(world: World, user: User) -> dict[str, Any]:
    key = f"once#{BADGE}#{user.uid}"
    [found] = [i for i in world.tables.raw("PaymentsTable") if i["payment_id"]["S"] == key]
    return decoded(found)
