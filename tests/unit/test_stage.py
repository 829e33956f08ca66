"""What the stage says: its lines in the order in which things happened, and a last line that is red
where money went wrong."""

from dataclasses import replace
from typing import Any

import pytest

from local.stage.lines import lines
from local.stage.snapshot import Snapshot
from local.stage.verdict import verdict

APP, USER = "GAPP", "GUSER"
FLAGS = {
    "developer_approved": True,
    "developer_completed": True,
    "cancelled": False,
    "user_cancelled": False,
}


def at(second: float) -> str:
    return f"2026-11-26T12:00:{second:06.3f}Z"


def transaction(memo: str, **other: Any) -> dict[str, Any]:
    paid = {"txid": f"{memo}-txid", "source": USER, "destination": APP, "amount": "3.1400000"}
    return {**paid, "memo": memo, "successful": True, "applied_at": at(3), **other}


def payment(**other: Any) -> dict[str, Any]:
    return {
        "identifier": "pie",
        "direction": "user_to_app",
        "amount": 3.14,
        "status": FLAGS,
        "transaction": {"txid": "pie-txid"},
        "created_at": at(1),
        **other,
    }


def record(**other: Any) -> dict[str, Any]:
    story = [{"at": 4, "was": "open", "state": "completed", "version": 2, "by": "x-Settle-A0"}]
    whole = {"amount": 31_400_000, "state": "completed", "version": 2, "story": story}
    return {**whole, "product_id": "apple_pie_1", "quantity": 1, **other}


def pi(*transactions: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "now": at(9),
        "apps": [{"wallet": APP}],
        "payments": [payment()],
        "transactions": list(transactions),
        "ads": [],
        "calls": [],
        **other,
    }


GOODS = {"event#pie:PaymentCompleted": {}, "user#1#apple_pie_1": {"quantity": 1}}
BOUGHT = Snapshot(pi=pi(transaction("pie")), payments={"pie": record()}, goods=GOODS)
REFUND = {"back": {"amount": 31_400_000, "state": "completed", "payment_id": "a2u"}}
SENT = transaction("a2u", source=APP, destination=USER)


def test_what_was_bought_was_delivered_once() -> None:
    judged = verdict(BOUGHT)
    assert (judged.tone, judged.text) == ("good", "Nothing was lost: 3.14 Pi, delivered once.")


def test_on_an_empty_stage_nothing_has_happened() -> None:
    empty = Snapshot(pi={**pi(), "payments": []})
    assert verdict(empty).tone == "nothing"


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (replace(BOUGHT, payments={}), "never recorded"),
        (replace(BOUGHT, payments={"pie": record(state="cancelled")}), "closed as unpaid"),
        (replace(BOUGHT, pi=pi()), "completed that was never paid"),
        (replace(BOUGHT, goods={**GOODS, "user#1#apple_pie_1": {"quantity": 2}}), "2 things were"),
        (replace(BOUGHT, goods={"event#pie:PaymentCompleted": {}}), "0 things were handed out"),
        (replace(BOUGHT, pi=pi(transaction("pie"), SENT)), "left the wallet for no payout"),
        (replace(BOUGHT, payouts=REFUND), "was never sent"),
        (
            replace(BOUGHT, payouts=REFUND, pi=pi(transaction("pie"), SENT, {**SENT, "txid": "2"})),
            "6.28 Pi were sent for a payout of 3.14 Pi",
        ),
        (replace(BOUGHT, rewards={"ad": {"state": "granted"}}), "without an ad"),
    ],
)
def test_the_last_line_is_red_where_it_is_not_so(now: Snapshot, says: str) -> None:
    judged = verdict(now)
    assert judged.tone == "bad"
    assert says in judged.text


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (replace(BOUGHT, payments={"pie": record(state="open")}), "not completed yet"),
        (replace(BOUGHT, goods={}), "not delivered yet"),
        (
            replace(
                BOUGHT,
                payments={"pie": record(state="open", attention="cancelled_but_paid")},
                goods={},
            ),
            "a person decides",
        ),
        (replace(BOUGHT, payouts={"back": {**REFUND["back"], "state": "signed"}}), "is signed"),
        (
            replace(BOUGHT, pi=pi(transaction("pie"), {**transaction("pie"), "txid": "2"})),
            "3.14 Pi came in beside the price",
        ),
    ],
)
def test_what_is_not_over_is_not_called_good(now: Snapshot, says: str) -> None:
    judged = verdict(now)
    assert judged.tone == "waiting"
    assert says in judged.text


