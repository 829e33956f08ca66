"""A key and a seed are tried before they take the place of the old ones."""

import pytest
from stellar_sdk import Keypair

from local.command.change import supplies
from tests.command.operator import Operator
from tests.world import World


@pytest.fixture
def another_key(world: World) -> str:
    world.pi.registry.add_app("another-app", "another-key")
    return "another-key"


def test_a_key_that_pi_takes_is_put(operator: Operator, world: World) -> None:
    right, world.server_key = world.server_key, None
    told = operator.does("key", "put", typed=f"{right}\n")
    assert "Pi takes it" in told["checked"]
    assert world.server_key == right


def test_a_key_that_pi_does_not_take_is_not_put(operator: Operator, world: World) -> None:
    right = world.server_key
    assert "does not take this key" in operator.is_refused("key", "put", typed="nonsense\n")
    assert world.server_key == right


def test_another_apps_key_is_not_put(operator: Operator, world: World, another_key: str) -> None:
    """Pi takes it, and does not know by it what this stack has seen completed."""
    world.settled_payment()
    right = world.server_key
    assert "another app's" in operator.is_refused("key", "put", typed=another_key)
    assert world.server_key == right
    assert "by it" in operator.does("key", "put", typed=str(right))["checked"]


def test_before_the_first_payment_nothing_tells_whose_key_it_is(
    operator: Operator, another_key: str
) -> None:
    told = operator.does("key", "put", typed=another_key)
    assert "No payment has been completed yet" in told["checked"]


def test_while_pi_is_down_the_old_key_stays(operator: Operator, world: World) -> None:
    right = world.server_key
    world.fault(status=503)
    assert "not reachable" in operator.is_refused("key", "put", typed="another")
    assert world.server_key == right


@pytest.mark.parametrize("typed", ["", "\n", "two\nlines", "schlüssel"])
def test_what_is_no_key(operator: Operator, typed: str) -> None:
    assert "no key" in operator.is_refused("key", "put", typed=typed)


def test_the_wallets_seed_is_put(operator: Operator, world: World) -> None:
    right, world.wallet_seed = world.wallet_seed, None
    told = operator.does("seed", "put", typed=f"{right}\n")
    assert (told["wallet"], world.wallet_seed) == (world.wallet, right)
    world.requested()
    world.send()
    assert world.standing() == ("completed", None)


def test_another_wallets_seed_is_not_put(operator: Operator, world: World) -> None:
    right = world.wallet_seed
    told = operator.is_refused("seed", "put", "--yes", typed=Keypair.random().secret)
    assert "the app's wallet is" in told
    assert world.wallet_seed == right


def test_where_nothing_tells_the_wallet_its_seed_is_put_once_the_operator_says_so(
    operator: Operator, world: World
) -> None:
    """The seed before tells nothing: no operator can read it."""
    world.deploy(PiWalletAddress="")
    right, world.wallet_seed = str(world.wallet_seed), None
    told = operator.is_refused("seed", "put", typed=right)
    assert "PiWalletAddress is not set" in told
    assert world.wallet in told
    assert world.wallet_seed is None
    operator.does("seed", "put", "--yes", typed=right)
    assert world.wallet_seed == right


@pytest.mark.parametrize(("answer", "is_put"), [("y", True), ("n", False)])
def test_at_a_terminal_the_operator_is_asked(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch, answer: str, *, is_put: bool
) -> None:
    world.deploy(PiWalletAddress="")
    right, world.wallet_seed = str(world.wallet_seed), None
    monkeypatch.setattr(supplies, "_is_terminal", lambda: True)
    result = operator.run("seed", "put", typed=f"{right}\n{answer}\n")
    assert world.wallet in result.stderr
    assert (world.wallet_seed == right) is is_put
    assert (result.exit_code == 0) is is_put


def test_a_seed_without_an_account_is_not_put(operator: Operator, world: World) -> None:
    world.deploy(PiWalletAddress="")
    world.wallet_seed = None
    told = operator.is_refused("seed", "put", "--yes", typed=Keypair.random().secret)
    assert "has no account" in told
    assert world.wallet_seed is None


def test_what_is_no_seed(operator: Operator) -> None:
    assert "no seed" in operator.is_refused("seed", "put", typed="GAAA")


def test_neither_is_ever_shown(operator: Operator, world: World) -> None:
    for words, secret in ((("key", "put"), world.server_key), (("seed", "put"), world.wallet_seed)):
        result = operator.run(*words, typed=f"{secret}\n")
        assert secret
        assert secret not in result.stdout + result.stderr
