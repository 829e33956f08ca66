"""Every error that the bundle raises on purpose.

    BundleError                 code, status, retryable, a sentence for people
    ├── BadRequest              400
    ├── TokenRefused            401  Pi does not know this user token
    ├── NotOwner                403
    ├── NotFound                404
    │   └── UnknownPayment
    ├── Conflict                409  the payment's or the ad's state or amount forbids it
    ├── DailyCapReached         429
    ├── PiError                      with what Pi said: PiAnswer
    │   ├── PiRefused           409  (404: unknown at Pi) Pi said no; nothing happened
    │   ├── PiAuthenticationError          502  our server key is wrong
    │   ├── PiInvalidResponse          502  an answer that the reference does not allow
    │   │   └── PiInexactAmount             in shared.pi.client: a payment that nobody can pay
    │   └── PiUnavailable       503
    │       ├── PiNotSent            Pi has done nothing
    │       └── PiOutcomeUnknown     Pi may have acted: ask before acting again
    ├── ChainUnavailable        503
    ├── ServiceUnavailable      503  one of our own services (database, secrets)
    │   └── PriceUnavailable         the app's own price function
    ├── UnreadableRecord        503  an item of a table that was edited by hand, say
    └── WriteConflict               503  another writer was first

`status` is the HTTP status that a front end sees; only the edge reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from shared.base.frozen import frozen


class BundleError(Exception):
    """An error with a stable `code` for programs, a `message` for people, and perhaps `details` for
    the developer who reads it; none ever holds a secret.
    """

    status: int
    retryable: bool = False
    details: Mapping[str, Any] | None = None

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class BadRequest(BundleError):
    status = 400


class TokenRefused(BundleError):
    status = 401

    def __init__(
        self,
        code: str = "invalid_token",
        message: str = "The user's access token is missing or not valid.",
    ) -> None:
        super().__init__(code, message)


class NotOwner(BundleError):
    status = 403

    def __init__(self, message: str = "This payment belongs to another user.") -> None:
        super().__init__("not_owner", message)


class NotFound(BundleError):
    status = 404


class UnknownPayment(NotFound):
    """Unknown to us, or none of the caller's business: the two must not be told apart."""

    def __init__(self) -> None:
        super().__init__("payment_not_found", "There is no such payment here.")


class Conflict(BundleError):
    status = 409

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.details = details


class DailyCapReached(BundleError):
    status = 429

    def __init__(self, cap: int) -> None:
        super().__init__(
            "daily_cap_reached", f"At most {cap} rewards a day are granted to one user."
        )


@frozen
class PiAnswer:
    """What Pi said when it did not say yes; absent parts are empty, since Pi's error pages may be
    anything.

    `message` is for a debugger, never for a log or a caller: it may repeat what was sent.
    """

    http_status: int | None = None
    code: str = ""
    message: str = field(default="", repr=False)
    request_id: str = ""
    verification_error: str = ""
    payment: Mapping[str, Any] | None = field(default=None, repr=False)
    retry_after: int | None = None


class PiError(BundleError):
    def __init__(self, code: str, message: str, answer: PiAnswer | None = None) -> None:
        super().__init__(code, message)
        self.answer = answer or PiAnswer()


class PiRefused(PiError):
    """Pi understood and said no. `code` is Pi's own."""

    def __init__(self, answer: PiAnswer) -> None:
        super().__init__(answer.code, "Pi refused the request.", answer)
        self.status = 404 if answer.code.endswith("_not_found") else 409


class PiAuthenticationError(PiError):
    status = 502

    def __init__(self, answer: PiAnswer | None = None) -> None:
        super().__init__("server_key_refused", "Pi refused this app's server key.", answer)


class PiInvalidResponse(PiError):
    status = 502

    def __init__(self, answer: PiAnswer | None = None) -> None:
        super().__init__("pi_answer_invalid", "Pi's answer is not valid.", answer)


class PiUnavailable(PiError):
    status = 503
    retryable = True

    def __init__(self, answer: PiAnswer | None = None) -> None:
        super().__init__("pi_unavailable", "Pi is not reachable at the moment.", answer)


class PiNotSent(PiUnavailable):
    """No connection was made, or Pi has refused for now: it did nothing."""


class PiOutcomeUnknown(PiUnavailable):
    """The request may have reached Pi and may have been carried out."""


class ChainUnavailable(BundleError):
    status = 503
    retryable = True

    def __init__(self) -> None:
        super().__init__("chain_unavailable", "The Pi blockchain cannot be read at the moment.")


class ServiceUnavailable(BundleError):
    status = 503
    retryable = True

    def __init__(
        self,
        code: str = "service_unavailable",
        message: str = "A service of this app is not available.",
    ) -> None:
        super().__init__(code, message)


class PriceUnavailable(ServiceUnavailable):
    """The app's price function gave no usable answer: nothing is approved without one."""

    def __init__(self) -> None:
        super().__init__(
            "price_unavailable",
            "The price of this payment cannot be looked up at the moment. Please try again.",
        )


class UnreadableRecord(BundleError):
    """It is left as it is until a person has mended it, and holds up no other. A caller hears what
    it hears of a bug."""

    status = 503
    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "unexpected_error",
            "Something went wrong here; nothing was lost. Please try again.",
        )


class WriteConflict(BundleError):
    """Another writer moved the record on; the next wake-up finds it as it is."""

    status = 503
    retryable = True

    def __init__(self) -> None:
        super().__init__("overtaken", "Another call is changing this record.")
