"""Move to this stack from another back end of the same app: take its past payments in, and adopt
what it left open.

Pi is asked about each, and a record is written only if there is none yet. So a repeat, after a
crash or with a newer file, changes no existing record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.errors import (
    BadRequest,
    Conflict,
    PiInvalidResponse,
    PiRefused,
    PiUnavailable,
    UnreadableRecord,
)
from shared.base.frozen import frozen
from shared.payments.adopt import AdoptParts, records_of, require_open
from shared.payments.past import PastPayment, closed_elsewhere, given_back, read_past
from shared.payments.record import PaymentRecord, Terms
from shared.payments.store import PaymentStore
from shared.pi.client import PiClient
from shared.pi.objects import Direction, PaymentDto
from shared.work.wake_ups import WakeUp, WakeUps, Work

MOST_ROWS = 25  # at once: what Pi surely answers within a function's time
Row = Mapping[str, str]
Verdict = dict[str, object]
"""The result of a row: `outcome`, and `error` with `why` if it is not taken."""


@frozen(kw_only=True)
class MigrateParts:
    pi: PiClient
    payments: PaymentStore
    adopting: AdoptParts
    terms: Terms
    wake_ups: WakeUps[WakeUp]
    executor: Executor
    clock: Clock


def take_in(parts: MigrateParts, rows: Sequence[Row], *, dry_run: bool) -> list[Verdict]:
    """The result of each past payment, or what it would be: `taken`, `known`, `refused`, or
    `unanswered` while Pi is not reachable. Raises PiAuthenticationError, and ServiceUnavailable:
    some may be taken.

    Costs 1 read for what is known, else 1 call to Pi and 1 write."""
    return list(parts.executor.map(partial(_take_in, parts, dry_run=dry_run), rows))


def _take_in(parts: MigrateParts, row: Row, *, dry_run: bool) -> Verdict:
    payment_id = str(row.get("payment_id", ""))
    try:
        past = read_past(row)
        concerning(past.payment_id)
        standing = parts.payments.get(past.payment_id)
        if standing is not None:
            return _known(standing, past)
        payment = _shown(parts, past.payment_id)
        record = closed_elsewhere(past, payment, parts.terms, parts.clock())
        return _put(parts, record, past, dry_run=dry_run)
    except PiUnavailable as away:
        return _verdict(payment_id, "unanswered", away.code, away.message)
    except (BadRequest, Conflict, PiRefused, PiInvalidResponse, UnreadableRecord) as refused:
        return _verdict(payment_id, "refused", refused.code, refused.message)


def _put(
    parts: MigrateParts, record: PaymentRecord, past: PastPayment, *, dry_run: bool
) -> Verdict:
    is_open = record.due_at is not None
    if not dry_run:
        origin = "imported, delivered before" if is_open else "imported"
        told = parts.payments.begun_elsewhere(record, origin)
        # Two payments for what is sold once: the user has bought it, whichever keeps that.
        often = replace(told, price=told.price and replace(told.price, once=False))
        standing, is_new = parts.payments.begin(told, if_bought=often)
        if not is_new:
            return _known(standing, past)
        if standing.due_at is not None:
            parts.wake_ups.hint(WakeUp(Work.PAYMENT, record.payment_id))
    why = "Delivered before, and not completed at Pi: that follows." if is_open else None
    return {**_verdict(record.payment_id, "taken", None, why), "state": record.state}


def _known(standing: PaymentRecord, past: PastPayment) -> Verdict:
    """Raises BadRequest, and Conflict `refunded_before`: it could be refunded once more."""
    if (refunded := given_back(past, standing.amount)) > standing.refunded:
        message = f"{refunded} Pi of it went back, and its record knows of {standing.refunded}."
        raise Conflict("refunded_before", f"{message} Do not refund that here.")
    verdict = _verdict(standing.payment_id, "known", None, "Its record stays as it is.")
    return {**verdict, "state": standing.state}


def _verdict(payment_id: str, outcome: str, error: str | None, why: str | None) -> Verdict:
    return {"payment_id": payment_id, "outcome": outcome, "error": error, "why": why}


def adopt(parts: MigrateParts, payment_id: str, *, dry_run: bool) -> PaymentRecord:
    """The record of a payment that another back end has approved, as it is afterwards or would be;
    from then on it is settled and delivered like any other.

    Raises Conflict with the code of what forbids it, and what a question to Pi may."""
    concerning(payment_id)
    standing = parts.payments.get(payment_id)
    if standing is not None:
        return standing
    payment = _shown(parts, payment_id)
    if payment.direction != Direction.USER_TO_APP:
        raise Conflict("differs_at_pi", "It is not a payment from a user to this app.")
    require_open(payment)
    if not payment.status.developer_approved:
        raise Conflict("not_approved", "It was never approved, so it cannot be paid: leave it.")
    first, if_bought = records_of(parts.adopting, payment)
    if dry_run:
        return first
    told = partial(parts.payments.begun_elsewhere, why="adopted")
    record, _ = parts.payments.begin(told(first), if_bought=told(if_bought))
    parts.wake_ups.hint(WakeUp(Work.PAYMENT, payment_id))
    return record


def _shown(parts: MigrateParts, payment_id: str) -> PaymentDto:
    """Raises Conflict `not_at_pi`."""
    try:
        return parts.pi.get_payment(payment_id)
    except PiRefused as refused:
        if refused.code != "payment_not_found":
            raise
    message = "Pi does not know it: is the server key that of the app that it was paid to?"
    raise Conflict("not_at_pi", message)
