"""The record of a payout (an A2U payment), and the pure part of paying it once.

`requested -> created -> signed -> completed | failed`; `blocked` waits for an operator. Before each
external effect the record stores how the effect can be recognised afterwards: the payout id in the
metadata of Pi's payment, the hash of the signed transaction, the last moment at which it can apply.
So the next wake-up resumes the work, and never starts it again.

Pi cannot tell "never paid" from "paid but not reported": the chain decides, and only once the
signed transaction can no longer apply.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from enum import StrEnum
from typing import Any

from shared.base.amount import Amount
from shared.base.described import Described
from shared.base.errors import BadRequest, PiAnswer
from shared.base.frozen import frozen
from shared.book.record import NODES_APART_SECONDS
from shared.pi.objects import Direction, PaymentDto
from shared.stellar.objects import Movement
from shared.work.due import ATTENTION_PAUSE_SECONDS
from shared.work.events import owing
from shared.work.story import Story

PAYOUT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
RESERVED_KEY = "payout_id"  # in the metadata at Pi: by it the bundle recognises its own payment
REFUND_MEMO = "Refund"

CREATE_SETTLES_SECONDS = 120  # a payment that Pi may have created shows in its list by then
ENVELOPE_LIVES_SECONDS = 300
# Later, each node behind one Horizon shows what was applied in time, and the next ledger.
CHAIN_SETTLES_SECONDS = NODES_APART_SECONDS + 15
RETRY_SECONDS = 60
UNVERIFIED_PATIENCE_SECONDS = 24 * 3600
STACK_RETRY_SECONDS = 600  # a cause that holds up all payouts is corrected by an operator
NO_DESTINATION_RETRY_SECONDS = 3600
NO_DESTINATION_PATIENCE_SECONDS = 24 * 3600
RECIPIENT_RETRY_SECONDS = 24 * 3600
RECIPIENT_PATIENCE_SECONDS = 30 * 24 * 3600
MOST_ENVELOPES = 5
MOST_REFUSALS = 5  # of a creation, without a known reason
MOST_SENT = 20  # for one payout: by hand, if at all
MOST_WITHDRAWALS = 20  # a day: Pi limits an app's cancelled payments


class PayoutState(Described):
    REQUESTED = "requested", "Accepted, and its amount is reserved. Pi has no payment for it yet."
    CREATED = "created", "Its payment is open at Pi. No transaction that could pay it is valid."
    SIGNED = "signed", "A transaction is recorded. It may pay the payout, or has paid it."
    COMPLETED = "completed", "The chain shows that it is paid, once, and Pi knows it."
    FAILED = "failed", "It is proven unpaid, and never will be paid. Its reservations are released."
    BLOCKED = "blocked", "The bundle cannot decide. An operator resumes it, or gives it up."


class Reason(Described):
    """Why a payout waits, is blocked, or failed: the bundle's own codes. A reason may also be Pi's
    code of a refusal, or the chain's code of a failed transaction: docs/payout-reasons.md."""

    # --- It waits, and goes on by itself ---------------------------------------------------------
    PAYOUTS_OFF = "payouts_off", "The switch is off. It goes on when the switch is on again."
    CREATION_UNCLEAR = (
        "creation_unclear",
        "Pi did not answer the creation. Pi's list is read again in two minutes.",
    )
    CREATION_REFUSED = (
        "creation_refused",
        "Pi refused the creation without a reason. Tried five times, then blocked.",
    )
    CHAIN_UNCLEAR = (
        "chain_unclear",
        "The chain cannot be read, or not far enough. Tried again each minute.",
    )
    MAY_STILL_APPLY = (
        "may_still_apply",
        "A signed transaction may still apply. It goes on when its last moment has passed.",
    )
    NOT_APPLIED = (
        "not_applied",
        "The chain has not applied the transaction yet. The same one is submitted again.",
    )
    NOT_VERIFIED = "not_verified", "Pi has not verified the transaction yet. Blocks after a day."
    NO_DESTINATION = (
        "no_destination",
        "The recipient's wallet is not on the chain. Looked for hourly. Fails after a day.",
    )
    USER_NOT_FOUND = (
        "user_not_found",
        "Pi does not know this user of the app. Pi is asked daily. Fails after a month.",
    )
    MISSING_SCOPE = (
        "missing_scope",
        "The user has not granted wallet_address. Pi is asked daily. Fails after a month.",
    )
    PAYMENT_NOT_FOUND = (
        "payment_not_found",
        "Pi does not know the payment that it created. Blocks after a day.",
    )

    # --- All payouts wait for the same; an alarm rings -------------------------------------------
    WRONG_SEED = "wrong_seed", "The seed is not that of the app's wallet. Put the right one."
    WALLET_SEED_MISSING = "wallet_seed_missing", "There is no seed. Put it into its secret."
    WALLET_SEED_INVALID = "wallet_seed_invalid", "The seed is not valid. Put the right one."
    NO_WALLET = "no_wallet", "The wallet is not on the chain. Fund it, or put the right seed."
    BALANCE_TOO_LOW = "balance_too_low", "The wallet cannot pay this payout. Fund it."
    FEE_ABOVE_CAP = "fee_above_cap", "The chain's fee is above FeeCapStroops. Wait, or raise it."
    SERVER_KEY_REFUSED = "server_key_refused", "Pi refuses the server key. Put a valid one."
    SERVER_KEY_OF_ANOTHER_APP = (
        "server_key_of_another_app",
        "The server key is another app's: Pi knows no payment of this stack. Put this app's.",
    )
    FEATURE_NOT_AVAILABLE = (
        "feature_not_available",
        "Pi has not enabled payouts for this app. Pi is asked every ten minutes.",
    )
    PI_ANSWER_INVALID = (
        "pi_answer_invalid",
        "Pi does not list the open payouts. Without the list none is created.",
    )
    TOO_MANY_WITHDRAWALS = (
        "too_many_withdrawals",
        "Twenty payments were cancelled at Pi today. It goes on tomorrow (UTC).",
    )

    # --- An operator must look -------------------------------------------------------------------
    ABOVE_PAID_AMOUNT = (
        "above_paid_amount",
        "After a restore, a refund was accepted that was already paid. Give it up.",
    )
    MISSING_ADDRESS = "missing_address", "Pi's payment names no wallets. Ask Pi, then resume it."
    UNEXPECTED_ADDRESS = (
        "unexpected_address",
        "Pi names other wallets than at the creation. Ask Pi. Then resume it, or give it up.",
    )
    UNEXPECTED_DIRECTION = (
        "unexpected_direction",
        "Pi's payment has this payout's id, but is not to a user. Find who created it.",
    )
    UNEXPECTED_USER = (
        "unexpected_user",
        "Pi's payment has this payout's id, but another user. Find who created it.",
    )
    UNEXPECTED_AMOUNT = (
        "unexpected_amount",
        "Pi's payment has this payout's id, but another amount. Find who created it.",
    )
    UNEXPECTED_NETWORK = (
        "unexpected_network",
        "Pi's payment is on another network. Check the parameter PiNetwork.",
    )
    UNEXPECTED_TOKEN = (
        "unexpected_token",
        "Pi's payment is in another token than Pi. Find who created it.",
    )
    UNEXPECTED_IDENTIFIER = (
        "unexpected_identifier",
        "Pi's identifier cannot be a memo on the chain. Give it up; the bundle must be changed.",
    )
    OTHER_TRANSACTION = (
        "other_transaction",
        "Two transactions name it: it may be paid twice. Check both, and change the wallet.",
    )
    NOT_CANCELLED = (
        "not_cancelled",
        "It is unpaid, but Pi does not cancel it. Look at Pi's answer, and resume it later.",
    )
    COMPLETED_WITHOUT_TXID = (
        "completed_without_txid",
        "Pi has completed it, but shows no transaction. Find it, and close it as paid.",
    )
    NO_ENVELOPE = "no_envelope", "Its transaction was edited out. Put back what the chain shows."
    UNEXPECTED_ERROR = "unexpected_error", "A bug in the bundle. Resume it when the bug is fixed."

    # --- It failed, or is about to, with proof that it was not paid ------------------------------
    NEVER_APPLIED = (
        "never_applied",
        "No transaction was applied. It failed; or it is blocked after five in a row.",
    )
    GIVEN_UP = "given_up", "An operator gave it up."


