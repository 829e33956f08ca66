"""One world for every test that plays the bundle: the stage, and the words for each topic on it.

with new_world() as world:
    payment_id, txid = world.paid()
    world.rounds(2)
    assert world.record(payment_id).state == "completed"
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.base import context, observability
from tests.world.effects import Effects
from tests.world.notifications import Notifications
from tests.world.payments import Payments
from tests.world.payouts import Payouts
from tests.world.rewards import Rewards
from tests.world.stage import User
from tests.world.tables import Place, in_memory

__all__ = ["User", "World", "new_world"]


class World(Payments, Rewards, Payouts, Notifications):
    pass


@contextmanager
def new_world(
    place: Place = in_memory, seed: int | None = None, **parameters: str
) -> Iterator[World]:
    """A stocked world; `parameters`: of its stack, where they are not the template's defaults. When
    it ends, no Pi has been made or lost, and no function did what its role does not allow."""
    effects = Effects()
    with place(effects) as tables, pytest.MonkeyPatch.context() as patch:
        world = World(tables, effects, seed, parameters)
        world.stock()
        patch.setattr(observability, "metrics", world.metrics)
        patch.setattr(context, "process_clock", world.seconds)
        yield world
        assert world.pi.chain.total_coins == world.pi.chain.minted, "Pi was made or lost"
        assert not effects.denied
