"""The newest Python and JavaScript Stellar SDKs get from the emulator what they get from Horizon.

Both make the same calls and are held to the same answers. The clock is the machine's: the SDKs set
time bounds by it.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests

from local.emulator.address import address_of
from local.emulator.http import create_app
from local.emulator.pi import Pi
from local.emulator.registry import wallet_seed_of
from local.emulator.server import serving
from tests.emulator.stellar_python import PythonSdk
from tests.emulator.world import World
from tests.node import NODE, environment_for, installed

SCRIPTS = Path(__file__).parent / "node"
PROBLEM = "https://stellar.org/horizon-errors/"
FEE = 100_000
ALICE = address_of("user:alice")
ORDER = {
    "seed": wallet_seed_of("demo-app"),
    "passphrase": "Pi Testnet",
    "to": ALICE,
    "amount": "0.42",
    "memo": "a payment's identifier, 28 b",
    "fee": FEE,
}


class Sdk(Protocol):
    def call(self, url: str, name: str, **given: Any) -> dict[str, Any]: ...


class JavaScriptSdk:
    """One Node process that answers one line after the other."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [NODE, str(SCRIPTS / "contract.js")],
            env=environment_for(installed(SCRIPTS)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, url: str, name: str, **given: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"url": url, "call": name, **given}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", params=["python", "javascript"])
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    if request.param == "python":
        yield PythonSdk()
        return
    javascript = JavaScriptSdk()
    yield javascript
    javascript.stop()


@pytest.fixture
def world() -> Iterator[World]:
    """A Pi of today, over real HTTP, with Alice."""
    with serving(create_app(Pi())) as url, requests.Session() as session:
        world = World(url, session)
        world.sign_in(username="alice")
        yield world


@pytest.fixture
def horizon(world: World) -> str:
    return f"{world.url}/horizon"


def test_an_account(world: World, sdk: Sdk, horizon: str) -> None:
    wallet = world.state()["apps"][0]["wallet"]
    assert sdk.call(horizon, "account", address=wallet)["answer"] == {
        "address": wallet,
        "sequence": str(1 << 32),
        "balance": "1000000.0000000",
        "asset_type": "native",
    }


def test_an_account_that_does_not_exist(sdk: Sdk, horizon: str) -> None:
    refused = sdk.call(horizon, "account", address=address_of("nobody"))["refused"]
    assert (refused["status"], refused["type"]) == (404, f"{PROBLEM}not_found")


def test_fees(sdk: Sdk, horizon: str) -> None:
    assert sdk.call(horizon, "fees")["answer"] == {
        "base_fee": FEE,
        "last_ledger_base_fee": str(FEE),
        "mode": str(FEE),
        "max": str(FEE),
    }


def test_a_submission(world: World, sdk: Sdk, horizon: str) -> None:
    """The hash that the SDK knows beforehand is the chain's, and that of the envelope shown."""
    submitted = sdk.call(horizon, "submit", **ORDER)["answer"]
    assert submitted["hash"] == submitted["own_hash"] == submitted["read_hash"]
    assert submitted["successful"]
    assert submitted["memo"] == ORDER["memo"]
    assert submitted["signatures"] == 1
    assert (submitted["to"], submitted["amount"]) == (ALICE, "0.4200000")
    [transaction] = world.state()["transactions"]
    assert (transaction["txid"], transaction["ledger"]) == (submitted["hash"], submitted["ledger"])


def test_an_asynchronous_submission(world: World, sdk: Sdk, horizon: str) -> None:
    """It is in the queue, and once only, until its ledger closes."""
    world.control("PATCH", "/settings", close_at_once=False)
    submitted = sdk.call(horizon, "submit_async", **ORDER)["answer"]
    assert submitted["hash"] == submitted["own_hash"]
    assert (submitted["status"], submitted["again"]) == ("PENDING", "DUPLICATE")
    assert submitted["again_status"] == 409
    world.advance(6)
    [transaction] = world.state()["transactions"]
    assert transaction["txid"] == submitted["hash"]


REFUSED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"sequence_off": 1}, {"transaction": "tx_bad_seq"}),
    ({"fee": FEE - 1}, {"transaction": "tx_insufficient_fee"}),
    ({"passphrase": "Pi Network"}, {"transaction": "tx_bad_auth"}),
    ({"amount": "5000000"}, {"transaction": "tx_failed", "operations": ["op_underfunded"]}),
    (
        {"to": address_of("nobody")},
        {"transaction": "tx_failed", "operations": ["op_no_destination"]},
    ),
]


@pytest.mark.parametrize(("altered", "codes"), REFUSED)
def test_a_submission_that_is_refused(
    sdk: Sdk, horizon: str, altered: dict[str, Any], codes: dict[str, Any]
) -> None:
    assert sdk.call(horizon, "submit", **ORDER | altered)["refused"] == {
        "status": 400,
        "type": f"{PROBLEM}transaction_failed",
        "title": "Transaction Failed",
        "result_codes": codes,
        "invalid_field": None,
    }


def test_a_submission_without_an_answer_in_time(world: World, sdk: Sdk, horizon: str) -> None:
    """A 504 says nothing about what became of it."""
    world.control("POST", "/faults", method="POST", path="/horizon/*", code="timeout", effect=True)
    refused = sdk.call(horizon, "submit", **ORDER)["refused"]
    assert (refused["status"], refused["type"]) == (504, f"{PROBLEM}timeout")
    assert len(world.state()["transactions"]) == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages(world: World, sdk: Sdk, horizon: str, order: str) -> None:
    """Forwards to the end, and back to the page before."""
    wallet = world.state()["apps"][0]["wallet"]
    transfer = {"destination": wallet, "amount": 1}
    txids = [world.control("POST", "/chain/transactions", **transfer)["txid"] for _ in range(5)]
    if order == "desc":
        txids.reverse()
    seen = sdk.call(horizon, "pages", address=wallet, order=order, limit=2)["answer"]
    assert seen["pages"] == [txids[:2], txids[2:4], txids[4:]]
    # The page before begins at the cursor, and is in the other order.
    assert seen["last"] == [txids[3], txids[2]]


def test_a_transaction_that_does_not_exist(sdk: Sdk, horizon: str) -> None:
    refused = sdk.call(horizon, "missing", txid="ab" * 32)["refused"]
    assert refused["status"] == 404
    assert refused["title"] == "Resource Missing"


def test_a_cursor_that_is_none(sdk: Sdk, horizon: str) -> None:
    refused = sdk.call(horizon, "bad_cursor")["refused"]
    assert (refused["status"], refused["invalid_field"]) == (400, "cursor")
