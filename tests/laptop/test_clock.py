"""The clock of the laptop's whole world, moved: the functions' time, Pi's and the chain's."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.play.consumer import ExampleConsumer
from local.stage.server import Stage
from tests.laptop.deployed import record
from tests.laptop.waiting import eventually
from tests.stage import on_stage

SECONDS = 30


@pytest.fixture(scope="module")
def stage(stack: Stack, consumer: ExampleConsumer, emulator_server: PiEmulator) -> Iterator[Stage]:
    with on_stage(stack, consumer, emulator_server) as stage:
        yield stage


class User:
    """A user of the app, and their page's calls."""

    def __init__(self, stack: Stack, emulator: PiEmulator) -> None:
        self.stack, self.emulator = stack, emulator
        signed_in = emulator.control("POST", "/users", {})
        self.uid, self.token = signed_in["uid"], signed_in["accessToken"]

    def approved(self) -> str:
        order = {"amount": 1, "memo": "Thank you", "metadata": {"productId": "donation"}}
        opened = self.emulator.control("POST", "/payments", {"accessToken": self.token, **order})
        payment_id: str = opened["identifier"]
        assert self.post("approve", paymentId=payment_id)["state"] == "open"
        return payment_id

    def pay(self, payment_id: str) -> str:
        txid: str = self.emulator.control("POST", f"/payments/{payment_id}/pay", {})["txid"]
        return txid

    def post(self, step: str, **body: str) -> Any:
        return requests.post(
            f"{self.stack.api_url}/pi_payment/{step}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=SECONDS,
        ).json()


@pytest.fixture
def user(stage: Stage, stack: Stack, emulator_server: PiEmulator) -> User:
    return User(stack, emulator_server)


def state(stack: Stack, payment_id: str) -> str:
    return str(record(stack, payment_id)["state"])


def test_a_function_sees_the_moved_clock(stage: Stage, stack: Stack, user: User) -> None:
    before = record(stack, user.approved())["created_at"]
    stage.director.an_hour_later()
    after = record(stack, user.approved())["created_at"]
    assert 3600 <= after - before < 3600 + SECONDS


def test_promise_3_an_approved_payment_that_nobody_pays_is_closed_as_unpaid(
    stage: Stage, stack: Stack, user: User
) -> None:
    payment_id = user.approved()
    stage.director.an_hour_later()
    assert state(stack, payment_id) == "open"
    stage.director.an_hour_later()
    eventually(lambda: state(stack, payment_id) == "cancelled", seconds=SECONDS)


def test_promise_3_a_payment_that_is_paid_after_an_hour_completes(
    stage: Stage, stack: Stack, user: User
) -> None:
    payment_id = user.approved()
    stage.director.an_hour_later()
    txid = user.pay(payment_id)
    assert user.post("complete", paymentId=payment_id, txid=txid)["state"] == "completed"


def test_a_refund_goes_after_an_hour(
    stage: Stage, stack: Stack, user: User, emulator_server: PiEmulator
) -> None:
    """What the sender signs is valid by the chain's clock, and pays once, though the operator asks
    for it twice."""
    payment_id = user.approved()
    user.post("complete", paymentId=payment_id, txid=user.pay(payment_id))
    stage.director.an_hour_later()
    payout_id = stage.director.refund()

    def payout() -> Any:
        url = f"{stack.api_url}/payouts/{payout_id}"
        return requests.get(url, auth=stack.cloud.signed, timeout=SECONDS).json()

    eventually(lambda: payout()["state"] == "completed", seconds=2 * SECONDS)
    assert payout()["refund_of"] == payment_id
    memos = [sent["memo"] for sent in emulator_server.control("GET", "/state")["transactions"]]
    assert memos.count(payout()["payment_id"]) == 1
