"""The routes for users' payments are open to anybody; an A2U id, public on the chain, gets nothing
done there at any step.
"""

import pytest

from shared.payouts.record import PayoutState
from tests.payouts.promises import check_at_rest
from tests.payouts.stories import PAYOUT, STORIES, payout_world
from tests.payouts.test_crash import effects_of
from tests.world import World
from tests.world.devices import ActsAt, starts
from tests.world.functions import Reply

ROUTES = ("cancel", "incomplete", "complete", "error")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("signed_in", [False, True])
def test_no_effect_at_any_step(subtests: pytest.Subtests, route: str, signed_in: bool) -> None:
    """Even for the recipient himself."""
    for number, effect in starts(effects_of(STORIES[0])):
        with subtests.test(number=number, effect=effect), payout_world() as world:
            alice = world.user("alice")
            token = alice.token if signed_in else None
            world.requested(PAYOUT, alice.uid)

            def interfere(world: World = world, token: str | None = token) -> None:
                for payment in list(world.pi.payments.values()):
                    before = payment.dto()
                    reply = ask(world, route, payment.identifier, token)
                    assert reply.status in (404, 409), reply.body
                    assert payment.dto() == before

            with world.effects.watched_by(ActsAt(world.effects, number, interfere)):
                world.send()
            check_at_rest(world, PayoutState.COMPLETED)
            interfere()
            check_at_rest(world, PayoutState.COMPLETED)
            assert world.all_payments() == []


def ask(world: World, route: str, payment_id: str, token: str | None) -> Reply:
    txids = [tx.txid for tx in world.pi.chain.transactions] or ["ab" * 32]
    body = {"paymentId": payment_id, "txid": txids[-1]}
    return world.call(f"POST /pi_payment/{route}", body=body, token=token)
