"""Pi's own front ends against the deployed bundle: the demo with the lines that docs/front-end.md
changes, and the kits with nothing changed but the base path.
"""

import json
import subprocess
from pathlib import Path

import pytest

from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.processes import ROOT
from shared.aws.dynamodb import encoded
from tests.docs.pages import DOCS
from tests.node import NODE, environment_for, installed

SCRIPTS = Path(__file__).parent / "kits"
AXIOS = ROOT / "tests" / "emulator" / "node"  # its lock has it


def play(stack: Stack, emulator: PiEmulator, script: str, *more: str) -> dict[str, list[object]]:
    done = subprocess.run(
        [NODE, str(SCRIPTS / script), stack.api_url, emulator.url, *more],
        env=environment_for(installed(AXIOS)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, list[object]] = json.loads(done.stdout)
    return said


def test_the_demo_buys_comes_back_and_cancels(stack: Stack, emulator: PiEmulator) -> None:
    said = play(stack, emulator, "demo.js", str(DOCS / "front-end.md"))
    assert said.pop("signed in")[0] == 200
    assert said == {
        "approved": [200, "open"],
        "completed": [200, "completed"],
        "approved again": [200, "open"],
        "found again": [200, "completed"],
        "approved once more": [200, "open"],
        "cancelled": [202, "open"],  # until the chain proves that nobody has paid it
    }


@pytest.fixture
def button(stack: Stack) -> None:
    """The scaffolded button's product is for sale."""
    row = {"product_id": "42", "name": "Test", "active": True, "price": "1"}
    dynamodb = stack.cloud.session.client("dynamodb", endpoint_url=stack.cloud.endpoint)
    dynamodb.put_item(TableName=stack.outputs["ProductsTableName"], Item=encoded(row))


@pytest.mark.usefixtures("button")
def test_the_kits_wire_buys_cancels_fails_and_comes_back(
    stack: Stack, emulator: PiEmulator
) -> None:
    assert play(stack, emulator, "kit.js") == {
        "buys: approve": [200, "open"],
        "buys: approve again": [200, "open"],
        "buys: complete": [200, "completed"],
        "buys: complete again": [200, "completed"],
        "cancels: approve": [200, "open"],
        "cancels: cancel": [202, "open"],
        "fails: approve": [200, "open"],
        "fails: error": [202, "open"],
        "comes back unpaid: incomplete": [202, "open"],
        "comes back paid: incomplete": [200, "completed"],
    }
