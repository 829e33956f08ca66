"""Plays a front end and an operator's back end against the deployed bundle, over HTTP: a payment, a
rewarded ad, a payment whose page is closed too early, a payout and a refund.

The calls to the bundle are those of Pi's own front-end kit; what the Pi Browser and its user would
do (sign in, open the payment, pay, watch an ad) is asked of the Pi emulator.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from local.play.calls import Calls, StepFailedError, expect, until
from local.progress import say

PRODUCT = "apple_pie_1"


@dataclass(frozen=True)
class Play:
    """`sweep` runs the sweep by hand; `owned` is how many of a product the example consumer has
    given to a user.
    """

    calls: Calls
    sweep: Callable[[], int]
    owned: Callable[[str, str], int]

    def whole(self) -> None:
        """Everything, in the order in which a user meets it; raises StepFailedError."""
        say("One payment and one rewarded ad, as a front end plays them:")
        user = self.calls.browser("a user signs in at Pi", "/users", {})
        uid, token = user["uid"], user["accessToken"]
        me = self.calls.front_end("the bundle verifies the user", "GET", "/me", token=token)
        expect("the bundle verifies the user", me["uid"] == uid, me)
        payment_id = self._payment(token)
        self._rewarded_ad(token)
        say("\nAnother user pays, and the page is closed before it can say so:")
        self._closed_page()
        say("\nThe operator's own back end pays the first user out:")
        self._payout({"uid": uid, "amount": "0.5", "memo": "You won the raffle"})
        say("\nAnd gives the apple pie's price back:")
        self._payout({"refund_of": payment_id})

    def _payment(self, token: str) -> str:
        payment_id = self._approved(token)
        paid = self.calls.browser("the user pays", f"/payments/{payment_id}/pay", {})
        self.calls.front_end(
            "onReadyForServerCompletion",
            "POST",
            "/pi_payment/complete",
            {"paymentId": payment_id, "transactionId": paid["txid"]},
        )
        path = f"/payments/{payment_id}"
        record = self.calls.front_end("the user looks it up", "GET", path, token=token)
        expect("the user looks it up", record["state"] == "completed", record)
        return payment_id

    def _approved(self, token: str) -> str:
        # As text: the amount is a JSON number, and money is never a float here.
        order = (
            f'{{"accessToken": {json.dumps(token)}, "amount": 3.14, "memo": "One apple pie", '
            f'"metadata": {{"productId": "{PRODUCT}"}}}}'
        )
        opened = self.calls.browser("the user opens a payment", "/payments", order)
        payment_id: str = opened["identifier"]
        self.calls.front_end(
            "onReadyForServerApproval",
            "POST",
            "/pi_payment/approve",
            {"paymentId": payment_id, "accessToken": token},
        )
        return payment_id

    def _closed_page(self) -> None:
        """Nobody calls complete; the payment completes, and the goods arrive, all the same."""
        user = self.calls.browser("the user signs in at Pi", "/users", {})
        payment_id = self._approved(user["accessToken"])
        self.calls.browser("the user pays", f"/payments/{payment_id}/pay", {})
        url = f"{self.calls.api}/payments/{payment_id}"
        told = _clock()

        def is_completed() -> bool:
            if woken := self.sweep():
                told(f"the sweep, run by hand, wakes the worker for what is unfinished: {woken}")
            record = self.calls.quietly("GET", url, token=user["accessToken"])
            return bool(record["state"] == "completed")

        told("the page is closed: /pi_payment/complete is never called")
        until(is_completed, "the payment never completed")
        told("the worker has completed the payment at Pi")
        until(lambda: self.owned(user["uid"], PRODUCT) > 0, "the goods never arrived")
        owned = self.owned(user["uid"], PRODUCT)
        told(f"PaymentCompleted reached the example consumer: the user has {owned} {PRODUCT}")
        expect("the consumer hands out the goods", owned == 1, {PRODUCT: owned})

    def _rewarded_ad(self, token: str) -> None:
        ad_id = self.calls.browser("the user watches an ad", "/ads", {"status": "granted"})["adId"]
        claim = f"/rewarded_ads/{ad_id}/claim"
        first = self.calls.front_end("the reward is claimed", "POST", claim, {}, token=token)
        again = self.calls.front_end("and claimed once more", "POST", claim, {}, token=token)
        expect("and claimed once more", again == first, again)

    def _payout(self, wanted: dict[str, Any]) -> None:
        """Asked for twice under one id, it is paid once."""
        body = {"payout_id": f"play-{uuid4()}", **wanted}
        told = _clock()
        first = self.calls.back_end("the payout is asked for", "POST", "/payouts", body)
        again = self.calls.back_end("and asked for once more", "POST", "/payouts", body)
        expect("and asked for once more", again["amount"] == first["amount"], again)
        payout = self._closed(body["payout_id"])
        expect("the payout completes", payout["state"] == "completed", payout)
        told(f"the sender has paid it: payment {payout['payment_id']} is completed at Pi")
        self._on_chain(payout)

    def _closed(self, payout_id: str) -> dict[str, Any]:
        """The payout, when it is."""
        url, seen = f"{self.calls.api}/payouts/{payout_id}", [dict[str, Any]()]

        def is_closed() -> bool:
            seen.append(self.calls.quietly("GET", url, auth=self.calls.signed))
            return seen[-1].get("state") in ("completed", "failed", "blocked")

        try:
            until(is_closed, "the payout was never closed")
        except StepFailedError as never:
            raise StepFailedError(f"{never}: {seen[-1]}") from None
        return seen[-1]

    def _on_chain(self, payout: dict[str, Any]) -> None:
        path = f"/transactions/{payout['txid']}"
        memo = self.calls.chain(path)["memo"]
        (paid,) = self.calls.chain(f"{path}/operations")["_embedded"]["records"]
        say(f"    on the chain: {paid['amount']} Pi from {_short(paid['from'])}")
        say(f"    to {_short(paid['to'])}, memo {memo}, transaction {_short(payout['txid'])}")
        expect("the chain shows the payout", memo == payout["payment_id"], paid)


def _clock() -> Callable[[str], None]:
    """Tells what happens, in seconds from now."""
    started = time.monotonic()
    return lambda what: say(f"  {time.monotonic() - started:5.2f} s  {what}")


def _short(name: str) -> str:
    return f"{name[:6]}...{name[-6:]}"
