"""Whether the server key is this app's.

A key is never judged by one refusal. Pi takes another app's key as well, but then does not know
what this stack has seen completed: such a payment is kept as a canary.
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
        """Whether Pi takes our key for this app's; None: nothing can tell, since no payment was
        seen completed yet. Raises PiRefused and what else a question may."""
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
        """Pi's payment; None: it knows none of this name, and the key is not known to be another
        app's. Raises PiAuthenticationError and what else a question may."""
        return self.look_for(payment_id)[0]

    def look_for(self, payment_id: str) -> tuple[PaymentDto | None, bool]:
        """The same, and whether it is certain: where Pi knows none, there was something to tell the
        key by."""
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
        """Pi has just shown this payment: meanwhile it serves where nothing was completed yet."""
        self.shown = payment_id
        try:
            yield
        finally:
            self.shown = None

    def remember(self, payment_id: str) -> None:
        """Pi has completed this payment for us. The newest replaces the one before; one for each
        environment's life goes into the table."""
        self.payment_id = payment_id
        if not self.is_kept:
            self.payments.keep_canary(payment_id)
            self.is_kept = True
