"""What one environment remembers for a while."""

import pytest

from shared.base.context import within
from shared.base.seen import MOST, Seen
from tests.unit.clock import Clock

LIFE = 10.0


@pytest.mark.parametrize(("later", "found"), [(0, "pie"), (9.9, "pie"), (10, None), (3600, None)])
def test_a_value_is_seen_for_its_life(later: float, found: str | None) -> None:
    clock, seen = Clock(), Seen[str](LIFE)
    with within(5000, clock=clock):
        seen.keep("a", "pie")
        clock.sleep(later)
        assert seen.get("a") == found


def test_the_latest_counts_and_another_key_is_another_value() -> None:
    seen = Seen[str](LIFE)
    seen.keep("a", "pie")
    seen.keep("a", "cake")
    assert (seen.get("a"), seen.get("b")) == ("cake", None)


def test_the_memory_is_bounded() -> None:
    seen = Seen[int](LIFE)
    for number in range(2 * MOST + 1):
        seen.keep(number, number)
        assert seen.get(number) == number
    assert len(seen._values) <= MOST
