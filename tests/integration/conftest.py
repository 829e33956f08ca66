"""One DynamoDB for all tests of this folder, one world for each."""

from collections.abc import Iterator

import pytest

from tests.integration.world import Storage, User, World, new_world


@pytest.fixture(scope="session")
def storage(dynamodb_endpoint: str) -> Storage:
    return Storage(dynamodb_endpoint)


@pytest.fixture
def world(storage: Storage) -> Iterator[World]:
    with new_world(storage) as world:
        yield world


@pytest.fixture
def alice(world: World) -> User:
    return world.user("alice")


@pytest.fixture
def bob(world: World) -> User:
    return world.user("bob")
