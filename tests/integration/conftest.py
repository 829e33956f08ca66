"""A world for each test, on MiniStack's DynamoDB: the real client is seen at work too."""

from collections.abc import Iterator

import pytest

from tests.world import User, World, new_world
from tests.world.tables import Storage

REWARD_DAILY_CAP = 3


@pytest.fixture
def world(storage: Storage) -> Iterator[World]:
    with new_world(storage, RewardDailyCap=str(REWARD_DAILY_CAP)) as world:
        world.deploy(PiWalletAddress=world.wallet)
        yield world
        world.check_writes()


@pytest.fixture
def alice(world: World) -> User:
    return world.user("alice")


@pytest.fixture
def bob(world: World) -> User:
    return world.user("bob")
