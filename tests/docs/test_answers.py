"""What the handlers really answer is what docs/openapi.yaml promises, the errors included."""

import pytest

from tests.docs.scene import Expected
from tests.docs.scenes import SCENES
from tests.docs.spec import codes_of, operations, validate_answer
from tests.world import World


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
