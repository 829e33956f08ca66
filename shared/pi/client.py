"""The Platform API, all nine calls of the reference.

Every method raises PiNotSent, PiOutcomeUnknown or PiInvalidResponse; those with the server key also
PiAuthenticationError, PiRefused and what StoredSecret raises. Whether the key is wrong is found out
with a call that no caller can cause, never guessed from one refusal. Source: the reference; where
it is silent, docs/decisions.md.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from shared.base import exact_json
from shared.base.amount import Amount
from shared.base.context import seconds
from shared.base.errors import (
    NotFound,
    PiAnswer,
    PiAuthenticationError,
    PiError,
    PiInvalidResponse,
    PiNotSent,
    PiOutcomeUnknown,
    PiRefused,
    TokenRefused,
)
from shared.base.frozen import frozen
from shared.base.http import CallFailed, Failure, Http, Reply
from shared.base.identifiers import CODE
from shared.base.observability import count, logger
from shared.base.secret import Secret
from shared.pi.objects import (
    InexactPayment,
    MalformedDto,
    NotificationText,
    NotifyAnswer,
    PaymentDto,
    RewardedAdStatusDto,
    UserDto,
    delivered_uids,
)

Dto = TypeVar("Dto")

# A refusal with one of these codes is about the request; any other 401 or 403 may mean that our key
# is wrong. `missing_scope` does come as 401, and is about the recipient of a payout.
REFUSALS = frozenset(
    {
        *("payment_not_found", "invalid_amount", "invalid_arguments", "invalid_metadata"),
        # create
        *("altered_amount", "user_not_found", "missing_scope", "invalid_address", "missing_wallet"),
        *("ongoing_payment_found", "too_many_payments", "too_many_cancelled_payments"),
        "feature_not_available",
        # complete and cancel
        *(
            "missing_param",
            "already_completed",
            "cancelled_payment",
            "not_verified",
            "missing_txid",
        ),
        *("txid_mismatch", "verification_failed", "payment_tx_present"),
    }
)
NOTIFY = "/in_app_notifications/notify"
AD_STATUS = "/ads_network/status/"
OPEN_PAYOUTS = "/payments/incomplete_server_payments"
LONGEST_MESSAGE = 20_000
VERDICT_SECONDS = 60.0  # Pi is asked whether it takes our key at most once in so long


class Key(Protocol):
    """The server key, as it is stored."""

    def current(self) -> Secret: ...

    def renewed(self, refused: Secret) -> Secret | None:
        """The key that has replaced the refused one; None: there is no other."""


class PiInexactAmount(PiInvalidResponse):
    """Pi shows a payment whose amount has more than 7 decimals. `payment`: see InexactPayment."""

    def __init__(self, payment: PaymentDto, answer: PiAnswer | None = None) -> None:
        super().__init__(answer)
        self.payment = payment


@frozen
class Judgement:
    """What Pi said of a server key, and when; `is_accepted` None: neither yes nor no."""

    key: Secret
    at: float
    is_accepted: bool | None


class PiClient:
    """`key` None: for the calls with a user's token alone."""

    def __init__(self, http: Http, base_url: str, key: Key | None) -> None:
        self._http, self._base_url, self._key = http, base_url.rstrip("/"), key
        self._judging = threading.Lock()
        self._judgement: Judgement | None = None

    def me(self, access_token: Secret) -> UserDto:
        """GET /me. Raises TokenRefused."""
        reply = self._send("GET", "/me", f"Bearer {access_token.reveal()}")
        if reply.status in (401, 403):
            raise TokenRefused
        return _read(UserDto.read, reply)

    def create_payment(
        self, *, uid: str, amount: Amount, memo: str, metadata: Mapping[str, Any]
    ) -> PaymentDto:
        """POST /payments (A2U). Never repeated once it may have been sent: PiOutcomeUnknown means
        look among the incomplete payments first.

        A 4xx was not carried out: PiRefused, `creation_refused` where Pi names no reason. It is no
        verdict about our key, since Pi has refused creations with a good one.
        """
        fields = exact_json.dumps({"memo": memo, "metadata": metadata, "uid": uid})
        # The amount is spliced in as its exact text, which has no exponent.
        body = f'{{"payment": {{"amount": {amount}, {fields[1:]}}}'
        try:
            return self._payment("POST", "/payments", body, repeatable=False, judges_key=False)
        except PiInvalidResponse as nonsense:
            if _is_refusal(nonsense.answer.http_status):
                raise PiRefused(replace(nonsense.answer, code="creation_refused")) from None
            raise PiOutcomeUnknown(nonsense.answer) from None

    def get_payment(self, payment_id: str) -> PaymentDto:
        """GET /payments/{payment_id}. Raises PiInexactAmount as well, which is a
        PiInvalidResponse."""
        return self._payment("GET", _path(payment_id), payment_id=payment_id)

    def approve(self, payment_id: str) -> PaymentDto:
        """POST /payments/{payment_id}/approve."""
        return self._payment("POST", _path(payment_id, "approve"), payment_id=payment_id)

    def complete(self, payment_id: str, txid: str) -> PaymentDto:
        """POST /payments/{payment_id}/complete. Give only a txid that Pi or the chain has shown to
        be this payment's: a wrong one jams it for good."""
        return self._payment(
            "POST", _path(payment_id, "complete"), json.dumps({"txid": txid}), payment_id=payment_id
        )

    def cancel(self, payment_id: str) -> PaymentDto:
        """POST /payments/{payment_id}/cancel."""
        return self._payment(
            "POST",
            _path(payment_id, "cancel"),
            payment_id=payment_id,
            refusals=REFUSALS | {"forbidden"},
        )

    def incomplete_server_payments(self) -> tuple[PaymentDto, ...]:
        """GET /payments/incomplete_server_payments: A2U payments only."""
        return _read(_incomplete, self._send_with_key("GET", OPEN_PAYOUTS))

    def renew_key(self) -> bool:
        """Read the server key again: it may be another app's, which Pi does not refuse. Whether it
        has been replaced."""
        if self._key is None:
            raise AssertionError("this function has no server key")
        return self._key.renewed(self._key.current()) is not None

    def ad_status(self, ad_id: str) -> RewardedAdStatusDto:
        """GET /ads_network/status/{ad_id}. Raises NotFound `ad_not_found`."""
        try:
            reply = self._send_with_key("GET", AD_STATUS + quote(ad_id, safe=""))
        except (PiRefused, PiInvalidResponse) as error:
            if error.answer.http_status == 404:
                raise NotFound("ad_not_found", "Pi does not know this ad.") from None
            raise
        ad = _read(RewardedAdStatusDto.read, reply)
        if ad.identifier != ad_id:
            raise PiInvalidResponse
        return ad

    def notify(self, uids: Sequence[str], text: NotificationText) -> NotifyAnswer:
        """POST /in_app_notifications/notify, of at most 256 users. Never repeated once it may have
        been sent: PiOutcomeUnknown and PiInvalidResponse leave open who was notified; after any
        other error Pi has done nothing.

        Its refusals are sentences. One that names users is about them. One that names nobody may be
        about our key; if Pi takes the key, the app may not notify.
        """
        notifications = [{**asdict(text), "user_uid": uid} for uid in uids]
        body = json.dumps({"notifications": notifications})
        try:
            reply = self._send_with_key("POST", NOTIFY, body, judges_key=False, repeatable=False)
        except (PiRefused, PiInvalidResponse) as error:
            if not _is_refusal(error.answer.http_status):
                raise PiOutcomeUnknown(error.answer) from None
            return self._refusal(error.answer, uids)
        except PiOutcomeUnknown as unknown:
            if unknown.answer.http_status == 429:
                raise PiNotSent(unknown.answer) from None
            raise
        return NotifyAnswer(_read(delivered_uids, reply))

    def _refusal(self, answer: PiAnswer, uids: Sequence[str]) -> NotifyAnswer:
        named = frozenset(uid for uid in uids if _names(answer.message, uid))
        is_quota = answer.http_status == 403 and "quota" in answer.message.lower()
        if named or is_quota:
            why = "over_quota" if answer.http_status == 403 else "refused_by_pi"
            return NotifyAnswer(named or frozenset(uids), why)
        if answer.http_status in (401, 403) and answer.code not in REFUSALS:
            self._check_key(answer)
        is_about_us = answer.code not in REFUSALS - {"feature_not_available"}
        is_unavailable = is_about_us and answer.http_status in (401, 403, 404)
        why = "notifications_not_enabled" if is_unavailable else "refused_by_pi"
        return NotifyAnswer(frozenset(uids), why)

    def _check_key(self, answer: PiAnswer) -> None:
        """After a refusal that may be about our key. Raises PiAuthenticationError, or PiNotSent if
        it cannot be told."""
        if self._key is None:
            raise AssertionError("this function has no server key")
        is_accepted = self._takes(self._key.current())
        if is_accepted is False:
            count("ServerKeyRefused")
            raise PiAuthenticationError(answer)
        if is_accepted is None:
            raise PiNotSent(answer)

    def _payment(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        payment_id: str | None = None,
        repeatable: bool = True,
        refusals: frozenset[str] = REFUSALS,
        judges_key: bool = True,
    ) -> PaymentDto:
        reply = self._send_with_key(
            method, path, body, repeatable=repeatable, refusals=refusals, judges_key=judges_key
        )
        try:
            payment = _read(PaymentDto.read, reply)
        except PiInexactAmount as inexact:
            if payment_id != inexact.payment.identifier:
                raise PiInvalidResponse(inexact.answer) from None
            raise
        if payment_id not in (None, payment.identifier):
            raise PiInvalidResponse
        return payment

    def _send_with_key(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        repeatable: bool = True,
        refusals: frozenset[str] = REFUSALS,
        judges_key: bool = True,
    ) -> Reply:
        if self._key is None:
            raise AssertionError("this function has no server key")
        key = self._key.current()
        reply = self._send(method, path, f"Key {key.reveal()}", body, repeatable)
        if _may_refuse_key(reply, refusals) and (newer := self._key.renewed(key)) is not None:
            reply = self._send(method, path, f"Key {newer.reveal()}", body, repeatable)
            key = newer
        if judges_key and _may_refuse_key(reply, refusals):
            is_asked = path == OPEN_PAYOUTS  # the very call that finds it out
            is_accepted = _verdict(reply) if is_asked else self._takes(key)
            if is_accepted is False:
                count("ServerKeyRefused")
                raise PiAuthenticationError(_answer(reply))
            if is_accepted is None and not is_asked:
                raise PiOutcomeUnknown(_answer(reply))
        if reply.status >= 400:
            answer = _answer(reply)
            raise PiRefused(answer) if answer.code else PiInvalidResponse(answer)
        return reply

    def _takes(self, key: Secret) -> bool | None:
        """Whether Pi accepts this server key, as it says within a minute; None: no verdict."""
        with self._judging:
            judged = self._judgement
            if judged is None or judged.key != key or seconds() - judged.at >= VERDICT_SECONDS:
                judged = Judgement(key, seconds(), self._found_out(key))
                self._judgement = judged
            return judged.is_accepted

    def _found_out(self, key: Secret) -> bool | None:
        try:
            reply = self._send("GET", OPEN_PAYOUTS, f"Key {key.reveal()}", repeatable=False)
        except PiError:
            return None
        return _verdict(reply)

    def _send(
        self,
        method: str,
        path: str,
        authorization: str,
        body: str | None = None,
        repeatable: bool = True,
    ) -> Reply:
        headers = {"Authorization": authorization, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            reply = self._http.call(
                method,
                self._base_url + path,
                headers=headers,
                body=body,
                repeatable=repeatable,
            )
        except CallFailed as failed:
            answer = _answer(failed.reply)
            _log(logger.warning, "Pi gave no answer", method, path, answer)
            if failed.failure is Failure.NOT_SENT:
                raise PiNotSent(answer) from None
            if failed.reply is not None and 200 <= failed.reply.status < 300:
                raise PiInvalidResponse(answer) from None
            raise PiOutcomeUnknown(answer) from None
        log = logger.warning if reply.status >= 400 else logger.info
        _log(log, "Pi answered", method, path, _answer(reply))
        return reply


def _path(payment_id: str, step: str = "") -> str:
    return f"/payments/{quote(payment_id, safe='')}" + (f"/{step}" if step else "")


def _may_refuse_key(reply: Reply, refusals: frozenset[str]) -> bool:
    return reply.status in (401, 403) and _answer(reply).code not in refusals


def _verdict(reply: Reply) -> bool | None:
    """What an answer about our open payouts says of the key. An app that may not pay users yet can
    be refused them with a good key, by any other status than 401."""
    if reply.status == 401 and _may_refuse_key(reply, REFUSALS):
        return False
    return True if reply.status == 200 else None


def _is_refusal(status: int | None) -> bool:
    """A 4xx, but for those of a request that may have been carried out all the same."""
    return status is not None and 400 <= status < 500 and status not in (408, 429)


def _names(sentence: str, uid: str) -> bool:
    """Whether the uid stands in it by itself, not as a part of another one."""
    return re.search(rf"(?<![\w-]){re.escape(uid)}(?![\w-])", sentence) is not None


def _read(read: Callable[[Mapping[str, Any]], Dto], reply: Reply) -> Dto:
    try:
        return read(reply.json or {})
    except MalformedDto as malformed:
        logger.warning(
            "Pi's answer lacks a field",
            extra={"field": str(malformed), "pi_request_id": _answer(reply).request_id},
        )
        if isinstance(malformed, InexactPayment):
            raise PiInexactAmount(malformed.payment, _answer(reply)) from None
        raise PiInvalidResponse(_answer(reply)) from None


def _incomplete(json: Mapping[str, Any]) -> tuple[PaymentDto, ...]:
    payments = json.get("incomplete_server_payments")
    if not isinstance(payments, list) or not all(isinstance(payment, dict) for payment in payments):
        raise MalformedDto("incomplete_server_payments")
    return tuple(PaymentDto.read(payment) for payment in payments)


def _answer(reply: Reply | None) -> PiAnswer:
    if reply is None:
        return PiAnswer()
    json = reply.json or {}
    payment = json.get("payment")
    return PiAnswer(
        http_status=reply.status,
        code=_code(json.get("error")),
        # Newer calls give a sentence and no code; it may name 256 users.
        message=str(json.get("error_message") or json.get("error") or "")[:LONGEST_MESSAGE],
        request_id=reply.headers.get("x-request-id", "")[:100],
        verification_error=_code(json.get("verification_error")),
        payment=payment if isinstance(payment, dict) else None,
        retry_after=reply.retry_after,
    )


def _code(value: object) -> str:
    return value if isinstance(value, str) and CODE.fullmatch(value) else ""


def _log(log: Callable[..., None], message: str, method: str, path: str, answer: PiAnswer) -> None:
    # Pi's sentence stays out: it may repeat what was sent, the token included. So does an ad id:
    # whoever reads it can claim it.
    shown = AD_STATUS if path.startswith(AD_STATUS) else path
    log(
        message,
        extra={
            "pi_call": f"{method} {shown}",
            "pi_status": answer.http_status,
            "pi_code": answer.code,
            "pi_request_id": answer.request_id,
        },
    )
