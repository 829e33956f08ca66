"""A real purchase reaches a back end that is not on AWS, over HTTP, with the secret."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.play.calls import Calls
from local.run import WEBHOOK_PROOF
from tests.laptop.receivers import KINDS, Receiver
from tests.laptop.waiting import eventually


@pytest.fixture
def calls(stack: Stack, emulator: PiEmulator) -> Calls:
    return Calls(stack.api_url, emulator.url, stack.cloud.signed)


@pytest.fixture
def receiver(request: pytest.FixtureRequest, stack: Stack, tmp_path: Path) -> Iterator[Receiver]:
    """One to which the stack posts its events."""
    with Receiver(request.param, tmp_path, WEBHOOK_PROOF) as receiver:
        stack.add_webhook(receiver.url, WEBHOOK_PROOF)
        yield receiver
        stack.remove_webhook()


def bought(calls: Calls) -> tuple[str, str]:
    """The uid of a new user who has bought an apple pie, and the payment's id."""
    user = calls.browser("a user signs in", "/users", {})
    asked = {"amount": 3, "memo": "Donation", "metadata": {"productId": "donation"}}
    order = {"accessToken": user["accessToken"], **asked}
    payment_id = calls.browser("he opens a payment", "/payments", order)["identifier"]
    approve = {"paymentId": payment_id, "accessToken": user["accessToken"]}
    calls.front_end("approve", "POST", "/pi_payment/approve", approve)
    txid = calls.browser("he pays", f"/payments/{payment_id}/pay", {})["txid"]
    complete = {"paymentId": payment_id, "txid": txid}
    calls.front_end("complete", "POST", "/pi_payment/complete", complete)
    return user["uid"], payment_id


def missed(calls: Calls, since: int) -> dict[str, dict[str, Any]]:
    """The details of all events of what was closed since then, by their identity."""
    path, details = f"/events?since={since}", dict[str, dict[str, Any]]()
    following: str | None = ""
    while following is not None:
        more = f"&next={quote(following)}" if following else ""
        page = calls.back_end("what did I miss?", "GET", path + more)
        details |= {one["detail"]["event_id"]: one["detail"] for one in page["events"]}
        following = page["next"]
    return details


@pytest.mark.parametrize("receiver", KINDS, indirect=True)
def test_a_purchase_arrives_once(calls: Calls, receiver: Receiver) -> None:
    uid, _ = bought(calls)

    eventually(lambda: receiver.did() == [f"give {uid} donation 1"], seconds=20)


def test_after_its_own_outage_a_back_end_catches_up(
    calls: Calls, stack: Stack, emulator: PiEmulator, tmp_path: Path
) -> None:
    """It was down while its customer paid: the list names the event, which then is sent again."""
    since = int(time.time()) - 1
    uid, payment_id = bought(calls)
    event_id = f"{payment_id}:PaymentCompleted"
    with Receiver("python", tmp_path, WEBHOOK_PROOF) as receiver:
        stack.add_webhook(receiver.url, WEBHOOK_PROOF)
        try:
            assert missed(calls, since)[event_id]["uid"] == uid
            again = {"event_id": event_id}
            calls.back_end("that one, please", "POST", "/events/send_again", again)
            eventually(lambda: receiver.did() == [f"give {uid} donation 1"], seconds=20)
        finally:
            stack.remove_webhook()
