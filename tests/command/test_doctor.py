"""Is all well? Each check says what it found, and what to do."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from stellar_sdk import Keypair

from tests.command.operator import Operator, Watched
from tests.world import World


@pytest.fixture
def operator(world: World) -> Operator:
    world.deploy(PiAppId="demo-app", AllowOrigins="https://shop.example", AlarmEmail="a@b.example")
    watched = Watched()
    return Operator(world, {"cloudwatch": watched, "lambda": watched})


def checks(operator: Operator, *, status: int) -> dict[str, tuple[str, str]]:
    rows = operator.does("doctor", status=status)
    return {row["check"]: (row["state"], row["told"]) for row in rows}


def test_a_stack_that_is_well(operator: Operator, world: World) -> None:
    world.settled_payment()
    found = checks(operator, status=0)
    assert {state for state, _ in found.values()} == {"fine"}, found
    assert found["server key"][1] == "Pi takes it and knows our payments by it."


def _no_key(world: World) -> None:
    world.server_key = None


def _wrong_key(world: World) -> None:
    world.server_key = "nonsense"


def _another_apps_key(world: World) -> None:
    world.settled_payment()
    world.take_another_apps_key()


def _no_seed(world: World) -> None:
    world.wallet_seed = None


def _wrong_network(world: World) -> None:
    world.deploy(PiNetwork="Pi Network")


def _no_such_wallet(world: World) -> None:
    world.deploy(PiWalletAddress=Keypair.random().public_key)


def _product(world: World) -> None:
    world.sell("cake", price="3,14")


def _silent_sweep(world: World) -> None:
    world.approved()
    world.tick(3600)


def _dead_letter(world: World) -> None:
    world.wake_ups.put("nonsense")
    for _ in range(6):
        world.work()
        world.tick(world.wake_ups.visibility_seconds)


WRONG = {
    "no key": (_no_key, "server key", "pi-bundle key put"),
    "a wrong key": (_wrong_key, "server key", "pi-bundle key put"),
    "another app's key": (_another_apps_key, "server key", "another app's"),
    "no seed": (_no_seed, "seed", "pi-bundle seed put"),
    "another network": (_wrong_network, "network", "PiNetwork"),
    "a wallet that is none": (_no_such_wallet, "wallet", "no account"),
    "a product": (_product, "products", "not an amount of Pi"),
    "a silent sweep": (_silent_sweep, "sweep", "SweepSilentAlarm"),
    "a dead letter": (_dead_letter, "dead letters", "pi-bundle attention"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong(operator: Operator, world: World, what: str) -> None:
    breaks, check, told = WRONG[what]
    breaks(world)
    found = checks(operator, status=3)
    assert found[check][0] == "wrong", found
    assert told in found[check][1]


def test_an_alarm_that_rings(operator: Operator) -> None:
    operator.aws["cloudwatch"] = Watched(("the-world-PaymentsStuckAlarm",))
    told = "the-world-PaymentsStuckAlarm: See docs/alarms.md"
    assert checks(operator, status=3)["alarms"] == ("wrong", told)


def test_another_stacks_alarm_is_none_of_ours(operator: Operator) -> None:
    operator.aws["cloudwatch"] = Watched(("the-world-dev-PaymentsStuckAlarm-1AB", "the-worldwide"))
    assert checks(operator, status=0)["alarms"][0] == "fine"


def test_what_may_not_be_what_you_want(operator: Operator, world: World) -> None:
    world.deploy(PiAppId="", AllowOrigins="", AlarmEmail="", PiWalletAddress="")
    world.switch.value = "off"
    operator.aws["lambda"] = Watched(most=2)
    operator.does("payments", "off")
    found = checks(operator, status=0)
    look = {check for check, (state, _) in found.items() if state == "look"}
    assert look == {"app id", "origins", "alarms", "wallet", "payouts", "quota", "sales"}


def test_nothing_is_for_sale(operator: Operator, world: World) -> None:
    world.tables.replace("ProductsTable", [])
    assert checks(operator, status=0)["products"][0] == "look"


def test_a_check_that_cannot_be_made_ends_nothing(operator: Operator, world: World) -> None:
    class Down:
        def get_paginator(self, _name: str) -> Any:
            raise EndpointConnectionError(endpoint_url="https://monitoring.test")

    operator.aws["cloudwatch"] = Down()
    world.fault(status=503)
    found = checks(operator, status=0)
    unknown = {check for check, (state, _) in found.items() if state == "unknown"}
    assert unknown == {"server key", "network", "wallet", "alarms"}


def test_whether_the_seed_is_right_is_the_senders_to_tell(operator: Operator, world: World) -> None:
    """No operator can read it; another wallet's holds up the payouts, and that alarms."""
    world.wallet_seed = Keypair.random().secret
    state, told = checks(operator, status=0)["seed"]
    assert state == "fine"
    assert "PayoutsHeldUpAlarm" in told


def test_while_payouts_are_off_a_seed_may_be_missing(operator: Operator, world: World) -> None:
    world.switch.value = "off"
    _no_seed(world)
    assert checks(operator, status=0)["seed"][0] == "look"
