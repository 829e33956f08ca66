"""What is unfinished, line by line as it changes."""

import json

import pytest

from tests.command.operator import Operator
from tests.world import World


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of watching is four looks."""
    clock = iter(range(10_000))
    monkeypatch.setattr("local.command.read.looks.time.monotonic", lambda: next(clock) / 4)


def test_it_tells_what_begins_and_what_ends(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = world.paid_payment()
    monkeypatch.setattr("local.command.read.looks.time.sleep", lambda _seconds: world.rounds(2))
    lines = operator.run("watch", "--seconds", "1").stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].endswith(f"payment {payment_id}  open")
    assert lines[1].endswith(f"payment {payment_id}  finished yes")


def test_for_programs_each_line_is_json(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payout_id = world.requested()
    monkeypatch.setattr("local.command.read.looks.time.sleep", lambda _seconds: world.send())
    told = [
        json.loads(line)
        for line in operator.run("watch", "--seconds", "1", "--json").stdout.splitlines()
    ]
    assert [(one["what"], one["id"], one.get("finished")) for one in told] == [
        ("payout", payout_id, None),
        ("payout", payout_id, True),
    ]


def test_it_goes_on_for_longer_than_any_call(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its calls have their deadlines, and it has none."""
    monkeypatch.setattr("local.command.read.looks.time.sleep", lambda _seconds: world.tick(3600))
    world.approved()
    result = operator.run("watch", "--seconds", "2")
    assert result.exit_code == 0, result.stderr