# A payout that waits for its recipient is not stuck; each of these ends by itself.
ASKED_FOR_DAILY = frozenset({Reason.USER_NOT_FOUND, Reason.MISSING_SCOPE})
RECIPIENT_WAITS = ASKED_FOR_DAILY | {Reason.NO_DESTINATION}
# Failures that the recipient caused: they count towards what one user may be paid in a day.
RECIPIENT_FAULTS = frozenset(
    {
        *("op_no_destination", "missing_wallet", "invalid_address"),
        *ASKED_FOR_DAILY,
    }
)


class PayoutEvent(StrEnum):
    COMPLETED = "PayoutCompleted"
    FAILED = "PayoutFailed"
    BLOCKED = "PayoutBlocked"
    WAITING = "PayoutWaiting"  # for its recipient


@frozen
class Sent:
    """A transfer from the wallet for a payout, as the chain shows it. `token` is its place in the
    wallet's history, `payment_id` the payment at Pi that its memo names."""

    token: int
    txid: str
    payment_id: str


@frozen(kw_only=True)
class PayoutRecord:
    """Times are seconds since 1970. `day` is the UTC day whose counters hold it. `envelope` is the
    signed transaction (base64 XDR), `txid` its hash, `max_time` the last second at which it can
    apply; since `submitted_at` it may have been applied. `giving_up`: why the payout will fail when
    it is certain that it was not paid. `withdrawing`: why its payment will be cancelled at Pi, so
    that it holds up no other payout. `former_payments` are the cancelled ones, separated by spaces.
    `sent` is what the wallet's book has noted, except what a completed record already says.
    `doubt` is what Pi refuses to answer, since `doubt_since`. `refusals` counts the creations that
    Pi has refused in a row without a known reason, `refused_with` is the status and Pi's request id
    of the last one. Since `no_account_since`, `to_address` is not on the chain. `blocked_reason` is
    why it was last blocked, whatever was decided later; `decided_at`: the operator's last decision.
    `warning`: what may prevent the payment, as known when the payout was accepted.
    `handed_in` are the transactions that were submitted to the chain, in their order. `last_event`
    is the newest event, delivered or not, and `event_sequence` the version at which it became
    pending.
    """

    payout_id: str
    uid: str
    amount: Amount
    memo: str
    metadata: str
    fingerprint: str
    state: PayoutState
    requested_at: int
    day: str
    refund_of: str | None = None
    warning: str | None = None
    create_attempted_at: int | None = None
    payment_id: str | None = None
    from_address: str | None = None
    to_address: str | None = None
    envelope: str | None = None
    envelopes: int = 0
    txid: str | None = None
    max_time: int | None = None
    submitted_at: int | None = None
    chain_error: str | None = None
    reason: str | None = None
    blocked_from: PayoutState | None = None
    blocked_at: int | None = None
    blocked_reason: str | None = None
    decided_at: int | None = None
    giving_up: str | None = None
    withdrawing: str | None = None
    former_payments: str | None = None
    sent: tuple[Sent, ...] = ()
    doubt: str | None = None
    doubt_since: int | None = None
    refusals: int = 0
    refused_with: str | None = None
    no_account_since: int | None = None
    closed_at: int | None = None
    pending_event: PayoutEvent | None = field(default=None, metadata={"stored_as": "owed"})
    last_event: PayoutEvent | None = None
    event_sequence: int | None = None
    due_at: int | None = None
    version: int = 1
    story: Story = ()
    handed_in: tuple[str, ...] = ()

    @property
    def waiting_since(self) -> int:
        """Since then it has been on its way without an operator."""
        return self.decided_at or self.requested_at

    @property
    def is_on_its_way(self) -> bool:
        """It does not wait for an operator, nor only for its event."""
        return self.closed_at is None and self.state is not PayoutState.BLOCKED

    @property
    def ending(self) -> str | None:
        """Why its payment at Pi must not be paid any more."""
        return self.giving_up or self.withdrawing


