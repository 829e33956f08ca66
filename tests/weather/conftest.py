"""One DynamoDB for all tests of this folder, tables and a world of its own for each."""

from collections.abc import Iterator

import pytest

from tests.integration.world import Storage
from tests.weather.world import World, new_world


@pytest.fixture(scope="session")
def storage(dynamodb_endpoint: str) -> Storage:
    return Storage(dynamodb_endpoint)


@pytest.fixture
def world(storage: Storage) -> Iterator[World]:
    """Nothing is due in it but what the test makes."""
    with new_world(storage, storage.make_tables()) as world:
        yield world
