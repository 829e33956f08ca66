"""Plays a front end against the deployed bundle: one whole payment and one rewarded ad, over HTTP.

The calls to the bundle are those of Pi's own front-end kit; what the Pi Browser and its user would
do (sign in, open the payment, pay, watch an ad) is asked of the Pi emulator.
"""

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from local.progress import say

PRODUCT = "apple_pie_1"
ANSWER_SHOWN = 160
TOKEN = re.compile(r'("accessToken": ?)"[^"]*"')
TIMEOUT_SECONDS = 30.0


class StepFailedError(RuntimeError):
    """A step of the play got another answer than a front end may count on."""


@dataclass(frozen=True)
class Play:
    """Base URLs of the bundle's API and of the Pi emulator."""

    api: str
    pi: str
    session: requests.Session = field(default_factory=requests.Session)

    def whole(self) -> None:
        """Everything, in the order in which a user meets it; raises StepFailedError."""
        user = self._pi("a user signs in at Pi", "/users", {})
        token: str = user["accessToken"]
        me = self._api("the bundle verifies the user", "GET", "/me", token=token)
        _expect("the bundle verifies the user", me["uid"] == user["uid"], me)
        self._payment(token)
        self._rewarded_ad(token)

    def _payment(self, token: str) -> None:
        # As text: the amount is a JSON number, and money is never a float here.
        order = (
            f'{{"accessToken": {json.dumps(token)}, "amount": 3.14, "memo": "One apple pie", '
            f'"metadata": {{"productId": "{PRODUCT}"}}}}'
        )
        payment_id = self._pi("the user opens a payment", "/payments", order)["identifier"]
        self._api(
            "onReadyForServerApproval",
            "POST",
            "/pi_payment/approve",
            {"paymentId": payment_id, "accessToken": token},
        )
        paid = self._pi("the user pays", f"/payments/{payment_id}/pay", {})
        self._api(
            "onReadyForServerCompletion",
            "POST",
            "/pi_payment/complete",
            {"paymentId": payment_id, "transactionId": paid["txid"]},
        )
        record = self._api("the user looks it up", "GET", f"/payments/{payment_id}", token=token)
        _expect("the user looks it up", record["state"] == "completed", record)

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
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        started = time.monotonic()
        try:
            response = self.session.request(
                method,
                base + path,
                data=text,
                headers={"Content-Type": "application/json", **headers},
                timeout=TIMEOUT_SECONDS,
            )
        except requests.RequestException as failed:
            raise StepFailedError(f"{what}: {method} {path}: {failed}") from failed
        took = (time.monotonic() - started) * 1000
        shown = _shown(response.text)
        say(f"  {what}")
        say(f"    {method} {path} -> {response.status_code} in {took:.0f} ms")
        say(f"    {shown}")
        if not response.ok:
            raise StepFailedError(f"{what}: {method} {path} -> {response.status_code} {shown}")
        answer: dict[str, Any] = response.json()
        return answer


def _expect(what: str, holds: bool, answer: dict[str, Any]) -> None:
    if not holds:
        raise StepFailedError(f"{what}: unexpected answer {answer}")


def _shown(text: str) -> str:
    """The answer on one line, cut, and without the user's token: no habit to acquire."""
    line = TOKEN.sub(r'\1"..."', " ".join(text.split()))
    return line if len(line) <= ANSWER_SHOWN else f"{line[:ANSWER_SHOWN]} ..."
