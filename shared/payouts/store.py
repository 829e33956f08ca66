"""The Payouts table: a record per payout, and what each user and the wallet have paid out per UTC
day.

A payout, its counters and what it refunds of a payment are reserved in one transaction and, if it
fails, released in one with the write that says so. So nothing is ever counted without a payout that
stands for it, nor released while it may still be paid.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace as with_
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from shared.aws.client import aws_call
from shared.aws.codec import item_of, stored
from shared.aws.dynamodb import (
    FAILED_CONDITION,
    Item,
    day_key,
    decoded,
    due_keys,
    encoded,
    transact,
)
from shared.base.amount import Amount
from shared.base.clock import Clock, clock
from shared.base.context import concerning, doing
from shared.base.errors import Conflict, NotFound
from shared.payments import store as payment_store
from shared.payments.record import PaymentRecord
from shared.payouts.record import (
    MOST_WITHDRAWALS,
    RECIPIENT_FAULTS,
    RECIPIENT_WAITS,
    Caps,
    PayoutRecord,
    PayoutState,
)
from shared.work.records import Records
from shared.work.story import REFUND, Entry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = "payout_id"
PAYMENT = "payment#"  # no payout id has a `#` in it


class PayoutStore(Records[PayoutRecord]):
    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        payments_table: str,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Clock = clock,
    ) -> None:
        super().__init__(client, table, KEY, PayoutRecord, _item, _reason, clock)
        self._payments = payments_table
        self._sleep, self._jitter = sleep, jitter

    def require(self, payout_id: str) -> PayoutRecord:
        """The record, for the operator. Raises NotFound."""
        concerning(payout_id)
        record = self.get(payout_id)
        if record is None:
            raise NotFound("payout_not_found", "There is no such payout.")
        return record

    def reserve(
        self, record: PayoutRecord, caps: Caps, payment: PaymentRecord | None
    ) -> PayoutRecord:
        """The payout that stands under this id afterwards: `record` itself, with its reservations,
        or the earlier one, without these.

        `payment` is what it refunds. Raises Conflict `user_daily_cap_reached`,
        `wallet_daily_cap_reached`, `user_daily_number_reached` or `above_paid_amount`, for a new id
        only.
        """
        writes = [
            self._put(record),
            self._count(_day_of_user(record), record.amount, caps.user_day),
            self._count(_day_of_wallet(record), record.amount, caps.wallet_day),
        ]
        if payment is not None:
            told = self._entry(payment.state, payment.version, f"{REFUND}{record.payout_id}")
            writes.append(self._refund(record, payment.refundable, told))
        else:
            writes.append(self._count_payout(record, 1, caps.user_day_number))
        reasons = transact(self._client, writes, self._sleep, self._jitter)
        if reasons is None:
            return record
        # The payout's own reason first: a repeat is answered as before, even at a cap.
        if reasons[0]["Code"] == FAILED_CONDITION:
            return self._read(decoded(reasons[0]["Item"]))
        codes = (
            "",
            "user_daily_cap_reached",
            "wallet_daily_cap_reached",
            "user_daily_number_reached" if payment is None else "above_paid_amount",
        )
        refused = next(n for n, reason in enumerate(reasons) if reason["Code"] != "None")
        raise Conflict(codes[refused], "This payout would exceed what may be paid out.")

    def release(self, old: PayoutRecord, new: PayoutRecord) -> tuple[PayoutRecord, bool]:
        """Write that a payout failed, and give back all that it had reserved; but it counts towards
        its user's number if he was the cause. As `replace`."""
        new, minus = self._next(old, new), Amount(-old.amount.stroops)
        writes = [
            self._update(old, new),
            self._count(_day_of_user(old), minus, None),
            self._count(_day_of_wallet(old), minus, None),
        ]
        payment = self._payment(old.refund_of) if old.refund_of else {}
        if payment.get("refunded", 0) >= old.amount.stroops:
            told = self._told(payment, f"{REFUND}{old.payout_id} was not paid")
            writes.append(self._refund(with_(old, amount=minus), None, told))
        if old.refund_of is None and new.reason not in RECIPIENT_FAULTS:
            writes.append(self._count_payout(old, -1, None))
        reasons = transact(self._client, writes, self._sleep, self._jitter)
        if reasons is None:
            return new, True
        return self._read(decoded(reasons[0]["Item"])), False

    def _payment(self, payment_id: str) -> Item:
        """Empty in tables restored to different moments: an update would then make half a payment,
        or let more be refunded than was paid."""
        with aws_call():
            key = encoded({payment_store.KEY: payment_id})
            answer = self._client.get_item(TableName=self._payments, Key=key, ConsistentRead=True)
        return decoded(answer.get("Item", {}))

    def payout_of(self, payment_id: str) -> str | None:
        """The payout that this payment at Pi was created for, if the table remembers."""
        payout_id = self._get(PAYMENT + payment_id).get("paid_for")
        return payout_id if isinstance(payout_id, str) else None

    def keep_payment(self, payment_id: str, payout_id: str) -> None:
        """Remember what this payment was created for, so that Pi need not be asked."""
        with aws_call():
            self._client.update_item(
                TableName=self._table,
                Key=encoded({KEY: PAYMENT + payment_id}),
                UpdateExpression="SET paid_for = :id",
                ExpressionAttributeValues=encoded({":id": payout_id}),
            )

    def take_over(self, record: PayoutRecord) -> PayoutRecord:
        """The record that stands afterwards: this one, of which a restored table knew nothing, with
        all that it had reserved, or the one that was first."""
        writes = [
            self._put(record),
            self._count(_day_of_user(record), record.amount, None),
            self._count(_day_of_wallet(record), record.amount, None),
        ]
        if record.refund_of is None:
            writes.append(self._count_payout(record, 1, None))
        elif payment := self._payment(record.refund_of):
            told = self._told(payment, f"{REFUND}{record.payout_id}")
            writes.append(self._refund(record, None, told))
        reasons = transact(self._client, writes, self._sleep, self._jitter)
        return record if reasons is None else self._read(decoded(reasons[0]["Item"]))

    def count_withdrawal(self, day: str) -> bool:
        """One more payment is about to be cancelled at Pi on this day (UTC); False: that would be
        too many. One that is counted twice does no harm."""
        with aws_call():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=encoded({KEY: f"withdrawn#{day}"}),
                    UpdateExpression="ADD withdrawals :one",
                    ConditionExpression="attribute_not_exists(withdrawals) OR withdrawals < :most",
                    ExpressionAttributeValues=encoded({":one": 1, ":most": MOST_WITHDRAWALS}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _count(self, counter: str, amount: Amount, cap: Amount | None) -> Any:
        """Add `amount` to a day's counter. `cap` None: no limit."""
        key = encoded({KEY: counter})
        update = {"TableName": self._table, "Key": key, "UpdateExpression": "ADD #sum :amount"}
        return {"Update": {**update, **_within(cap, amount, "paid", {})}}

    def _count_payout(self, record: PayoutRecord, step: int, most: int | None) -> Any:
        """Add a payout to its user's number of the day, or take it back. `most` None: no limit."""
        key = encoded({KEY: f"number#{record.day}#{record.uid}"})
        update = {"TableName": self._table, "Key": key, "UpdateExpression": "ADD #sum :amount"}
        cap = None if most is None else Amount(most)
        return {"Update": {**update, **_within(cap, Amount(step), "number", {})}}

    def _refund(self, record: PayoutRecord, paid: Amount | None, told: Entry | None) -> Any:
        """Add the payout's amount to what its payment has refunded, and tell of it in the payment's
        story. `paid` None: no limit."""
        values: Item = {":one": 1}
        # The version too: a writer that read the payment before must not write over this.
        expression = "ADD #sum :amount, version :one"
        if told is not None:
            values = {**values, ":before": [], ":told": [stored(told)]}
            expression += " SET story = list_append(if_not_exists(story, :before), :told)"
        update = {
            "TableName": self._payments,
            "Key": encoded({payment_store.KEY: record.refund_of}),
            "UpdateExpression": expression,
        }
        return {"Update": {**update, **_within(paid, record.amount, "refunded", values)}}

    def _told(self, payment: Item, why: str) -> Entry | None:
        """None: it was edited, and cannot be told of; that holds up no payout."""
        match payment:
            case {"story": story} if not isinstance(story, list):
                return None
            case {"state": str(state), "version": Decimal() as version}:
                return self._entry(state, int(version), why)
        return None

    def _entry(self, state: str, version: int, why: str) -> Entry:
        return Entry(self._clock(), state, state, why, doing(), version + 1)


# No payout id has a `#` in it, and whatever the uid, the two differ.
def _day_of_user(record: PayoutRecord) -> str:
    return f"day#{record.day}#{record.uid}"


def _day_of_wallet(record: PayoutRecord) -> str:
    return f"day#{record.day}"


def _within(most: Amount | None, amount: Amount, name: str, values: Item) -> dict[str, Any]:
    """What lets `amount` be added to the sum `name` as long as it stays within `most`."""
    expression = {
        "ExpressionAttributeNames": {"#sum": name},
        "ExpressionAttributeValues": encoded({":amount": amount.stroops, **values}),
    }
    if most is None:
        return expression
    room = most.stroops - amount.stroops
    # The first of its kind, or there is still room for it. A sum is never below zero.
    first = "attribute_not_exists(#sum) OR " if room >= 0 else ""
    return {
        **expression,
        "ConditionExpression": f"{first}#sum <= :room",
        "ExpressionAttributeValues": {
            **expression["ExpressionAttributeValues"],
            **encoded({":room": room}),
        },
    }


def _reason(record: PayoutRecord) -> str | None:
    return record.reason or record.ending


def _item(record: PayoutRecord) -> Item:
    """And what the index of unfinished work shows of every table."""
    is_blocked = record.state is PayoutState.BLOCKED
    is_patient = record.state is PayoutState.REQUESTED and record.reason in RECIPIENT_WAITS
    return {
        **item_of(record),
        # The age that alarms: of what waits for its recipient there is none.
        "created_at": None if is_patient else record.waiting_since,
        "attention": record.state.value if is_blocked else None,
        **due_keys(record.payout_id, record.due_at),
        **day_key(
            record.closed_at if record.state is PayoutState.COMPLETED else None,
            record.closed_at if record.last_event else None,
        ),
    }
