"""Pi's own Node package runs its whole A2U flow against the emulator, unmodified.

It also shows what we must not do: nothing keeps it from paying the same payment twice.
"""

import json
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.emulator.pi import SERVER_KEY, Pi
from local.emulator.registry import wallet_seed_of
from tests.emulator.page import EMULATOR, block
from tests.emulator.world import World
from tests.node import NODE, environment_for, installed

SCRIPTS = Path(__file__).parent / "node"
STEP_SECONDS = 60

Step = Callable[..., Any]


@pytest.fixture
def step(real_world: World) -> Step:
    """Calls one step of pi-backend in a process of its own: `{answer}` or `{refused}`."""

    def run(name: str, *arguments: object, setup: str = "") -> Any:
        env = environment_for(installed(SCRIPTS)) | {
            "EMULATOR_URL": real_world.url,
            "SERVER_KEY": SERVER_KEY,
            "WALLET_SEED": wallet_seed_of("demo-app"),
            "SETUP": setup.replace(EMULATOR, real_world.url),
        }
        script = [NODE, "--require", str(SCRIPTS / "redirect.js"), str(SCRIPTS / "pay.js")]
        ended = subprocess.run(
            [*script, name, *(json.dumps(argument) for argument in arguments)],
            env=env,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout, parse_float=Decimal)

    return run


def order(uid: str) -> dict[str, Any]:
    return {"amount": 3, "memo": "Refund", "metadata": {"id": "r1"}, "uid": uid}


def test_the_whole_flow(real_world: World, step: Step) -> None:
    payment = step("whole", order(real_world.sign_in()["uid"]))["answer"]
    assert payment["status"]["developer_completed"]
    assert payment["transaction"]["verified"]
    txid = payment["transaction"]["txid"]
    assert real_world.horizon(f"/transactions/{txid}")["memo"] == payment["identifier"]
    assert step("getIncompleteServerPayments")["answer"] == {"incomplete_server_payments": []}


def test_the_pages_lines_lead_it_to_the_emulators_chain(real_world: World, step: Step) -> None:
    """Otherwise it knows Pi's own hosts only."""
    lines = block("js", "getHorizonClient")
    payment = step("whole", order(real_world.sign_in()["uid"]), setup=lines)["answer"]
    assert payment["status"]["developer_completed"]


def test_an_incomplete_payment(real_world: World, step: Step) -> None:
    """Paid, and then the process died: the next one finds it, and cannot see that it is paid."""
    uid = real_world.sign_in()["uid"]
    identifier = step("createPayment", order(uid))["answer"]
    txid = step("submitPayment", identifier)["answer"]

    refused = step("createPayment", order(uid))["refused"]
    assert refused["error"] == "ongoing_payment_found"
    assert refused["payment"]["identifier"] == identifier
    [incomplete] = step("getIncompleteServerPayments")["answer"]["incomplete_server_payments"]
    assert incomplete["identifier"] == identifier
    assert incomplete["transaction"] is None
    completed = step("completePayment", identifier, txid)["answer"]
    assert completed["status"]["developer_completed"]


def test_it_pays_twice(real_world: World, step: Step, pi: Pi) -> None:
    identifier = step("createPayment", order(real_world.sign_in()["uid"]))["answer"]
    first = step("submitPayment", identifier)["answer"]
    second = step("submitPayment", identifier)["answer"]
    assert pi.payment(identifier).on_chain == [first, second]


def test_an_unpaid_payment_is_cancelled(real_world: World, step: Step) -> None:
    uid = real_world.sign_in()["uid"]
    identifier = step("createPayment", order(uid))["answer"]
    assert step("cancelPayment", identifier)["answer"]["status"]["cancelled"]
    assert "answer" in step("createPayment", order(uid))


def test_what_the_chain_refuses(real_world: World, step: Step) -> None:
    wallet = real_world.state()["apps"][0]["wallet"]
    real_world.control("POST", "/chain/accounts", address=wallet, balance=2)
    identifier = step("createPayment", order(real_world.sign_in()["uid"]))["answer"]
    problem = step("submitPayment", identifier)["refused"]
    assert problem["extras"]["result_codes"] == {
        "transaction": "tx_failed",
        "operations": ["op_underfunded"],
    }
