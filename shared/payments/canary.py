"""Whether the server key is this app's.

One refusal proves nothing about a key. Pi also accepts another app's key, but with it does not know
the payments that this stack has seen completed: one of these is kept as a canary.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.base.errors import PiAuthenticationError, PiRefused
from shared.base.observability import count, logger
from shared.payments.store import PaymentStore
from shared.pi.client import PiClient
from shared.pi.objects import PaymentDto


@dataclass(slots=True, kw_only=True)
class Canary:
    """`is_kept`: this environment has put one into the table. `shown`: as in `while_shown`."""

    pi: PiClient
    payments: PaymentStore
    payment_id: str | None = None
    is_kept: bool = False
    shown: str | None = None

    def knows_us(self) -> bool | None:
        """Whether the key is this app's; None: not known, because no payment was seen completed
        yet. Raises PiRefused, and whatever a question to Pi may raise."""
        if self.payment_id is None:
            self.payment_id = self.payments.canary()
        canary = self.payment_id or self.shown
        if canary is None:
            self.pi.renew_key()  # it may have been replaced since
            return None
        try:
            self.pi.get_payment(canary)
        except PiRefused as refused:
            if refused.code != "payment_not_found":
                raise
            # For the next time: what was answered before was not for us; or Pi has forgotten this
            # canary, and the table keeps another.
            self.pi.renew_key()
            self.payment_id = None
            return False
        return True

    def find(self, payment_id: str) -> PaymentDto | None:
        """Pi's payment; None: Pi does not know this id, and the key is not known to be another
        app's. Raises PiAuthenticationError, and whatever a question to Pi may raise."""
        return self.look_for(payment_id)[0]

    def look_for(self, payment_id: str) -> tuple[PaymentDto | None, bool]:
        """The same, and whether it is certain: if Pi does not know the payment, a canary has shown
        whose key it is."""
        try:
            return self.pi.get_payment(payment_id), True
        except PiRefused as refused:
            if refused.code != "payment_not_found":
                raise
        knows_us = self.knows_us()
        if knows_us is False:
            count("ServerKeyRefused")
            logger.error("The server key is another app's")
            raise PiAuthenticationError
        return None, knows_us is True

    @contextmanager
    def while_shown(self, payment_id: str | None) -> Iterator[None]:
        """Pi has just shown this payment: meanwhile it is the canary, if nothing was completed
        yet."""
        self.shown = payment_id
        try:
            yield
        finally:
            self.shown = None

    def remember(self, payment_id: str) -> None:
        """Pi has completed this payment for this stack. The newest replaces the one before; each
        environment writes one into the table in its life."""
        self.payment_id = payment_id
        if not self.is_kept:
            self.payments.keep_canary(payment_id)
            self.is_kept = True
