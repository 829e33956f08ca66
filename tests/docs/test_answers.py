"""What the handlers really answer is what docs/openapi.yaml promises, the errors included."""

from importlib import import_module
from typing import Any

import pytest

from tests.docs.scene import SCENES, Expected, Scene
from tests.docs.scenes_of_payouts import PAYOUT_SCENES
from tests.docs.scenes_of_payouts import Scene as PayoutScene
from tests.docs.spec import codes_of, operations, validate_answer
from tests.integration.handlers import Reply
from tests.integration.world import User, World
from tests.payouts.storage import in_memory
from tests.payouts.world import new_world

for _module in ("scenes_of_requests", "scenes_of_refusals"):
    import_module(f"tests.docs.{_module}")  # each scene enters itself

ALL: list[Expected[Any]] = [*SCENES, *PAYOUT_SCENES]


@pytest.mark.parametrize("expected", SCENES, ids=str)
def test_the_answer_fits_its_schema(
    world: World, alice: User, bob: User, expected: Expected[Scene]
) -> None:
    check(expected.scene(world, alice, bob), expected)


@pytest.mark.parametrize("expected", PAYOUT_SCENES, ids=str)
def test_the_answer_about_a_payout_fits_its_schema(expected: Expected[PayoutScene]) -> None:
    with new_world(in_memory) as world:
        check(expected.scene(world), expected)


def check(reply: Reply, expected: Expected[Scene] | Expected[PayoutScene]) -> None:
    assert reply.status == expected.status, reply.body
    if expected.code is not None:
        assert reply.error == expected.code
        assert (reply.status, reply.error) in codes_of(expected.route)
    validate_answer(expected.route, reply.status, reply.body)
    assert reply.headers["Content-Type"] == "application/json"
    assert ("Retry-After" in reply.headers) == (reply.status == 503)


def test_every_documented_code_has_its_scene() -> None:
    documented = {code for route in operations() for code in codes_of(route)}
    played = {(scene.status, scene.code) for scene in ALL if scene.code}
    assert played == documented


def test_every_route_has_a_good_answer() -> None:
    assert {scene.route for scene in ALL if scene.status < 300} == set(operations())
