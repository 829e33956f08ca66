"""The good answers, and what a malformed or unauthorised request gets."""

from tests.docs.scene import (
    APPROVE,
    CANCEL,
    CLAIM,
    COMPLETE,
    ERROR,
    HISTORY,
    INCOMPLETE,
    ME,
    ONE,
    TXID,
    ad,
    answers,
    history,
    one,
    scene,
)
from tests.world import User, World
from tests.world.functions import Reply

# --- Good answers --------------------------------------------------------------------------------


scene(ME, 200, None, lambda world, alice, _: world.call(ME, token=alice.token))
scene(APPROVE, 200, None, lambda world, alice, _: world.approve(world.start(alice), alice))
scene(COMPLETE, 200, None, lambda world, alice, _: world.complete(*world.paid(alice), alice))
scene(COMPLETE, 200, None, lambda world, alice, _: world.complete(*world.paid(alice)))


@answers(COMPLETE, 202)
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.complete(world.approved(alice), TXID, alice)


@answers(INCOMPLETE, 200)
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id, txid = world.paid(alice)
    return world.incomplete(payment_id, transactionId=txid)


@answers(INCOMPLETE, 202)
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.incomplete(world.approved(alice), transactionId=None)


@answers(CANCEL, 200)
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id = world.start(alice)
    world.pi.user_cancel(payment_id)
    world.approve(payment_id, alice)
    return world.cancel(payment_id, alice)


scene(ERROR, 202, None, lambda world, alice, _: world.error(world.approved(alice), alice))


@answers(ONE, 200)
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)
    return one(world, alice, payment_id)


@answers(HISTORY, 200)
def _(world: World, alice: User, _bob: User) -> Reply:
    world.complete(*world.paid(alice), alice)
    world.complete(*world.paid(alice), alice)
    return history(world, alice, limit="1")


scene(CLAIM, 200, None, lambda world, alice, _: world.claim(ad(world), alice))
scene(CLAIM, 202, None, lambda world, alice, _: world.claim(ad(world, None), alice))


# --- 400: malformed ------------------------------------------------------------------------------


def _malformed(route: str, code: str, body: object) -> None:
    @answers(route, 400, code)
    def _(world: World, alice: User, _bob: User) -> Reply:
        return world.call(route, body=body, token=alice.token)


for _route in (APPROVE, COMPLETE, INCOMPLETE, CANCEL, ERROR):
    _malformed(_route, "invalid_body", "[]")
    _malformed(_route, "body_too_large", '"' + "a" * 70_000 + '"')
    _malformed(_route, "invalid_payment_id", {"paymentId": "../me", "txid": TXID})
    _malformed(
        _route, "conflicting_tokens", {"paymentId": "a", "txid": TXID, "accessToken": "another"}
    )


@answers(COMPLETE, 400, "invalid_txid")
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.complete(world.approved(alice), "0x12", alice)


@answers(INCOMPLETE, 400, "invalid_txid")
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.incomplete(world.approved(alice), alice, transactionId="0x12")


scene(ONE, 400, "invalid_payment_id", lambda world, alice, _: one(world, alice, "a.b"))
scene(HISTORY, 400, "invalid_limit", lambda world, alice, _: history(world, alice, limit="101"))


@answers(HISTORY, 400, "invalid_cursor")
def _(world: World, alice: User, _bob: User) -> Reply:
    return history(world, alice, next="yesterday")


scene(CLAIM, 400, "invalid_ad_id", lambda world, alice, _: world.claim("..%2Fme", alice))


# --- 401, 403, 404: who asks, and for what -------------------------------------------------------


scene(ME, 401, "invalid_token", lambda world, *_: world.call(ME))


@answers(ME, 401, "wrong_app")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.deploy(PiAppId="another-app")
    return world.call(ME, token=alice.token)


@answers(ME, 401, "missing_app_id")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.deploy(PiAppId="demo-app")
    world.fault_once("GET", "/v2/me", status=200, body={"uid": alice.uid})
    return world.call(ME, token=alice.token)


@answers(APPROVE, 401, "invalid_token")
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.approve(world.start(alice), None)


@answers(ONE, 401, "invalid_token")
def _(world: World, _alice: User, _bob: User) -> Reply:
    return world.call(ONE, path={"payment_id": "a"}, token="made-up")


scene(HISTORY, 401, "invalid_token", lambda world, *_: world.call(HISTORY))
scene(CLAIM, 401, "invalid_token", lambda world, *_: world.claim(ad(world), None))
scene(APPROVE, 403, "not_owner", lambda world, alice, bob: world.approve(world.start(alice), bob))
scene(COMPLETE, 403, "not_owner", lambda world, alice, bob: world.complete(*world.paid(alice), bob))
scene(CANCEL, 403, "not_owner", lambda world, alice, bob: world.cancel(world.approved(alice), bob))


@answers(APPROVE, 404, "payment_not_found")
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.approve("no-such-payment", alice)


@answers(COMPLETE, 404, "payment_not_found")
def _(world: World, _alice: User, _bob: User) -> Reply:
    return world.complete("no-such-payment", TXID)


@answers(INCOMPLETE, 404, "payment_not_found")
def _(world: World, _alice: User, _bob: User) -> Reply:
    return world.incomplete("no-such-payment")


@answers(ONE, 404, "payment_not_found")
def _(world: World, alice: User, bob: User) -> Reply:
    return one(world, bob, world.approved(alice))
