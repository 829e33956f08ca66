"""What the chain must show of a payment that Pi shows."""

from __future__ import annotations

from shared.pi.objects import PaymentDto
from shared.stellar.objects import ExpectedTransfer, Transfer


def expected_transfer(payment: PaymentDto) -> ExpectedTransfer | None:
    """The transaction that would pay it; None: Pi does not say between which wallets it runs, so
    nothing on the chain can prove it."""
    if payment.from_address is None or payment.to_address is None:
        return None
    transfer = Transfer(payment.from_address, payment.to_address, payment.amount)
    return ExpectedTransfer(payment.identifier, transfer)
