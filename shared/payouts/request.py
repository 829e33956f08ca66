"""What the operator asks for: accept a payout, resume a blocked one, or give one up.

One transaction accepts a payout with everything that it reserves, or nothing. Resuming and giving
up pay or fail nothing here: the sender continues from the present state, and gives up only with the
same proof that it always needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from shared.base import exact_json
from shared.base.amount import ZERO, Amount
from shared.base.clock import Clock
from shared.base.context import concerning
from shared.base.errors import BadRequest, Conflict, NotFound, UnreadableRecord, WriteConflict
from shared.base.frozen import frozen
from shared.payments.record import PaymentRecord
from shared.payments.store import PaymentStore
from shared.payouts.record import (
    REFUND_MEMO,
    RESERVED_KEY,
    Caps,
    PayoutRecord,
    PayoutState,
    Reason,
    completed,
    decided,
)
from shared.payouts.store import PayoutStore
from shared.users.links import Links
from shared.work.ordered import OrderedWakeUps

if TYPE_CHECKING:
    from shared.aws.switch import Switch

LONGEST_MEMO = 100  # characters; Pi shows it to the user
LARGEST_METADATA = 2000  # characters of JSON
LARGEST_EXPONENT = 307  # of a number in it


@frozen
class PayoutRequest:
    """What the operator's back end asks for. `refund_of` names the payment that is paid back."""

    payout_id: str
    uid: str
    amount: Amount
    memo: str
    metadata: Mapping[str, Any]
    refund_of: str | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same request, however its JSON was written: 1.5 is 1.50."""
        parts = [self.payout_id, self.uid, self.amount.stroops, self.memo, self.refund_of]
        try:
            text = json.dumps([*parts, _by_value(self.metadata)], sort_keys=True)
        except RecursionError:
            raise BadRequest("invalid_metadata", "metadata nests too deep.") from None
        return sha256(text.encode()).hexdigest()


def _by_value(json_value: Any) -> Any:
    """JSON in which equal numbers are equal, and nothing else is equal to one."""
    match json_value:
        case dict():
            return {name: _by_value(value) for name, value in json_value.items()}
        case list():
            return ["list", *map(_by_value, json_value)]
        case bool():
            return json_value
        case int() | Decimal():
            return ["number", _digits(Decimal(json_value))]
    return json_value


def _digits(number: Decimal) -> str:
    """Exact, and short however large the number is: without the zeros at either end."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    shown = text.rstrip("0")
    return f"{'-' * sign}{shown}e{int(exponent) + len(text) - len(shown)}" if shown else "0"


@frozen(kw_only=True)
class RequestParts:
    payouts: PayoutStore
    payments: PaymentStore
    links: Links
    queue: OrderedWakeUps
    switch: Switch
    caps: Caps
    clock: Clock


def request_payout(parts: RequestParts, request: PayoutRequest) -> PayoutRecord:
    """The payout under this id. A repeated request gets the same payout, whatever its state and the
    caps are now; another request under the same id is refused.

    Raises BadRequest, Conflict with the stable code of what forbids it, ServiceUnavailable.
    """
    concerning(request.payout_id)
    if (standing := parts.payouts.get(request.payout_id)) is None:
        check(request, parts.caps)
        if not parts.switch.is_on():
            raise Conflict("payouts_off", "Payouts are switched off.")
        refunded = _refundable(parts, request)
        record = requested(request, parts.clock(), _warning(parts, request, refunded))
        standing = parts.payouts.reserve(record, parts.caps, refunded)
        if standing is record:
            parts.queue.hint_at(record.payout_id, record.due_at)
    if standing.fingerprint != request.fingerprint:
        raise Conflict("payout_id_taken", "Another payout was requested under this id.")
    return standing


