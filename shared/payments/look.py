"""What is known about a payment now, and what the worker would decide. Nothing is written."""

from __future__ import annotations

from shared.base.errors import BundleError
from shared.base.frozen import frozen
from shared.payments.record import Decision, PaymentRecord
from shared.payments.settle import SettleParts, next_step
from shared.payments.store import PaymentStore
from shared.pi.objects import PaymentDto


class ReadOnlyPayments(PaymentStore):
    """Acts as if each write succeeded, so that the next decision is made too."""

    def replace(
        self,
        old: PaymentRecord,  # noqa: ARG002 - nothing is written
        new: PaymentRecord,
        *,
        decided: str | None = None,  # noqa: ARG002
    ) -> tuple[PaymentRecord, bool]:
        return new, True

    def keep_canary(self, payment_id: str) -> None:
        pass


@frozen
class Look:
    """`payment` None: Pi does not know it, or did not answer; then `decision` is None too, and
    `failed_with` says why."""

    payment: PaymentDto | None
    decision: Decision | None
    failed_with: BundleError | None = None


def look(parts: SettleParts, record: PaymentRecord) -> Look:
    """Costs 1 or 2 calls to Pi, and 1 read. Never raises for Pi or the chain."""
    try:
        payment = parts.canary.find(record.payment_id)
        return Look(payment, next_step(parts, record)[1])
    except BundleError as error:
        return Look(None, None, error)
