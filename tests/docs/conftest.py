"""The documents are held against a world in memory: any answer is found in a moment."""

from collections.abc import Iterator

import pytest

from tests.world import World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as world:
        world.deploy(PiWalletAddress=world.wallet)
        yield world
