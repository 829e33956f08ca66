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
from tests.conftest import SERVER_KEY
from tests.docs.pages import DOCS, DOCUMENTS
from tests.laptop.commands import blocks, prelude, run, under
from tests.laptop.deployed import forget, parts, payouts, taken_on
from tests.laptop.waiting import eventually

TXID = "cd" * 32
PIE = "apple_pie_1"
PRELUDE = prelude()

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
        tools=("curl", "git", "make", "sam"),
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
    block = under(f"Close it as {how}").strip()
    more = f"--reason {reason}" + (f" --txid {TXID} --unseen" if how == "sold" else "")
    return shell(f"id={record.payment_id}\n{block} {more}").returncode


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


def paid_back(shell: Shell, record: PaymentRecord, how: str = "Refund it") -> CompletedProcess[str]:
    """What the runbook's command has done: the refund, or the payout instead."""
    block = re.sub(r"^id=.*\n", "", under(how)).strip()
    return shell(f"id={record.payment_id}\n{block} --json")


def refunded(shell: Shell, record: PaymentRecord, how: str = "Refund it") -> str:
    """The state of the refund."""
    done = paid_back(shell, record, how)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["state"])


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
    assert refunded(shell, record) == "requested"
    eventually(lambda: refunded(shell, record) == "completed", seconds=20)
    assert received(emulator, uid) == ["3.14"]
    assert close(shell, "looked after", record, Attention.UNMATCHED) == 0
    # An operator who has not heard of it asks once more, and another one in another way.
    assert refunded(shell, record) == "completed"
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
    assert "not_refundable" in paid_back(shell, record).stderr
    eventually(lambda: refunded(shell, record, "Pay it back") == "completed", seconds=20)
    assert close(shell, "not sold", record, reason) == 0
    # Should it be completed after all, it is refunded already: under this id, and under any.
    closed = store.get(record.payment_id)
    assert closed is not None
    store.replace(closed, completed(closed, TXID, int(time.time())))
    assert refunded(shell, record) == "completed"
    request = {"payout_id": uuid4().hex, "refund_of": record.payment_id}
    assert asked(stack, request)["error"] == "above_paid_amount"
    assert received(emulator, uid) == ["3.14"]


def test_a_payment_that_pi_knows_is_not_paid_back(
    emulator: PiEmulator, store: PaymentStore, shell: Shell
) -> None:
    uid = emulator.control("POST", "/users", {})["uid"]
    record = wants_a_person(store, Attention.CANCELLED_BUT_PAID, uid=uid)
    assert "not_gone" in paid_back(shell, record, "Pay it back").stderr
    assert store.get(record.payment_id) == record


def asked(stack: Stack, request: dict[str, str]) -> dict[str, str]:
    answer = requests.post(
        f"{stack.api_url}/payouts", json=request, auth=stack.cloud.signed, timeout=30
    )
    return dict(answer.json())


def test_what_waits_is_listed_with_its_reason(store: PaymentStore, shell: Shell) -> None:
    record = wants_a_person(store, Attention.GONE)
    listed = shell(under("Look"))
    assert listed.returncode == 3, listed.stderr
    assert [["payment", record.payment_id, "gone"]] == [
        line.split()[:3] for line in listed.stdout.splitlines() if record.payment_id in line.split()
    ]


def decide(shell: Shell, how: str, payout_id: str) -> CompletedProcess[str]:
    return shell(f"id={payout_id}\n{under(how).strip()} --json")


def test_a_blocked_payout_is_resumed_or_given_up(stack: Stack, shell: Shell) -> None:
    """Nobody has such a uid, so the one that goes on waits for him."""
    resumed, given_up = (taken_on(stack, "nobody", blocked_for="wrong_seed") for _ in range(2))
    for how, blocked in (("Resume it", resumed), ("Give it up", given_up)):
        assert json.loads(decide(shell, how, blocked.payout_id).stdout)["state"] == "requested"

    def reasons() -> list[tuple[PayoutState, str | None]]:
        records = [payouts(stack).get(record.payout_id) for record in (resumed, given_up)]
        return [(record.state, record.reason) for record in records if record is not None]

    ends = [(PayoutState.REQUESTED, "user_not_found"), (PayoutState.FAILED, "given_up")]
    # The sender first reads the wallet's book, with all that other tests have paid.
    eventually(lambda: reasons() == ends, seconds=90)
    assert "payout_closed" in decide(shell, "Give it up", given_up.payout_id).stderr
    assert "not_blocked" in decide(shell, "Resume it", given_up.payout_id).stderr
    forget(stack, resumed.payout_id)


def test_a_payout_that_was_paid_is_closed_as_paid(stack: Stack, shell: Shell) -> None:
    blocked = taken_on(stack, "nobody", blocked_for="history_too_long")
    close_it = f"id={blocked.payout_id}\n" + re.sub(
        r"^txid=.*", f"txid={TXID}", under("Close a payout as paid").strip()
    )
    assert "does not show" in shell(close_it).stderr
    assert shell(f"{close_it} --unseen").returncode == 0
    stack.sweep()
    eventually(lambda: payout_is_finished(stack, blocked.payout_id), seconds=20)
    standing = payouts(stack).get(blocked.payout_id)
    assert standing is not None
    assert (standing.state, standing.txid) == (PayoutState.COMPLETED, TXID)
    assert (standing.reason, standing.pending_event) == (None, None)
    assert shell(close_it).returncode != 0


