"""Sound requests that are refused, or fail through no fault of the caller (502, 503)."""

from decimal import Decimal
from typing import Any

from tests.docs.scene import (
    APPROVE,
    CLAIM,
    COMPLETE,
    INCOMPLETE,
    ME,
    ONE,
    TXID,
    ad,
    answers,
    completed_elsewhere,
    one,
    scene,
)
from tests.world import User, World
from tests.world.functions import Reply
from tests.world.payments import PIE

# --- 409: approve --------------------------------------------------------------------------------


@answers(APPROVE, 409, "unknown_product")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.price_by(lambda _request: {"price": None, "why": "cart_is_empty"})
    return world.approve(world.start(alice), alice)


@answers(APPROVE, 409, "already_bought")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.sell("badge", price="5", once=True)
    world.approved(alice, "5", {"productId": "badge"})
    return world.approve(world.start(alice, "5", {"productId": "badge"}), alice)


@answers(APPROVE, 409, "price_expired")
def _(world: World, alice: User, _bob: User) -> Reply:
    answer = {"product_id": "cart-7", "price": "3.14", "valid_seconds": 1}
    world.price_by(lambda _request: answer)
    payment_id = world.start(alice)
    world.fault("POST", "*/approve", status=500)
    world.approve(payment_id, alice)
    world.heal()
    world.tick(2)
    return world.approve(payment_id, alice)


@answers(APPROVE, 409, "too_many_decimals")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id = world.start(alice)
    world.pi.force(payment_id, {"amount": Decimal("0.30000000000000004")})
    return world.approve(payment_id, alice)


def _refused_as_shown(code: str, **shown: Any) -> None:
    def play(world: World, alice: User, _bob: User) -> Reply:
        return world.approve(world.start(alice, **shown), alice)

    scene(APPROVE, 409, code, play)


_refused_as_shown("unexpected_amount", amount="0.0000001")
_refused_as_shown("unknown_product", metadata={"productId": "moon"})
_refused_as_shown("unknown_product", metadata={"order": "a pie"})
_refused_as_shown("unknown_product", metadata={"productId": PIE, "quantity": 0})
_refused_as_shown("unexpected_network", network="Pi Network")
_refused_as_shown("unexpected_token", token_canonical="PIE:G")
_refused_as_shown("unexpected_split", split_recipients=[{"address": "G"}])
_refused_as_shown("unexpected_wallet", to_address="GSOMEBODYELSE")


@answers(APPROVE, 409, "payment_cancelled")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id = world.start(alice)
    world.pi.user_cancel(payment_id)
    return world.approve(payment_id, alice)


@answers(APPROVE, 409, "already_completed")
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.approve(completed_elsewhere(world, alice), alice)


@answers(APPROVE, 409)
def _(world: World, alice: User, _bob: User) -> Reply:
    world.fault_once("POST", "*/approve", code="too_many_payments")
    return world.approve(world.start(alice), alice)


# --- 409: complete and settle --------------------------------------------------------------------


@answers(COMPLETE, 409, "payment_cancelled")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id = world.start(alice)
    world.pi.user_cancel(payment_id)
    world.approve(payment_id, alice)
    return world.complete(payment_id, TXID, alice)


@answers(COMPLETE, 409, "payment_needs_attention")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id = world.approved(alice)
    world.pi.delete_payment(payment_id)
    return world.complete(payment_id, TXID, alice)


@answers(COMPLETE, 409, "payment_needs_attention")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id, txid = world.paid(alice)
    world.fault_once("POST", "*/complete", code="verification_failed")
    return world.complete(payment_id, txid, alice)


@answers(COMPLETE, 409, "payment_needs_attention")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id, txid = world.paid(alice)
    world.fault_once("POST", "*/complete", code="cancelled_payment")
    return world.complete(payment_id, txid, alice)


@answers(COMPLETE, 409, "payment_needs_attention")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id = world.start(alice, "1")
    world.pi.approve(world.pi.registry.app(), payment_id)
    return world.complete(payment_id, world.pay(payment_id), alice)


@answers(COMPLETE, 409, "already_completed")
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.complete(completed_elsewhere(world, alice), TXID, alice)


@answers(INCOMPLETE, 409, "already_completed")
def _(world: World, alice: User, _bob: User) -> Reply:
    return world.incomplete(completed_elsewhere(world, alice), alice)


@answers(INCOMPLETE, 409, "payment_cancelled")
def _(world: World, alice: User, _bob: User) -> Reply:
    payment_id = world.start(alice)
    world.pi.user_cancel(payment_id)
    return world.incomplete(payment_id, alice)


# --- Rewarded ads --------------------------------------------------------------------------------


@answers(CLAIM, 409, "ad_already_claimed")
def _(world: World, alice: User, bob: User) -> Reply:
    ad_id = ad(world)
    world.claim(ad_id, alice)
    return world.claim(ad_id, bob)


scene(CLAIM, 409, "ad_not_granted", lambda world, alice, _: world.claim(ad(world, "failed"), alice))
scene(CLAIM, 409, "ad_revoked", lambda world, alice, _: world.claim(ad(world, "revoked"), alice))


@answers(CLAIM, 409, "ad_stale")
def _(world: World, alice: User, _bob: User) -> Reply:
    ad_id = ad(world)
    world.tick(3601)
    return world.claim(ad_id, alice)


scene(CLAIM, 404, "ad_not_found", lambda world, alice, _: world.claim("no-such-ad", alice))


@answers(CLAIM, 429, "daily_cap_reached")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.deploy(RewardDailyCap="1")
    world.claim(ad(world), alice)
    return world.claim(ad(world), alice)


# --- 502 and 503: not the caller's fault ---------------------------------------------------------


@answers(APPROVE, 502, "server_key_refused")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.server_key = "of-another-app"
    return world.approve(world.start(alice), alice)


@answers(ME, 502, "pi_answer_invalid")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.fault_once("GET", "/v2/me", status=200, body={"name": "alice"})
    return world.call(ME, token=alice.token)


@answers(ME, 503, "pi_unavailable")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.fault("GET", "/v2/me", status=500, body="<h1>We're sorry</h1>")
    return world.call(ME, token=alice.token)


@answers(APPROVE, 503, "pi_unavailable")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.fault("*", "/v2/*", drop="before")
    return world.approve(world.start(alice), alice)


@answers(APPROVE, 503, "price_unavailable")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.price_by(lambda _request: {"product_id": "cart-7", "price": 3.14})
    return world.approve(world.start(alice), alice)


@answers(APPROVE, 503, "sales_paused")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.function("operate")({"command": "sales", "switch": "off"})
    world.cold_start()
    return world.approve(world.start(alice), alice)


@answers(APPROVE, 503, "server_key_missing")
def _(world: World, alice: User, _bob: User) -> Reply:
    world.server_key = None
    return world.approve(world.start(alice), alice)


@answers(ONE, 503, "service_unavailable")
def _(world: World, alice: User, _bob: User) -> Reply:
    """The user is known from a minute ago, and no time is left to ask the database."""
    payment_id = world.approved(alice)
    one(world, alice, payment_id)
    return one(world, alice, payment_id, seconds=1)


@answers(CLAIM, 503, "unexpected_error")
def _(world: World, alice: User, _bob: User) -> Reply:
    """A mistake of ours."""
    world.aws["dynamodb"] = None
    return world.claim(ad(world), alice)
