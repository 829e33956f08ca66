"""A world in which nothing has happened yet."""

from collections.abc import Iterator

import pytest

from tests.compatibility import today
from tests.world import World, new_world


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today.log_handle, "disabled", True)


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as world:
        yield world
        assert world.metrics.counted["UnexpectedError"] == 0, "a record cannot be read"
        assert not world.wake_ups.dead_letters + world.payout_queue.dead_letters
