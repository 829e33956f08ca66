"""A scene: what to do to get one of the answers that docs/openapi.yaml promises."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.world import User, World
from tests.world.functions import Reply

Scene = Callable[[World, User, User], Reply]

TXID = "ab" * 32
APPROVE = "POST /pi_payment/approve"
COMPLETE = "POST /pi_payment/complete"
INCOMPLETE = "POST /pi_payment/incomplete"
CANCEL = "POST /pi_payment/cancel"
ERROR = "POST /pi_payment/error"
ONE = "GET /payments/{payment_id}"
HISTORY = "GET /payments"
CLAIM = "POST /rewarded_ads/{ad_id}/claim"
ME = "GET /me"


@dataclass(frozen=True, slots=True)
class Expected:
    """`code` None: not an error, or one of Pi's own."""

    route: str
    status: int
    code: str | None
    scene: Scene

    def __str__(self) -> str:
        return f"{self.route} {self.status} {self.code or ''}".rstrip()


SCENES: list[Expected] = []


def scene(route: str, status: int, code: str | None, play: Scene) -> None:
    SCENES.append(Expected(route, status, code, play))


def answers(route: str, status: int, code: str | None = None) -> Callable[[Scene], Scene]:
    def remember(play: Scene) -> Scene:
        scene(route, status, code, play)
        return play

    return remember


def one(world: World, user: User, payment_id: str, seconds: float | None = None) -> Reply:
    path = {"payment_id": payment_id}
    return world.call(ONE, path=path, token=user.token, seconds=seconds)


def history(world: World, user: User, **query: str) -> Reply:
    return world.call(HISTORY, query=query, token=user.token)


def ad(world: World, status: str | None = "granted") -> str:
    return world.pi.show_ad(status).identifier


def completed_elsewhere(world: World, user: User) -> str:
    payment_id, app = world.start(user), world.pi.registry.app()
    world.pi.approve(app, payment_id)
    world.pi.complete(app, payment_id, {"txid": world.pay(payment_id)})
    return payment_id
