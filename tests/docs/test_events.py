"""docs/events/ describes what the bundle sends, for every end of a payment, reward or payout."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from local.processes import ROOT
from shared.base.amount import Amount
from shared.base.errors import PiAnswer
from shared.payments import record as payment
from shared.payments.prices import Price
from shared.payments.record import Attention, PaymentEvent, PaymentRecord, PaymentState
from shared.payments.view import payment_event
from shared.payouts import record as payout
from shared.payouts.record import PayoutEvent, PayoutRecord, PayoutState, Reason
from shared.payouts.request import PayoutRequest, requested
from shared.payouts.view import payout_event
from shared.rewards import record as reward
from shared.rewards.record import RewardEvent, RewardLimits
from shared.rewards.view import reward_event
from shared.stellar.objects import Movement, Transfer
from shared.work.events import Event

EVENTS = ROOT / "docs" / "events"
NOW = 1_795_445_570
TXID = "40813ae426e7a88ae4990fd36f4991318a90f3c7e67b4179bc60ef89a399f79c"
PRICE = Price("apple_pie_1", 2, Amount.of("3.14"), Amount.of("3.14"))
TYPES = {*PaymentEvent, *RewardEvent, *PayoutEvent}


@cache
def schema(kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{kind}.schema.json").read_text())
    return loaded


def validate(event: Event | None) -> None:
    """Raises jsonschema's ValidationError; as JSON, since that is what goes over the wire."""
    assert event is not None
    Draft202012Validator(schema(event.type)).validate(json.loads(json.dumps(event.detail)))
    assert event.detail["sequence"] >= 1


def opened(price: Price | None, amount: str = "6.28") -> PaymentRecord:
    """Approved here against a price; without one, approved by another back end, and watched."""
    return PaymentRecord(
        payment_id="b7Pq-3xK_mZ0aYwVtR5sLcDe9fGh",
        uid="f025228e-895f-4657-8313-2223b403cfda",
        amount=Amount.of(amount),
        price=price,
        refusal=None if price else "unexpected_amount",
        state=PaymentState.OPEN,
        created_at=NOW,
        due_at=NOW + 60,
    )


def ends(start: PaymentRecord) -> dict[str, PaymentRecord]:
    """Each way in which a payment can close and then owe an event."""
    cancelled = payment.cancelled(start, NOW + 3600)
    troubled = payment.attended(start, Attention.GONE, NOW + 300)
    return {
        "completed": payment.completed(start, TXID, NOW + 1),
        "completed, Pi shows no transaction": payment.completed(start, None, NOW + 1),
        "cancelled": cancelled,
        "cancelled, then paid": payment.completed(cancelled, TXID, NOW + 7200),
        "cancelled and told, then paid": payment.completed(
            payment.delivered(cancelled, NOW), TXID, NOW + 7200
        ),
        "gone, then completed": payment.completed(troubled, TXID, NOW + 7200),
        "gone, then cancelled": payment.cancelled(troubled, NOW + 7200),
    }


ALL_ENDS = {
    f"{kind}: {how}": end
    for kind, price in (("for sale", PRICE), ("not for sale", None))
    for how, end in ends(opened(price)).items()
}
GRANTED = reward.granted("ad-1:x", "a-uid", RewardLimits(20, 3600, 86400), NOW)
REWARDS = {
    RewardEvent.GRANTED: GRANTED,
    RewardEvent.REVOKED: reward.rechecked(reward.delivered(GRANTED), NOW + 86400, is_revoked=True),
}


def asked_for(refund_of: str | None) -> PayoutRecord:
    request = PayoutRequest("raffle-1", "a-uid", Amount.of("0.5"), "You won", {}, refund_of)
    return requested(request, NOW)


