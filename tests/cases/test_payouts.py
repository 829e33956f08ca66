"""Payouts that break a promise today. They were seen on the commit of 2026-11-24."""

from shared.domain.payout import PayoutState
from tests.cases.broken import broken
from tests.world import World


@broken("what a wrong key refuses blocks one payout after the other")
def test_a_wrong_key_blocks_none(world: World) -> None:
    names = [f"p-{number}" for number in range(5)]
    for name in names:
        world.requested(name, world.uid(f"user of {name}"))
    right = world.server_key
    world.pi.registry.add_app("other-app", "other")
    world.server_key = "other"
    world.cold_start()
    world.send()
    world.rounds(3)
    world.server_key = right
    world.cold_start()

    world.rounds(12)

    assert [world.payout(name).state for name in names] == [PayoutState.COMPLETED] * len(names)