@frozen
class Caps:
    """The most Pi for one payout, for one user in a day, and for the wallet in a day; the most
    payouts of one user in a day; and the least amount of one, since the chain takes a fee for each.
    The last two do not apply to refunds."""

    payment: Amount
    user_day: Amount
    wallet_day: Amount
    user_day_number: int
    least: Amount


def payout_id_of(value: object) -> str:
    """A payout id, or BadRequest `invalid_payout_id`."""
    if not isinstance(value, str) or not PAYOUT_ID.fullmatch(value):
        raise BadRequest("invalid_payout_id", "payout_id must be 1 to 64 of A-Z a-z 0-9 _ -.")
    return value


def payout_of(payment: PaymentDto) -> str | None:
    """The id of the payout that Pi's payment was made for; None: the bundle did not make it."""
    payout_id = payment.metadata.get(RESERVED_KEY)
    is_ours = isinstance(payout_id, str) and PAYOUT_ID.fullmatch(payout_id)
    return payout_id if is_ours else None


def knows(record: PayoutRecord, payment: PaymentDto, now: int) -> bool:
    """Whether Pi's open payment with this payout's id belongs to it, or may still be adopted by it.
    A payout that was closed a while ago does not know it; a blocked one adopts nothing."""
    if record.state is PayoutState.BLOCKED and record.payment_id is None:
        return False
    if record.closed_at is not None and now - record.closed_at > RETRY_SECONDS:
        return False
    return record.payment_id in (None, payment.identifier)


