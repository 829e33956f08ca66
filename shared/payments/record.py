"""The record of a payment, its transitions, and the decision what to do next about it.

The record holds what Pi does not know: that the app accepted this payment, at which price, and
which event is pending. Everything else (approved, transaction, verified) is read from Pi each time.
`open -> completed | cancelled`, and `cancelled -> completed` if a cancelled payment was paid after
all; never back. While work is left, the record has a `due_at`, and the sweep will come back to it:
a lost request, answer or process only costs time.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum

from shared.base.amount import ZERO, Amount
from shared.base.clock import CLOCK_SKEW_SECONDS
from shared.base.described import Described
from shared.base.frozen import frozen
from shared.base.networks import Network
from shared.book.record import LATELY_SECONDS, NODES_APART_SECONDS
from shared.payments.prices import NotForSale, Price, Quote
from shared.pi.objects import WALLET_SCOPE, Direction, PaymentDto, UserDto
from shared.stellar.objects import Movement
from shared.work.due import ATTENTION_PAUSE_SECONDS
from shared.work.events import owing
from shared.work.story import Story

UNVERIFIED_PATIENCE_SECONDS = 24 * 3600
# After that the chain can prove that nothing was paid, however clocks and Horizon's nodes differ.
PROOF_SECONDS = CLOCK_SKEW_SECONDS + 2 * NODES_APART_SECONDS
ALREADY_BOUGHT = "already_bought"  # the refusal of a second payment for what is sold once
# Refusals of what pays the wallet less Pi than its amount says: none, or a share of it.
PAID_OTHERWISE = frozenset({"unexpected_token", "unexpected_split"})
MOST_RECEIPTS = 20  # of one payment: odd ones by strangers, and as many by its user
STRANGE = "wallets"  # between other wallets than the payment's


class PaymentState(Described):
    OPEN = "open", "It may still be paid, or is paid and not completed yet. It is always due."
    COMPLETED = "completed", "Pi has completed it. Its goods are delivered, or it needs review."
    CANCELLED = (
        "cancelled",
        "Refused and never approved, or proven unpaid. Paid after all, it becomes completed.",
    )


class Attention(Described):
    """Why an operator must review a payment, the least serious reason first. It is tried again
    daily, rings an alarm, and is never closed by itself. A less serious reason never replaces a
    more serious one: if the chain has shown that a payment is paid, neither a wrong key nor a later
    answer of Pi changes that."""

    GONE = "gone", "Pi does not know it any more. Look for its transaction on the chain."
    ODD_RECEIPT = (
        "odd_receipt",
        "The wallet got another transfer for it, or a second one. Refund what came in addition.",
    )
    NEVER_VERIFIES = (
        "never_verifies",
        "Pi shows a transaction, but has not accepted it for a day. Look at it, and ask Pi.",
    )
    CANCELLED_BUT_PAID = (
        "cancelled_but_paid",
        "Pi calls it cancelled, and the chain shows it paid. Refund it, or hand out the goods.",
    )
    UNMATCHED = "unmatched", "It is paid and completed, and is not what the app sells. Refund it."


MILDEST_FIRST = (None, *Attention)


class PaymentEvent(StrEnum):
    """The event that the app's delivery has not had yet."""

    COMPLETED = "PaymentCompleted"
    CANCELLED = "PaymentCancelled"
    UNMATCHED = "PaymentUnmatched"


@frozen
class Receipt:
    """What the wallet got for a payment, as the chain shows it. `token` is the movement's place in
    the wallet's history. `odd` says why it is not what Pi asked the user to pay: its `kind`,
    `wallets` or `amount`, or that it came a `second` time; None: it pays the payment."""

    token: int
    txid: str
    amount: Amount
    odd: str | None = None


# A price lies beside the other attributes, where indexes can show it.
PRICE_ATTRIBUTES = {
    "product_id": "product_id",
    "quantity": "quantity",
    "minimum": "price_minimum",
    "maximum": "price_maximum",
    "once": "price_once",
    "until": "price_until",
}
# Apart from the price, which says that goods may be owed.
EXPECTED_ATTRIBUTES = {
    "product_id": "expected_product_id",
    "quantity": "expected_quantity",
    "minimum": "expected_minimum",
    "maximum": "expected_maximum",
}


