"""Have Pi create the payment of a payout, once: whatever Pi has made of an earlier try is adopted.

A creation has no idempotency key. Our payout id stands in the payment's metadata, and Pi lists what
is open: that is looked at before each creation, and an unclear one is given time to show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from shared.adapters.observability import count, logger
from shared.domain.errors import PiNonsense, PiRefused
from shared.domain.payout import (
    CREATE_SETTLES_SECONDS,
    RETRY_SECONDS,
    PayoutRecord,
    attempted,
    created,
    knows,
    mismatch,
    never_created,
    not_created,
    payout_of,
    waiting,
)
from shared.domain.pi import MalformedDto, PaymentDto
from shared.operations.move_payout import block, fail, wait, write
from shared.operations.sender import SendParts
from shared.operations.trace_payout import trace_payout

# Refusals of a creation that asking again cannot change.
FINAL_REFUSALS = frozenset(
    {
        *("missing_scope", "invalid_address", "missing_wallet"),
        *("invalid_amount", "altered_amount", "invalid_arguments", "invalid_metadata"),
        "feature_not_available",
    }
)


def create_payout(parts: SendParts, record: PayoutRecord) -> PayoutRecord:
    """Ask Pi to create the payment, unless it already has. Source: `POST /payments` and
    `GET /payments/incomplete_server_payments` of the reference."""
    now = parts.clock()
    for payment in parts.pi.incomplete_server_payments():
        if payout_of(payment) == record.payout_id:
            return adopt(parts, record, payment)
    if record.create_attempted_at is not None:
        settled_at = record.create_attempted_at + CREATE_SETTLES_SECONDS
        if now < settled_at:
            return write(parts, record, waiting(record, settled_at, "creation_unclear"))
    if record.giving_up is not None:
        return _give_up_request(parts, record, record.giving_up)
    if not parts.switch.is_on():
        return wait(parts, record, "payouts_off")
    record = write(parts, record, attempted(record, now))
    try:
        payment = parts.pi.create_payment(
            uid=record.uid,
            amount=record.amount,
            memo=record.memo,
            metadata=json.loads(record.metadata),
        )
    except PiRefused as refused:
        return _after_refused_creation(parts, record, refused)
    if payout_of(payment) != record.payout_id:
        raise PiNonsense  # somebody else's payment; ours may have been created all the same
    return adopt(parts, record, payment)


def _give_up_request(parts: SendParts, record: PayoutRecord, reason: str) -> PayoutRecord:
    """Pi has nothing open for it; but it may have been paid before a restored table forgot that."""
    wallet = parts.app_wallet or parts.wallet.address()
    paid = trace_payout(parts, record, wallet)
    if paid is not None:
        return adopt(parts, record, paid.payment)
    return fail(parts, record, reason)


def adopt(parts: SendParts, record: PayoutRecord, payment: PaymentDto) -> PayoutRecord:
    """Pi's payment is this payout's from here on; one that is not what was asked for blocks it."""
    reason = mismatch(payment, record, parts.network)
    # One that a person gives up need not match: it is only searched for, and cancelled.
    if reason and not record.giving_up:
        return block(parts, record, reason)
    return write(parts, record, created(record, payment, parts.clock()))


def _after_refused_creation(
    parts: SendParts, record: PayoutRecord, refused: PiRefused
) -> PayoutRecord:
    if refused.code in FINAL_REFUSALS:
        return write(parts, record, never_created(record, refused.code, parts.clock()))
    if refused.code == "user_not_found":  # so another app's key would be answered for everybody
        return block(parts, record, "user_not_found")
    if refused.code == "ongoing_payment_found" and refused.answer.payment is not None:
        in_the_way = _read(refused.answer.payment)
        if in_the_way is not None and payout_of(in_the_way) == record.payout_id:
            return adopt(parts, record, in_the_way)
        _advance_other(parts, in_the_way)
    retry_at = parts.clock() + RETRY_SECONDS
    return write(parts, record, not_created(record, retry_at, refused.code))


def _advance_other(parts: SendParts, in_the_way: PaymentDto | None) -> None:
    """Pi has one payment open at a time: wake ours, report anybody else's, and pay neither here."""
    other_id = in_the_way and payout_of(in_the_way)
    other = parts.payouts.get(other_id) if other_id else None
    if in_the_way is not None and other is not None and knows(other, in_the_way, parts.clock()):
        parts.queue.hint(other)
        return
    count("ForeignPayout")
    logger.error("An open payment that is not ours is in the way")


def _read(json: Mapping[str, object]) -> PaymentDto | None:
    try:
        return PaymentDto.read(json)
    except MalformedDto:
        return None
