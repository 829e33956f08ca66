"""Have Pi create the payment of a payout, once: whatever Pi has made of an earlier try is adopted.

A creation has no idempotency key. Our payout id stands in the payment's metadata, and Pi lists what
is open: that is looked at before each creation, and an unclear one is given time to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from shared.base import exact_json
from shared.base.errors import ChainUnavailable, PiAuthenticationError, PiInvalidResponse, PiRefused
from shared.base.observability import count, logger
from shared.payouts.checks import cause_to_wait, has_account
from shared.payouts.move import block, fail, hold_up, wait, write
from shared.payouts.reasons import Reason
from shared.payouts.record import (
    CREATE_SETTLES_SECONDS,
    MOST_REFUSALS,
    NO_DESTINATION_PATIENCE_SECONDS,
    RETRY_SECONDS,
    STACK_RETRY_SECONDS,
    UNKNOWN_USER_PATIENCE_SECONDS,
    UNKNOWN_USER_RETRY_SECONDS,
    UNVERIFIED_PATIENCE_SECONDS,
    PayoutRecord,
    attempted,
    created,
    creation_refused,
    doubtful,
    knows,
    mismatch,
    never_created,
    not_created,
    payout_of,
    waiting,
    with_account,
    withdrawing,
    withdrawn,
    without_account,
)
from shared.payouts.sender import SendParts
from shared.payouts.trace import trace_payout
from shared.pi.objects import MalformedDto, PaymentDto

# Refusals of a creation that asking again cannot change.
FINAL_REFUSALS = frozenset(
    {
        *("missing_scope", "invalid_address", "missing_wallet"),
        *("invalid_amount", "altered_amount", "invalid_arguments", "invalid_metadata"),
    }
)
BEHIND_SECONDS = 3600  # sweeps read the book on much more often
# Pi allows it later.
PASSING_REFUSALS = frozenset(
    {"ongoing_payment_found", "too_many_payments", "too_many_cancelled_payments"}
)


def create_payout(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Ask Pi to create the payment, unless it already has. Source: `POST /payments` and
    `GET /payments/incomplete_server_payments` of the reference."""
    if record.giving_up is None and (standing := _wait_first(parts, record)) is not None:
        return standing
    try:
        open_payments = parts.pi.incomplete_server_payments()
    except (PiAuthenticationError, PiInvalidResponse) as refused:  # of no payout's own
        return _hold_creations(parts, record, refused.code, RETRY_SECONDS)
    for payment in open_payments:
        if payout_of(payment) == record.payout_id and not payment.is_cancelled:
            return adopt(parts, record, payment)
    if record.create_attempted_at is not None:
        settled_at = record.create_attempted_at + CREATE_SETTLES_SECONDS
        if parts.clock() < settled_at:
            return write(parts, record, waiting(record, settled_at, Reason.CREATION_UNCLEAR))
    if record.giving_up is not None:
        return _give_up_request(parts, record, record.giving_up)
    if (cause := cause_to_wait(parts, record, open_payments)) is not None:
        return hold_up(parts, record, cause)
    record = _read_back(parts, record)
    return record if record.sent else _create(parts, record)