@frozen(kw_only=True)
class PaymentRecord:
    """Times are seconds since 1970. `price` is what the payment was checked against when the record
    was made, and stays; without one (then `refusal` says why) no goods are ever released for it.
    A refused payment has `expected`, the price that it should have had, or `not_for_sale` instead.
    `started_at` (by Pi's clock), the addresses and the payer's name, where its user lets us see it,
    are Pi's, as they were then. `grants_wallet`: the payer had granted `wallet_address`, without
    which he cannot be paid; None: not known. `claimed_txid` is what a page named as its
    transaction, where that is not known to pay it. `asked_at`: its user wants it freed. `dead_at`:
    when it was first seen that Pi calls it cancelled. `receipts` is what the wallet's book has
    noted, `refunded` what payouts pay back, or are about to. `vouched`: what an operator has seen
    on the chain of a payment that is gone at Pi. `settled_by_hand` is the transaction for which an
    operator has closed it. `delivered_before`: another back end has handed out its goods, so the
    app is told nothing of its completion. `last_event` is the event that it came to owe last, told
    or not, and `event_sequence` the version that owed it first. `version` counts the writes."""

    payment_id: str
    uid: str
    amount: Amount
    state: PaymentState
    created_at: int
    started_at: int | None = None
    from_address: str | None = None
    to_address: str | None = None
    price: Price | None = field(default=None, metadata={"stored_as": PRICE_ATTRIBUTES})
    username: str | None = None
    grants_wallet: bool | None = None
    refusal: str | None = None
    expected: Price | None = field(default=None, metadata={"stored_as": EXPECTED_ATTRIBUTES})
    not_for_sale: NotForSale | None = None
    needs_review: Attention | None = field(default=None, metadata={"stored_as": "attention"})
    txid: str | None = None
    claimed_txid: str | None = None
    asked_at: int | None = None
    dead_at: int | None = None
    completed_at: int | None = None
    cancelled_at: int | None = None
    receipts: tuple[Receipt, ...] = ()
    refunded: Amount = ZERO
    vouched: Amount = ZERO
    settled_by_hand: str | None = None
    delivered_before: bool = False
    pending_event: PaymentEvent | None = field(default=None, metadata={"stored_as": "owed"})
    last_event: PaymentEvent | None = None
    event_sequence: int | None = None
    due_at: int | None = None
    version: int = 1
    story: Story = ()

    @property
    def sold_once(self) -> str | None:
        """The id of the product that is sold once to each user, and to this one for this payment;
        None: it sells no such product, or was cancelled."""
        is_sold = self.price is not None and self.state is not PaymentState.CANCELLED
        return self.price.product_id if self.price and self.price.once and is_sold else None

    @property
    def paid_by(self) -> str | None:
        """The transaction that the chain has shown to pay it."""
        return next((receipt.txid for receipt in self.receipts if receipt.odd is None), None)

    @property
    def is_paid_after_all(self) -> bool:
        """It was closed as unpaid, and the chain shows that it is paid; that is not settled yet."""
        is_new = self.needs_review not in SEEN_PAID and self.paid_by != self.settled_by_hand
        return self.state is PaymentState.CANCELLED and self.paid_by is not None and is_new

    @property
    def received(self) -> Amount:
        """What the wallet got for it, and can give back."""
        shown = sum(receipt.amount.stroops for receipt in self.receipts)
        is_paid = self.state is PaymentState.COMPLETED or self.needs_review in SEEN_PAID
        untold = is_paid and self.paid_by is None and self.refusal not in PAID_OTHERWISE
        return Amount(shown + (self.amount.stroops if untold else 0))

    @property
    def refundable(self) -> Amount:
        """What may be paid back: all that was received once the payment is closed, or will not be
        completed; else what came in beside it."""
        is_over = self.state is PaymentState.COMPLETED
        if is_over or self.needs_review is Attention.CANCELLED_BUT_PAID:
            return self.received
        return max(self._odd_amount, self.vouched)

    @property
    def is_given_back(self) -> bool:
        """More went back than what came in beside the payment itself."""
        return self.refunded > self._odd_amount

    @property
    def is_untold(self) -> bool:
        """Another program has completed it, or this one before a restore: Pi showed it as completed
        when the record was made, and the app was told nothing. Version 0.1 did not record which
        events it sent, but it completed no payment in the second in which it made the record."""
        is_over = self.state is PaymentState.COMPLETED and self.completed_at == self.created_at
        return is_over and self.last_event is None and not self.delivered_before

    @property
    def _odd_amount(self) -> Amount:
        return Amount(sum(receipt.amount.stroops for receipt in self.receipts if receipt.odd))


