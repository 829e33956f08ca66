"""Plays a front end against the deployed bundle, over HTTP: a payment, a rewarded ad, and a payment
whose page is closed too early.

The calls to the bundle are those of Pi's own front-end kit; what the Pi Browser and its user would
do (sign in, open the payment, pay, watch an ad) is asked of the Pi emulator.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from local.progress import say

PRODUCT = "apple_pie_1"
ANSWER_SHOWN = 160
TOKEN = re.compile(r'("accessToken": ?)"[^"]*"')
TIMEOUT_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.1


class StepFailedError(RuntimeError):
    """A step of the play got another answer than a front end may count on."""


@dataclass(frozen=True)
class Play:
    """`api` and `pi` are the base URLs of the bundle and of the Pi emulator; `sweep` runs the sweep
    by hand; `owned` is how many of a product the example consumer has given to a user.
    """

    api: str
    pi: str
    sweep: Callable[[], int]
    owned: Callable[[str, str], int]
    session: requests.Session = field(default_factory=requests.Session)

    def whole(self) -> None:
        """Everything, in the order in which a user meets it; raises StepFailedError."""
        say("One payment and one rewarded ad, as a front end plays them:")
        user = self._pi("a user signs in at Pi", "/users", {})
        token: str = user["accessToken"]
        me = self._api("the bundle verifies the user", "GET", "/me", token=token)
        _expect("the bundle verifies the user", me["uid"] == user["uid"], me)
        self._payment(token)
        self._rewarded_ad(token)
        say("\nAnother user pays, and the page is closed before it can say so:")
        self._closed_page()

    def _payment(self, token: str) -> None:
        payment_id = self._approved(token)
        paid = self._pi("the user pays", f"/payments/{payment_id}/pay", {})
        self._api(
            "onReadyForServerCompletion",
            "POST",
            "/pi_payment/complete",
            {"paymentId": payment_id, "transactionId": paid["txid"]},
        )
        record = self._api("the user looks it up", "GET", f"/payments/{payment_id}", token=token)
        _expect("the user looks it up", record["state"] == "completed", record)

    def _approved(self, token: str) -> str:
        # As text: the amount is a JSON number, and money is never a float here.
        order = (
            f'{{"accessToken": {json.dumps(token)}, "amount": 3.14, "memo": "One apple pie", '
            f'"metadata": {{"productId": "{PRODUCT}"}}}}'
        )
        payment_id: str = self._pi("the user opens a payment", "/payments", order)["identifier"]
        self._api(
            "onReadyForServerApproval",
            "POST",
            "/pi_payment/approve",
            {"paymentId": payment_id, "accessToken": token},
        )
        return payment_id

    def _closed_page(self) -> None:
        """Nobody calls complete; the payment completes, and the goods arrive, all the same."""
        user = self._pi("the user signs in at Pi", "/users", {})
        payment_id = self._approved(user["accessToken"])
        self._pi("the user pays", f"/payments/{payment_id}/pay", {})
        paid_at = time.monotonic()

        def told(what: str) -> None:
            say(f"  {time.monotonic() - paid_at:5.2f} s  {what}")

        def is_completed() -> bool:
            if woken := self.sweep():
                told(f"the sweep, run by hand, wakes the worker for what is unfinished: {woken}")
            headers = {"Authorization": f"Bearer {user['accessToken']}"}
            path = f"/payments/{payment_id}"
            record = self._request(path, "GET", self.api, path, None, headers).json()
            return bool(record["state"] == "completed")

        told("the page is closed: /pi_payment/complete is never called")
        _until(is_completed, "the payment never completed")
        told("the worker has completed the payment at Pi")
        _until(lambda: self.owned(user["uid"], PRODUCT) > 0, "the goods never arrived")
        owned = self.owned(user["uid"], PRODUCT)
        told(f"PaymentCompleted reached the example consumer: the user has {owned} {PRODUCT}")
        _expect("the consumer hands out the goods", owned == 1, {PRODUCT: owned})

    def _rewarded_ad(self, token: str) -> None:
        ad_id = self._pi("the user watches an ad", "/ads", {"status": "granted"})["adId"]
        claim = f"/rewarded_ads/{ad_id}/claim"
        first = self._api("the reward is claimed", "POST", claim, {}, token=token)
        again = self._api("and claimed once more", "POST", claim, {}, token=token)
        _expect("and claimed once more", again == first, again)

    def _api(
        self,
        what: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str | None = None,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._call(what, method, self.api, path, body, headers)

    def _pi(self, what: str, path: str, body: dict[str, Any] | str) -> dict[str, Any]:
        return self._call(what, "POST", self.pi, f"/_emulator{path}", body, {})

    def _call(
        self,
        what: str,
        method: str,
        base: str,
        path: str,
        body: dict[str, Any] | str | None,
        headers: dict[str, str],
    ) -> dict[str, Any]:
        started = time.monotonic()
        response = self._request(what, method, base, path, body, headers)
        took = (time.monotonic() - started) * 1000
        shown = _shown(response.text)
        say(f"  {what}")
        say(f"    {method} {path} -> {response.status_code} in {took:.0f} ms")
        say(f"    {shown}")
        if not response.ok:
            raise StepFailedError(f"{what}: {method} {path} -> {response.status_code} {shown}")
        answer: dict[str, Any] = response.json()
        return answer

    def _request(
        self,
        what: str,
        method: str,
        base: str,
        path: str,
        body: dict[str, Any] | str | None,
        headers: dict[str, str],
    ) -> requests.Response:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        try:
            return self.session.request(
                method,
                base + path,
                data=text,
                headers={"Content-Type": "application/json", **headers},
                timeout=TIMEOUT_SECONDS,
            )
        except requests.RequestException as failed:
            raise StepFailedError(f"{what}: {method} {path}: {failed}") from failed


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    give_up = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        if time.monotonic() > give_up:
            raise StepFailedError(otherwise)
        time.sleep(LOOK_EVERY_SECONDS)


def _expect(what: str, holds: bool, answer: dict[str, Any]) -> None:
    if not holds:
        raise StepFailedError(f"{what}: unexpected answer {answer}")


def _shown(text: str) -> str:
    """The answer on one line, cut, and without the user's token: no habit to acquire."""
    line = TOKEN.sub(r'\1"..."', " ".join(text.split()))
    return line if len(line) <= ANSWER_SHOWN else f"{line[:ANSWER_SHOWN]} ..."
