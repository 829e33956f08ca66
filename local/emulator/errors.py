"""Pi's error codes, as the emulator answers them.

The codes are documented, most of their HTTP statuses are not: those below are guesses where
`STATUSES` does not follow from the code. A client must key on the code and on a fresh GET.
"""

from typing import Any

STATUSES = {
    "unauthorized": 401,
    "missing_scope": 401,
    "forbidden": 403,
    "feature_not_available": 403,
    "payment_not_found": 404,
    "user_not_found": 404,
    "ad_not_found": 404,
    "not_found": 404,
    "unknown_error": 500,
}

MESSAGES = {
    "unauthorized": "Invalid authorization.",
    "payment_not_found": "The payment could not be found.",
    "invalid_metadata": "Metadata can't be empty.",
    "ongoing_payment_found": (
        "You need to complete the ongoing payment first to create a new one."
    ),
    "too_many_cancelled_payments": "Your app has too many cancelled payments.",
    "missing_scope": "The user has not granted the scope that this call needs.",
    "already_completed": "The payment has already been completed.",
    "cancelled_payment": "The payment has been cancelled.",
    "payment_tx_present": "The payment has a transaction and can't be cancelled.",
    "verification_failed": "The transaction does not match the payment.",
    "not_verified": "The transaction has not been verified.",
    "txid_mismatch": "The payment is linked with another transaction.",
}


class PiError(Exception):
    """An answer other than 2xx; `extra` holds `payment` or `verification_error`."""

    def __init__(
        self, code: str, message: str | None = None, status: int | None = None, **extra: Any
    ) -> None:
        self.code = code
        self.status = status or STATUSES.get(code, 400)
        self.message = message or MESSAGES.get(code) or code.replace("_", " ").capitalize() + "."
        self.extra = extra
        super().__init__(f"{self.status} {code}")

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_message": self.message, **self.extra}


class SentenceError(PiError):
    """The error of a newer call: a sentence and no code."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__("", sentence, status)

    def body(self) -> dict[str, Any]:
        return {"error": self.message}


class TokenRefusedError(Exception):
    """A bad or expired user token: Pi answers 401 with an empty body."""
