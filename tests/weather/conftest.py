"""A world for each test: in memory, and on MiniStack's DynamoDB where the test asks for that."""

from collections.abc import Iterator

import pytest

from tests.weather.ends import weather_world
from tests.world import World
from tests.world.tables import Storage, in_memory


@pytest.fixture
def world() -> Iterator[World]:
    """Nothing is due in it but what the test makes."""
    with weather_world(in_memory) as world:
        yield world


@pytest.fixture
def world_on_ministack(storage: Storage) -> Iterator[World]:
    with weather_world(storage) as world:
        yield world


@pytest.fixture(params=["world", "world_on_ministack"])
def each_world(request: pytest.FixtureRequest) -> World:
    """The same test on both: so the database in memory is as strict as the other."""
    world = request.getfixturevalue(request.param)
    assert isinstance(world, World)
    return world