def refund(
    parts: RequestParts,
    payout_id: str,
    payment_id: str,
    *,
    amount: Amount | None,
    uid: str | None = None,
    refund_to: str | None = None,
) -> PayoutRequest:
    """The request that refunds a payment to its user. `amount` None: all that was paid, or all that
    came in for a payment that was not paid as requested. It goes to the uid that the operator has
    linked to the payer's, or to `refund_to`, also a new uid of the user. `uid`, if the caller names
    one, must be the payer's.

    What the caller leaves open is decided once: a repeat gets the stored values, whatever became of
    the payment. Raises NotFound, Conflict `not_refundable`, BadRequest `invalid_uid`.
    """
    if uid is not None and refund_to is not None:
        raise BadRequest("invalid_uid", "uid and refund_to name two recipients: leave uid out.")
    standing = parts.payouts.get(payout_id)
    if standing is not None:
        payer, whole = standing.uid, standing.amount
    else:
        payment = _received(parts, payment_id)
        payer, whole = parts.links.newest(payment.uid), min(payment.amount, payment.refundable)
        if uid is not None and not parts.links.are_one(uid, payer):
            raise BadRequest("invalid_uid", "A refund goes to the user who paid: leave uid out.")
    return PayoutRequest(
        payout_id=payout_id,
        uid=refund_to or (uid if uid and not parts.links.are_one(uid, payer) else payer),
        amount=whole if amount is None else amount,
        memo=REFUND_MEMO,
        # Part of the request's identity: without it, a repeat could not tell who was to be paid.
        metadata={"refund_of": payment_id} | ({"refund_to": refund_to} if refund_to else {}),
        refund_of=payment_id,
    )


def _refundable(parts: RequestParts, request: PayoutRequest) -> PaymentRecord | None:
    return _received(parts, request.refund_of) if request.refund_of else None


def _warning(
    parts: RequestParts, request: PayoutRequest, refunded: PaymentRecord | None
) -> str | None:
    """A warning from the user's last payment: Pi will refuse to pay this user at present."""
    paid = refunded
    if paid is None or paid.uid != request.uid:
        with suppress(UnreadableRecord):
            paid = parts.payments.latest_of(request.uid)
    is_missing = paid is not None and paid.uid == request.uid and paid.grants_wallet is False
    return Reason.MISSING_SCOPE if is_missing else None


def _received(parts: RequestParts, payment_id: str) -> PaymentRecord:
    payment = _found(parts, payment_id)
    if payment.refundable == ZERO:
        raise Conflict("not_refundable", "Nothing was received that can be refunded.")
    return payment


def _found(parts: RequestParts, payment_id: str) -> PaymentRecord:
    payment = parts.payments.get(payment_id)
    if payment is None:
        raise NotFound("payment_not_found", "There is no such payment here.")
    return payment


# --- What may be asked for ------------------------------------------------------------------------


def check(request: PayoutRequest, caps: Caps) -> None:
    """Raises BadRequest or Conflict with the stable code of what is wrong with the request."""
    if request.amount.stroops <= 0:
        raise BadRequest("invalid_amount", "The amount must be more than 0.")
    if request.amount > caps.payment:
        raise Conflict("above_payment_cap", f"One payout may pay at most {caps.payment} Pi.")
    if request.refund_of is None and request.amount < caps.least:
        raise Conflict("below_least_amount", f"A payout pays at least {caps.least} Pi.")
    if not 1 <= len(request.memo) <= LONGEST_MEMO or not _is_unicode(request.memo):
        raise BadRequest("invalid_memo", f"memo must have 1 to {LONGEST_MEMO} characters.")
    if RESERVED_KEY in request.metadata:
        raise BadRequest("reserved_metadata_key", f"metadata must not have a {RESERVED_KEY!r}.")
    if len(_metadata_text(request.metadata)) > LARGEST_METADATA:
        raise BadRequest("invalid_metadata", f"metadata may have {LARGEST_METADATA} characters.")