def _create(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    if not parts.switch.is_on():
        return wait(parts, record, Reason.PAYOUTS_OFF)
    record = write(parts, record, attempted(record, parts.clock()))
    try:
        payment = parts.pi.create_payment(
            uid=record.uid,
            amount=record.amount,
            memo=record.memo,
            metadata=exact_json.loads(record.metadata),
        )
    except PiRefused as refused:
        return _after_refused_creation(parts, record, refused)
    if payout_of(payment) != record.payout_id:
        raise PiInvalidResponse  # somebody else's payment; ours may have been created all the same
    return _adopt_new(parts, record, payment)


def _wait_first(parts: SendParts, record: PayoutRecord) -> PayoutRecord | None:
    """What is known without a call to Pi. None: nothing is in the way."""
    if not parts.switch.is_on():
        return wait(parts, record, Reason.PAYOUTS_OFF)
    held_for, left = parts.memory.held_for, parts.memory.held_until - parts.clock()
    if held_for is not None and 0 < left <= STACK_RETRY_SECONDS:
        return hold_up(parts, record, held_for, left)
    if record.create_attempted_at is not None:
        return None
    address = record.to_address or parts.memory.no_account.get(record.uid)
    return None if address is None else _look_for_account(parts, record, address)


def _hold_creations(
    parts: SendParts,
    record: PayoutRecord,
    reason: str,
    seconds: int,
    at: PayoutRecord | None = None,
) -> PayoutRecord:
    """All payouts wait; for so long this environment does not ask Pi to create one."""
    parts.memory.held_for, parts.memory.held_until = reason, parts.clock() + seconds
    return hold_up(parts, record, reason, seconds, at=at)


def _look_for_account(parts: SendParts, record: PayoutRecord, address: str) -> PayoutRecord | None:
    """The recipient had no account on the chain when Pi last named his wallet: only the chain is
    asked until he has one."""
    now = parts.clock()
    if has_account(parts, address):
        parts.memory.no_account.pop(record.uid, None)
        return write(parts, record, with_account(record, now)) if record.to_address else None
    since = record.no_account_since or now
    if now - since >= NO_DESTINATION_PATIENCE_SECONDS:
        return write(parts, record, never_created(record, "op_no_destination", now))
    return write(parts, record, without_account(record, address, now))


def _give_up_request(parts: SendParts, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Pi has nothing open for it; but it may have been paid before a restored table forgot that."""
    wallet, is_ours = parts.app_wallet or parts.wallet.address(), parts.canary.knows_us()
    if is_ours is False:
        return hold_up(parts, record, Reason.SERVER_KEY_OF_ANOTHER_APP)
    record = trace_payout(parts, record, wallet)
    if record.sent:
        return record
    if parts.chain.account(wallet) is None:
        raise ChainUnavailable  # another seed's, perhaps: that it has paid nothing proves nothing
    return fail(parts, record, reason)


def _read_back(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """A table that was restored is as old as its book: nothing is created before that was read on
    to the present, so that what was paid since is known. Raises as `trace_payout`."""
    wallet = parts.app_wallet or parts.wallet.known_address()
    book = parts.book.books.get(wallet)
    if book is None or parts.clock() - book.covers < BEHIND_SECONDS:
        return record
    return trace_payout(parts, record, wallet)


def adopt(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> PayoutRecord:
    """Pi's payment is this payout's from here on; one that is not what was asked for is to be
    cancelled."""
    return write(parts, record, _adopted(parts, record, payment))


def _adopted(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> PayoutRecord:
    """Before it is written, the table remembers whose payment this is: the book will ask."""
    parts.payouts.keep_payment(payment.identifier, record.payout_id)
    now, reason = parts.clock(), mismatch(payment, record, parts.network)
    adopted = created(record, payment, now)
    # One that a person gives up need not match: it is only searched for, and cancelled.
    return withdrawing(adopted, reason, now) if reason and not record.giving_up else adopted


def _adopt_new(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> PayoutRecord:
    """Adopt what this very call has created. If its recipient has no account on the chain, it is
    cancelled at once: nobody can have signed anything for it, nor could that be applied."""
    adopted, now = _adopted(parts, record, payment), parts.clock()
    if adopted.ending or payment.to_address is None or _may_have_account(parts, payment.to_address):
        return write(parts, record, adopted)
    # The intent first: whoever else would sign for it loses this write, or stops us.
    record = write(parts, record, withdrawing(adopted, Reason.NO_DESTINATION, now))
    if not may_withdraw(parts):
        return record
    try:
        if not parts.pi.cancel(payment.identifier).is_cancelled:
            return record
    except PiRefused:
        return record  # the next step asks what became of it
    return after_withdrawal(parts, record)


def _may_have_account(parts: SendParts, address: str) -> bool:
    try:
        return has_account(parts, address)
    except ChainUnavailable:
        return True  # asked again before anything is signed


def may_withdraw(parts: SendParts) -> bool:
    """Whether Pi's patience with cancelled payments lasts for one more today; it is counted."""
    return parts.payouts.count_withdrawal(
        datetime.fromtimestamp(parts.clock(), UTC).date().isoformat()
    )


def after_withdrawal(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Its payment is cancelled at Pi, unpaid: it begins anew, by itself once its recipient has an
    account on the chain, else when a person says so."""
    now, reason, address = parts.clock(), record.withdrawing or "", record.to_address
    fresh = withdrawn(record, now)
    if reason != Reason.NO_DESTINATION:
        return block(parts, record, reason, at=fresh)
    if address is not None:
        parts.memory.no_account[record.uid] = address
    return write(parts, record, without_account(fresh, address, now))


def _after_refused_creation(
    parts: SendParts, record: PayoutRecord, refused: PiRefused
) -> PayoutRecord:
    now, code = parts.clock(), refused.code
    if code in FINAL_REFUSALS:
        return write(parts, record, never_created(record, code, now))
    if code == Reason.USER_NOT_FOUND:
        return _after_unknown_user(parts, record)
    if code == Reason.FEATURE_NOT_AVAILABLE:  # for this app, not for this payout
        free = not_created(record, now, code)
        return _hold_creations(parts, record, code, STACK_RETRY_SECONDS, at=free)
    if code not in PASSING_REFUSALS:
        return _after_unknown_refusal(parts, record, refused)
    if code == "ongoing_payment_found" and refused.answer.payment is not None:
        in_the_way = _read(refused.answer.payment)
        if in_the_way is not None and payout_of(in_the_way) == record.payout_id:
            return adopt(parts, record, in_the_way)
        _advance_other(parts, in_the_way)
    return write(parts, record, not_created(record, now + RETRY_SECONDS, code))


def _after_unknown_user(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Another app's key would be answered so for everybody. With ours it is the user who is not
    there: he is asked for daily, and after a month it fails."""
    now, is_ours = parts.clock(), parts.canary.knows_us()
    if is_ours is False:
        cause = Reason.SERVER_KEY_OF_ANOTHER_APP
        return hold_up(parts, record, cause, at=not_created(record, now, cause))
    asked = doubtful(not_created(record, now, Reason.USER_NOT_FOUND), Reason.USER_NOT_FOUND, now)
    asked_for = now - (asked.doubt_since or now)
    if is_ours and asked_for >= UNKNOWN_USER_PATIENCE_SECONDS:
        return write(parts, record, never_created(record, Reason.USER_NOT_FOUND, now))
    if is_ours:
        later = now + UNKNOWN_USER_RETRY_SECONDS
        return write(parts, record, waiting(asked, later, Reason.USER_NOT_FOUND))
    if asked_for >= UNVERIFIED_PATIENCE_SECONDS:
        return block(parts, record, Reason.USER_NOT_FOUND, at=asked)
    return hold_up(parts, record, Reason.USER_NOT_FOUND, STACK_RETRY_SECONDS, at=asked)


def _after_unknown_refusal(
    parts: SendParts, record: PayoutRecord, refused: PiRefused
) -> PayoutRecord:
    """Nothing was created; asking again may help, but not for ever."""
    answer = refused.answer
    again = creation_refused(record, answer)
    seen = {"pi_status": answer.http_status, "pi_request_id": answer.request_id}
    logger.warning("Pi has refused to create this payment", extra=seen)
    if again.refusals >= MOST_REFUSALS:
        return block(parts, record, refused.code, at=again)
    return write(parts, record, waiting(again, parts.clock() + RETRY_SECONDS, refused.code))


def _advance_other(parts: SendParts, in_the_way: PaymentDto | None) -> None:
    """Pi has one payment open at a time: wake ours, report anybody else's, and pay neither here."""
    other_id = in_the_way and payout_of(in_the_way)
    other = parts.payouts.get(other_id) if other_id else None
    now = parts.clock()
    if in_the_way is not None and other is not None and knows(other, in_the_way, now):
        if other.no_account_since is not None:  # it would ask the chain alone
            other, _ = parts.payouts.replace(other, with_account(other, now))
        parts.queue.hint(other)
        return
    count("ForeignPayout")
    logger.error("An open payment that is not ours is in the way")


def _read(json: Mapping[str, object]) -> PaymentDto | None:
    try:
        return PaymentDto.read(json)
    except MalformedDto:
        return None
