"""Pi's objects are read tolerantly, but what the reference promises must be there and be of its
type.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.amount import Amount
from shared.pi.objects import InexactPayment, MalformedDto, PaymentDto, RewardedAdStatusDto, UserDto
from tests.unit.samples import (
    APP_WALLET,
    NOW,
    PAYMENT_ID,
    TXID,
    UID,
    USER_WALLET,
    ad_json,
    payment_json,
    transaction_json,
    user_json,
    without,
)

SECRET = "canary-value"


def test_the_user_of_the_reference() -> None:
    user = UserDto.read(user_json())
    assert (user.uid, user.username, user.app_id) == (UID, "pioneer1", "demo-app")
    assert user.scopes == ("username", "payments", "platform")
    assert user.valid_until == NOW


@pytest.mark.parametrize(
    ("changes", "app_id"), [({"app_id": 4711}, "4711"), ({"app_id": None}, None)]
)
def test_an_app_id_is_a_string_whatever_pi_sends(changes: Any, app_id: str | None) -> None:
    assert UserDto.read(user_json(**changes)).app_id == app_id


def test_a_user_who_shares_nothing_is_a_user() -> None:
    user = UserDto.read({"uid": UID})
    assert (user.uid, user.username, user.scopes, user.valid_until) == (UID, None, (), None)


def test_the_payment_of_the_reference() -> None:
    payment = PaymentDto.read(
        payment_json({"developer_approved": True}, transaction=transaction_json(TXID.upper()))
    )
    assert (payment.identifier, payment.user_uid) == (PAYMENT_ID, UID)
    assert payment.amount == Amount.of(3)
    assert (payment.from_address, payment.to_address) == (USER_WALLET, APP_WALLET)
    assert (payment.direction, payment.network) == ("user_to_app", "Pi Testnet")
    assert payment.created_at == datetime(2026, 9, 21, 14, 13, 20, 123000, UTC)
    assert payment.status.developer_approved
    assert not payment.is_cancelled
    assert payment.transaction is not None
    assert payment.transaction.txid == TXID


def test_a_payment_of_2022_lacks_what_was_not_there_yet() -> None:
    old = without(
        payment_json(),
        *("from_address", "direction", "network", "split_recipients", "token_canonical"),
    )
    payment = PaymentDto.read(old)
    assert (payment.from_address, payment.direction, payment.network) == (None, None, None)
    assert (payment.token_canonical, payment.split_recipients) == (None, None)


@pytest.mark.parametrize("flag", ["cancelled", "user_cancelled"])
def test_a_payment_is_cancelled_by_anyone(flag: str) -> None:
    assert PaymentDto.read(payment_json({flag: True})).is_cancelled


@pytest.mark.parametrize(
    ("text", "expected"), [("1e-7", "0.0000001"), ("3.14", "3.14"), ("1E2", "100"), ("0.10", "0.1")]
)
def test_an_amount_is_read_from_json_exactly(text: str, expected: str) -> None:
    body = json.dumps(payment_json(amount="#")).replace('"#"', text)
    payment = PaymentDto.read(json.loads(body, parse_float=Decimal))
    assert str(payment.amount) == expected


@pytest.mark.parametrize("metadata", [None, "text", [1], 7])
def test_metadata_that_is_no_object_says_nothing(metadata: object) -> None:
    assert PaymentDto.read(payment_json(metadata=metadata)).metadata == {}


def test_unknown_keys_are_ignored() -> None:
    new = {"brand_new": {"a": [1]}}
    assert UserDto.read(user_json(**new)) == UserDto.read(user_json())
    assert PaymentDto.read(payment_json(new, **new)) == PaymentDto.read(payment_json())
    assert RewardedAdStatusDto.read(ad_json() | new) == RewardedAdStatusDto.read(ad_json())


@pytest.mark.parametrize(
    ("status", "pending"), [("granted", False), ("revoked", False), ("failed", False), (None, True)]
)
def test_the_ad_of_the_reference(status: str | None, pending: bool) -> None:
    ad = RewardedAdStatusDto.read(ad_json(status))
    assert (ad.identifier, ad.mediator_ack_status, ad.is_pending) == ("ad-1", status, pending)


def test_a_grant_taken_back_before_its_acknowledgement_is_not_pending() -> None:
    ad = RewardedAdStatusDto.read(ad_json(None, mediator_revoked_at="2026-09-21T14:13:20.5+00:00"))
    assert not ad.is_pending


MALFORMED: list[tuple[Callable[[Any], object], dict[str, Any], str]] = [
    (UserDto.read, without(user_json(), "uid"), "uid"),
    (UserDto.read, user_json(uid=""), "uid"),
    (UserDto.read, user_json(uid=7), "uid"),
    (UserDto.read, user_json(username=[SECRET]), "username"),
    (UserDto.read, user_json(credentials=[SECRET]), "credentials"),
    (UserDto.read, user_json(credentials={"scopes": SECRET}), "scopes"),
    *(
        (PaymentDto.read, without(payment_json(), key), key)
        for key in ("identifier", "user_uid", "amount", "created_at", "status")
    ),
    *(
        (PaymentDto.read, payment_json() | {key: [SECRET]}, key)
        for key in ("identifier", "user_uid", "amount", "created_at", "status", "direction")
    ),
    (PaymentDto.read, payment_json(amount=SECRET), "amount"),
    (PaymentDto.read, payment_json(amount=float("nan")), "amount"),
    (PaymentDto.read, payment_json(amount=3.14), "amount"),
    (PaymentDto.read, payment_json(amount=True), "amount"),
    (PaymentDto.read, payment_json(amount=Decimal("1e-8")), "amount"),
    (PaymentDto.read, payment_json(created_at=SECRET), "created_at"),
    (PaymentDto.read, payment_json(created_at="2026-09-21T14:13:20"), "created_at"),
    (PaymentDto.read, payment_json({"cancelled": None}), "cancelled"),
    (PaymentDto.read, payment_json({"developer_approved": 1}), "developer_approved"),
    (PaymentDto.read, payment_json() | {"status": {}}, "developer_approved"),
    (PaymentDto.read, payment_json(transaction=SECRET), "transaction"),
    (PaymentDto.read, payment_json(transaction=transaction_json("")), "txid"),
    (PaymentDto.read, payment_json(transaction=transaction_json(verified=SECRET)), "verified"),
    (RewardedAdStatusDto.read, without(ad_json(), "identifier"), "identifier"),
    (RewardedAdStatusDto.read, ad_json(mediator_ack_status=1), "mediator_ack_status"),
    (RewardedAdStatusDto.read, ad_json(mediator_granted_at=SECRET), "mediator_granted_at"),
    (RewardedAdStatusDto.read, ad_json(mediator_revoked_at="2026-09-21"), "mediator_revoked_at"),
]


@pytest.mark.parametrize(("read", "body", "key"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_answer_names_the_key_and_never_the_value(
    read: Callable[[Any], object], body: dict[str, Any], key: str
) -> None:
    with pytest.raises(MalformedDto) as malformed:
        read(body)
    assert str(malformed.value) == key
    assert malformed.value.__cause__ is None


@pytest.mark.parametrize("amount", [Decimal("0.30000000000000004"), Decimal("1e-8"), "3.14000001"])
def test_an_inexact_amount_leaves_the_rest_readable(amount: object) -> None:
    with pytest.raises(InexactPayment) as inexact:
        PaymentDto.read(payment_json(amount=amount))
    assert inexact.value.payment == PaymentDto.read(payment_json(amount=0))


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("NaN"), 10**12, "three", None])
def test_what_is_no_amount_at_all_is_malformed(amount: object) -> None:
    with pytest.raises(MalformedDto) as malformed:
        PaymentDto.read(payment_json(amount=amount))
    assert not isinstance(malformed.value, InexactPayment)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(payment_json())), JSON_VALUES)
def test_a_payment_is_read_or_malformed_whatever_one_key_holds(key: str, value: object) -> None:
    with suppress(MalformedDto):
        PaymentDto.read(payment_json() | {key: value})


def test_metadata_and_its_secrets_stay_out_of_a_repr() -> None:
    assert SECRET not in repr(PaymentDto.read(payment_json(metadata={"note": SECRET})))
