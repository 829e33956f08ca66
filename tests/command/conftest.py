"""A world for each test, and its operator."""

from collections.abc import Iterator

import pytest

from tests.command.operator import Operator
from tests.payouts.stories import payout_world
from tests.world import User, World


@pytest.fixture
def world() -> Iterator[World]:
    with payout_world() as world:
        world.deploy(PiWalletAddress=world.wallet)
        yield world


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)


@pytest.fixture
def alice(world: World) -> User:
    return world.user("alice")