def payouts(start: PayoutRecord) -> dict[str, PayoutRecord]:
    """Each way in which a payout can close, or come to need a person."""
    at_pi = replace(start, state=PayoutState.CREATED, payment_id="b7Pq-3xK_mZ0aYwVtR5sLcDe9fGh")
    ready = payout.signed(at_pi, envelope="AAAA", txid=TXID, max_time=NOW + 300, now=NOW)
    blocked = payout.blocked(ready, "verification_failed", NOW + 60)
    resumed = payout.decided(blocked, NOW + 90, giving_up=None)
    return {
        "completed": payout.completed(ready, TXID, NOW + 10),
        "found on the chain before it was signed": payout.completed(at_pi, TXID, NOW + 10),
        "refused by Pi": payout.failed(start, "missing_scope", NOW + 1),
        "never applied": payout.failed(ready, "op_no_destination", NOW + 301),
        "waiting for its recipient": payout.awaiting_recipient(start, Reason.MISSING_SCOPE, NOW),
        "blocked before Pi knew it": payout.blocked(start, "unexpected_user", NOW + 3601),
        "blocked although a transaction is known": blocked,
        "blocked again": payout.blocked(resumed, "not_verified", NOW + 99),
        "blocked, then completed": payout.completed(
            payout.decided(blocked, NOW + 90, giving_up=None), TXID, NOW
        ),
    }


PAYOUTS = {
    f"{kind}: {how}": end
    for kind, refund_of in (("payout", None), ("refund", "Jg_EfSsoGHB9PyNTGU_dIpGSE4U2"))
    for how, end in payouts(asked_for(refund_of)).items()
}


def test_every_event_has_its_schema_and_no_other() -> None:
    assert {file.name for file in EVENTS.iterdir()} == {
        "README.md",
        *(f"{kind}.schema.json" for kind in TYPES),
    }


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_schema_is_valid_closed_and_says_what_everything_means(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))
    assert schema(kind)["additionalProperties"] is False
    # An archive may hold events of a version that had no sequence.
    assert schema(kind)["required"] == [n for n in schema(kind)["properties"] if n != "sequence"]
    assert all(field["description"] for field in schema(kind)["properties"].values())


@pytest.mark.parametrize("how", ALL_ENDS)
def test_what_a_closed_payment_owes_fits_its_schema(how: str) -> None:
    validate(payment_event(ALL_ENDS[how]))


def test_the_ends_of_a_payment_are_all_its_events() -> None:
    assert {end.pending_event for end in ALL_ENDS.values()} == set(PaymentEvent)


@pytest.mark.parametrize("kind", REWARDS)
def test_what_a_reward_owes_fits_its_schema(kind: RewardEvent) -> None:
    event = reward_event(REWARDS[kind])
    validate(event)
    assert event is not None
    assert event.type == kind


@pytest.mark.parametrize("how", PAYOUTS)
def test_what_a_payout_owes_fits_its_schema(how: str) -> None:
    event = payout_event(PAYOUTS[how])
    validate(event)
    assert event is not None
    began: dict[object, int | None] = {
        PayoutEvent.BLOCKED: PAYOUTS[how].blocked_at,
        PayoutEvent.WAITING: PAYOUTS[how].doubt_since,
    }
    which = f":{began[PAYOUTS[how].pending_event]}" if event.type in began else ""
    assert event.event_id == f"raffle-1:{event.type}{which}"


def test_the_ends_of_a_payout_are_all_its_events() -> None:
    assert {end.pending_event for end in PAYOUTS.values()} == set(PayoutEvent)
    assert payout_event(asked_for(None)) is None


def test_an_identity_is_the_business_id_and_the_type() -> None:
    """Promise 4: one identity, whatever happened on the way."""
    of_completed = {
        event.event_id
        for end in ends(opened(PRICE)).values()
        if (event := payment_event(end)) and event.type == PaymentEvent.COMPLETED
    }
    assert of_completed == {"b7Pq-3xK_mZ0aYwVtR5sLcDe9fGh:PaymentCompleted"}


