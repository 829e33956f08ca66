"""What the bundle writes now is read by the readers of then: an older deployment may come back."""

import json
from collections.abc import Iterator

import pytest

from tests.compatibility import readers_2026_11 as readers
from tests.compatibility.frozen_set import TABLES, frozen
from tests.compatibility.harvest import Harvest, Wire, watching
from tests.compatibility.plays import PLAYS
from tests.dice.history import play
from tests.world import new_world
from tests.world.tables import in_memory

HISTORIES = range(1, 5)
INDEXES = {
    "PaymentsTable": ("due", "by_user", "by_username", "by_day"),
    "RewardsTable": ("due",),
    "PayoutsTable": ("due", "by_day"),
}


@pytest.fixture(scope="module")
def harvest() -> Iterator[Harvest]:
    """All that is written in the plays, at any moment."""
    with watching() as harvest:
        for its_play in PLAYS.values():
            with new_world(in_memory, None, **its_play.parameters) as world:
                its_play.play(world)
        yield harvest


@pytest.mark.parametrize("table", TABLES.values())
def test_the_readers_of_then_read_every_item(harvest: Harvest, table: str) -> None:
    assert harvest.items[table]
    for wire in harvest.items[table]:
        readers.read(table, wire)


def test_the_readers_of_then_read_every_message(harvest: Harvest) -> None:
    for message in harvest.messages["WakeUps"]:
        readers.wake_up(message["MessageBody"])
    for message in harvest.messages["Payouts"]:
        readers.payout_wake_up(message["MessageBody"])
        assert message["MessageGroupId"] == "wallet"
        assert message["MessageDeduplicationId"] == message["MessageBody"]


def test_an_event_has_all_that_it_had(harvest: Harvest) -> None:
    """Its fields and its identity."""
    had = {entry["DetailType"]: json.loads(entry["Detail"]) for entry in frozen("events").values()}
    for entry in harvest.entries:
        detail, kind = json.loads(entry["Detail"]), entry["DetailType"]
        assert set(had[kind]) <= set(detail)
        about = next(detail[key] for key in ("payout_id", "ad_id", "payment_id") if key in detail)
        identity = f"{about}:{kind}"
        assert detail["event_id"].startswith(identity)
        assert detail["event_id"] == identity or kind == "PayoutBlocked"
    assert {entry["DetailType"] for entry in harvest.entries} == set(had)


def test_a_creation_at_pi_names_its_payout_as_it_did(harvest: Harvest) -> None:
    for asked in harvest.created:
        kind = "refund" if "refund_of" in asked["payment"]["metadata"] else "payout"
        frozen_payment = frozen("creations")[kind]["payment"]
        assert set(frozen_payment) == set(asked["payment"])
        assert asked["payment"]["metadata"]["payout_id"]


@pytest.mark.parametrize("name", PLAYS)
def test_the_readers_of_then_read_every_row(name: str) -> None:
    """Of each index, when the play is over."""
    with new_world(in_memory, 1, **PLAYS[name].parameters) as world:
        PLAYS[name].play(world)
        for table, indexes in INDEXES.items():
            for index in indexes:
                for row in world.tables.raw(table, index):
                    _read_row(table, index, row)


def _read_row(table: str, index: str, row: Wire) -> None:
    match index:
        case "due":
            readers.due_row(table, row)
        case "by_user":
            readers.history_row(row)
        case "by_username":
            assert {"payment_id", "username", "uid", "state", "amount", "created_at"} <= set(row)
        case "by_day":
            readers.day_row(table, row)


@pytest.mark.parametrize("seed", HISTORIES)
def test_the_readers_of_then_read_a_history(seed: int) -> None:
    """In foul weather; what a person has edited by hand is left out."""
    with watching() as harvest:
        play(seed)
    for table in TABLES.values():  # they know nothing of a table that came later
        for wire in harvest.items.get(table, []):
            readers.read(table, wire)
