"""Pi's own objects, read tolerantly: unknown keys are ignored, keys that old samples lack may be
absent.

Source: the Platform API reference (UserDTO, PaymentDTO, RewardedAdStatusDTO) and
docs/decisions-payments.md for what the field adds (`app_id`, `token_canonical`,
`split_recipients`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from shared.base.amount import ZERO, Amount, InvalidAmount, TooManyDecimals
from shared.base.frozen import frozen

Json = Mapping[str, Any]
T = TypeVar("T")


class Scope(StrEnum):
    USERNAME = "username"
    PAYMENTS = "payments"
    WALLET_ADDRESS = "wallet_address"
    PLATFORM = "platform"  # granted unasked


class Direction(StrEnum):
    USER_TO_APP = "user_to_app"
    APP_TO_USER = "app_to_user"


class AdStatus(StrEnum):
    GRANTED = "granted"
    REVOKED = "revoked"
    FAILED = "failed"


class MalformedDto(ValueError):
    """A key that the reference promises is absent or of another type. Names the key, never its
    value.
    """


WALLET_SCOPE = "wallet_address"  # without it a user cannot be paid


@frozen
class UserDto:
    """`valid_until` is in seconds since 1970. `app_id` is the app that the token was issued for."""

    uid: str
    username: str | None
    app_id: str | None
    scopes: tuple[str, ...]
    valid_until: int | None

    @classmethod
    def read(cls, json: Json) -> UserDto:
        credentials = _optional(json, "credentials", dict) or {}
        scopes = _optional(credentials, "scopes", list) or []
        valid_until = (_optional(credentials, "valid_until", dict) or {}).get("timestamp")
        app_id = json.get("app_id")
        return cls(
            uid=_text(json, "uid"),
            username=_optional(json, "username", str),
            app_id=None if app_id is None else str(app_id),
            scopes=tuple(scope for scope in scopes if isinstance(scope, str)),
            valid_until=valid_until if isinstance(valid_until, int) else None,
        )


@frozen
class PaymentStatus:
    developer_approved: bool
    transaction_verified: bool
    developer_completed: bool
    cancelled: bool
    user_cancelled: bool


@frozen
class PaymentTransaction:
    txid: str
    verified: bool


@frozen
class PaymentDto:
    """`metadata` is whatever the browser put there; nothing in it may be believed."""

    identifier: str
    user_uid: str
    amount: Amount
    memo: str
    metadata: Json = field(repr=False)
    from_address: str | None
    to_address: str | None
    direction: str | None
    network: str | None
    created_at: datetime
    status: PaymentStatus
    transaction: PaymentTransaction | None
    token_canonical: object | None
    split_recipients: object | None

    @classmethod
    def read(cls, json: Json) -> PaymentDto:
        """Raises MalformedDto; InexactPayment if its amount alone is the reason."""
        try:
            return cls._read(json, Amount.of(json.get("amount")))
        except TooManyDecimals:
            raise InexactPayment("amount", cls._read(json, ZERO)) from None
        except InvalidAmount:
            raise MalformedDto("amount") from None

    @classmethod
    def _read(cls, json: Json, amount: Amount) -> PaymentDto:
        status, transaction = _required(json, "status", dict), _optional(json, "transaction", dict)
        try:
            created_at = datetime.fromisoformat(_text(json, "created_at"))
        except MalformedDto:
            raise
        except ValueError:
            raise MalformedDto("created_at") from None
        if created_at.tzinfo is None:
            raise MalformedDto("created_at")
        metadata = json.get("metadata")
        return cls(
            identifier=_text(json, "identifier"),
            user_uid=_text(json, "user_uid"),
            amount=amount,
            memo=_optional(json, "memo", str) or "",
            metadata=metadata if isinstance(metadata, dict) else {},
            from_address=_optional(json, "from_address", str),
            to_address=_optional(json, "to_address", str),
            direction=_optional(json, "direction", str),
            network=_optional(json, "network", str),
            created_at=created_at,
            status=PaymentStatus(
                developer_approved=_required(status, "developer_approved", bool),
                transaction_verified=_required(status, "transaction_verified", bool),
                developer_completed=_required(status, "developer_completed", bool),
                cancelled=_required(status, "cancelled", bool),
                user_cancelled=_required(status, "user_cancelled", bool),
            ),
            transaction=None
            if transaction is None
            else PaymentTransaction(
                txid=_text(transaction, "txid").lower(),
                verified=_required(transaction, "verified", bool),
            ),
            token_canonical=json.get("token_canonical"),
            split_recipients=json.get("split_recipients"),
        )

    @property
    def is_cancelled(self) -> bool:
        return self.status.cancelled or self.status.user_cancelled


class InexactPayment(MalformedDto):
    """A payment whose amount has more than 7 decimals, so that nobody can pay it. `payment` is the
    rest of it, with no Pi at all as its amount."""

    def __init__(self, key: str, payment: PaymentDto) -> None:
        super().__init__(key)
        self.payment = payment


@frozen
class NotificationText:
    """What a notification says, and which page of the app it opens: a path."""

    title: str
    body: str
    subroute: str


@frozen
class NotifyAnswer:
    """Whom Pi has notified. Or, with a `refusal` (a code of the bundle), that it has notified
    nobody, and the users that this is about."""

    uids: frozenset[str]
    refusal: str | None = None


def delivered_uids(json: Json) -> frozenset[str]:
    """Whom Pi has notified. Raises MalformedDto. Source: reference, in-app notifications."""
    delivered = json.get("delivered_notifications")
    if json.get("success") is False or not isinstance(delivered, list):
        raise MalformedDto("delivered_notifications")
    if not all(isinstance(one, dict) for one in delivered):
        raise MalformedDto("delivered_notifications")
    return frozenset(_text(one, "user_uid") for one in delivered)


@frozen
class RewardedAdStatusDto:
    """It names no user: an ad id is a bearer voucher. `mediator_ack_status` is None until the ad
    network answers.
    """

    identifier: str
    mediator_ack_status: str | None
    mediator_granted_at: datetime | None
    mediator_revoked_at: datetime | None

    @property
    def is_revoked(self) -> bool:
        return self.mediator_ack_status == AdStatus.REVOKED or self.mediator_revoked_at is not None

    @property
    def is_pending(self) -> bool:
        return self.mediator_ack_status is None and not self.is_revoked

    @classmethod
    def read(cls, json: Json) -> RewardedAdStatusDto:
        return cls(
            identifier=_text(json, "identifier"),
            mediator_ack_status=_optional(json, "mediator_ack_status", str),
            mediator_granted_at=_moment(json, "mediator_granted_at"),
            mediator_revoked_at=_moment(json, "mediator_revoked_at"),
        )


def _required(json: Json, key: str, kind: type[T]) -> T:
    value = json.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise MalformedDto(key)
    return value


def _optional(json: Json, key: str, kind: type[T]) -> T | None:
    return None if json.get(key) is None else _required(json, key, kind)


def _text(json: Json, key: str) -> str:
    text = _required(json, key, str)
    if not text:
        raise MalformedDto(key)
    return text


def _moment(json: Json, key: str) -> datetime | None:
    text = _optional(json, key, str)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedDto(key) from None
    if moment.tzinfo is None:
        raise MalformedDto(key)
    return moment