def mismatch(payment: PaymentDto, record: PayoutRecord, network: str) -> str | None:
    """Why the payment at Pi must not be paid for this payout, though it carries its id."""
    if payment.direction != Direction.APP_TO_USER:
        return Reason.UNEXPECTED_DIRECTION
    if payment.user_uid != record.uid:
        return Reason.UNEXPECTED_USER
    if payment.amount != record.amount:
        return Reason.UNEXPECTED_AMOUNT
    if payment.network != network:
        return Reason.UNEXPECTED_NETWORK
    if payment.token_canonical is not None:
        return Reason.UNEXPECTED_TOKEN
    if payment.from_address is None or payment.to_address is None:
        return Reason.MISSING_ADDRESS
    return None


def is_moved(payment: PaymentDto, record: PayoutRecord) -> bool:
    """Whether Pi shows other wallets than when it was created: what was signed does not pay it."""
    then = (record.from_address, record.to_address)
    return then != (payment.from_address, payment.to_address)


def doubtful(record: PayoutRecord, code: str, now: int) -> PayoutRecord:
    """Pi has refused to answer; `doubt_since` is when it began to, with this code."""
    since = record.doubt_since if record.doubt == code else None
    return replace(record, doubt=code, doubt_since=since or now)


def noted(record: PayoutRecord, movement: Movement, payment_id: str, now: int) -> PayoutRecord:
    """The chain shows that the wallet sent this for it; the same record if it says so already. One
    that is still on its way is looked at again."""
    is_known = any(sent.token == movement.token for sent in record.sent)
    is_told = record.state is PayoutState.COMPLETED and record.txid in movement.txids
    if is_known or is_told or len(record.sent) >= MOST_SENT:
        return record
    txid = record.txid if record.txid in movement.txids else movement.txids[0]
    sent = (*record.sent, Sent(movement.token, txid, payment_id))
    return replace(record, sent=sent, due_at=now if record.is_on_its_way else record.due_at)


