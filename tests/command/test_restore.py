"""`pi-bundle restore`: the tables go back to a moment, and the world goes on from there. Promises 3
and 4: nothing is paid or delivered twice, nothing stays stuck, and the wallet agrees with the
records, wherever the command has died.

The tables, the stores, the functions, Pi and the chain are the world's own. Only what a restore
asks of AWS itself is played: see point_in_time.py. tests/laptop/test_whole_stack.py plays it on the
local cloud.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.command import restore_journal
from local.command.deployed import Deployed, Refused, StackError
from local.command.read import doctor
from local.command.stack import pause, restore
from shared.base.context import within
from shared.base.errors import WriteConflict
from shared.payouts.record import PayoutState
from tests.command.old_back_end import OldBackEnd
from tests.command.point_in_time import FUNCTIONS, Restorer
from tests.payouts.promises import check
from tests.payouts.stories import payout_world
from tests.world import User, World
from tests.world.devices import ActsAt, Died, starts, writes
from tests.world.payments import PIE

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Told:
    """What happened before the moment `to`, and after it."""

    to: str
    payments: list[str]  # all are paid
    paid: list[str]  # payouts
    given_up: str
    forgotten: str  # requested after the moment, and still to be paid


def half_an_hour(world: World) -> Told:
    """Payments and payouts before a moment, across it, and after it."""
    world.pi.settings.ledger_close_s = 30  # an hour of them is read in a page
    old = world.settled_payment()
    world.requested("before", world.uid("bob"))
    world.send()
    across = world.approved()
    world.requested("across", world.uid("bob"))
    world.requested("given-up", world.uid("carol"))
    world.switch.value = "off"
    world.rounds()
    to = world.clock()

    world.tick(60)
    txid = world.pay(across)
    world.complete(across, txid)
    world.decide("given-up", "fail")
    world.switch.value = "on"
    world.rounds(5)
    world.requested("after", world.uid("dora"))
    assert world.post(payout_id="refund", refund_of=old).status == 202
    world.rounds(2)
    new = world.settled_payment()
    closed_page = world.paid_payment()
    world.requested("forgotten", world.uid("emil"))
    world.switch.value = "off"
    world.rounds()
    world.switch.value = "on"
    unheard, txid = world.paid()
    world.bus.down = True  # until all is restored
    world.complete(unheard, txid)
    assert world.payout("given-up").state is PayoutState.FAILED
    at = datetime.fromtimestamp(to, UTC).isoformat()
    payments = [old, across, new, closed_page, unheard]
    return Told(at, payments, ["before", "across", "after", "refund"], "given-up", "forgotten")


@contextmanager
def told_world() -> Iterator[tuple[Restorer, Told]]:
    with payout_world() as world:
        world.deploy(PiWalletAddress=world.wallet)
        operator = Restorer(world)
        told = half_an_hour(world)
        world.tick(600)
        yield operator, told


def restores(operator: Restorer, told: Told) -> dict[str, Any]:
    result = operator.run("restore", "--to", told.to, "--yes", "--json")
    assert result.exit_code == 0, result.output + result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def check_all_is_right(operator: Restorer, told: Told) -> None:
    """Nothing twice, nothing stuck, the switches as they were, no copy left."""
    world = operator.world
    world.bus.down = False
    again = {"uid": world.uid("emil"), "amount": "3.14", "memo": "Thank you"}
    assert world.post(payout_id=told.forgotten, **again).status in (200, 202)  # as it is told to
    world.rounds(8)
    check(world)
    for payout_id in (*told.paid, told.forgotten):
        assert world.payout(payout_id).state is PayoutState.COMPLETED, payout_id
        assert len(world.transfers_of(payout_id)) == 1, payout_id
    assert world.payout(told.given_up).state is PayoutState.FAILED
    assert world.transfers_of(told.given_up) == []
    for payment_id in told.payments:
        assert world.record(payment_id).state == "completed"
        assert set(world.events(payment_id)) == {"PaymentCompleted"}
    _check_told_once(world)
    assert all(record.due_at is None for record in world.all_payouts())
    assert world.switch.value == "on"
    assert world.look(world.eyes.sales.paused_since) is None
    assert operator.functions.reserved == {"Operate": 3}
    assert set(operator.functions.triggers.values()) == {"Enabled"}
    assert not [name for name in operator.recovery.tables if "-restore-" in name]


def _check_told_once(world: World) -> None:
    """To a consumer that drops what it has seen, as docs/events says: no payout both fails and is
    completed, and no goods are owed twice."""
    seen = {event.event_id: event for event in world.bus.events}
    ends = Counter(
        event.business_id
        for event in seen.values()
        if event.type in ("PaymentCompleted", "PaymentCancelled", "PayoutCompleted", "PayoutFailed")
    )
    assert set(ends.values()) == {1}


def test_what_was_paid_since_is_found_and_not_paid_again() -> None:
    with told_world() as (operator, told):
        answer = restores(operator, told)
        assert answer["agrees"] is True
        assert (answer["differing"], answer["not_proven"]) == ([], [])
        assert answer["out_by_chain"] == answer["out_by_records"] == "12.56"
        assert answer["in_by_chain"] == answer["in_by_records"] == "15.7"
        assert (answer["delivered"], answer["deliver_by_hand"]) == (told.payments[-1:], [])
        assert answer["given_up_again"] == [told.given_up]
        assert answer["request_again"] == [told.forgotten]
        assert (answer["payments"], answer["payouts"]) == ("on", "on")
        check_all_is_right(operator, told)


def test_dies_at_every_change_and_goes_on(subtests: pytest.Subtests) -> None:
    """The laptop dies before each change (of like ones in a row before the first), and after the
    last; the world lives on, and the same command brings it to its end."""
    with told_world() as (operator, told):
        restores(operator, told)
        log = operator.log
    assert len(log) > len(FUNCTIONS)
    deaths = [*((number, "before") for number, _ in starts(log)), (len(log), "after")]
    for death in deaths:
        with subtests.test(death=death), told_world() as (operator, told):
            operator.dies_at.append(death)
            with suppress(Died):
                restores(operator, told)
            operator.dies_at.clear()
            for _ in range(3):
                operator.waits(operator.world.sweep_seconds)
            restores(operator, told)
            check_all_is_right(operator, told)


@pytest.fixture
def restorer(world: World) -> Restorer:
    """An hour ago its recovery began."""
    world.pi.settings.ledger_close_s = 30
    restorer = Restorer(world)
    world.tick(HOUR)
    return restorer


def moment(world: World, ago: int) -> str:
    return datetime.fromtimestamp(world.clock() - ago, UTC).isoformat()


def test_a_reward_that_was_forgotten_is_told_by_the_same_event_again(
    restorer: Restorer, world: World, alice: User
) -> None:
    """Its consumer, which drops what it has seen, grants it once."""
    first, second = (world.pi.show_ad("granted").identifier for _ in range(2))
    assert world.claim(first, alice).status == 200
    world.rounds()
    to = moment(world, 0)
    world.tick(60)
    assert world.claim(second, alice).status == 200
    world.rounds(2)
    restorer.does("restore", "--to", to, "--yes")
    assert world.rewards_of(alice)[0] == [first]
    assert world.claim(second, alice).status == 200
    world.rounds(2)
    told = [event for event in world.bus.events if event.type == "RewardGranted"]
    assert {event.event_id for event in told} == {
        f"{first}:RewardGranted",
        f"{second}:RewardGranted",
    }
    assert world.rewards_of(alice) == (sorted([first, second]), 2)


def test_who_pays_while_the_functions_stand_still_gets_what_he_paid_for(
    restorer: Restorer, world: World, alice: User
) -> None:
    """Approved after the moment: the tables forget it, and the wallet's book finds it."""
    world.settled_payment()
    to = moment(world, 0)
    world.tick(60)
    payment_id = world.approved(alice)
    world.tick(600)
    write = restorer.recovery.batch_write_item

    def pays_meanwhile(**given: Any) -> Any:
        if not world.at_pi(payment_id).on_chain:
            world.pay(payment_id)
        return write(**given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restorer.recovery, "batch_write_item", pays_meanwhile)
        told = restorer.does("restore", "--to", to, "--yes")
    assert told["agrees"] is True
    assert told["in_by_chain"] == told["in_by_records"] == "6.28"
    world.rounds(2)
    assert world.record(payment_id).state == "completed"
    assert world.events(payment_id) == ["PaymentCompleted"]


