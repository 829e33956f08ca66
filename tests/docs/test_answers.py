"""What the handlers really answer is what docs/openapi.yaml promises, the errors included."""

from importlib import import_module

import pytest

from tests.docs.scene import SCENES, Expected
from tests.docs.spec import codes_of, operations, validate_answer
from tests.world import World

for _module in (
    "scenes_of_requests",
    "scenes_of_refusals",
    "scenes_of_payouts",
    "scenes_of_events",
):
    import_module(f"tests.docs.{_module}")  # each scene enters itself


@pytest.mark.parametrize("expected", SCENES, ids=str)
def test_the_answer_fits_its_schema(world: World, expected: Expected) -> None:
    reply = expected.scene(world, world.user("alice"), world.user("bob"))

    assert reply.status == expected.status, reply.body
    if expected.code is not None:
        assert reply.error == expected.code
        assert (reply.status, reply.error) in codes_of(expected.route)
    validate_answer(expected.route, reply.status, reply.body)
    assert reply.headers["Content-Type"] == "application/json"
    assert ("Retry-After" in reply.headers) == (reply.status == 503)


def test_every_documented_code_has_its_scene() -> None:
    documented = {code for route in operations() for code in codes_of(route)}
    played = {(scene.status, scene.code) for scene in SCENES if scene.code}
    assert played == documented


def test_every_route_has_a_good_answer() -> None:
    assert {scene.route for scene in SCENES if scene.status < 300} == set(operations())
