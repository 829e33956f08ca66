"""What a spectator reads of the emulator again and again."""

from tests.emulator.world import World


def test_a_spectator_reads_the_calls_that_are_new_to_him(world: World) -> None:
    identifier = world.start()["identifier"]
    world.get(identifier)
    seen = world.state()["calls_received"]
    world.server("POST", f"/payments/{identifier}/approve")

    state = world.control("GET", f"/state?calls_from={seen}")

    assert [call["method"] for call in state["calls"]] == ["POST"]
    assert state["calls_received"] == seen + 1