def test_what_was_given_up_since_is_not_paid_though_it_has_not_failed_yet(
    restorer: Restorer, world: World
) -> None:
    """The chain could not prove until then that it was not paid."""
    world.requested("before", world.uid("bob"))
    world.send()
    world.requested("given-up")
    restorer.does("payouts", "off")
    world.rounds()
    to = moment(world, 0)
    world.tick(60)
    world.fault("GET", "/horizon/*", status=503)
    restorer.does("fail", "given-up", "--yes")
    world.rounds(2)
    assert world.payout("given-up").state is not PayoutState.FAILED
    restorer.does("payouts", "on")
    world.tick(600)
    assert "chain cannot be read" in restorer.is_refused("restore", "--to", to, "--yes")
    world.heal()
    told = restorer.does("restore", "--yes")
    assert told["given_up_again"] == ["given-up"]
    world.rounds(4)
    assert world.payout("given-up").state is PayoutState.FAILED
    assert world.transfers_of("given-up") == []


def unheard(world: World, alice: User) -> tuple[str, str, str]:
    """A moment, and a payment after it whose event the bus did not take; and one that was told. Pi
    shows both as completed, so that they owe no event once they are found again."""
    world.settled_payment()
    to = moment(world, 0)
    world.tick(60)
    heard, (payment_id, txid) = world.settled_payment(), world.paid(alice)
    world.bus.down = True
    world.complete(payment_id, txid, alice)
    world.tick(600)
    return to, payment_id, heard


