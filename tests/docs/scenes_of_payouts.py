"""What the operator's back end gets: good answers, and every way to be refused."""

from decimal import Decimal
from typing import Any

from shared.payments.record import PaymentState
from tests.docs.scene import answers, scene
from tests.world import User, World
from tests.world.functions import Reply

REQUEST, READ = "POST /payouts", "GET /payouts/{payout_id}"


def ask(world: World, **changes: Any) -> Reply:
    body = {"payout_id": "raffle-1", "uid": world.uid("alice"), "amount": "0.5", "memo": "You won"}
    return world.post(**(body | changes))


def read(world: World, payout_id: str = "raffle-1") -> Reply:
    return world.call(READ, path={"payout_id": payout_id})


# --- Good answers --------------------------------------------------------------------------------


@answers(REQUEST, 202)
def _(world: World, *_: User) -> Reply:
    return ask(world, amount=Decimal("0.01"), metadata={"raffle": 17})


@answers(REQUEST, 202)
def _(world: World, *_: User) -> Reply:
    return world.post(payout_id="refund-1", refund_of=world.sold(), amount=None)


@answers(REQUEST, 200)
def _(world: World, *_: User) -> Reply:
    """Asked again when it is done, with payouts off."""
    ask(world)
    world.send()
    world.switch.value = "off"
    return ask(world)


@answers(READ, 200)
def _(world: World, *_: User) -> Reply:
    ask(world)
    world.send()
    return read(world)


@answers(READ, 200)
def _(world: World, *_: User) -> Reply:
    """One that waits."""
    world.fault(code="ongoing_payment_found", method="POST", path="/v2/payments")
    ask(world)
    world.send()
    return read(world)


# --- 400: malformed ------------------------------------------------------------------------------


def _malformed(code: str, **changes: Any) -> None:
    @answers(REQUEST, 400, code)
    def _(world: World, *_: User) -> Reply:
        return ask(world, **changes)


_malformed("invalid_payout_id", payout_id="a b")
_malformed("invalid_uid", uid="")
_malformed("invalid_amount", amount="0")
_malformed("invalid_amount", amount="0.00000001")
_malformed("invalid_amount", amount=None)
_malformed("invalid_memo", memo="m" * 101)
_malformed("invalid_memo", memo=None)
_malformed("invalid_metadata", metadata=["raffle"])
_malformed("invalid_metadata", metadata={"text": "m" * 2000})
_malformed("reserved_metadata_key", metadata={"payout_id": "another"})
_malformed("unexpected_key", meno="You won")
_malformed("unexpected_key", refund_of="b7Pq-3xK_mZ0aYwVtR5sLcDe9fGh")


@answers(REQUEST, 400, "invalid_payment_id")
def _(world: World, *_: User) -> Reply:
    return world.post(payout_id="refund-1", refund_of="../me")


scene(REQUEST, 400, "invalid_body", lambda world, *_: world.call(REQUEST, body="[]"))


@answers(REQUEST, 400, "body_too_large")
def _(world: World, *_: User) -> Reply:
    return world.call(REQUEST, body='"' + "a" * 70_000 + '"')


scene(READ, 400, "invalid_payout_id", lambda world, *_: read(world, "a.b"))


# --- 404 and 409: refused ------------------------------------------------------------------------


scene(READ, 404, "payout_not_found", lambda world, *_: read(world))


@answers(REQUEST, 404, "payment_not_found")
def _(world: World, *_: User) -> Reply:
    return world.post(payout_id="refund-1", refund_of="no-such-payment")


@answers(REQUEST, 409, "payout_id_taken")
def _(world: World, *_: User) -> Reply:
    ask(world)
    return ask(world, amount="0.6")


@answers(REQUEST, 409, "payouts_off")
def _(world: World, *_: User) -> Reply:
    world.switch.value = "off"
    return ask(world)


scene(REQUEST, 409, "above_payment_cap", lambda world, *_: ask(world, amount="100.0000001"))
scene(REQUEST, 409, "below_least_amount", lambda world, *_: ask(world, amount="0.0099999"))


@answers(REQUEST, 409, "user_daily_number_reached")
def _(world: World, *_: User) -> Reply:
    world.deploy(PayoutUserDailyNumber="1")
    ask(world)
    return ask(world, payout_id="raffle-2")


@answers(REQUEST, 409, "user_daily_cap_reached")
def _(world: World, *_: User) -> Reply:
    world.deploy(PayoutUserDailyCap="0.9")
    ask(world)
    return ask(world, payout_id="raffle-2")


@answers(REQUEST, 409, "wallet_daily_cap_reached")
def _(world: World, *_: User) -> Reply:
    world.deploy(PayoutWalletDailyCap="0.9")
    ask(world)
    return ask(world, payout_id="raffle-2", uid=world.uid("bob"))


@answers(REQUEST, 409, "not_refundable")
def _(world: World, *_: User) -> Reply:
    return world.post(payout_id="refund-1", refund_of=world.sold(state=PaymentState.CANCELLED))


@answers(REQUEST, 409, "above_paid_amount")
def _(world: World, *_: User) -> Reply:
    payment_id = world.sold("3.14")
    world.post(payout_id="refund-1", refund_of=payment_id, amount="3")
    return world.post(payout_id="refund-2", refund_of=payment_id, amount="0.15")


# --- 503: not the caller's fault -----------------------------------------------------------------


@answers(REQUEST, 503, "service_unavailable")
def _(world: World, *_: User) -> Reply:
    world.switch.down = True
    return ask(world)


@answers(READ, 503, "unexpected_error")
def _(world: World, *_: User) -> Reply:
    """A mistake of ours."""
    world.aws["dynamodb"] = None
    return read(world)
