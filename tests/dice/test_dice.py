"""Two hundred random histories; `make simulate SEEDS=10000` plays more, SEED=n replays one."""

import pytest

from shared.base.observability import logger
from tests.dice.history import play

HISTORIES, CHUNK = 200, 20


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger._logger, "disabled", True)


@pytest.mark.parametrize("first", range(1, HISTORIES, CHUNK))
def test_no_history_violates_a_promise(first: int) -> None:
    for seed in range(first, first + CHUNK):
        play(seed)


def test_a_seed_replays_its_history() -> None:
    told: list[list[str]] = [[], []]
    for lines in told:
        play(7, lines.append)
    assert told[0] == told[1]
    assert len(told[0]) > 40