def test_promise_3_what_the_app_has_not_heard_of_is_delivered(
    restorer: Restorer, world: World, alice: User
) -> None:
    to, payment_id, heard = unheard(world, alice)
    told = restorer.does("restore", "--to", to, "--yes")
    assert (told["delivered"], told["deliver_by_hand"]) == ([payment_id], [])
    world.bus.down = False
    world.rounds(2)
    assert world.record(payment_id).state == "completed"
    assert (world.events(heard), world.events(payment_id)) == (["PaymentCompleted"],) * 2


def test_a_delivery_that_is_held_up_is_tried_again_by_the_same_command(
    restorer: Restorer, world: World, alice: User
) -> None:
    to, payment_id, _ = unheard(world, alice)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.payments.by_hand._written", _is_overtaken)
        assert "overtaken" in restorer.is_refused("restore", "--to", to, "--yes")
    assert world.look(world.eyes.sales.paused_since) is not None
    told = restorer.does("restore", "--yes")
    assert (told["delivered"], told["deliver_by_hand"]) == ([payment_id], [])


def _is_overtaken(*_given: object) -> None:
    raise WriteConflict


def test_promise_4_what_was_refunded_since_is_neither_delivered_nor_named(
    restorer: Restorer, world: World, alice: User
) -> None:
    to, payment_id, _ = unheard(world, alice)
    world.requested("refund", refund_of=payment_id)
    world.send()
    told = restorer.does("restore", "--to", to, "--yes")
    assert (told["delivered"], told["deliver_by_hand"]) == ([], [])
    world.bus.down = False
    world.rounds(2)
    assert world.events(payment_id) == []


def test_what_the_stack_decides_by_itself_is_not_named(restorer: Restorer, world: World) -> None:
    """It is open, or `attention` lists it; what has no record at all is for a person."""
    is_open, told, user = world.approved(), world.settled_payment(), world.user()
    unmatched = world.start(user, "2.5")
    world.at_pi(unmatched).approve()
    world.complete(unmatched, world.pay(unmatched), user)
    untold = [is_open, unmatched, told, "nothing"]
    found = world.look(restore._delivered, restorer.stack(), untold)
    assert found == {"delivered": [told], "deliver_by_hand": ["nothing"]}


