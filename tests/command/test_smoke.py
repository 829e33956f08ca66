"""`pi-bundle smoke`: a tiny payout on Testnet shows that a deployed stack works."""

from collections.abc import Callable

import pytest
import requests

from local.command.change import smoke
from tests.command.operator import Operator
from tests.world import World

TRIAL = ("smoke", "--amount", "0.01", "--payout-id", "smoke-1", "--uid")

Answers = Callable[[str], int]


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The API asks who calls."""
    urls: list[str] = []

    def status_of(url: str) -> int:
        urls.append(url)
        return 401

    monkeypatch.setattr(smoke, "status_of", status_of)
    return urls


@pytest.fixture(autouse=True)
def _sends_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        world.tick(seconds)
        world.send()

    monkeypatch.setattr(smoke, "sleep", sleep)
    monkeypatch.setattr(smoke, "monotonic", world.seconds)


def test_a_tiny_payout_arrives(operator: Operator, world: World, asked: list[str]) -> None:
    told = operator.does(*TRIAL, world.uid("alice"))
    assert told["state"] == "completed"
    assert world.payout("smoke-1").txid == told["txid"]
    assert told["seconds"] <= 10
    assert asked == ["https://api.test/me"]


def test_the_same_trial_again_pays_nothing_more(operator: Operator, world: World) -> None:
    uid = world.uid("alice")
    first, second = operator.does(*TRIAL, uid), operator.does(*TRIAL, uid)
    assert first["txid"] == second["txid"]


def test_on_mainnet_it_pays_nothing(operator: Operator, world: World) -> None:
    world.deploy(PiNetwork="Pi Network")
    assert "real Pi" in operator.is_refused(*TRIAL, world.uid("alice"))
    assert world.tables.items("PayoutsTable") == []


def test_while_payouts_are_off_it_says_so(operator: Operator, world: World) -> None:
    world.switch.value = "off"
    assert "pi-bundle payouts on" in operator.is_refused(*TRIAL, world.uid("alice"))


def test_what_is_not_taken_on_says_why(operator: Operator, world: World) -> None:
    told = operator.is_refused("smoke", "--amount", "1000", "--uid", world.uid("alice"))
    assert "not taken on" in told
    assert "above_payment_cap" in told


def test_a_payout_that_fails_says_why(operator: Operator, world: World) -> None:
    world.refuse_for_good()
    told = operator.is_refused(*TRIAL, world.uid("alice"))
    assert "not completed: failed, " in told
    assert "pi-bundle why smoke-1" in told


def test_a_payout_that_takes_too_long_says_where_it_stands(
    operator: Operator, world: World
) -> None:
    world.fault(status=503)
    told = operator.is_refused(*TRIAL, world.uid("alice"), "--seconds", "20")
    assert "not completed: requested" in told


def _broken(_url: str) -> int:
    raise requests.ConnectionError


@pytest.mark.parametrize(("answers", "told"), [(lambda _: 404, "404"), (_broken, "not answer")])
def test_an_api_that_leads_to_no_function_ends_it_before_anything_is_paid(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch, answers: Answers, told: str
) -> None:
    monkeypatch.setattr(smoke, "status_of", answers)
    assert told in operator.is_refused(*TRIAL, world.uid("alice"))
    assert world.tables.items("PayoutsTable") == []
