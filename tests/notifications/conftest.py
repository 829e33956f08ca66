"""A world for each test: on MiniStack's DynamoDB as well, where the test asks for `each_world`."""

from collections.abc import Iterator

import pytest

from tests.world import World, new_world
from tests.world.tables import in_memory


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as world:
        yield world


@pytest.fixture(params=["in memory", "on MiniStack"])
def each_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The same test on both: so the one in memory is as strict as the other."""
    is_local = request.param == "on MiniStack"
    with new_world(request.getfixturevalue("storage") if is_local else in_memory) as world:
        yield world