def test_what_waits_alike_is_said_once() -> None:
    """A phone has no room for more."""
    unpaid = {"status": {**FLAGS, "developer_completed": False}, "transaction": None}
    waiting = [payment(identifier=name, **unpaid) for name in "abcd"]
    judged = verdict(Snapshot(pi={**pi(), "payments": waiting}))
    assert judged.text == "On its way: a payment is approved and not paid yet (4 times)."


def call(step: str, second: float, status: int | None = 200) -> dict[str, Any]:
    path = f"/v2/payments/pie/{step}"
    lost = {"fault": "drop after"} if status is None else {}
    return {"method": "POST", "path": path, "status": status, "at": at(second), **lost}


def test_a_payment_is_recorded_before_it_is_approved_and_completed_at_pi_before_it_is_here() -> (
    None
):
    """Though a record knows only the second, and all is seen by one look."""
    calls = [call("approve", 2), call("complete", 4)]
    now = replace(BOUGHT, pi=pi(transaction("pie"), calls=calls))

    told = [(line.lane, line.text) for line in lines(Snapshot(), now)]

    assert told == [
        ("pi", "payment opened: 3.14 Pi"),
        ("record", "open: recorded at 3.14 Pi"),
        ("pi", "POST /payments/pie/approve → 200"),
        ("pi", "approved"),
        ("chain", "3.14 Pi to the app, txid pie-txid…"),
        ("pi", "Pi knows the transaction"),
        ("pi", "POST /payments/pie/complete → 200"),
        ("pi", "completed"),
        ("record", "completed, by the worker"),
        ("record", "delivered: 1 apple_pie_1"),
    ]


def test_a_record_that_is_seen_one_snapshot_after_its_call_is_still_put_before_it() -> None:
    """Pi is read after the records: its call may be there, and the record not yet."""
    first = Snapshot(pi=pi(calls=[call("approve", 2)]))
    then = replace(first, pi=pi(now=at(8)), payments={"pie": record(state="open", story=[])})

    [recorded] = lines(first, then)

    [asked] = [line for line in lines(Snapshot(), first) if line.text.startswith("POST")]
    assert (recorded.text, recorded.at < asked.at) == ("open: recorded at 3.14 Pi", True)


def test_a_payout_that_is_seen_one_snapshot_after_it_was_sent_is_still_signed_before() -> None:
    sent = Snapshot(pi=pi(SENT))
    story = [{"at": 3, "was": "created", "state": "signed", "version": 3, "by": "x-SendPayout-A0"}]
    signed = {**REFUND["back"], "state": "signed", "version": 3, "story": story}

    found = lines(sent, replace(sent, payouts={"back": signed}))

    [line] = [line for line in found if line.text == "payout signed, by the sender"]
    [moved] = [line for line in lines(Snapshot(), sent) if "to the user, txid" in line.text]
    assert line.at < moved.at


def test_what_was_told_is_not_told_again() -> None:
    assert lines(BOUGHT, BOUGHT) == []


def test_a_lagging_chain_is_told_where_it_is_paid_on() -> None:
    now = replace(BOUGHT, pi=pi(transaction("pie"), settings={"ledger_lag_s": 60.0}))
    [paid] = [line.text for line in lines(Snapshot(), now) if line.lane == "chain"]
    assert paid == "3.14 Pi to the app, txid pie-txid…, which Horizon shows 60 s later"


def test_a_lost_answer_is_told_as_what_it_is() -> None:
    now = replace(BOUGHT, pi=pi(transaction("pie"), calls=[call("approve", 2, None)]))
    [line] = lines(BOUGHT, now)
    assert (line.text, line.tone) == ("POST /payments/pie/approve → answer lost", "bad")
