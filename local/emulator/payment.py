"""One payment and the steps it can take.

created -> approved -> transaction -> completed; cancelled by the developer, by Pi or by the user
is final. A payment with a transaction can't be cancelled, and one with a transaction that does not
match it can be neither completed nor cancelled: it is jammed for good (seen in the field).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from .chain import NATIVE, PAYMENT, Transaction, stroops
from .errors import PiError
from .model import App, Settings, User, iso
from .wire import loads

Direction = Literal["user_to_app", "app_to_user"]


@dataclass(slots=True)
class Payment:
    """A payment as Pi holds it.

    `txid` is the transaction that Pi has linked; the chain may hold others (`on_chain`) of which
    Pi knows nothing. `owner` is whose open payments stand in each other's way: the person's, or an
    app's A2U payments. `overrides` change only what the DTO shows: null leaves the key out.
    """

    identifier: str
    app_id: str
    user_uid: str
    amount: Decimal
    memo: str
    metadata: dict[str, Any]
    from_address: str
    to_address: str
    direction: Direction
    created_at: datetime
    network: str
    owner: str
    settings: Settings
    link_of: Callable[["Payment"], str]
    overrides: dict[str, Any] = field(default_factory=dict)
    on_chain: list[str] = field(default_factory=list)

    txid: str | None = None
    told_txid: bool = False
    jammed: bool = False

    developer_approved: bool = False
    transaction_verified: bool = False
    developer_completed: bool = False
    cancelled: bool = False
    user_cancelled: bool = False
    # Cancelled because nobody approved it in time.
    expired: bool = False

    @property
    def is_cancelled(self) -> bool:
        return self.cancelled or self.user_cancelled

    @property
    def is_open(self) -> bool:
        return not (self.developer_completed or self.is_cancelled)

    def dto(self) -> dict[str, Any]:
        """The PaymentDTO."""
        shown = self.txid and (self.settings.show_txid_before_complete or self.told_txid)
        transaction = {
            "txid": self.txid,
            "verified": self.transaction_verified,
            "_link": self.link_of(self),
        }
        dto: dict[str, Any] = {
            "identifier": self.identifier,
            "user_uid": self.user_uid,
            "amount": self.amount,
            "memo": self.memo,
            "metadata": self.metadata,
            "from_address": self.from_address,
            "to_address": self.to_address,
            "direction": self.direction,
            # Both null for one recipient of native Pi.
            **dict.fromkeys(("split_recipients", "token_canonical")),
            "status": {
                "developer_approved": self.developer_approved,
                "transaction_verified": bool(shown) and self.transaction_verified,
                "developer_completed": self.developer_completed,
                "cancelled": self.cancelled,
                "user_cancelled": self.user_cancelled,
            },
            "transaction": transaction if shown else None,
            "created_at": iso(self.created_at),
            "network": self.network,
        }
        dto |= self.overrides
        return {k: v for k, v in dto.items() if v is not None or k not in self.overrides}

    def mismatch(self, transaction: Transaction) -> str | None:
        """Why this transaction is not this payment's. Only the memo's code is documented."""
        checks = {
            "tx_memo_payment_identifier_mismatch": transaction.memo == self.identifier,
            "tx_amount_mismatch": transaction.amount_stroops == self.amount_stroops,
            "tx_recipient_mismatch": transaction.destination == self.to_address,
            "tx_sender_mismatch": transaction.payer == self.from_address,
            "tx_asset_mismatch": transaction.asset == NATIVE,
            "tx_operation_mismatch": transaction.kind == PAYMENT,
        }
        return next((code for code, holds in checks.items() if not holds), None)

    @property
    def amount_stroops(self) -> int:
        return stroops(self.amount)

    def expire(self, now: datetime) -> None:
        """Pi cancels what was not approved in time."""
        limit = timedelta(seconds=self.settings.approval_limit_s)
        if now - self.created_at > limit:
            self.give_up()

    def give_up(self) -> None:
        """Cancelled, unless the app's server has approved."""
        if self.is_open and not self.developer_approved:
            self.cancelled = self.expired = True

    def link(self, transaction: Transaction, txid: str | None = None) -> None:
        """Pi learns of the payment's transaction from the user's wallet, or as it was told."""
        self.txid = txid or transaction.txid
        self.transaction_verified = self.mismatch(transaction) is None

    def approve(self) -> None:
        if self.direction == "app_to_user":
            raise PiError("forbidden")
        if self.developer_completed:
            raise self._refusal("already_completed")
        if self.is_cancelled:
            raise self._refusal("cancelled_payment")
        if self.developer_approved and self.settings.approve_repeat_refused:
            raise self._refusal("already_approved")
        self.developer_approved = True

    def complete(self, txid: str, transaction: Transaction | None) -> None:
        """Complete with what the chain shows under this txid.

        A transaction that does not match is linked all the same: that is the jam.
        """
        if self.developer_completed:
            raise self._refusal("already_completed")
        if self.is_cancelled:
            raise self._refusal("cancelled_payment")
        if self.jammed:
            raise self._unverified("payment_already_linked_with_a_tx")
        if self.txid is None:
            self._link_reported(txid, transaction)
        if txid != self.txid:
            raise PiError("txid_mismatch")
        if not (self.developer_approved and self.transaction_verified):
            raise PiError("not_verified")
        self.told_txid = True
        self.developer_completed = True

    def cancel(self, *, by_user: bool = False) -> None:
        if self.developer_completed:
            raise self._refusal("already_completed")
        if self.is_cancelled:
            raise self._refusal("cancelled_payment")
        if self.txid:
            raise PiError("payment_tx_present")
        self.user_cancelled = by_user
        self.cancelled = not by_user

    def _link_reported(self, txid: str, transaction: Transaction | None) -> None:
        if transaction is None or not transaction.successful or not self.developer_approved:
            raise PiError("not_verified")
        self.link(transaction, txid)
        self.told_txid = True
        if mismatch := self.mismatch(transaction):
            self.jammed = True
            raise self._unverified(mismatch)

    def _refusal(self, code: str) -> PiError:
        return PiError(code, payment=self.dto())

    def _unverified(self, verification_error: str) -> PiError:
        return PiError("verification_failed", verification_error=verification_error)


