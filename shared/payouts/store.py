"""The Payouts table: a record per payout, and what each user and the wallet have paid out per UTC
day.

One transaction reserves a payout, its counters and what it refunds of a payment. If the payout
fails, one transaction writes that and releases them. So nothing is counted without a payout, and
nothing is released while the payout may still be paid.
"""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Any

from shared.aws.codec import item_of, stored
from shared.aws.dynamodb import Item, day_key, due_keys
from shared.aws.table import FAILED_CONDITION, Table
from shared.base.amount import Amount
from shared.base.clock import Clock, clock
from shared.base.context import concerning, doing
from shared.base.errors import Conflict, NotFound, UnknownPayment
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

KEY = "payout_id"
PAYMENT = "payment#"  # no payout id has a `#` in it


class PayoutStore(Records[PayoutRecord]):
    """`payments` is the table of what is refunded."""

    def __init__(self, table: Table, payments: Table, clock: Clock = clock) -> None:
        super().__init__(table, PayoutRecord, _item, _reason, clock)
        self._payments = payments

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
        """The payout under this id afterwards: `record` itself, with its reservations, or an
        earlier one, without new ones.

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
            writes.append(self._refund(record, record.amount, payment.refundable, told))
        else:
            writes.append(self._count_payout(record, 1, caps.user_day_number))
        reasons = self._table.transact(writes)
        if reasons is None:
            return record
        # The payout's own reason first: a repeat is answered as before, even at a cap.
        if reasons[0]["Code"] == FAILED_CONDITION:
            return self._standing(reasons[0])
        codes = (
            "",
            "user_daily_cap_reached",
            "wallet_daily_cap_reached",
            "user_daily_number_reached" if payment is None else "above_paid_amount",
        )
        refused = next(n for n, reason in enumerate(reasons) if reason["Code"] != "None")
        raise Conflict(codes[refused], "This payout would exceed the amount that may be paid out.")

    def release(self, old: PayoutRecord, new: PayoutRecord) -> tuple[PayoutRecord, bool]:
        """Write that a payout failed, and release all that it had reserved; but it still counts
        towards its user's number if the user was the cause. As `replace`."""
        new, minus = self._next(old, new), Amount(-old.amount.stroops)
        writes = [
            self._update(old, new),
            self._count(_day_of_user(old), minus, None),
            self._count(_day_of_wallet(old), minus, None),
        ]
        payment = self._payments.get(old.refund_of) if old.refund_of else {}
        # It may be missing in tables restored to different moments: an update would then make half
        # a payment, or let more be refunded than was paid.
        if payment.get("refunded", 0) >= old.amount.stroops:
            told = self._told(payment, f"{REFUND}{old.payout_id} was not paid")
            writes.append(self._refund(old, minus, None, told))
        if old.refund_of is None and new.reason not in RECIPIENT_FAULTS:
            writes.append(self._count_payout(old, -1, None))
        reasons = self._table.transact(writes)
        if reasons is None:
            return new, True
        return self._standing(reasons[0]), False

    def payout_of(self, payment_id: str) -> str | None:
        """The payout for which this payment at Pi was created, if the table has it."""
        payout_id = self._table.get(PAYMENT + payment_id).get("paid_for")
        return payout_id if isinstance(payout_id, str) else None

    def keep_payment(self, payment_id: str, payout_id: str) -> None:
        """Store for which payout this payment was created, so that Pi need not be asked."""
        self._table.update(PAYMENT + payment_id, "SET paid_for = :id", {"id": payout_id})

    def take_over(self, record: PayoutRecord) -> PayoutRecord:
        """The record that stands afterwards: this one, of which a restored table knew nothing, with
        all that it had reserved, or the one that was first. Raises UnknownPayment: what it refunds
        is not known, yet, so the refund would be counted nowhere, and could be paid again."""
        writes = [
            self._put(record),
            self._count(_day_of_user(record), record.amount, None),
            self._count(_day_of_wallet(record), record.amount, None),
        ]
        if record.refund_of is None:
            writes.append(self._count_payout(record, 1, None))
        elif payment := self._payments.get(record.refund_of):
            told = self._told(payment, f"{REFUND}{record.payout_id}")
            writes.append(self._refund(record, record.amount, None, told))
        else:
            raise UnknownPayment
        reasons = self._table.transact(writes)
        return record if reasons is None else self._standing(reasons[0])

    def count_withdrawal(self, day: str) -> bool:
        """One more payment is about to be cancelled at Pi on this day (UTC); False: that would be
        too many. One that is counted twice does no harm."""
        return self._table.update(
            f"withdrawn#{day}",
            "ADD withdrawals :one",
            {"one": 1, "most": MOST_WITHDRAWALS},
            only_if="attribute_not_exists(withdrawals) OR withdrawals < :most",
        )

    def _count(self, counter: str, amount: Amount, cap: Amount | None) -> Any:
        """Add `amount` to a day's counter. `cap` None: no limit."""
        most = None if cap is None else cap.stroops
        return _adding(self._table, counter, "paid", amount.stroops, most)

    def _count_payout(self, record: PayoutRecord, step: int, most: int | None) -> Any:
        """Add a payout to its user's number of the day, or take it back. `most` None: no limit."""
        return _adding(self._table, f"number#{record.day}#{record.uid}", "number", step, most)

    def _refund(
        self, record: PayoutRecord, amount: Amount, paid: Amount | None, told: Entry | None
    ) -> Any:
        """Add `amount` to what the payout's payment has refunded, and tell of it in the payment's
        story. `paid` None: no limit."""
        values: Item = {"one": 1}
        # The version too: a writer that read the payment before must not write over this.
        more = ", version :one"
        if told is not None:
            values = {**values, "before": [], "told": [stored(told)]}
            more += " SET story = list_append(if_not_exists(story, :before), :told)"
        most = None if paid is None else paid.stroops
        key = str(record.refund_of)
        return _adding(self._payments, key, "refunded", amount.stroops, most, more, values)

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


def _adding(
    table: Table,
    key: str,
    name: str,
    step: int,
    most: int | None,
    more: str = "",
    values: Item = MappingProxyType({}),
) -> Any:
    """A write that adds `step` to the sum `name` as long as it stays within `most`."""
    expression, values = f"ADD #{name} :step{more}", {**values, "step": step}
    if most is None:
        return table.updating(key, expression, values, shows=False)
    # The first of its kind, or there is still room for it. A sum is never below zero.
    first = f"attribute_not_exists(#{name}) OR " if step <= most else ""
    values["room"] = most - step
    within = f"{first}#{name} <= :room"
    return table.updating(key, expression, values, only_if=within, shows=False)


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
