"""A record is found by whatever a user, Pi or the chain calls it."""

from collections.abc import Callable

import pytest

from tests.command.operator import Operator
from tests.world import User, World


@pytest.fixture
def bought(world: World, alice: User) -> tuple[str, str]:
    """A completed payment and its transaction."""
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)
    return payment_id, txid


BY = {
    "its id": lambda _user, payment_id, _txid: payment_id,
    "its transaction": lambda _user, _payment_id, txid: txid,
    "its transaction in capitals": lambda _user, _payment_id, txid: txid.upper(),
    "its user's uid": lambda user, _payment_id, _txid: user.uid,
    "its user's name": lambda _user, _payment_id, _txid: "alice",
    "the name as Pi writes it": lambda _user, _payment_id, _txid: "@alice",
    "with a blank that was copied too": lambda _user, payment_id, _txid: f" {payment_id}",
    "as a log shows its id": lambda _user, payment_id, _txid: f'"{payment_id}",',
    "as a program shows its transaction": lambda _user, _payment_id, txid: f"'{txid}'",
}


@pytest.mark.parametrize("by", BY.values(), ids=BY)
def test_a_payment(
    operator: Operator, alice: User, bought: tuple[str, str], by: Callable[..., str]
) -> None:
    [found] = operator.does("find", by(alice, *bought))
    assert (found["what"], found["id"], found["state"]) == ("payment", bought[0], "completed")
    assert (found["amount"], found["uid"], found["user"]) == ("3.14", alice.uid, "alice")


def test_a_payout_by_its_id_and_by_its_transaction(operator: Operator, world: World) -> None:
    payout_id = world.requested()
    world.send()
    [txid] = world.transfers_of(payout_id)
    for word in (payout_id, txid):
        [found] = operator.does("find", word)
        assert (found["what"], found["id"], found["state"]) == ("payout", payout_id, "completed")


def test_a_reward(operator: Operator, world: World) -> None:
    ad_id = world.granted_ad()
    [found] = operator.does("find", ad_id)
    assert (found["what"], found["state"]) == ("reward", "granted")
    assert found["uid"] == world.reward(ad_id).uid


@pytest.mark.parametrize("word", ["nobody", "day#2026-11-26", "ab" * 32, "ü", "a b"])
def test_nothing(operator: Operator, word: str) -> None:
    assert operator.does("find", word) == []
    assert "Nothing." in operator.run("find", word).output


def test_what_may_be_the_reason_for_nothing(operator: Operator) -> None:
    told = operator.run("find", "Alice")
    assert "exactly as Pi writes it" in told.stderr
    assert "exactly as Pi writes it" not in told.stdout


def test_a_record_that_was_edited_by_hand_is_named(
    operator: Operator, world: World, bought: tuple[str, str]
) -> None:
    world.tables.edit("PaymentsTable", bought[0], amount="3,14")
    assert f"{bought[0]} cannot be read" in operator.is_refused("find", bought[0])


# --- Why ------------------------------------------------------------------------------------------


def test_why_a_payment_stands_as_it_does(operator: Operator, world: World, alice: User) -> None:
    """Paid, and nobody has told the bundle: what settling it would do, from Pi and the chain."""
    payment_id, txid = world.paid(alice)
    before = world.record(payment_id)

    told = operator.does("why", payment_id)

    assert told["payment"]["state"] == "open"
    assert told["settling it now"].startswith("It is paid: Pi is asked to complete it")
    assert (told["pi"]["approved"], told["pi"]["completed"]) == (True, False)
    assert told["chain"] == "No transaction is known." or told["chain"]["txid"] == txid
    assert world.record(payment_id) == before, "looking changes nothing"
    assert not told["pi"]["completed"]

    world.complete(payment_id, txid, alice)
    told = operator.does("why", payment_id)
    assert told["chain"]["memo"] == payment_id
    assert [one["state"] for one in told["payment"]["story"]] == ["completed"]


def test_why_while_pi_is_down(operator: Operator, world: World, alice: User) -> None:
    payment_id, _ = world.paid(alice)
    world.fault(status=503)
    told = operator.does("why", payment_id)
    assert told["pi"] == "Pi is not reachable at the moment."
    assert told["settling it now"].startswith("It is tried again: Pi is not reachable")


def test_what_was_refunded_cannot_be_refunded_again(
    operator: Operator, world: World, bought: tuple[str, str]
) -> None:
    world.tables.edit("PaymentsTable", bought[0], refunded=10_000_000)
    told = operator.does("why", bought[0])["payment"]
    assert (told["refunded"], told["refundable"]) == ("1", "2.14")
    [found] = operator.does("find", bought[0])
    assert found["refunded"] == "1"


def test_why_a_payout_waits(operator: Operator, world: World) -> None:
    payout_id = world.requested()
    world.switch.value = "off"
    world.send()
    told = operator.does("why", payout_id)
    assert told["payout"]["reason"] == "payouts_off"
    assert told["needs"] == "The switch is off. It goes on when the switch is on again."


def test_why_a_reward(operator: Operator, world: World) -> None:
    ad_id = world.granted_ad()
    assert operator.does("why", ad_id)["reward"]["uid"] == world.reward(ad_id).uid


def test_why_an_id_as_a_log_shows_it(operator: Operator, bought: tuple[str, str]) -> None:
    assert operator.does("why", f'"{bought[0]}",\n')["payment"]["payment_id"] == bought[0]


def test_an_id_may_begin_with_a_dash(operator: Operator) -> None:
    assert operator.does("find", "-hTx--jRHncczqWBWapO1FaH") == []
    assert "There is no record -T" in operator.is_refused("why", "-Tx")


def test_why_nothing(operator: Operator) -> None:
    assert "pi-bundle find nothing" in operator.is_refused("why", "nothing")


def test_a_strangers_text_steers_no_terminal(operator: Operator, world: World) -> None:
    """A name comes from Pi, and Pi takes it from anybody."""
    payment_id, _ = world.paid(world.user("\x1b[2J[red]mallory"))
    shown = operator.run("find", payment_id).output
    assert "\x1b" not in shown
    assert "[2J[red]mallory" in shown