def waiting(
    record: PayoutRecord, due_at: int, reason: str, *, chain_error: str | None = None
) -> PayoutRecord:
    """Nothing can be done before `due_at`; `reason` says what it waits for."""
    return replace(
        record, due_at=due_at, reason=reason, chain_error=chain_error or record.chain_error
    )


def not_created(record: PayoutRecord, due_at: int, reason: str) -> PayoutRecord:
    """Pi has refused to create its payment for now, and said why: nothing is unclear."""
    return replace(waiting(record, due_at, reason), create_attempted_at=None)


def attempted(record: PayoutRecord, now: int) -> PayoutRecord:
    """Pi is about to be asked to create the payment: until it shows or the time is over, it is
    not asked again."""
    return replace(record, create_attempted_at=now, due_at=now + CREATE_SETTLES_SECONDS)


def awaiting_recipient(record: PayoutRecord, reason: Reason, now: int) -> PayoutRecord:
    """Pi refuses to create its payment for a reason that only the recipient can change. The app is
    told once, and Pi is asked again daily; `doubt_since` is when it began."""
    asked = doubtful(not_created(record, now, reason), reason, now)
    if record.doubt == reason:
        return replace(asked, due_at=now + RECIPIENT_RETRY_SECONDS)
    return owing(asked, PayoutEvent.WAITING)


def never_created(record: PayoutRecord, code: str, now: int) -> PayoutRecord:
    """Pi will never create its payment, and has not."""
    return replace(never_to_be(record, code), create_attempted_at=None, due_at=now)


def never_to_be(record: PayoutRecord, code: str) -> PayoutRecord:
    """It can never be paid: to fail, once it is certain that it was not."""
    return replace(record, giving_up=code)


def created(record: PayoutRecord, payment: PaymentDto, now: int) -> PayoutRecord:
    """Pi has this payment for it; nothing is signed for it yet, or all that was is dead."""
    return replace(
        expired(record, now),
        payment_id=payment.identifier,
        from_address=payment.from_address,
        to_address=payment.to_address,
        withdrawing=None,
        doubt=None,
        doubt_since=None,
        refusals=0,
        refused_with=None,
        no_account_since=None,
        reason=None,
    )


def withdrawing(record: PayoutRecord, reason: str, now: int) -> PayoutRecord:
    """It cannot be paid as it is: to be cancelled at Pi once it is certain that it was not paid."""
    return replace(record, withdrawing=reason, reason=reason, due_at=now)


def withdrawn(record: PayoutRecord, now: int) -> PayoutRecord:
    """Its payment was certainly not paid, and Pi has cancelled it: it begins anew."""
    former = " ".join(filter(None, (record.former_payments, record.payment_id)))
    return replace(
        expired(record, now),
        state=PayoutState.REQUESTED,
        create_attempted_at=None,
        payment_id=None,
        from_address=None,
        to_address=None,
        former_payments=former,
        withdrawing=None,
        envelopes=0,
        chain_error=None,
    )


def without_account(record: PayoutRecord, address: str | None, now: int) -> PayoutRecord:
    """Requested, and nothing is asked of Pi before the chain has an account at `address`."""
    return replace(
        record,
        to_address=address,
        no_account_since=record.no_account_since or now,
        reason=Reason.NO_DESTINATION,
        due_at=now + NO_DESTINATION_RETRY_SECONDS,
    )


def with_account(record: PayoutRecord, now: int) -> PayoutRecord:
    """The chain has an account for it by now."""
    return replace(record, to_address=None, no_account_since=None, reason=None, due_at=now)


def creation_refused(record: PayoutRecord, answer: PiAnswer) -> PayoutRecord:
    """Pi has refused once more to create its payment, without a reason that we know."""
    seen = f"{answer.http_status} {answer.request_id}".strip()
    return replace(
        record, create_attempted_at=None, refusals=record.refusals + 1, refused_with=seen
    )