@given(st.integers(min_value=0, max_value=10**18))
def test_promise_5_any_amount_is_fixed_point_text(stroops: int) -> None:
    record = payment.completed(opened(PRICE, str(Amount(stroops))), TXID, NOW)
    validate(payment_event(record))


def test_nobody_is_told_of_what_is_open_or_already_told() -> None:
    assert payment_event(opened(PRICE)) is None
    for end in ends(opened(PRICE)).values():
        assert payment_event(payment.delivered(end, NOW)) is None


def test_the_example_is_one() -> None:
    text = (EVENTS / "README.md").read_text()
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    Draft202012Validator(schema(example["detail-type"])).validate(example["detail"])
    assert example["source"] == "pi-bundle"


def test_the_overview_names_every_event() -> None:
    text = (EVENTS / "README.md").read_text()
    for kind in TYPES:
        assert f"| [{kind}]({kind}.schema.json) |" in text


# --- Snapshots: whatever happens between owing and sending ---------------------------------------


def movement(token: int, **how: Any) -> Movement:
    transfer = Transfer(how.get("source", "G-USER"), "G-APP", Amount.of(how.get("amount", "6.28")))
    return Movement(token, NOW, "payment", (f"{token:064x}",), "memo", transfer)


PAYMENT_STEPS: dict[str, Callable[[PaymentRecord, int], PaymentRecord]] = {
    "completed at Pi": lambda record, now: payment.completed(record, TXID, now),
    "completed, Pi shows no transaction": lambda r, now: payment.completed(r, None, now),
    "cancelled": payment.cancelled,
    "died": payment.died,
    "gone": lambda record, now: payment.attended(record, Attention.GONE, now),
    "paid, and cancelled": lambda record, now: (
        record  # what is completed stays so
        if record.state is PaymentState.COMPLETED
        else payment.attended(record, Attention.CANCELLED_BUT_PAID, now, TXID)
    ),
    "paid": lambda record, now: payment.noted(record, movement(now), now),
    "paid oddly": lambda record, now: payment.noted(record, movement(now, amount="1"), now),
    "by a stranger": lambda r, now: payment.noted(r, movement(now, source="G-NOBODY"), now),
    "refunded": lambda record, _: replace(record, refunded=record.received),
    "told": payment.delivered,
}
ENDS = {"completed at Pi", "completed, Pi shows no transaction", "cancelled"}


def may_follow(record: PaymentRecord, step: str) -> bool:
    """As the decision has it: completed is for good, and cancelled only what nobody has paid."""
    if step == "cancelled":
        is_free = not record.receipts and record.needs_review not in payment.SEEN_PAID
        return record.state is PaymentState.OPEN and is_free
    return step not in ENDS or record.state is not PaymentState.COMPLETED


@given(st.booleans(), st.lists(st.sampled_from(sorted(PAYMENT_STEPS)), max_size=9))
def test_an_event_of_a_payment_says_what_was_true_when_it_came_to_be_owed(
    is_for_sale: bool, steps: list[str]
) -> None:
    """2.7: also after receipts, refunds and a person; and it meets its schema."""
    record = opened(PRICE if is_for_sale else None)
    record = replace(record, from_address="G-USER", to_address="G-APP")
    for now, step in enumerate(steps, start=NOW):
        if not may_follow(record, step):
            continue
        before, record = record, PAYMENT_STEPS[step](record, now)
        then, event = payment_event(before), payment_event(record)
        if event is not None:
            validate(event)
        if then is not None and event is not None and then.type == event.type:
            # A transaction that Pi did not show at first may be known by now.
            known = {} if then.detail["txid"] else {"txid": event.detail["txid"]}
            assert event.detail == {**then.detail, **known}