def test_a_stack_that_is_older_than_the_command_leaves_it_to_a_person(
    restorer: Restorer, world: World, alice: User
) -> None:
    to, payment_id, _ = unheard(world, alice)
    command = Deployed.command

    def older(stack: Deployed, name: str, **given: Any) -> Any:
        if name == "deliver":
            raise Refused("invalid_command", "command must be one of link, close.")
        return command(stack, name, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Deployed, "command", older)
        told = restorer.does("restore", "--to", to, "--yes")
    assert (told["delivered"], told["deliver_by_hand"]) == ([], [payment_id])


def test_what_cannot_be_delivered_is_named(restorer: Restorer, world: World, alice: User) -> None:
    """Its product has another price by now, so no price is known for what was forgotten."""
    to, payment_id, _ = unheard(world, alice)
    world.sell(PIE, price="4")
    told = restorer.does("restore", "--to", to, "--yes")
    assert (told["delivered"], told["deliver_by_hand"]) == ([], [payment_id])
    world.bus.down = False
    world.rounds(2)
    assert world.events(payment_id) == []


def test_promise_4_what_was_imported_since_is_not_delivered_a_second_time(
    restorer: Restorer, world: World, tmp_path: Path, alice: User
) -> None:
    """Pi has one open still: the wallet's book comes by it, and knows nothing of the file."""
    world.sell("badge", price="1", once=True)
    to, old = moment(world, 0), OldBackEnd(world)
    world.tick(60)
    ids = [old.completed(), old.delivered(alice, **BADGE)]
    old.rows[ids[1]] |= {"product_id": "badge", "once": "yes"}
    world.fault("POST", "/v2/payments/*/complete", status=503)
    restorer.does("import", old.file(tmp_path), "--yes")
    world.tick(600)
    told = restorer.does("restore", "--to", to, "--yes")
    assert told["import_again"] == sorted(ids)
    restorer.does("import", old.file(tmp_path), "--yes")
    world.heal()
    world.rounds(2)
    assert [world.record(one).state for one in ids] == ["completed", "completed"]
    assert [world.events(one) for one in ids] == [[], []]
    assert world.approve(world.start(alice, **BADGE), alice).error == "already_bought"


def test_at_whichever_write_the_moment_falls(subtests: pytest.Subtests) -> None:
    """Promises 3 and 4: amid a refund, a payout, and a payment for what is sold once."""
    with payout_world() as world:
        restorer, old = stocked(world)
        with world.counting() as counted:
            a_refund_a_payout_and_a_badge(world, old)
        changes = writes(counted.log)
    for number, effect in changes[::3]:
        with subtests.test(number=number, effect=effect), payout_world() as world:
            restorer, old = stocked(world)
            moments = list[str]()

            def falls(moments: list[str] = moments, world: World = world) -> None:
                moments.append(moment(world, 0))
                world.tick(1)

            with world.effects.watched_by(ActsAt(world.effects, number, falls)):
                payment_id = a_refund_a_payout_and_a_badge(world, old)
            world.tick(600)
            assert restorer.does("restore", "--to", moments[0], "--yes")["agrees"] is True
            world.rounds(4)
            check(world)
            for payout_id in ("refund", "prize"):
                assert world.payout(payout_id).state is PayoutState.COMPLETED
                assert len(world.transfers_of(payout_id)) == 1
            again = ("refund", old, "--payout-id", "again", "--yes")
            assert "above_paid_amount" in restorer.is_refused(*again)
            record = world.record(payment_id)
            assert (record.state, record.due_at) == ("completed", None)
            assert set(world.events(payment_id)) == {"PaymentCompleted"}
            alice = world.user("alice")
            another = world.start(alice, **BADGE)
            assert world.approve(another, alice).error == "already_bought"


BADGE: dict[str, Any] = {"amount": "1", "metadata": {"productId": "badge"}}


def stocked(world: World) -> tuple[Restorer, str]:
    """And a payment that can be refunded."""
    world.deploy(PiWalletAddress=world.wallet)
    world.pi.settings.ledger_close_s = 30
    world.sell("badge", price="1", once=True)
    restorer, old = Restorer(world), world.settled_payment()
    world.requested("before", world.uid("bob"))
    world.send()
    world.tick(HOUR)
    return restorer, old


