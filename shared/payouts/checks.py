"""What all payouts depend on: the wallet and its seed, the fee, the server key.

Found out before anything is created at Pi, so that what is wrong with the stack costs no payout
anything.
"""

from __future__ import annotations

from shared.base.errors import ChainUnavailable
from shared.payouts.reasons import Reason
from shared.payouts.record import PayoutRecord
from shared.payouts.sender import SendParts
from shared.pi.objects import PaymentDto
from shared.stellar.objects import Account


def cause_to_wait(
    parts: SendParts, record: PayoutRecord, open_payments: tuple[PaymentDto, ...]
) -> str | None:
    """Why no payment should be created now, as far as that can be known before. `open_payments` are
    those that Pi has open: they name the wallet too. Raises ServiceUnavailable."""
    named = (payment.from_address for payment in open_payments if payment.from_address)
    wallet = parts.app_wallet or next(named, None)
    if wallet is not None and not parts.wallet.signs_for(wallet):
        return Reason.WRONG_SEED
    try:
        if wallet is not None or _cause_of_wallet(parts, record, parts.wallet.known_address()):
            # Of the seed as it is now: it may have been replaced by another wallet's.
            return _cause_of_wallet(parts, record, wallet or parts.wallet.address())
    except ChainUnavailable:
        pass  # asked again before anything is signed
    return None


def _cause_of_wallet(parts: SendParts, record: PayoutRecord, wallet: str) -> str | None:
    account = parts.chain.account(wallet)
    if account is None:
        return Reason.NO_WALLET
    return cause_not_to_pay(parts, record, account, parts.chain.base_fee())


def cause_not_to_pay(
    parts: SendParts, record: PayoutRecord, account: Account, fee: int
) -> str | None:
    """Whether the wallet can pay it, at this fee (stroops). Raises ChainUnavailable."""
    if fee > parts.fee_cap.stroops:
        return Reason.FEE_ABOVE_CAP
    if parts.memory.base_reserve is None:
        parts.memory.base_reserve = parts.chain.base_reserve()
    free = account.free - account.reserves * parts.memory.base_reserve
    return Reason.BALANCE_TOO_LOW if free < record.amount.stroops + fee else None


def has_account(parts: SendParts, address: str) -> bool:
    """Whether the chain knows the wallet, so that it can be paid. Raises ChainUnavailable."""
    known = parts.memory.accounts
    if address not in known and parts.chain.account(address) is not None:
        known.add(address)
    return address in known