PAYOUT_STEPS: dict[str, Callable[[PayoutRecord, int], PayoutRecord]] = {
    "waits": lambda record, now: payout.waiting(record, now, "chain_unclear"),
    "attempted": payout.attempted,
    "refused": lambda r, _: payout.creation_refused(r, PiAnswer(http_status=404)),
    "at Pi": lambda r, now: replace(r, state=PayoutState.CREATED, payment_id=f"p{now}"),
    "signed": lambda r, now: payout.signed(r, envelope="A", txid=TXID, max_time=now, now=now),
    "submitted": payout.submitted,
    "odd words of the chain": lambda r, now: payout.waiting(r, now, "x", chain_error="[Op Odd]"),
    "expired": payout.expired,
    "withdrawn": payout.withdrawn,
    "blocked": lambda record, now: payout.blocked(record, record.chain_error or "no_wallet", now),
    "given up": lambda record, _: payout.never_to_be(record, "given_up"),
    "paid": lambda record, now: payout.completed(record, TXID, now),
    "failed": lambda record, now: payout.failed(record, record.chain_error or "given_up", now),
}
DECISIONS: dict[str, Callable[[PayoutRecord, int], PayoutRecord]] = {
    "resumed": lambda record, now: payout.decided(record, now, giving_up=None),
    "to be given up": lambda record, now: payout.decided(record, now, giving_up="given_up"),
    "told": payout.delivered,
}


def may_take(record: PayoutRecord, step: str) -> bool:
    """As the sender has it: what is owed is told first; a person may decide at any time."""
    if record.closed_at is not None:
        return step == "told"
    if step in DECISIONS:
        return step == "told" or record.state is PayoutState.BLOCKED
    is_waiting = record.pending_event is not None or record.state is PayoutState.BLOCKED
    needs = {"paid", "signed", "expired", "withdrawn", "submitted"}
    return not is_waiting and (step not in needs or record.payment_id is not None)


@given(st.lists(st.sampled_from(sorted({*PAYOUT_STEPS, *DECISIONS})), max_size=12))
def test_an_event_of_a_payout_says_what_was_true_when_it_came_to_be_owed(steps: list[str]) -> None:
    """2.7: also if a person has decided before it is sent."""
    record = asked_for(None)
    for now, step in enumerate(steps, start=NOW):
        if not may_take(record, step):
            continue
        before, record = record, {**PAYOUT_STEPS, **DECISIONS}[step](record, now)
        then, event = payout_event(before), payout_event(record)
        if event is not None:
            validate(event)
        if then is not None and event is not None and then.event_id == event.event_id:
            assert event.detail == then.detail
        if then is not None and step != "told":
            assert event is not None  # nothing that is owed gets lost


def test_a_blocking_of_a_former_version() -> None:
    """It had no `blocked_reason`, and `resume` clears the reason."""
    record = payout.blocked(asked_for(None), "no_wallet", NOW)
    resumed = payout.decided(replace(record, blocked_reason=None), NOW, giving_up=None)

    validate(payout_event(resumed))


def test_what_was_given_back_before_it_was_completed_names_no_goods() -> None:
    """It matches a price, and is nevertheless for a person: the schema promises null."""
    paid_oddly = payment.noted(
        replace(opened(PRICE), from_address="G-USER", to_address="G-APP"), movement(1), NOW
    )
    event = payment_event(payment.completed(replace(paid_oddly, refunded=Amount(1)), TXID, NOW))

    assert event is not None
    assert (event.type, event.detail["product_id"]) == (PaymentEvent.UNMATCHED, None)
    validate(event)


def test_a_cancellation_that_is_overtaken_by_the_payment_is_not_told() -> None:
    """Nothing was told yet, and the reservation that it would have released is used after all."""
    overtaken = payment.completed(payment.cancelled(opened(PRICE), NOW), TXID, NOW + 1)
    event = payment_event(overtaken)

    assert event is not None
    assert event.type == PaymentEvent.COMPLETED
    assert payment_event(payment.delivered(overtaken, NOW + 2)) is None