def a_refund_a_payout_and_a_badge(world: World, old: str) -> str:
    assert world.post(payout_id="refund", refund_of=old).status == 202
    world.requested("prize", world.uid("carol"))
    world.send()
    alice = world.user("alice")
    payment_id = world.approved(alice, **BADGE)
    world.complete(payment_id, world.pay(payment_id), alice)
    world.work()
    return payment_id


# --- What it refuses, and how it is left ----------------------------------------------------------


def test_a_dry_run_changes_nothing(restorer: Restorer, world: World) -> None:
    told = restorer.does("restore", "--to", moment(world, 600), "--dry-run")
    assert told["tables"] == ["PaymentsTable", "PayoutsTable", "RewardsTable"]
    assert len(told["steps"]) == 10
    assert restorer.log == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("--to", "yesterday"), "is no time"),
        (("--to", "2026-11-27T04:30:00"), "By UTC it is 2026-11-27T04:30:00Z"),
        ((), "No restore is under way"),
        (("--give-up",), "No restore is under way"),
    ],
)
def test_what_is_no_restore(restorer: Restorer, given: tuple[str, ...], why: str) -> None:
    assert why in restorer.is_refused("restore", *given, "--yes")
    assert restorer.log == []


@pytest.mark.parametrize("ago", [60, 2 * HOUR, -60])
def test_a_moment_that_dynamodb_does_not_know(restorer: Restorer, world: World, ago: int) -> None:
    told = restorer.is_refused("restore", "--to", moment(world, ago), "--yes")
    assert "PaymentsTable can be restored to a moment from" in told
    assert restorer.log == []


def test_a_table_that_is_gone(restorer: Restorer, world: World) -> None:
    del restorer.recovery.tables["PayoutsTable"]
    told = restorer.is_refused("restore", "--to", moment(world, 600), "--yes")
    assert "PayoutsTable is gone" in told
    assert "docs/restore.md#a-table-is-gone" in told


def test_one_at_a_time(restorer: Restorer, world: World) -> None:
    to = moment(world, 900)
    restorer.dies_at.append((5, "after"))
    with pytest.raises(Died):
        restorer.run("restore", "--to", to, "--yes")
    restorer.dies_at.clear()
    told = restorer.is_refused("restore", "--to", moment(world, 1200), "--yes")
    assert "is under way" in told
    with within(60):
        checks = {check.__name__: check for check in doctor.CHECKS}
        state, told = checks["_restore"](restorer.stack())
    assert (state, "pi-bundle restore" in told) == ("wrong", True)
    assert restorer.does("restore", "--yes")["agrees"] is True


def test_meanwhile_nobody_switches_on_what_it_has_switched_off(
    restorer: Restorer, world: World, alice: User
) -> None:
    """Its books are not read yet: what is sold once would be sold a second time."""
    world.sell("badge", price="1", once=True)
    world.settled_payment()
    to = moment(world, 0)
    world.tick(60)
    payment_id = world.approved(alice, **BADGE)
    world.complete(payment_id, world.pay(payment_id), alice)
    world.tick(600)
    go_on = pause.go_on

    def another_operator(*given: Any) -> None:
        go_on(*given)
        for words in (("payments", "on"), ("payouts", "on"), ("tear-down", "--give-up")):
            assert "A restore is under way" in restorer.is_refused(*words)
        assert world.approve(world.start(alice, **BADGE), alice).error == "sales_paused"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pause, "go_on", another_operator)
        assert restorer.does("restore", "--to", to, "--yes")["agrees"] is True
    world.tick(60)
    assert world.approve(world.start(alice, **BADGE), alice).error == "already_bought"


