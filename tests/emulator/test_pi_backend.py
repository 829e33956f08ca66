"""Pi's own Node package runs its whole A2U flow against the emulator, unmodified.

It also shows what we must not do: nothing keeps it from paying the same payment twice.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.emulator.pi import SERVER_KEY, Pi
from local.emulator.registry import wallet_seed_of
from local.processes import ROOT
from tests.emulator.world import World

PACKAGE = Path(__file__).parent / "pi_backend"
INSTALLED = ROOT / ".local" / "pi_backend"
INSTALL_SECONDS = 300
STEP_SECONDS = 60

Step = Callable[..., Any]


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder where exactly the locked packages are installed: kept until the lock changes."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.fail(
                f"{tool} is needed to test against Pi's own package; install Node 18 or newer"
            )
    lock = PACKAGE / "package-lock.json"
    home = INSTALLED / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if home.exists():
        return home
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=INSTALLED) as scratch:
        half_done = Path(scratch) / "package"
        shutil.copytree(PACKAGE, half_done)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=half_done,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"npm ci failed:\n{done.stdout}{done.stderr}")
        # At once, so that half an installation is never taken for a whole one. Another worker may
        # have been faster; theirs is as good.
        try:
            half_done.rename(home)
        except OSError:
            if not home.exists():
                raise
    return home


@pytest.fixture
def step(package: Path, real_world: World) -> Step:
    """Calls one step of pi-backend in a process of its own: `{answer}` or `{refused}`."""

    def run(name: str, *arguments: object) -> Any:
        environment = {
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(package / "node_modules"),
            "EMULATOR_URL": real_world.url,
            "SERVER_KEY": SERVER_KEY,
            "WALLET_SEED": wallet_seed_of("demo-app"),
        }
        script = ["node", "--require", str(PACKAGE / "redirect.js"), str(PACKAGE / "pay.js")]
        ended = subprocess.run(
            [*script, name, *(json.dumps(argument) for argument in arguments)],
            env=environment,
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