def signed(
    record: PayoutRecord, *, envelope: str, txid: str, max_time: int, now: int
) -> PayoutRecord:
    """The only transaction that may pay it until the chain has proven this one dead."""
    return replace(
        record,
        state=PayoutState.SIGNED,
        envelope=envelope,
        envelopes=record.envelopes + 1,
        txid=txid,
        max_time=max_time,
        submitted_at=None,
        chain_error=None,
        doubt=None,
        doubt_since=None,
        reason=None,
        due_at=now,
    )


def submitted(record: PayoutRecord, now: int) -> PayoutRecord:
    """The chain is about to get the envelope: from here on it may have been paid."""
    is_new = record.txid is not None and record.txid not in record.handed_in
    return replace(
        record,
        submitted_at=record.submitted_at or now,
        handed_in=(*record.handed_in, str(record.txid)) if is_new else record.handed_in,
        due_at=now + RETRY_SECONDS,
    )


def expired(record: PayoutRecord, now: int) -> PayoutRecord:
    """The transaction is proven dead: a new one may be signed."""
    return replace(
        record,
        state=PayoutState.CREATED,
        envelope=None,
        txid=None,
        max_time=None,
        submitted_at=None,
        due_at=now,
    )


def silent_until(record: PayoutRecord, last: int) -> PayoutRecord:
    """To be given up, with nothing signed as far as is known: what a restored table may have
    forgotten can apply until `last`."""
    return replace(record, max_time=last, reason=Reason.MAY_STILL_APPLY, due_at=last + 1)


def completed(record: PayoutRecord, txid: str, now: int) -> PayoutRecord:
    return _closed(
        record, PayoutState.COMPLETED, PayoutEvent.COMPLETED, now, txid=txid, reason=None
    )


def failed(record: PayoutRecord, reason: str, now: int) -> PayoutRecord:
    """Certainly not paid, and never will be: its reservations are released with this write."""
    return _closed(record, PayoutState.FAILED, PayoutEvent.FAILED, now, reason=reason)


def _closed(
    record: PayoutRecord, state: PayoutState, event: PayoutEvent, now: int, **changes: Any
) -> PayoutRecord:
    return replace(owing(record, event), state=state, closed_at=now, due_at=now, **changes)


def blocked(record: PayoutRecord, reason: str, now: int) -> PayoutRecord:
    """A person has to look; what was reserved stays reserved."""
    return replace(
        owing(record, PayoutEvent.BLOCKED),
        state=PayoutState.BLOCKED,
        blocked_from=record.state,
        blocked_at=now,
        blocked_reason=reason,
        reason=reason,
        due_at=now,
    )


def decided(record: PayoutRecord, now: int, *, giving_up: str | None) -> PayoutRecord:
    """A person has looked: it goes on where it stood, to the end or to be given up."""
    is_waiting = record.pending_event is PayoutEvent.WAITING  # no more
    return replace(
        record,
        state=record.blocked_from or record.state,
        blocked_from=None,
        decided_at=now,
        envelopes=0,
        giving_up=giving_up,
        withdrawing=None,
        doubt=None,
        doubt_since=None,
        refusals=0,
        no_account_since=None,
        max_time=record.max_time if record.envelope else None,
        reason=None,
        pending_event=None if is_waiting else record.pending_event,
        due_at=now,
    )


def delivered(record: PayoutRecord, now: int) -> PayoutRecord:
    """The app has had its event. What is blocked stays in sight; what a person resumed in between
    goes on."""
    due_at = record.due_at
    if record.closed_at is not None:
        due_at = None
    elif record.state is PayoutState.BLOCKED:
        due_at = now + ATTENTION_PAUSE_SECONDS
    elif record.reason in ASKED_FOR_DAILY:
        due_at = now + RECIPIENT_RETRY_SECONDS
    return replace(record, pending_event=None, due_at=due_at)