def test_given_up_by_one_it_is_not_written_by_another(restorer: Restorer, world: World) -> None:
    """While one waits for the last function to end, another gives it up; and the first one wakes
    up before all of that is done."""
    to = moment(world, 0)
    world.tick(60)
    payment_id = world.settled_payment()
    world.tick(600)
    restorer.dies_at.append((len(FUNCTIONS) + 13, "before"))  # its note
    with suppress(Died):
        restorer.run("restore", "--to", to, "--yes")
    restorer.dies_at.clear()
    journal = restore_journal.journal_of(restorer.stack())
    assert restore.STOPPING <= journal.done < restore.WRITING
    go_on = pause.go_on

    def first_wakes(*given: Any) -> None:
        go_on(*given)
        with pytest.raises(StackError, match="Another run"):
            restore.go_on(restorer.stack(), journal, lambda _: None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pause, "go_on", first_wakes)
        restorer.does("restore", "--give-up")
    assert world.record(payment_id).state == "completed"


def test_a_laptop_that_slept_writes_nothing_more(restorer: Restorer, world: World) -> None:
    """Between two batches another one has taken over, and ended the restore; it does not write over
    what was done since."""
    to = moment(world, 0)
    world.tick(60)
    for _ in range(60):
        world.sold()
    world.tick(600)
    write, after = restorer.recovery.batch_write_item, list[Any]()

    def sleeps(**given: Any) -> Any:
        answer = write(**given)
        if not after:
            after.append(None)
            assert restorer.does("restore", "--yes")["agrees"] is True
            payment_id = world.settled_payment()
            after.append((world.record(payment_id), world.switch.value))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restorer.recovery, "batch_write_item", sleeps)
        told = restorer.is_refused("restore", "--to", to, "--yes")

    assert "Another run of this command" in told
    record, switch = after[1]
    assert (world.record(record.payment_id), world.switch.value) == (record, switch)
    assert "No restore is under way" in restorer.is_refused("restore", "--yes")


def test_a_copy_that_is_going_is_waited_for(restorer: Restorer, world: World) -> None:
    """A restore was given up, and begun again at once: its copies are still being deleted."""
    to = moment(world, 600)
    restorer.recovery.goes_slowly = True
    result = restorer.run("restore", "--to", to, typed="y\nn\n")
    assert result.exit_code == 3
    restorer.does("restore", "--give-up")
    assert restorer.does("restore", "--to", to, "--yes")["agrees"] is True


def test_never_to_what_a_restore_has_undone(restorer: Restorer, world: World) -> None:
    """There a payout may have failed that was paid since; and what has ended is not checked."""
    to, between = moment(world, 1800), moment(world, 900)
    before = moment(world, 2400)
    restorer.does("restore", "--to", to, "--yes")
    world.tick(HOUR)
    assert "has undone" in restorer.is_refused("restore", "--to", between, "--yes")
    assert restorer.does("restore", "--to", before, "--yes")["agrees"] is True
    assert "has undone" in restorer.is_refused("restore", "--to", between, "--yes")


def test_before_rows_are_written_it_can_be_given_up(restorer: Restorer, world: World) -> None:
    world.settled_payment()
    rows = world.all_payments()
    result = restorer.run("restore", "--to", moment(world, 600), typed="y\nn\n")
    assert result.exit_code == 3
    assert "Nothing is written yet." in result.stderr
    assert world.switch.value == "off"
    told = restorer.does("restore", "--give-up")
    assert (told["payments"], told["payouts"], len(told["removed"])) == ("on", "on", 3)
    assert (world.switch.value, world.all_payments()) == ("on", rows)
    assert not restorer.recovery.tables.keys() & set(told["removed"])


def test_while_the_wallet_differs_all_stays_off(
    restorer: Restorer, world: World, alice: User
) -> None:
    """And the pause of the sales is no row that goes back."""
    payment_id = world.settled_payment()
    amount = world.record(payment_id).amount.stroops
    world.tables.edit("PaymentsTable", payment_id, amount=1)
    world.tick(900)
    told = restorer.does("restore", "--to", moment(world, 600), "--yes", status=3)
    assert [row["id"] for row in told["differing"]] == [payment_id]
    assert told["next"][0] == f"pi-bundle why {payment_id} --stack the-world"
    assert world.switch.value == "off"
    another = world.start(alice)
    assert world.approve(another, alice).error == "sales_paused"

    world.tables.edit("PaymentsTable", payment_id, amount=amount)
    told = restorer.does("restore", "--yes")
    assert (told["agrees"], told["payments"], told["payouts"]) == (True, "on", "on")
    world.tick(10)
    assert world.approve(another, alice).status == 200