# Pi or the chain has shown a transaction that pays it.
SEEN_PAID = frozenset({Attention.NEVER_VERIFIES, Attention.CANCELLED_BUT_PAID})


@frozen
class Terms:
    """What this deployment accepts. `wallet` None: any. `first_look` seconds after its approval the
    sweep looks at a payment first."""

    network: Network
    wallet: str | None
    first_look: int


@frozen
class Patience:
    """The age in seconds below which an unpaid payment is not cancelled: `alone` without a request,
    `asked` if a front end has requested it."""

    alone: int
    asked: int

    def of(self, record: PaymentRecord) -> int:
        return self.alone if record.asked_at is None else self.asked


def mismatch(payment: PaymentDto, quote: Quote, terms: Terms) -> str | None:
    """The stable code of the first reason why the app does not sell this payment; None if it does.

    Source: reference, PaymentDTO; a missing `network` (samples of 2022) is a mismatch, because
    nothing confirms the network.
    """
    if payment.network != terms.network:
        return "unexpected_network"
    if payment.token_canonical is not None:
        return "unexpected_token"
    if payment.split_recipients:
        return "unexpected_split"
    if terms.wallet is not None and payment.to_address != terms.wallet:
        return "unexpected_wallet"
    if isinstance(quote, NotForSale):
        return "unknown_product"
    if not quote.accepts(payment.amount):
        return "unexpected_amount"
    return None


def is_payable(payment: PaymentDto) -> bool:
    """Whether its user can pay it to this app, or has."""
    return payment.direction == Direction.USER_TO_APP and payment.status.developer_approved


def opened(
    payment: PaymentDto,
    quote: Quote,
    refusal: str | None,
    terms: Terms,
    now: int,
    payer: UserDto | None = None,
) -> PaymentRecord:
    """The record that must stand before Pi is asked to approve.

    Refused: closed at once, unless another back end approved the payment; then it can be paid and
    must be watched. One look at it comes all the same: its wallet must have a book.
    """
    watched = refusal is None or payment.status.developer_approved
    price, not_for_sale = (None, quote) if isinstance(quote, NotForSale) else (quote, None)
    return PaymentRecord(
        payment_id=payment.identifier,
        uid=payment.user_uid,
        username=None if payer is None else payer.username,
        grants_wallet=None if payer is None else WALLET_SCOPE in payer.scopes,
        amount=payment.amount,
        price=price if refusal is None else None,
        refusal=refusal,
        expected=None if refusal is None else price,
        not_for_sale=not_for_sale,
        state=PaymentState.OPEN if watched else PaymentState.CANCELLED,
        created_at=now,
        started_at=int(payment.created_at.timestamp()),
        from_address=payment.from_address,
        to_address=payment.to_address,
        cancelled_at=None if watched else now,
        due_at=now + terms.first_look,
    )


def taken_over(
    payment: PaymentDto, quote: Quote, refusal: str | None, terms: Terms, now: int
) -> PaymentRecord:
    """The record of a payment that was approved without one. One that is completed was delivered by
    whoever completed it, and owes nothing."""
    record = opened(payment, quote, refusal, terms, now)
    if not payment.status.developer_completed:
        return record
    txid = payment.transaction.txid if payment.transaction else None
    return replace(untold(completed(record, txid, now)), needs_review=None, due_at=None)


