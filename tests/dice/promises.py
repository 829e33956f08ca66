"""What must hold after every step, whatever the weather, and at the end, in fair weather again.

The numbers are those of the promises in the design: 1 never approved what we do not sell; 2 the
record first; 3 what is paid is completed and delivered, or stands in front of a person, and is
never closed as unpaid; 4 everything once; 7 each failure has an answer; 9 nothing that is wrong
holds up another one.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from local.emulator.chain import Transaction
from local.emulator.payment import Payment
from local.processes import ROOT
from shared.payments.record import (
    ALREADY_BOUGHT,
    MILDEST_FIRST,
    Attention,
    PaymentRecord,
    PaymentState,
)
from shared.payments.silence import COVERED_AFTER_SECONDS
from shared.payouts.record import PayoutRecord, PayoutState
from shared.rewards.record import RewardRecord, RewardState
from tests.dice import tables
from tests.dice.scene import NEWER, Sale, Scene, ViolatedError
from tests.notifications import promises as notifications
from tests.world.aws import Delivered
from tests.world.payments import BADGE

CANCELS_AFTER = 1200  # in these histories
SURE = timedelta(seconds=120)  # what the chain has closed so long before, a look at it must see
OPEN = PaymentState.OPEN
AT_REST = (PayoutState.COMPLETED, PayoutState.FAILED)
SOLD = ("PaymentCompleted", "PaymentUnmatched")

Found = dict[str, tuple[dict[str, Any], Any]]


class Promises:
    def __init__(self, scene: Scene) -> None:
        self._scene, self._world = scene, scene.world
        self._tables = [make(self._world) for make in (tables.payments, tables.payouts)]
        self._rewards = tables.rewards(self._world)
        self._before: dict[str, Any] = {}
        self._last_read: dict[str, Any] = {}  # also of what cannot be read just now
        self._checked_at, self._restored = self._world.now, 0
        self._cancelled: set[str] = set()
        self._told: dict[str, Delivered] = {}
        self._events = self._excused = 0
        self._at_first = set(self._tables[0].now())  # payments of long ago, to be refunded

    # --- After every step ------------------------------------------------------------------------

    def check(self) -> None:
        for complaint in self._scene.complaints:
            raise ViolatedError(complaint)
        self._check_world()
        payments, payouts = (table.now() for table in self._tables)
        rewards = self._rewards.now()
        paid = self._paid()
        for sale in self._scene.sales:
            self._check_sale(sale, payments.get(sale.payment_id), paid[sale.payment_id])
        for found in (payments, payouts, rewards):
            for key, (item, record) in found.items():
                self._check_item(key, item, record)
        self._check_payouts(payouts)
        notifications.check(self._world)
        if not self._scene.damaged:
            self._check_reservations(payments, payouts)
            self._check_rewards(rewards)
        self._check_events(paid)
        records = {
            key: record
            for found in (payments, payouts, rewards)
            for key, (_, record) in found.items()
        }
        self._tell(records)
        self._before, self._checked_at = records, self._world.now
        readable = {key: record for key, record in records.items() if record is not None}
        is_restored = self._restored != self._scene.restored
        self._last_read = readable if is_restored else {**self._last_read, **readable}
        self._restored = self._scene.restored

    def _check_world(self) -> None:
        world = self._world
        chain = world.pi.chain
        require(chain.total_coins == chain.minted, "Pi was made or lost")
        counted = world.metrics.counted["UnexpectedError"]
        if self._scene.damaged:
            self._excused = counted
        require(counted == self._excused, "something unexpected was raised")
        for payment in world.pi.payments.values():
            require(not payment.jammed, "4: a payment is jammed at Pi")
        dead = world.payout_queue.dead_letters + world.wake_ups.dead_letters
        require(not dead, "9: a message reached the dead letter queue")

    def _paid(self) -> dict[str, list[Transaction]]:
        """What pays each payment exactly, oldest first."""
        memos: dict[str, list[Transaction]] = {}
        for tx in self._scene.transactions():
            if tx.successful and tx.memo is not None:
                memos.setdefault(tx.memo, []).append(tx)
        return {
            sale.payment_id: [
                tx for tx in memos.get(sale.payment_id, []) if sale.payment.mismatch(tx) is None
            ]
            for sale in self._scene.sales
        }

    def _check_sale(
        self, sale: Sale, found: tuple[dict[str, Any], Any] | None, paid: list[Transaction]
    ) -> None:
        payment, payment_id = sale.payment, sale.payment_id
        if payment.developer_approved and not sale.approved_elsewhere:
            require(sale.is_sellable, f"1: {sale.name} was approved, and is not what we sell")
            is_known = found is not None or payment_id in self._scene.forgotten
            require(is_known, f"2: {sale.name} was approved without a record")
        long_paid = [tx for tx in paid if tx.applied_at < self._checked_at - SURE]
        if payment.is_cancelled and payment_id not in self._cancelled:
            self._cancelled.add(payment_id)
            is_wrong = long_paid and not sale.cancelled_outside
            require(not is_wrong, f"3: {sale.name} was cancelled at Pi, though it is paid")
        record: PaymentRecord | None = found[1] if found else None
        if record is None:
            return
        is_restored = self._restored != self._scene.restored
        before = None if is_restored else self._last_read.get(payment_id)
        self._check_transition(sale, before, record, long_paid)
        if record.state is PaymentState.COMPLETED:
            require(
                record.txid in {tx.txid for tx in paid} or sale.is_odd,
                f"3: {sale.name} is completed with a transaction that does not pay it",
            )
            require(payment.developer_completed, f"3: {sale.name} is completed, but not at Pi")
        if record.needs_review is Attention.CANCELLED_BUT_PAID and paid:
            # Or what Pi calls its transaction, as long as the book has not come by the right one.
            has_proof = record.txid in {payment.txid, *(tx.txid for tx in paid)}
            require(has_proof, f"3: {sale.name} stands in front of a person without its proof")

    def _check_transition(
        self,
        sale: Sale,
        before: PaymentRecord | None,
        record: PaymentRecord,
        long_paid: list[Transaction],
    ) -> None:
        is_closed_unpaid = record.state is PaymentState.CANCELLED and record.needs_review is None
        was_closed_unpaid = before and before.state is PaymentState.CANCELLED
        is_new = self._restored == self._scene.restored  # and not what a restore has brought back
        if is_closed_unpaid and not was_closed_unpaid and is_new:
            require(not long_paid, f"3: {sale.name} was closed as unpaid, though it is paid")
        if before is None or before == record:
            return
        is_twice = before.sold_once is None and record.refusal == ALREADY_BOUGHT
        is_same = record.price == (None if is_twice else before.price)
        require(is_same, f"4: the price of {sale.name} changed")
        if before.state is PaymentState.COMPLETED:
            closed = (record.state, record.txid, record.completed_at)
            stood = (before.state, before.txid, before.completed_at)
            require(closed == stood, f"4: {sale.name} was completed, and changed")
        is_milder = MILDEST_FIRST.index(record.needs_review) < MILDEST_FIRST.index(
            before.needs_review
        )
        if is_milder and record.state is not PaymentState.COMPLETED:
            require(
                before.needs_review is Attention.GONE,
                f"3: {sale.name} was {before.needs_review}, and is {record.needs_review} now",
            )

    def _check_item(self, key: str, item: dict[str, Any], record: Any) -> None:
        """Unfinished work is always due: nothing depends on anybody's coming back. And what another
        version has written stays."""
        require(NEWER in item or key not in self._scene.newer, f"4: {key} has lost an attribute")
        if record is not None and record.story:
            is_told = record.story[-1].state == record.state
            require(is_told, f"4: the story of {key} ends in another state")
        match record:
            case None:
                return
            case PaymentRecord():
                is_open = record.state is PaymentState.OPEN or record.needs_review is not None
            case PayoutRecord():
                is_open = record.state not in AT_REST
            case RewardRecord():
                is_open = record.recheck_at is not None
        is_numbered = record.pending_event in (None, record.last_event)
        require(is_numbered, f"4: {key} owes another event than it would tell again")
        if is_open or record.pending_event is not None:
            is_due = "due_at" in item and "due_shard" in item
            require(is_due, f"3: {key} is unfinished, and nothing comes back to it")

    # --- Payouts ---------------------------------------------------------------------------------

    def _check_payouts(self, payouts: Found) -> None:
        made: dict[str, list[Payment]] = {}
        for payment in self._world.pi.payments.values():
            if payment.direction == "app_to_user":
                made.setdefault(payment.metadata["payout_id"], []).append(payment)
        for payout_id, payments in made.items():
            paid = self._scene.transfers_of(payout_id)
            require(len(paid) <= 1, f"4: {payout_id} was paid twice")
            is_open = sum(payment.is_open for payment in payments)
            require(is_open <= 1, f"4: {payout_id} has two open payments")
        for payout_id, (_, record) in payouts.items():
            if record is not None and record.state in AT_REST:
                self._check_closed(record, made.get(payout_id, []))

    def _check_closed(self, record: PayoutRecord, payments: list[Payment]) -> None:
        name, paid = record.payout_id, self._scene.transfers_of(record.payout_id)
        if record.state is PayoutState.COMPLETED:
            require([record.txid] == paid, f"3: {name} is said to be paid")
            [payment] = [p for p in payments if p.identifier == record.payment_id]
            require(payment.developer_completed, f"3: {name} is completed, but not at Pi")
        else:
            require(paid == [], f"3: {name} is said to have failed")
            is_over = all(payment.is_cancelled for payment in payments)
            require(is_over, f"3: {name} has failed, and may still be paid")

    def _check_reservations(self, payments: Found, payouts: Found) -> None:
        counted: Counter[str] = Counter()
        refunded: Counter[str] = Counter()
        signed_for: Counter[str] = Counter()
        for _, record in payouts.values():
            if record.state is not PayoutState.FAILED:
                counted[f"day#{record.day}"] += record.amount.stroops
                counted[f"day#{record.day}#{record.uid}"] += record.amount.stroops
                if record.refund_of is not None:
                    refunded[record.refund_of] += record.amount.stroops
                    if record.txid is not None:
                        signed_for[record.refund_of] += record.amount.stroops
        require(self._world.counters() == counted, "4: the counters are not what was reserved")
        for payment_id, (_, payment) in payments.items():
            is_right = payment.refunded.stroops == refunded[payment_id] or self._scene.apart
            require(is_right, f"4: what was refunded of {payment_id} is not what it says")
            if self._scene.apart:
                continue  # the runbook forbids it: what was refunded is counted in two tables
            # A restored table takes on a refund that it has forgotten, but signs for none.
            back = signed_for[payment_id] if self._scene.restored else payment.refunded.stroops
            most = max(payment.amount.stroops, payment.received.stroops)
            require(back <= most, f"4: {payment_id} was refunded twice")

    def _check_rewards(self, rewards: Found) -> None:
        """4: every grant is counted, once, and nothing else is."""
        grants = Counter(f"day#{r.uid}#{r.day}" for _, r in rewards.values())
        items = self._world.tables.items("RewardsTable")
        days = {str(i["id"]): int(i["granted"]) for i in items if "#" in str(i["id"])}
        require(grants == days, "4: rewards are counted wrongly")

    # --- Events ----------------------------------------------------------------------------------

    def _check_events(self, paid: dict[str, list[Transaction]]) -> None:
        """One identity, one content; and each says what is so."""
        events, self._events = self._world.bus.events[self._events :], len(self._world.bus.events)
        for event in events:
            self._scene.reached.add(f"event {event.type}")
            validator(event.type).validate(event.detail)
            former = self._told.setdefault(event.event_id, event)
            is_same = former == event or self._scene.restored
            require(is_same, f"4: {event.event_id} was told with another content")
            if event.type in SOLD:
                self._check_sold(event, paid)
            if event.type == "PayoutFailed":
                is_unpaid = self._scene.transfers_of(event.business_id) == []
                require(is_unpaid, f"3: {event.business_id} is said to have failed")
            if event.type == "PayoutCompleted":
                is_paid = [event.detail["txid"]] == self._scene.transfers_of(event.business_id)
                require(is_paid, f"3: {event.business_id} is said to be paid")
            if event.type == "RewardRevoked":
                is_revoked = self._world.pi.ads[event.business_id].revoked_at
                require(bool(is_revoked), "a reward was taken back that stands")

    def _check_sold(self, event: Delivered, paid: dict[str, list[Transaction]]) -> None:
        """Goods only for what was paid and matches, and only once."""
        payment_id = event.business_id
        [sale] = [sale for sale in self._scene.sales if sale.payment_id == payment_id]
        is_proven = event.detail["txid"] in {tx.txid for tx in paid[payment_id]} or sale.is_odd
        require(is_proven, f"3: {sale.name} was delivered, and is not paid")
        if event.type == "PaymentCompleted":
            require(sale.is_sellable, f"1: {sale.name} was delivered, and is not what we sell")
            self._check_sold_once(sale)
        others = [f"{payment_id}:{kind}" in self._told for kind in SOLD]
        require(not all(others) or bool(self._scene.restored), f"4: {sale.name} was told of twice")

    def _check_sold_once(self, sale: Sale) -> None:
        """4: nor does a user get twice what is sold once. A restore forgets who has it."""
        if sale.product_id != BADGE or self._scene.restored:
            return
        delivered = [
            other.name
            for other in self._scene.sales
            if (other.product_id, other.owner.uid) == (BADGE, sale.owner.uid)
            and f"{other.payment_id}:PaymentCompleted" in self._told
        ]
        require(delivered == [sale.name], f"4: {delivered} were delivered, and are sold once")

    # --- At the end ------------------------------------------------------------------------------

    def check_others_than(self, damaged: set[str]) -> None:
        """9: the weather has been fair for long; all but the damaged payments and rewards have
        come to their end, and those of which Pi is given a day to verify what it shows, or to know
        them again."""
        payments, paid = self._tables[0].now(), self._paid()
        for sale in self._scene.sales:
            proofs = (None, *(tx.txid for tx in paid[sale.payment_id]))
            found = payments.get(sale.payment_id)
            record = found[1] if found else None
            is_gone = record is not None and record.needs_review is Attention.GONE
            has_a_day = bool(damaged) and (is_gone or sale.payment.txid not in proofs)
            if sale.payment_id not in damaged and not has_a_day:
                self._check_end_of_sale(sale, found, paid[sale.payment_id])
        for ad_id, (_, record) in self._rewards.now().items():
            if record is None:
                require(ad_id in damaged, f"9: {ad_id} cannot be read")
            elif ad_id not in damaged:
                self._check_end_of_reward(record)

    def is_at_rest(self) -> bool:
        """Whether nothing is left to do, but for what a person sees or cannot read."""
        found = [table.now().values() for table in (*self._tables, self._rewards)]
        is_sent = all(batch.due_at is None for batch in self._world.all_batches())
        return is_sent and all(self._rests(record) for rows in found for _, record in rows)

    def _rests(self, record: Any) -> bool:
        """Of a chain that is gone nothing is certain any more: what needs it waits for ever."""
        if record is None or _is_done(record):
            return True
        match record:
            case PaymentRecord():
                return self._scene.is_from_before(_begun_at(record))
            case PayoutRecord():
                return self._scene.begun_anew is not None
        return False

    def check_end(self) -> None:
        self.check_others_than(set())
        notifications.check_told(self._world)
        for payment_id, (_, record) in self._tables[0].now().items():
            is_done = record.needs_review is not None or record.due_at is None
            is_done = is_done or self._scene.is_from_before(_begun_at(record))
            require(is_done, f"3: {payment_id} is due for ever")
        if self._scene.begun_anew is None:
            self._check_end_of_payouts()
        else:
            self._check_books(self._scene.begun_anew)

    def _check_books(self, begun_at: datetime) -> None:
        """Each claims nothing of a former chain; and an alarm has told of the new one."""
        rows = self._world.tables.items("PaymentsTable")
        books = [row for row in rows if str(row["payment_id"]).startswith("wallet#")]
        for book in books:
            latest = self._world.pi.chain.latest_ledger(self._world.now)
            is_new = book["ledger"] <= latest and book["since"] >= begun_at.timestamp() - 1
            require(is_new, "3: a book speaks of a chain that is gone")
        is_told = self._world.metrics.counted["ChainReset"] > 0
        require(is_told or not self._scene.had_book, "3: a chain has begun anew, and nobody knows")

    def _check_end_of_payouts(self) -> None:
        """Not on a chain that has begun anew: one that was under way waits for ever, with an alarm,
        and Pi opens no other while its payment is open."""
        for payout_id, (_, record) in self._tables[1].now().items():
            is_at_rest = record.state in AT_REST and record.due_at is None
            require(is_at_rest, f"3: {payout_id} is still {record.state} {record.reason}")
            told = f"Payout{record.state.capitalize()}" in self._world.events(payout_id)
            require(told, f"3: nobody was told of {payout_id}")

    def _check_end_of_sale(
        self, sale: Sale, found: tuple[dict[str, Any], Any] | None, paid: list[Transaction]
    ) -> None:
        record: PaymentRecord | None = found[1] if found else None
        told = {event for event in SOLD if f"{sale.payment_id}:{event}" in self._told}
        if self._scene.is_from_before(sale.payment.created_at):
            is_left = record is not None and record.state is OPEN and record.due_at is None
            require(not is_left, f"3: {sale.name} is open, and nothing comes back to it")
        elif record is None:
            if paid and not told and not self._is_excused(sale, paid[0]):
                raise ViolatedError(f"3: {sale.name} is paid, and nobody knows of it")
        elif record.needs_review is not None and record.state is not PaymentState.COMPLETED:
            known = {record.txid, *(receipt.txid for receipt in record.receipts)}
            has_proof = not paid or known & {tx.txid for tx in paid}
            require(has_proof, f"3: {sale.name} is paid, and a person does not see its proof")
        elif paid:
            is_completed = record.state is PaymentState.COMPLETED
            require(is_completed, f"3: {sale.name} is paid, and is {record.state}")
            is_told = bool(told) or self._is_done_elsewhere(sale)
            require(is_told, f"3: {sale.name} is paid, and was not delivered")
        else:
            require(
                record.state is PaymentState.CANCELLED, f"3: {sale.name} is still {record.state}"
            )
            if record.refusal is None:
                is_told = f"{sale.payment_id}:PaymentCancelled" in self._told
                require(is_told, f"3: nobody was told that {sale.name} is cancelled")
                require(sale.payment.is_cancelled, f"3: {sale.name} is still open at Pi")

    def _is_excused(self, sale: Sale, paid: Transaction) -> bool:
        """Pi calls it none of ours, or does not know what another back end approved or a restore
        has taken from us; or its wallet has no book yet, or one that began later: a restore has
        taken the first one away, or nobody has told us of any payment before."""
        book = self._world.look(self._world.eyes.books.get, paid.destination)
        is_told_of = sale.payment_id not in self._scene.forgotten and not sale.approved_elsewhere
        is_ours = sale.payment.dto().get("direction") == "user_to_app"
        is_ours = is_ours and (is_told_of or not sale.is_gone)
        is_before = not is_ours or book is None or paid.closed_at.timestamp() <= book.since
        return is_before or self._is_done_elsewhere(sale) or self._is_left_to_the_proof(sale)

    def _is_left_to_the_proof(self, sale: Sale) -> bool:
        """Found on the chain under another app's key, when nothing could tell that: it was counted,
        and the daily proof tells of it."""
        is_seen = self._world.metrics.counted["UnknownTransfer"] > 0
        known = {item["payment_id"] for item in self._world.tables.items("PaymentsTable")}
        return is_seen and f"foreign#{sale.payment_id}" not in known

    def _is_done_elsewhere(self, sale: Sale) -> bool:
        """Completed at Pi, and then forgotten, or by another back end: whoever completed it has
        delivered it."""
        is_unknown = sale.payment_id in self._scene.forgotten or sale.approved_elsewhere
        return is_unknown and sale.payment.developer_completed

    def _check_end_of_reward(self, record: RewardRecord) -> None:
        require(record.due_at is None, f"3: the reward {record.ad_id} is due for ever")
        is_revoked = record.state is RewardState.REVOKED
        kind = "RewardRevoked" if is_revoked else "RewardGranted"
        is_told = f"{record.ad_id}:{kind}" in self._told
        require(is_told, f"3: nobody was told of the reward {record.ad_id}")

    # --- What it looks like ----------------------------------------------------------------------

    def _tell(self, records: dict[str, Any]) -> None:
        names = {sale.payment_id: sale.name for sale in self._scene.sales}
        for key, record in records.items():
            before = self._before.get(key)
            if record == before and record is not None:
                continue
            said = describe(record)
            if key not in self._at_first:
                self._scene.reached.update(said)
            if said != describe(before):
                self._scene.tell(f"        {names.get(key, key)} is {', '.join(said)}")
        for key in self._before.keys() - records.keys():
            self._scene.tell(f"        {names.get(key, key)} is forgotten")


def _begun_at(record: PaymentRecord) -> datetime:
    return datetime.fromtimestamp(record.started_at or record.created_at, UTC)


def _is_done(record: Any) -> bool:
    match record:
        case PaymentRecord():
            return record.pending_event is None and (
                record.needs_review is not None or record.due_at is None
            )
        case PayoutRecord():
            return record.state in AT_REST and record.due_at is None
    return record.due_at is None


def describe(record: Any) -> list[str]:
    """What the dice count: state and reasons, each a phrase."""
    match record:
        case PaymentRecord():
            parts = {
                "payment": record.state,
                "refusal": record.refusal,
                "attention": record.needs_review,
                "payment put": "to rest" if _rests(record) else None,
            }
        case PayoutRecord():
            is_blocked = record.state is PayoutState.BLOCKED
            kind = "blocked" if is_blocked else "failed" if record.closed_at else "waits"
            parts = {"payout": record.state, f"payout {kind}": record.reason}
        case RewardRecord():
            parts = {"reward": record.state}
        case _:
            return ["unreadable"]
    return [f"{name} {value}" for name, value in parts.items() if value is not None]


def _rests(record: PaymentRecord) -> bool:
    return record.due_at == record.created_at + CANCELS_AFTER + COVERED_AFTER_SECONDS


def require(holds: object, promise: str) -> None:
    if not holds:
        raise ViolatedError(promise)


@cache
def validator(event_type: str) -> Draft202012Validator:
    """Of the schema that the documents promise."""
    path = ROOT / "docs" / "events" / f"{event_type}.schema.json"
    return Draft202012Validator(json.loads(path.read_text()))
