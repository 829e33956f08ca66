"""The Payments table: one record per payment, and each user's history."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from shared.aws.codec import item_of, record_of
from shared.aws.dynamodb import Item, day_key, due_keys, readable
from shared.aws.table import FAILED_CONDITION, Table, standing
from shared.base.clock import Clock, clock
from shared.base.identifiers import PAYMENT_ID
from shared.payments.once import NOBODY, Claim, claim_key, take
from shared.payments.record import PaymentRecord, PaymentState, bought_twice
from shared.work.records import Records

KEY = "payment_id"
CANARY = "canary#"  # no payment's id has a `#` in it
LATEST = 10**12  # seconds since 1970
Cursor = tuple[str, Decimal]
"""The payment id of a history's last row, and its creation time, as the table holds them."""
NEWEST: Cursor = ("-", Decimal(LATEST - 1))
"""Before a history's first row."""


class Outcome(Enum):
    """Of a write with a claim, where no other writer was first."""

    WRITTEN = auto()
    BOUGHT = auto()  # by another payment of the same user; nothing was written


class PaymentStore(Records[PaymentRecord]):
    def __init__(self, table: Table, clock: Clock = clock) -> None:
        super().__init__(table, PaymentRecord, _item, _reason, clock)

    def begin(self, record: PaymentRecord, if_bought: PaymentRecord) -> tuple[PaymentRecord, bool]:
        """Put the record of a payment, or `if_bought` where its user has another payment for what
        is sold once: the record that stands afterwards, and whether it was put now. Raises
        UnreadableRecord."""
        if record.sold_once is None:
            found = self.put_if_absent(record)
            return found, found is record
        outcome = self._write_with_claim(self._put(record), record)
        if outcome is Outcome.BOUGHT:
            found = self.put_if_absent(if_bought)
            return found, found is if_bought
        return (record, True) if outcome is Outcome.WRITTEN else (outcome, False)

    def replace(
        self, old: PaymentRecord, new: PaymentRecord, *, decided: str | None = None
    ) -> tuple[PaymentRecord, bool]:
        """As its base's. What is sold once and was cancelled is bought twice if it is completed
        after all, and another payment of its user has bought the same."""
        if new.sold_once is None or old.sold_once is not None:
            return super().replace(old, new, decided=decided)
        later = self._next(old, new, decided)
        outcome = self._write_with_claim(self._update(old, later), later)
        if outcome is Outcome.BOUGHT:
            return super().replace(old, bought_twice(new), decided=decided)
        return (later, True) if outcome is Outcome.WRITTEN else (outcome, False)

    def _write_with_claim(self, write: Any, record: PaymentRecord) -> Outcome | PaymentRecord:
        """Write a record together with the claim of what it sells once; the record that stands
        instead, if another writer was first. Raises UnreadableRecord."""
        key, seen = claim_key(str(record.sold_once), record.uid), 0
        while True:
            taking = take(self._table, key, record.payment_id, seen)
            reasons = self._table.transact([write, taking])
            if reasons is None:
                return Outcome.WRITTEN
            written, taken = reasons
            if written["Code"] == FAILED_CONDITION:
                return self._standing(written)
            claim = readable(_read_claim, standing(taken), KEY)
            if self._is_held(claim, record.sold_once):
                return Outcome.BOUGHT
            seen = claim.takes

    def has_bought(self, product_id: str, uid: str) -> bool:
        """Whether this user has a payment for what is sold once. Raises UnreadableRecord."""
        item = self._table.get(claim_key(product_id, uid))
        return bool(item) and self._is_held(readable(_read_claim, item, KEY), product_id)

    def let_go(self, record: PaymentRecord) -> bool:
        """Give up the claim of what this payment has sold once; False: another one has it."""
        return self._table.update(
            claim_key(str(record.sold_once), record.uid),
            "SET held_by = :nobody ADD takes :one",
            {"nobody": NOBODY, "one": 1, "id": record.payment_id},
            only_if="held_by = :id",
        )

    def _is_held(self, claim: Claim, product_id: str | None) -> bool:
        holder = self.get(claim.held_by)
        return holder is not None and holder.sold_once == product_id

    def ask_to_free(self, record: PaymentRecord, now: int) -> bool:
        """Note that a caller wants an open payment cancelled; whether that is new. The record's
        version stays, so that no other writer's write is refused. The payment becomes due now, even
        if it rests; but not if it needs review, because that would not help the operator."""
        needs_look = record.needs_review is None
        return self._table.update(
            record.payment_id,
            "SET asked_at = :now, due_at = :now" if needs_look else "SET asked_at = :now",
            {"now": now, "open": PaymentState.OPEN},
            # Still open, and the first to ask: so asking costs one write.
            only_if="#state = :open AND attribute_not_exists(asked_at)",
        )

    def rest(self, record: PaymentRecord, until: int) -> None:
        """Not due before then, unless anything has happened since the record was read. Beside its
        version, as `ask_to_free`."""
        self._table.update(
            record.payment_id,
            "SET due_at = :until",
            {"until": until, "version": record.version, "due_at": record.due_at},
            only_if="#version = :version AND due_at = :due_at AND attribute_not_exists(asked_at)",
        )

    def keep_claim(self, payment_id: str, txid: str, *, is_its_payer: bool) -> None:
        """Store for support which transaction a page has named. The record's version stays, as in
        `ask_to_free`. An anonymous caller replaces nothing."""
        self._table.update(
            payment_id,
            "SET claimed_txid = :txid",
            {"txid": txid},
            only_if="attribute_exists(#uid)"
            + ("" if is_its_payer else " AND attribute_not_exists(claimed_txid)"),
        )

    def of_username(self, username: str) -> Iterator[str]:
        """The ids of all payments under a user's name, as far as the index holds them."""
        named = "#username = :username"
        for item in self._table.query("by_username", named, {"username": username}):
            yield str(item[KEY])

    def latest_of(self, uid: str) -> PaymentRecord | None:
        """A user's newest payment, as far as the index holds it. Raises UnreadableRecord."""
        items, _ = self.history(uid, 1, None)
        return self.get(items[0][KEY]) if items else None

    def of_user(self, uid: str) -> Iterator[str]:
        """The ids of all payments of a user, as far as the index holds them, the oldest first."""
        for item in self._table.query("by_user", "uid = :uid", {"uid": uid}):
            yield str(item[KEY])

    def forget_name(self, payment_id: str) -> bool:
        """Erase its payer's name, beside the record's version; whether there was one."""
        return self._table.update(
            payment_id, "REMOVE #username", {}, only_if="attribute_exists(#username)"
        )

    def canary(self) -> str | None:
        """A payment that this stack has seen completed, read consistently; None: none was, yet."""
        payment_id = self._table.get(CANARY).get("seen")
        return payment_id if isinstance(payment_id, str) else None

    def keep_canary(self, payment_id: str) -> None:
        """The newest replaces the one before."""
        self._table.update(CANARY, "SET seen = :id", {"id": payment_id})

    def history(
        self, uid: str, limit: int, after: Cursor | None
    ) -> tuple[list[Item], Cursor | None]:
        """A user's payments, newest first, as far as the index holds them; and where the next page
        starts: `after` the last one seen.
        """
        start = after and {"uid": uid, KEY: after[0], "created_at": after[1]}
        items, last = self._table.latest("by_user", "uid = :uid", {"uid": uid}, limit, start)
        return items, (last[KEY], last["created_at"]) if last else None


def can_be_named(cursor: Cursor) -> bool:
    """Whether a caller can give it back: it is not the key of a row that was edited by hand."""
    payment_id, at = cursor
    return bool(PAYMENT_ID.fullmatch(payment_id)) and at == int(at) and 0 <= at < LATEST


def key_of_row(item: Item) -> str:
    """Of an item of a history. Raises UnreadableRecord."""
    return readable(_read_key, item, KEY)


def _read_key(item: Item) -> str:
    if not can_be_named((item[KEY], item["created_at"])):
        raise ValueError(KEY)
    return str(item[KEY])


def _read_claim(item: Item) -> Claim:
    return record_of(Claim, item)


def _reason(record: PaymentRecord) -> str | None:
    return record.needs_review or record.refusal


def _item(record: PaymentRecord) -> Item:
    return {
        **item_of(record),
        **due_keys(record.payment_id, record.due_at),
        # One that was refused at once was never approved, and nobody is told of it.
        **day_key(record.completed_at, record.cancelled_at if record.last_event else None),
    }
