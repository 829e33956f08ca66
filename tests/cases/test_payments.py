"""Payments that break a promise today. They were seen on the commit of 2026-11-24."""

from tests.cases.broken import broken
from tests.world import User, World


@broken("each 401 or 403 with an unknown code counts as a wrong key")
def test_a_403_on_a_repeated_approval_is_not_a_wrong_key(world: World, alice: User) -> None:
    payment_id = world.start(alice)
    refusal = {"code": "already_approved", "status": 403, "effect": True}
    world.fault("POST", "/v2/payments/*/approve", times=2, **refusal)

    world.approve(payment_id, alice)

    assert world.metrics.counted["ServerKeyRefused"] == 0