def untold(record: PaymentRecord) -> PaymentRecord:
    """The same, but without a pending event: another back end has handed out its goods."""
    return replace(record, pending_event=None, last_event=None, event_sequence=None)


def completed(record: PaymentRecord, txid: str | None, now: int) -> PaymentRecord:
    """Pi has completed it. Goods are owed only if it was checked against a price, was not refunded,
    and was not delivered before."""
    is_sold = record.price is not None and not record.is_given_back
    matched = is_sold or record.delivered_before
    event = PaymentEvent.COMPLETED if matched else PaymentEvent.UNMATCHED
    txid = txid or record.paid_by or record.txid
    is_odd = any(receipt.odd and receipt.txid != txid for receipt in record.receipts)
    new = replace(
        owing(record, event),
        state=PaymentState.COMPLETED,
        needs_review=(Attention.ODD_RECEIPT if is_odd else None)
        if matched
        else Attention.UNMATCHED,
        txid=txid,
        completed_at=now,
        due_at=now,
    )
    return untold(new) if record.delivered_before else new


def bought_twice(record: PaymentRecord) -> PaymentRecord:
    """It is completed after it was cancelled. In between, its user has bought the same product,
    which is sold once: an operator refunds it."""
    return replace(
        owing(record, PaymentEvent.UNMATCHED),
        price=None,
        expected=record.price,
        refusal=ALREADY_BOUGHT,
        needs_review=Attention.UNMATCHED,
    )


def cancelled(record: PaymentRecord, now: int) -> PaymentRecord:
    """Pi has cancelled it, unpaid."""
    return replace(
        owing(record, PaymentEvent.CANCELLED),
        state=PaymentState.CANCELLED,
        needs_review=None,
        cancelled_at=now,
        due_at=now,
    )


def attended(
    record: PaymentRecord, reason: Attention, now: int, txid: str | None = None
) -> PaymentRecord:
    """Only an operator or a change at Pi can close it. It is tried again tomorrow, or at once if
    its event is still pending. `txid` is the proof that it was paid."""
    due_at = record.due_at if record.pending_event is not None else now + ATTENTION_PAUSE_SECONDS
    return replace(record, needs_review=reason, txid=txid or record.txid, due_at=due_at)


def died(record: PaymentRecord, now: int) -> PaymentRecord:
    """Pi says that it is cancelled: it cannot be paid from now on, but it may be paid already."""
    attention = None if record.needs_review is Attention.GONE else record.needs_review
    return replace(record, needs_review=attention, dead_at=now, due_at=now + PROOF_SECONDS)


def noted(record: PaymentRecord, movement: Movement, now: int) -> PaymentRecord:
    """The chain shows that the wallet got this for it; the same record if that is noted already. A
    payment that is open, or was closed as unpaid, becomes due again."""
    is_known = any(receipt.token == movement.token for receipt in record.receipts)
    odd = _oddness(record, movement)
    if movement.transfer is None or is_known or (odd and _is_full(record, odd)):
        return record
    is_completed = record.state is PaymentState.COMPLETED
    if is_completed and odd is None and record.txid is not None:
        return record  # as the record says
    txid = record.txid if record.txid in movement.txids else movement.txids[0]
    receipt = Receipt(movement.token, txid, movement.transfer.amount, odd)
    new = replace(record, receipts=(*record.receipts, receipt))
    if odd is None:
        return replace(new, txid=txid, due_at=record.due_at if is_completed else now)
    if _is_worse(Attention.ODD_RECEIPT, record.needs_review):
        seen = attended(new, Attention.ODD_RECEIPT, now)
        # The transfer that pays it is handled first.
        return seen if is_completed or record.paid_by is None else replace(seen, due_at=now)
    return new


def _is_full(record: PaymentRecord, odd: str) -> bool:
    """Strangers must not make a record grow for ever, nor hide a transfer of its own user."""
    alike = [receipt for receipt in record.receipts if (receipt.odd == STRANGE) is (odd == STRANGE)]
    return len(alike) >= MOST_RECEIPTS


