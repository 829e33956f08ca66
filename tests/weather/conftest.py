"""A world for each test: in memory, and on MiniStack's DynamoDB where the test asks for that."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.world import World, new_world
from tests.world.tables import Place, Storage, in_memory


@pytest.fixture
def world() -> Iterator[World]:
    """Nothing is due in it but what the test makes."""
    with _world(in_memory) as world:
        yield world


@pytest.fixture
def world_on_ministack(storage: Storage) -> Iterator[World]:
    with _world(storage) as world:
        yield world


@pytest.fixture(params=["world", "world_on_ministack"])
def each_world(request: pytest.FixtureRequest) -> World:
    """The same test on both: so the database in memory is as strict as the other."""
    world = request.getfixturevalue(request.param)
    assert isinstance(world, World)
    return world


@contextmanager
def _world(place: Place) -> Iterator[World]:
    with new_world(place) as world:
        world.deploy(PiWalletAddress=world.wallet)
        yield world
        # Nobody is woken for a payout where there is none.
        assert world.payout_queue.sent == 0 or world.all_payouts()
