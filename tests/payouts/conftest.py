"""A world for each test: on MiniStack's DynamoDB as well, where the test asks for `each_world`."""

from collections.abc import Iterator

import pytest

from tests.integration.world import Storage
from tests.payouts.storage import Place, in_memory, on_ministack
from tests.payouts.world import World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    with new_world(in_memory) as world:
        yield world


@pytest.fixture(scope="session")
def storage(dynamodb_endpoint: str) -> Storage:
    return Storage(dynamodb_endpoint)


@pytest.fixture(params=["in memory", "on MiniStack"])
def each_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The same test on both: so the one in memory is as strict as the other."""
    place: Place = in_memory
    if request.param == "on MiniStack":
        place = on_ministack(request.getfixturevalue("storage"))
    with new_world(place) as world:
        yield world