def test_a_user_is_linked_and_forgotten(shell: Shell) -> None:
    page = DOCS / "runbook.md"
    [link] = (block for block in blocks(page) if "pi-bundle link" in block)
    [forget_name] = (block for block in blocks(page) if "pi-bundle forget" in block)
    old, new = re.findall(r"^\w+=(\S+)", link, re.MULTILINE)
    for _ in range(2):  # again, it changes nothing
        told = json.loads(shell(f"{link.strip()} --json").stdout)
        assert told == {"uid": new, "earlier_uids": [old]}
    done = shell(re.sub(r"^uid=.*", f"uid={old}", forget_name).strip() + " --json")
    assert json.loads(done.stdout) == {"uid": old, "forgotten": 0, "is_done": True}
    assert shell(f"{link.strip()} --undo").returncode == 0


def test_the_switch_is_thrown_by_hand(stack: Stack, shell: Shell) -> None:
    off = under("All payouts must stop")
    assert shell(off).returncode == 0
    try:
        assert switch_of(stack) == "off"
    finally:
        assert shell(off.replace("payouts off", "payouts on")).returncode == 0
    assert switch_of(stack) == "on"


def test_one_payment_is_found_and_finished_now(store: PaymentStore, shell: Shell) -> None:
    record = wants_a_person(store, Attention.GONE)
    owing = store.replace(record, completed(record, TXID, int(time.time())))[0]
    look_up = next(block for block in blocks(DOCS / "runbook.md") if "pi-bundle why" in block)
    look_up = re.sub(r"^who=.*", f"who={record.uid}", look_up)
    look_up = re.sub(r"^id=.*", f"id={record.payment_id}", look_up, flags=re.MULTILINE)
    done = shell(f"{look_up}\n{under('Try it again')}")
    assert done.returncode == 0, done.stderr
    assert record.uid in done.stdout
    assert re.search(r"^woken +\d+", done.stdout, re.MULTILINE)
    eventually(lambda: is_finished(store, owing), seconds=20)


def test_the_payments_of_another_back_end_come_over(
    stack: Stack, emulator: PiEmulator, store: PaymentStore, shell: Shell, tmp_path: Path
) -> None:
    """By the deployed function, under its own role: one that is closed, one that was delivered and
    not completed at Pi, and one that is open."""
    closed, delivered_before, open_one = (paid_elsewhere(emulator) for _ in range(3))
    at_pi(emulator, closed["identifier"], "complete", {"txid": closed["txid"]})
    rows = [
        f"{one['identifier']},completed,{int(time.time())}" for one in (closed, delivered_before)
    ]
    lines = ["payment_id,state,closed_at", *rows, f"{open_one['identifier']},open,"]
    (tmp_path / "payments.csv").write_text("\n".join(lines))
    page = "\n".join(blocks(DOCS / "migrate.md"))
    [adopt] = re.findall(r"^pi-bundle adopt .*", page, re.MULTILINE)

    taken = shell("pi-bundle import payments.csv --yes --json")
    assert taken.returncode == 3, taken.stderr
    told = json.loads(taken.stdout)
    assert [row["outcome"] for row in told["rows"]] == ["taken", "taken", "refused"]
    assert shell(f"{adopt} --yes").returncode == 0

    ids = [one["identifier"] for one in (closed, delivered_before, open_one)]
    records = [record for one in ids if (record := store.get(one))]
    assert len(records) == 3
    eventually(lambda: all(is_finished(store, record) for record in records), seconds=30)
    ends = [record for one in ids if (record := store.get(one))]
    assert {record.state for record in ends} == {PaymentState.COMPLETED}
    assert [record.last_event for record in ends] == [None, None, PaymentEvent.COMPLETED]
    again = json.loads(shell("pi-bundle import payments.csv --yes --json").stdout)
    assert [row["outcome"] for row in again["rows"]] == ["known", "known", "refused"]


def paid_elsewhere(emulator: PiEmulator) -> dict[str, str]:
    """A payment of a new user that another back end has approved, and its `txid`."""
    token = emulator.control("POST", "/users", {})["accessToken"]
    order = {"amount": 3.14, "memo": "An apple pie", "metadata": {"productId": PIE}}
    payment_id = emulator.control("POST", "/payments", {"accessToken": token, **order})[
        "identifier"
    ]
    at_pi(emulator, payment_id, "approve", {})
    txid = emulator.control("POST", f"/payments/{payment_id}/pay", {})["txid"]
    return {"identifier": payment_id, "txid": txid}


def at_pi(emulator: PiEmulator, payment_id: str, step: str, body: dict[str, str]) -> None:
    url, key = f"{emulator.url}/v2/payments/{payment_id}/{step}", f"Key {SERVER_KEY}"
    requests.post(url, json=body, headers={"Authorization": key}, timeout=30).raise_for_status()


def test_dead_letters_are_seen_and_sent_again(stack: Stack, shell: Shell) -> None:
    sqs = stack.cloud.session.client("sqs", endpoint_url=stack.cloud.endpoint)
    url = stack.outputs["WakeUpDeadLettersUrl"]
    letter = json.dumps({"work": "payment", "key": "nothing"})
    for _ in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=letter)
    assert "nothing" in shell(under("WakeUpDeadLettersAlarm")).stdout
    [redrive] = (b for b in blocks(DOCS / "alarms-work.md") if "redrive wake-ups" in b)
    done = shell(f"{redrive.strip()} --json")
    assert json.loads(done.stdout) == {"queue": "wake-ups", "moved": 12}
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert left["Attributes"]["ApproximateNumberOfMessages"] == "0"


def switch_of(stack: Stack) -> str:
    name = stack.outputs["PayoutsSwitchName"]
    return stack.cloud.parameters.get_parameter(Name=name)["Parameter"]["Value"]


def payout_is_finished(stack: Stack, payout_id: str) -> bool:
    standing = payouts(stack).get(payout_id)
    return standing is not None and standing.due_at is None


def is_finished(store: PaymentStore, record: PaymentRecord) -> bool:
    standing = store.get(record.payment_id)
    return standing is not None and standing.due_at is None
