"""Sales and payouts are paused and go on; what is under way is finished."""

from typing import Any

import pytest

from local.command.read import search
from shared.base.errors import ServiceUnavailable
from shared.payouts.record import blocked, delivered
from tests.command.operator import Operator
from tests.payouts.stories import PAYOUT
from tests.world import User, World

SEEN_SECONDS = 10
UNSEEN = ("--txid", "ab" * 32, "--unseen")


def test_paused_no_payment_is_approved_and_what_is_paid_completes(
    operator: Operator, world: World, alice: User
) -> None:
    paid, txid = world.paid(world.user("bob"))
    operator.does("payments", "off")
    world.tick(SEEN_SECONDS)
    payment_id = world.start(alice)

    reply = world.approve(payment_id, alice)

    assert (reply.status, reply.error) == (503, "sales_paused")
    assert int(reply.headers["Retry-After"]) > 0
    assert world.find_record(payment_id) is None
    assert not world.at_pi(payment_id).developer_approved
    assert world.complete(paid, txid).state == "completed"

    operator.does("payments", "on")
    assert world.approve(payment_id, alice).status == 200


def test_a_pause_is_seen_within_ten_seconds(operator: Operator, world: World, alice: User) -> None:
    assert world.approve(world.start(alice), alice).status == 200
    operator.does("payments", "off")
    world.tick(SEEN_SECONDS - 1)
    bob = world.user("bob")
    assert world.approve(world.start(bob), bob).status == 200
    world.tick(1)
    carol = world.user("carol")
    assert world.approve(world.start(carol), carol).error == "sales_paused"


def test_the_first_pause_counts(operator: Operator, world: World) -> None:
    first = operator.does("payments", "off")["paused_since"]
    world.tick(60)
    assert operator.does("payments", "off")["paused_since"] == first
    assert operator.does("payments", "on")["paused_since"] is None


def test_a_pause_costs_a_read_in_ten_seconds(world: World, alice: User) -> None:
    """And so does the product."""
    world.approved(alice)

    def reads() -> int:
        user = world.user()
        payment_id = world.start(user)
        with world.counting() as counted:
            world.approve(payment_id, user)
        return list(counted.log).count("GetItem")

    within = reads()
    world.tick(SEEN_SECONDS)
    assert reads() == within + 2
    assert reads() == within


def test_a_switch_that_cannot_be_read_sells_nothing(world: World, alice: User) -> None:
    payment_id = world.start(alice)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.payments.sales.Sales.paused_since", _refuses)
        assert world.approve(payment_id, alice).error == "service_unavailable"
    assert world.approve(payment_id, alice).status == 200


def test_payouts_off_and_on(operator: Operator, world: World) -> None:
    operator.does("payouts", "off")
    world.switch.value = "off"
    assert operator.does("payouts", "list") == []
    operator.does("payouts", "on")
    payout_id = world.requested()
    [row] = operator.does("payouts", "list")
    assert (row["id"], row["state"]) == (payout_id, "requested")
    world.send()
    assert operator.does("payouts", "list") == []


# --- What an operator decides about a payout ------------------------------------------------------


def test_given_up_it_fails(operator: Operator, world: World) -> None:
    operator.does("payouts", "on")
    payout_id = world.requested()
    operator.does("fail", payout_id, "--dry-run")
    assert world.standing() == ("requested", None)
    operator.does("fail", payout_id, "--yes")
    world.rounds(4)
    assert world.payout().state == "failed"


def test_blocked_it_is_resumed_or_closed_as_paid(operator: Operator, world: World) -> None:
    payout_id = world.requested()
    assert "not_blocked" in operator.is_refused("resume", payout_id, "--yes")
    assert "not_blocked" in operator.is_refused("paid", payout_id, *UNSEEN, "--yes")
    _block(world)
    operator.does("resume", payout_id, "--yes")
    assert world.payout().state == "requested"
    _block(world)
    assert "64 hexadecimal digits" in operator.is_refused(
        "paid", payout_id, "--txid", "ab", "--yes"
    )
    assert "does not show" in operator.is_refused("paid", payout_id, *UNSEEN[:2], "--yes")
    operator.does("paid", payout_id, *UNSEEN, "--yes")
    world.send()
    record = world.payout()
    assert (record.state, record.txid, record.due_at) == ("completed", "ab" * 32, None)
    assert world.events(payout_id)[-1] == "PayoutCompleted"
    assert "closed as paid" in [entry.why for entry in record.story]


def test_another_payouts_transaction_closes_none(operator: Operator, world: World) -> None:
    world.requested("first")
    world.send()
    world.requested(PAYOUT)
    _block(world)
    theirs = str(world.payout("first").txid)
    assert "did not pay it" in operator.is_refused("paid", PAYOUT, "--txid", theirs, "--yes")
    assert world.payout().state == "blocked"


@pytest.mark.parametrize(
    "words", [("resume",), ("fail",), ("paid", *UNSEEN)], ids=lambda one: one[0]
)
def test_what_changed_since_it_was_shown_is_left_alone(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    payout_id = world.requested()
    _block(world)
    why = search.why

    def shown_and_changed(app: Any, key: str) -> Any:
        shown = why(app, key)
        _block(world)
        return shown

    monkeypatch.setattr(search, "why", shown_and_changed)
    command, *more = words
    assert "(changed)" in operator.is_refused(command, payout_id, *more, "--yes")
    assert world.payout().state == "blocked"
    assert world.payout().giving_up is None


def _block(world: World) -> None:
    record = world.payout()
    new = delivered(blocked(record, "unexpected_error", world.clock()), world.clock())
    world.look(world.eyes.payouts.replace, record, new)


def _refuses(_sales: object) -> None:
    raise ServiceUnavailable


# --- People and work ------------------------------------------------------------------------------


def test_a_new_uid_is_linked_and_a_name_forgotten(operator: Operator, world: World) -> None:
    old, new = world.user("old"), world.user("new")
    payment_id = world.approved(old)
    told = operator.does("link", old.uid, new.uid)
    assert told == {"uid": new.uid, "earlier_uids": [old.uid]}
    assert operator.does("link", old.uid, new.uid, "--undo")["earlier_uids"] == []
    assert operator.does("forget", old.uid, "--yes")["is_done"] is True
    assert world.record(payment_id).username is None


def test_the_sweep_is_run(operator: Operator, world: World) -> None:
    payment_id = world.paid_payment()
    world.tick(600)
    assert operator.does("sweep")["woken"] >= 1
    world.work()
    assert world.record(payment_id).state == "completed"
