"""The operator's commands do what the documents say, word for word."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import pytest
import requests

from local.cloud.ministack import CREDENTIALS
from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.play.consumer import ExampleConsumer
from shared.base.amount import Amount
from shared.payments.prices import Price
from shared.payments.record import (
    Attention,
    PaymentEvent,
    PaymentRecord,
    PaymentState,
    attended,
    completed,
    delivered,
)
from shared.payments.store import PaymentStore
from shared.payouts.record import PayoutState
from tests.docs.pages import DOCS, DOCUMENTS
from tests.laptop.commands import blocks, run, under
from tests.laptop.deployed import forget, parts, payouts, taken_on
from tests.laptop.waiting import eventually

TXID = "cd" * 32
PIE = "apple_pie_1"
PRELUDE = under("First")

Shell = Callable[[str], CompletedProcess[str]]

# --- As far as AWS's own models know them --------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "block"),
    [(document, block) for document in DOCUMENTS for block in blocks(document)],
    ids=lambda value: value.name if isinstance(value, Path) else value.split("\n")[0][:40],
)
def test_a_documented_command_is_one(document: Path, block: str, tmp_path: Path) -> None:
    """Operation, options and values; the shell's quotes too. Nothing is called."""
    given = "id=payment txid=tx dead_letters=arn stack=s bus=b\npay() { :; }\n"
    done = run(
        f"{PRELUDE}\n{given}{block}",
        tmp_path,
        {**CREDENTIALS, "AWS_CLI_DRY": "1"},
        tools=("curl", "sam"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


# --- On the local cloud --------------------------------------------------------------------------


@pytest.fixture
def store(stack: Stack) -> PaymentStore:
    return parts(stack).payments


@pytest.fixture
def shell(stack: Stack, tmp_path: Path) -> Shell:
    env = {
        **CREDENTIALS,
        # An operator has a role, so there is a token too.
        "AWS_SESSION_TOKEN": "token-of-a-role",
        "AWS_ENDPOINT_URL": stack.cloud.endpoint,
        "API_URL": stack.api_url,
    }
    prelude = PRELUDE.replace("pi-bundle-dev", stack.name)
    return lambda script: run(f"{prelude}\n{script}", tmp_path, env)


def wants_a_person(
    store: PaymentStore, reason: Attention, *, uid: str | None = None
) -> PaymentRecord:
    now, price = int(time.time()), Amount.of("3.14")
    opened = PaymentRecord(
        payment_id=uuid4().hex,
        uid=uid or str(uuid4()),
        amount=price,
        price=None if reason is Attention.UNMATCHED else Price(PIE, 1, price, price),
        state=PaymentState.OPEN,
        created_at=now,
    )
    if reason is Attention.UNMATCHED:
        return store.put_if_absent(delivered(completed(opened, TXID, now), now))
    proof = TXID if reason is Attention.CANCELLED_BUT_PAID else None
    return store.put_if_absent(attended(opened, reason, now, proof))


def close(shell: Shell, how: str, record: PaymentRecord, reason: str) -> int:
    """Run the runbook's command for this payment."""
    block = re.sub(r"^reason=.*", f"reason={reason}", under(f"Close it as {how}"))
    return shell(f"id={record.payment_id}\ntxid={TXID}\n{block}").returncode


def test_closed_as_sold_it_is_delivered(
    stack: Stack, consumer: ExampleConsumer, store: PaymentStore, shell: Shell
) -> None:
    record = wants_a_person(store, Attention.CANCELLED_BUT_PAID)
    assert close(shell, "sold", record, Attention.CANCELLED_BUT_PAID) == 0
    stack.sweep()
    eventually(lambda: consumer.owned(record.uid, PIE) == 1, seconds=20)
    eventually(lambda: is_finished(store, record), seconds=20)
    standing = store.get(record.payment_id)
    assert standing is not None
    assert (standing.state, standing.txid) == (PaymentState.COMPLETED, TXID)
    assert (standing.needs_review, standing.pending_event) == (None, None)


@pytest.mark.parametrize("reason", [Attention.GONE, Attention.CANCELLED_BUT_PAID])
def test_closed_as_not_sold_it_is_cancelled_and_told(
    stack: Stack, store: PaymentStore, shell: Shell, reason: Attention
) -> None:
    record = wants_a_person(store, reason)
    assert close(shell, "not sold", record, reason) == 0
    closed = store.get(record.payment_id)
    assert closed is not None
    # Perhaps the worker was quicker than we are to look.
    assert closed.pending_event in (PaymentEvent.CANCELLED, None)
    assert closed.settled_by_hand == (record.txid or "none")
    stack.sweep()
    eventually(lambda: is_finished(store, record), seconds=20)
    standing = store.get(record.payment_id)
    assert standing is not None
    assert (standing.state, standing.needs_review) == (PaymentState.CANCELLED, None)


def test_closed_by_hand_it_is_as_it_was_but_silent(store: PaymentStore, shell: Shell) -> None:
    record = wants_a_person(store, Attention.UNMATCHED)
    assert close(shell, "looked after", record, Attention.UNMATCHED) == 0
    standing = store.get(record.payment_id)
    assert standing is not None
    assert (standing.state, standing.needs_review) == (PaymentState.COMPLETED, None)
    assert (standing.due_at, standing.pending_event) == (None, None)
    assert standing.version == record.version + 1


@pytest.mark.parametrize("how", ["sold", "not sold", "looked after"])
def test_a_closing_for_another_reason_or_of_another_kind_changes_nothing(
    store: PaymentStore, shell: Shell, how: str
) -> None:
    fitting = Attention.UNMATCHED if how == "looked after" else Attention.GONE
    kind = Attention.GONE if how == "looked after" else Attention.UNMATCHED
    for record, reason in (
        (wants_a_person(store, fitting), Attention.NEVER_VERIFIES),
        (wants_a_person(store, kind), kind),
    ):
        assert close(shell, how, record, reason) != 0
        assert store.get(record.payment_id) == record


def paid_back(shell: Shell, record: PaymentRecord, *, reason: str | None = None) -> dict[str, str]:
    """What the runbook's command answers: the refund, or with a `reason` the payout instead."""
    refund = re.sub(r"^id=.*", f"id={record.payment_id}", under("Refund it"))
    if reason is not None:
        alone, _, asked = refund.rpartition("\npay ")
        assert asked
        instead = re.sub(r"^reason=.*", f"reason={reason}", under("Pay it back"))
        refund = f"{alone}\n{instead}"
    done = shell(refund)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def received(emulator: PiEmulator, uid: str) -> list[str]:
    """What Pi has been paid out to the user, a transaction each."""
    payments = emulator.control("GET", "/state")["payments"]
    return [
        str(payment["amount"])
        for payment in payments
        if payment["user_uid"] == uid and payment["transaction"]
    ]


def test_an_unmatched_payment_is_refunded_once_and_the_record_knows(
    stack: Stack, emulator: PiEmulator, store: PaymentStore, shell: Shell
) -> None:
    uid = emulator.control("POST", "/users", {})["uid"]
    record = wants_a_person(store, Attention.UNMATCHED, uid=uid)
    assert paid_back(shell, record)["state"] == "requested"
    eventually(lambda: paid_back(shell, record)["state"] == "completed", seconds=20)
    assert received(emulator, uid) == ["3.14"]
    assert close(shell, "looked after", record, Attention.UNMATCHED) == 0
    # An operator who has not heard of it asks once more, and another one in another way.
    assert paid_back(shell, record)["state"] == "completed"
    request = {"payout_id": uuid4().hex, "refund_of": record.payment_id}
    assert asked(stack, request)["error"] == "above_paid_amount"
    standing = store.get(record.payment_id)
    assert standing is not None
    assert (standing.refunded, standing.needs_review) == (record.amount, None)
    assert received(emulator, uid) == ["3.14"]


def test_a_payment_that_is_not_completed_is_paid_back_once(
    stack: Stack, emulator: PiEmulator, store: PaymentStore, shell: Shell
) -> None:
    uid = emulator.control("POST", "/users", {})["uid"]
    reason = Attention.GONE
    record = wants_a_person(store, reason, uid=uid)
    assert paid_back(shell, record)["error"] == "not_refundable"
    eventually(lambda: paid_back(shell, record, reason=reason)["state"] == "completed", seconds=20)
    assert close(shell, "not sold", record, reason) == 0
    # Should it be completed after all, it is refunded already: under this id, and under any.
    closed = store.get(record.payment_id)
    assert closed is not None
    store.replace(closed, completed(closed, TXID, int(time.time())))
    assert paid_back(shell, record)["error"] == "payout_id_taken"
    request = {"payout_id": uuid4().hex, "refund_of": record.payment_id}
    assert asked(stack, request)["error"] == "above_paid_amount"
    assert received(emulator, uid) == ["3.14"]


def test_a_record_that_has_changed_is_not_paid_back(
    emulator: PiEmulator, store: PaymentStore, shell: Shell
) -> None:
    uid = emulator.control("POST", "/users", {})["uid"]
    record = wants_a_person(store, Attention.CANCELLED_BUT_PAID, uid=uid)
    blocks_of_it = f"id={record.payment_id}\npay() {{ echo paid; }}\n{under('Pay it back')}"
    assert shell(blocks_of_it).stdout == "The record has changed: look again.\n"
    assert (
        shell(blocks_of_it.replace("reason=gone", "reason=cancelled_but_paid")).stdout == "paid\n"
    )


def asked(stack: Stack, request: dict[str, str]) -> dict[str, str]:
    answer = requests.post(
        f"{stack.api_url}/payouts", json=request, auth=stack.cloud.signed, timeout=30
    )
    return dict(answer.json())


def test_what_is_unfinished_is_listed_with_its_reason(store: PaymentStore, shell: Shell) -> None:
    record = wants_a_person(store, Attention.GONE)
    (payments_listing,) = (b for b in blocks(DOCS / "runbook.md") if "for shard" in b)
    listed = shell(payments_listing)
    assert listed.returncode == 0, listed.stderr
    assert [record.payment_id, str(record.created_at), "gone"] in [
        line.split("\t") for line in listed.stdout.splitlines()
    ]


def answer(done: CompletedProcess[str]) -> str:
    """What an invoked function has answered, without what the command says of the invocation."""
    _, end = json.JSONDecoder().raw_decode(done.stdout)
    return str(done.stdout[:end])


def decide(shell: Shell, how: str, payout_id: str) -> dict[str, object]:
    return dict(json.loads(answer(shell(f"id={payout_id}\n{under(how)}"))))


def test_a_blocked_payout_is_resumed_or_given_up(stack: Stack, shell: Shell) -> None:
    """Nobody has such a uid, so the one that goes on waits for him."""
    resumed, given_up = (taken_on(stack, "nobody", blocked_for="wrong_seed") for _ in range(2))
    assert decide(shell, "Resume it", resumed.payout_id)["state"] == "requested"
    assert decide(shell, "Give it up", given_up.payout_id)["state"] == "requested"

    def reasons() -> list[tuple[PayoutState, str | None]]:
        records = [payouts(stack).get(record.payout_id) for record in (resumed, given_up)]
        return [(record.state, record.reason) for record in records if record is not None]

    ends = [(PayoutState.REQUESTED, "user_not_found"), (PayoutState.FAILED, "given_up")]
    # The sender first reads the wallet's book, with all that other tests have paid.
    eventually(lambda: reasons() == ends, seconds=90)
    assert decide(shell, "Give it up", given_up.payout_id)["error"] == "payout_closed"
    assert decide(shell, "Resume it", given_up.payout_id)["error"] == "not_blocked"
    forget(stack, resumed.payout_id)


def test_a_payout_that_was_paid_is_closed_as_paid(stack: Stack, shell: Shell) -> None:
    blocked = taken_on(stack, "nobody", blocked_for="history_too_long")
    close_it = f"id={blocked.payout_id}\ntxid={TXID}\n{under('Close a payout as paid')}"
    assert shell(close_it).returncode == 0
    stack.sweep()
    eventually(lambda: payout_is_finished(stack, blocked.payout_id), seconds=20)
    standing = payouts(stack).get(blocked.payout_id)
    assert standing is not None
    assert (standing.state, standing.txid) == (PayoutState.COMPLETED, TXID)
    assert (standing.reason, standing.pending_event) == (None, None)
    assert shell(close_it).returncode != 0


def test_a_user_is_linked_and_forgotten(shell: Shell) -> None:
    page = DOCS / "runbook.md"
    link, forget_name = (block for block in blocks(page) if "OperateFunctionName" in block)
    old, new = re.findall(r"^\w+=(\S+)", link, re.MULTILINE)
    for _ in range(2):  # again, it changes nothing
        assert json.loads(answer(shell(link))) == {"uid": new, "earlier_uids": [old]}
    done = shell(re.sub(r"^uid=.*", f"uid={old}", forget_name))
    assert json.loads(answer(done)) == {"uid": old, "forgotten": 0, "is_done": True}
    assert shell(link.replace('"link"', '"unlink"')).returncode == 0


def test_the_switch_is_thrown_by_hand(stack: Stack, shell: Shell) -> None:
    off = under("All payouts must stop")
    assert shell(off).returncode == 0
    try:
        assert switch_of(stack) == "off"
    finally:
        assert shell(off.replace("--value off", "--value on")).returncode == 0
    assert switch_of(stack) == "on"


def test_a_sweep_by_hand_says_what_it_woke(shell: Shell) -> None:
    (sweep,) = (b for b in blocks(DOCS / "runbook.md") if "output SweepFunctionName" in b)
    assert re.search(r'\{"woken": \d+\}', shell(sweep).stdout)


def test_one_payment_is_found_and_finished_now(store: PaymentStore, shell: Shell) -> None:
    record = wants_a_person(store, Attention.GONE)
    owing = store.replace(record, completed(record, TXID, int(time.time())))[0]
    # The bundle's own record; what Pi and the chain show is asked of them with curl.
    look_up = under("Look").partition("\n{ printf")[0]
    done = shell(
        re.sub(r"^id=.*", f"id={record.payment_id}", look_up) + "\n" + under("Try it again")
    )
    shown, _ = json.JSONDecoder().raw_decode(done.stdout)
    assert shown["Item"]["uid"] == {"S": record.uid}
    eventually(lambda: is_finished(store, owing), seconds=20)


def test_a_dead_letter_is_seen(stack: Stack, shell: Shell) -> None:
    """The local cloud cannot move messages: the redrive itself is only held against AWS's model."""
    sqs = stack.cloud.session.client("sqs", endpoint_url=stack.cloud.endpoint)
    sqs.send_message(QueueUrl=stack.outputs["WakeUpDeadLettersUrl"], MessageBody="poison")
    look = under("WakeUpDeadLettersAlarm")
    assert '"Body": "poison"' in shell(look).stdout


def switch_of(stack: Stack) -> str:
    name = stack.outputs["PayoutsSwitchName"]
    return stack.cloud.parameters.get_parameter(Name=name)["Parameter"]["Value"]


def payout_is_finished(stack: Stack, payout_id: str) -> bool:
    standing = payouts(stack).get(payout_id)
    return standing is not None and standing.due_at is None


def is_finished(store: PaymentStore, record: PaymentRecord) -> bool:
    standing = store.get(record.payment_id)
    return standing is not None and standing.due_at is None