def _oddness(record: PaymentRecord, movement: Movement) -> str | None:
    if record.state is PaymentState.COMPLETED and record.txid in movement.txids:
        return None  # Pi has verified it
    if movement.kind != "payment":
        return "kind"
    moved, wallets = movement.transfer, (record.from_address, record.to_address)
    if moved is None or (moved.source, moved.destination) != wallets:
        return STRANGE
    if moved.amount != record.amount:
        return "amount"
    is_paid = record.state is PaymentState.COMPLETED and record.txid is not None
    return "second" if is_paid or record.paid_by is not None else None


def informed(record: PaymentRecord, payment: PaymentDto) -> PaymentRecord:
    """Add what Pi did not show, or an older version did not store, when the record was made."""
    return replace(
        record,
        started_at=record.started_at or int(payment.created_at.timestamp()),
        from_address=record.from_address or payment.from_address,
        to_address=record.to_address or payment.to_address,
    )


def is_at_rest(record: PaymentRecord) -> bool:
    """Whether nothing is left to do: it is closed, its event is delivered, it needs no review."""
    is_closed = record.state is not PaymentState.OPEN and not record.is_paid_after_all
    return is_closed and record.pending_event is None and record.needs_review is None


def rested(record: PaymentRecord) -> PaymentRecord:
    return replace(record, due_at=None)


def delivered(record: PaymentRecord, now: int) -> PaymentRecord:
    """Its event is delivered. A record that needs review stays due, and so does one that was paid
    after all, to be completed."""
    due_at = None if record.needs_review is None else now + ATTENTION_PAUSE_SECONDS
    if record.is_paid_after_all:
        due_at = now
    return replace(record, pending_event=None, due_at=due_at)


def recovered(record: PaymentRecord, now: int) -> PaymentRecord:
    """Pi knows it again: it continues like any open payment."""
    return replace(record, needs_review=None, due_at=now)


class Step(Described):
    """The next step of a settlement."""

    NOTHING = "nothing", "Nothing can be done now."
    REST = "rest", "Nothing until it can be closed: the book makes it due earlier if it is paid."
    DISOWN = "disown", "It is not a payment from a user to this app: it is left alone."
    RECORD_COMPLETED = "record_completed", "Pi has completed it: the record becomes completed."
    RECORD_CANCELLED = "record_cancelled", "It is proven unpaid: the record becomes cancelled."
    COMPLETE = "complete", "It is paid: Pi is asked to complete it with that transaction."
    CANCEL = "cancel", "It is old and certainly unpaid: Pi is asked to cancel it."
    PROVE = "prove", "The chain is asked whether the claimed transaction is this payment."
    ASK_BOOK = "ask_book", "The book is asked until when it is certain that nothing was paid."
    NOTE_DEATH = "note_death", "Pi says that it is cancelled: the chain will show if it was paid."
    ATTEND = "attend", "An operator must review it."
    RECOVER = "recover", "The reason for review is gone: it continues."


@frozen
class Decision:
    step: Step
    txid: str | None = None
    needs_review: Attention | None = None


@frozen
class Refusal:
    """Pi has refused the step just tried: COMPLETE (with this txid) or CANCEL."""

    step: Step
    code: str
    txid: str | None = None


# Refusals of a completion that trying again cannot change.
FINAL_REFUSALS = frozenset({"verification_failed", "txid_mismatch"})


def decide(
    payment: PaymentDto,
    record: PaymentRecord,
    *,
    now: int,
    patience: Patience | None = None,
    claimed_txid: str | None = None,
    refusal: Refusal | None = None,
    silent_until: int | None = None,
) -> Decision:
    """What to do about a payment, from Pi's fresh answer, the record and the clock.

    `patience` None: this caller may not cancel it. `claimed_txid` is the transaction that the front
    end names. `silent_until`: until then the wallet's book proves that nothing was paid; None: the
    book was not asked yet. Source: the table in docs/architecture.md.
    """
    if payment.direction != Direction.USER_TO_APP:
        return Decision(Step.DISOWN)
    if record.state is PaymentState.COMPLETED:
        return Decision(Step.NOTHING)
    shown = payment.transaction.txid if payment.transaction else None
    if payment.status.developer_completed:
        return Decision(Step.RECORD_COMPLETED, shown)
    if refusal is not None and refusal.step is Step.COMPLETE:
        return _after_refused_completion(payment, record, refusal, now)
    if (txid := shown or record.paid_by) is not None:
        is_settled = record.state is PaymentState.CANCELLED and txid == record.settled_by_hand
        return Decision(Step.NOTHING) if is_settled else Decision(Step.COMPLETE, txid)
    if claimed_txid is not None:
        return Decision(Step.PROVE, claimed_txid)
    if refusal is not None:
        patience = None
    return _decide_unpaid(payment, record, now, patience, silent_until)


