"""Pi's open payouts against ours. An unknown one is neither paid nor cancelled here."""

from __future__ import annotations

from dataclasses import dataclass

from shared.base.clock import Clock
from shared.base.errors import BundleError
from shared.base.observability import count, logger
from shared.payouts.record import knows, payout_of
from shared.payouts.store import PayoutStore
from shared.pi.client import PiClient
from shared.pi.objects import PaymentDto


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareParts:
    pi: PiClient
    payouts: PayoutStore
    clock: Clock


def compare(parts: CompareParts) -> None:
    """Report each that is open at Pi and not ours. Never raises: the next sweep compares again."""
    try:
        payments = parts.pi.incomplete_server_payments()
    except BundleError as error:
        logger.warning("Payouts were not compared", extra={"code": error.code})
        return
    for payment in payments:
        try:
            is_known = _is_known(parts, payment)
        except BundleError as error:
            subject = {"subject": payment.identifier, "code": error.code}
            logger.warning("A payout was not compared", extra=subject)
            continue
        if not is_known:
            count("ForeignPayout")
            logger.error(
                "A payout is open at Pi that is not ours", extra={"subject": payment.identifier}
            )


def _is_known(parts: CompareParts, payment: PaymentDto) -> bool:
    payout_id = payout_of(payment)
    record = parts.payouts.get(payout_id) if payout_id else None
    return record is not None and knows(record, payment, parts.clock())
