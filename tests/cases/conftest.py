"""A world for each history; its payouts meet no cap."""

from collections.abc import Iterator

import pytest

from tests.world import User, World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    with new_world(
        PayoutCap="1000", PayoutUserDailyCap="1000", PayoutWalletDailyCap="1000"
    ) as world:
        yield world


@pytest.fixture
def alice(world: World) -> User:
    return world.user("alice")