def _is_unicode(text: str) -> bool:
    """JSON can contain half of a character, which cannot be stored."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _metadata_text(metadata: Mapping[str, Any]) -> str:
    """What Pi is to get, each value in its own type. Raises BadRequest `invalid_metadata`."""
    try:
        if not _is_portable(metadata):
            message = "metadata has half a character, or a number that no double can hold."
            raise BadRequest("invalid_metadata", message)
        return exact_json.dumps(metadata)
    except RecursionError:
        raise BadRequest("invalid_metadata", "metadata nests too deep.") from None


def _is_portable(json_value: Any) -> bool:
    """Whether every reader of JSON can make something of it."""
    match json_value:
        case dict():
            return all(_is_unicode(k) and _is_portable(v) for k, v in json_value.items())
        case list():
            return all(map(_is_portable, json_value))
        case Decimal():
            return json_value.is_finite() and abs(json_value.adjusted()) <= LARGEST_EXPONENT
        case str():
            return _is_unicode(json_value)
    return True


def requested(request: PayoutRequest, now: int, warning: str | None = None) -> PayoutRecord:
    """Taken on at `now` (seconds since 1970), counted on that UTC day; nothing was asked of Pi."""
    return PayoutRecord(
        payout_id=request.payout_id,
        uid=request.uid,
        amount=request.amount,
        memo=request.memo,
        metadata=_metadata_text({**request.metadata, RESERVED_KEY: request.payout_id}),
        fingerprint=request.fingerprint,
        state=PayoutState.REQUESTED,
        requested_at=now,
        day=datetime.fromtimestamp(now, UTC).date().isoformat(),
        refund_of=request.refund_of,
        warning=warning,
        due_at=now,
    )


# --- What an operator decides ---------------------------------------------------------------------


@frozen(kw_only=True)
class DecideParts:
    payouts: PayoutStore
    queue: OrderedWakeUps
    clock: Clock


def resume(parts: DecideParts, payout_id: str, seen: object = None) -> PayoutRecord:
    """It goes on where it stood, whatever it was to fail for. `seen` is the version that the
    operator has looked at, None for whichever it is. Raises NotFound, Conflict `not_blocked` or
    `changed`, WriteConflict."""
    record = _blocked(parts, payout_id, seen)
    return _go_on(parts, record, decided(record, parts.clock(), giving_up=None))


def give_up(parts: DecideParts, payout_id: str, seen: object = None) -> PayoutRecord:
    """It becomes `failed` once it is certain that it was not paid, `completed` if it was.

    Raises NotFound, Conflict `payout_closed` or `changed`, WriteConflict.
    """
    record = _as_seen(parts, payout_id, seen)
    if record.closed_at is not None:
        raise Conflict("payout_closed", "This payout is closed.")
    return _go_on(parts, record, decided(record, parts.clock(), giving_up=Reason.GIVEN_UP))


def close_as_paid(
    parts: DecideParts, payout_id: str, txid: str, seen: object = None
) -> PayoutRecord:
    """It is `completed` on the word of an operator who has seen this transaction on the chain,
    though Pi will never say so. Raises NotFound, Conflict `not_blocked` or `changed`,
    WriteConflict."""
    record = _blocked(parts, payout_id, seen)
    new = replace(completed(record, txid, parts.clock()), blocked_from=None)
    return _go_on(parts, record, new, told="closed as paid")


def _blocked(parts: DecideParts, payout_id: str, seen: object) -> PayoutRecord:
    record = _as_seen(parts, payout_id, seen)
    if record.state is not PayoutState.BLOCKED:
        raise Conflict("not_blocked", "This payout is not blocked, so there is nothing to decide.")
    return record


def _as_seen(parts: DecideParts, payout_id: str, seen: object) -> PayoutRecord:
    record = parts.payouts.require(payout_id)
    if seen is not None and seen != record.version:
        raise Conflict("changed", "It has changed since you looked at it. Look at it again.")
    return record


def _go_on(
    parts: DecideParts, record: PayoutRecord, new: PayoutRecord, told: str | None = None
) -> PayoutRecord:
    standing, written = parts.payouts.replace(record, new, decided=told)
    if not written:
        raise WriteConflict
    parts.queue.hint_at(standing.payout_id, standing.due_at)
    return standing