def test_what_was_off_stays_off(restorer: Restorer, world: World) -> None:
    restorer.does("payouts", "off")
    restorer.does("payments", "off")
    told = restorer.does("restore", "--to", moment(world, 600), "--yes")
    assert (told["payments"], told["payouts"]) == ("off", "off")
    assert world.switch.value == "off"
    assert world.look(world.eyes.sales.paused_since) is not None


def test_while_the_chain_cannot_be_read_nothing_is_switched_on(
    restorer: Restorer, world: World
) -> None:
    world.settled_payment()
    world.tick(900)
    world.fault("GET", "/horizon/*", status=503)
    told = restorer.is_refused("restore", "--to", moment(world, 600), "--yes")
    assert "chain cannot be read" in told
    assert world.switch.value == "off"
    assert restorer.functions.reserved == {"Operate": 3}, "the functions run all the same"
    world.heal()
    assert restorer.does("restore", "--yes")["agrees"] is True
    assert world.switch.value == "on"


def test_what_cannot_be_compared_is_not_switched_on(restorer: Restorer, world: World) -> None:
    """The books are read, and then the chain is away."""
    world.settled_payment()
    world.tick(900)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(restore, "finish", _dies)
        with pytest.raises(Died):
            restorer.run("restore", "--to", moment(world, 600), "--yes")
    world.fault("GET", "/horizon/*", status=503)
    told = restorer.does("restore", "--yes", status=3)
    assert (told["agrees"], told["differing"]) == (False, [])
    assert told["not_proven"]
    assert world.switch.value == "off"
    world.heal()
    assert restorer.does("restore", "--yes")["agrees"] is True


def _dies(*_given: object) -> None:
    raise Died


def test_before_the_first_payout_there_was_no_book(restorer: Restorer, world: World) -> None:
    """By hand, what was paid more than a day before it is requested again would be paid again: a
    new book reads no further back. Here the book begins at the moment of the restore."""
    to = moment(world, 0)
    world.tick(60)
    world.requested("prize")
    world.send()
    world.rounds(3)
    [paid] = world.transfers_of("prize")
    world.ledgers_close_seldom()
    world.tick(2 * 24 * HOUR)
    told = restorer.does("restore", "--to", to, "--yes")
    assert (told["agrees"], told["out_by_records"]) == (True, "3.14")
    assert world.payout("prize").txid == paid
    world.rounds(3)
    again = world.post(payout_id="prize", uid=world.uid("alice"), amount="3.14", memo="Thank you")
    assert (again.status, again.state) == (200, "completed")
    assert world.transfers_of("prize") == [paid]


def test_a_refund_is_counted_though_its_payment_is_found_later(
    restorer: Restorer, world: World, alice: User
) -> None:
    """Both came after the moment, and the app's price function is away: the wallet's outgoing book
    comes by the refund before the payment has its record again."""
    world.price_by(lambda _: {"price": "3.14", "product_id": "pie"})
    world.settled_payment()
    world.requested("before", world.uid("bob"))
    world.send()
    to = moment(world, 0)
    world.tick(60)
    payment_id, txid = world.paid(alice)
    world.complete(payment_id, txid, alice)
    world.rounds(2)
    restorer.does("refund", payment_id, "--yes")
    world.rounds(2)
    world.tick(600)
    world.price_by(lambda _: {})
    told = restorer.does("restore", "--to", to, "--yes", status=3)
    assert {row["why"] for row in told["differing"]} == {"no_record"}
    world.price_by(lambda _: {"price": "3.14", "product_id": "pie"})
    world.rounds(3)
    assert restorer.does("restore", "--yes")["agrees"] is True
    assert world.record(payment_id).refunded == world.record(payment_id).amount
    again = ("refund", payment_id, "--payout-id", "again", "--yes")
    assert "above_paid_amount" in restorer.is_refused(*again)
    [_] = world.transfers_of(f"refund-{payment_id}")