def _decide_unpaid(
    payment: PaymentDto,
    record: PaymentRecord,
    now: int,
    patience: Patience | None,
    silent_until: int | None,
) -> Decision:
    # What was noted of it is no silence: a person sees it.
    if (
        record.state is PaymentState.CANCELLED
        or record.receipts
        or record.needs_review in SEEN_PAID
    ):
        return Decision(Step.NOTHING)
    if payment.is_cancelled:
        return _decide_dead(payment, record, silent_until)
    if record.needs_review is Attention.GONE:
        return Decision(Step.RECOVER)
    if patience is None:
        return Decision(Step.NOTHING)
    if now < (patient_until := record.created_at + patience.of(record)):
        # What was not approved may still be; where somebody has asked, he need not wait for long.
        is_left = payment.status.developer_approved and record.asked_at is None
        return Decision(Step.REST if is_left else Step.NOTHING)
    if silent_until is None:
        return Decision(Step.ASK_BOOK)
    # Nothing until a moment ago, and a minute longer than the user has time.
    is_silent = silent_until >= max(patient_until + NODES_APART_SECONDS, now - LATELY_SECONDS)
    return Decision(Step.CANCEL if is_silent else Step.NOTHING)


def _decide_dead(payment: PaymentDto, record: PaymentRecord, silent_until: int | None) -> Decision:
    """Pi calls it cancelled: closed as unpaid once the chain has surely nothing for it."""
    if not payment.status.developer_approved:  # so no wallet could pay it
        return Decision(Step.RECORD_CANCELLED)
    if record.dead_at is None:
        return Decision(Step.NOTE_DEATH)
    if silent_until is None:
        return Decision(Step.ASK_BOOK)
    is_silent = silent_until > record.dead_at + CLOCK_SKEW_SECONDS
    return Decision(Step.RECORD_CANCELLED if is_silent else Step.NOTHING)


def _after_refused_completion(
    payment: PaymentDto, record: PaymentRecord, refusal: Refusal, now: int
) -> Decision:
    attention = None
    if payment.is_cancelled or refusal.code == "cancelled_payment":
        attention = Attention.CANCELLED_BUT_PAID
    elif refusal.code in FINAL_REFUSALS or now - record.created_at >= UNVERIFIED_PATIENCE_SECONDS:
        attention = Attention.NEVER_VERIFIES
    return Decision(Step.ATTEND, refusal.txid, attention) if attention else Decision(Step.NOTHING)


def after(record: PaymentRecord, decision: Decision, now: int) -> PaymentRecord:
    """The record once `decision` has been carried out at Pi; the same one if it changes nothing."""
    match decision.step:
        case Step.COMPLETE | Step.RECORD_COMPLETED:
            return completed(record, decision.txid, now)
        case Step.RECORD_CANCELLED:
            return cancelled(record, now)
        case Step.CANCEL | Step.NOTE_DEATH:
            return died(record, now)
        case Step.RECOVER:
            return recovered(record, now)
        case Step.ATTEND if decision.needs_review and _is_news(decision.needs_review, record):
            return attended(record, decision.needs_review, now, decision.txid)
    return record


def _is_news(reason: Attention, record: PaymentRecord) -> bool:
    is_over = record.state is PaymentState.CANCELLED and reason is Attention.GONE
    return not is_over and _is_worse(reason, record.needs_review)


def _is_worse(reason: Attention, standing: Attention | None) -> bool:
    return MILDEST_FIRST.index(reason) > MILDEST_FIRST.index(standing)