def new_payment(
    identifier: str,
    app: App,
    user: User,
    direction: Direction,
    arguments: dict[str, Any],
    created_at: datetime,
    settings: Settings,
    link_of: Callable[[Payment], str],
) -> Payment:
    """A payment from `amount`, `memo` and `metadata`. Raises PiError for what can be none."""
    memo, metadata = arguments.get("memo"), arguments.get("metadata")
    amount = amount_of(arguments.get("amount"), settings.text_amounts)
    if not isinstance(memo, str):
        raise PiError("invalid_arguments", "A payment has a memo.")
    if not isinstance(metadata, dict) or not metadata:
        raise PiError("invalid_metadata")
    if app.wallet is None:
        raise PiError("missing_wallet")
    u2a = direction == "user_to_app"
    return Payment(
        identifier=identifier,
        app_id=app.app_id,
        user_uid=user.uid,
        amount=amount,
        memo=memo,
        metadata=metadata,
        from_address=user.wallet if u2a else app.wallet,
        to_address=app.wallet if u2a else user.wallet,
        direction=direction,
        created_at=created_at,
        network=app.network,
        owner=user.person if u2a else app.app_id,
        settings=settings,
        link_of=link_of,
    )


def amount_of(given: Any, text_allowed: bool = False) -> Decimal:
    """A JSON number, or a text of one, as Pi, exactly. Raises PiError `invalid_amount`."""
    if text_allowed and isinstance(given, str):
        try:
            given = loads(given)
        except ValueError:
            raise PiError("invalid_amount") from None
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise PiError("invalid_amount")
    amount = Decimal(given)
    try:
        stroops(amount)
    except ValueError:
        raise PiError("invalid_amount") from None
    return amount
