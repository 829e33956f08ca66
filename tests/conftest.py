"""What the tests stand on: Pi's emulator, a local cloud, and the real template deployed to it.

Each is started when the first test asks for it and serves the whole session. Under xdist every
worker has its own: that costs a second build, and both workers are busy to the end.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.chromium import CHROMIUM, MISSING
from local.cloud.ministack import BUILD_SECONDS, CREDENTIALS, LocalCloud, start_build
from local.cloud.stack import Stack
from local.emulator.process import PiEmulator
from local.play.consumer import ExampleConsumer
from local.processes import environment, free_port
from local.run import PRODUCTS
from shared.payments.store import CANARY
from tests.world.tables import Storage

TESTS = Path(__file__).parent
SERVER_KEY = "server-key-of-the-tests"
OPERATOR = "operator@shop.example"
LEFT_OUT = f"tests/browser was left out. {MISSING}"

# Functions are shipped as they stand: importing one must leave nothing beside it.
sys.dont_write_bytecode = True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not CHROMIUM and not os.environ.get("CI"):
        _leave_out_browser(config, items)
    for item in items:
        if item.path.is_relative_to(TESTS / "unit"):
            item.add_marker(pytest.mark.disable_socket)


def _leave_out_browser(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a person's machine; in CI these tests fail instead."""
    left_out = [item for item in items if item.path.is_relative_to(TESTS / "browser")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CHROMIUM:
        terminalreporter.write_line(LEFT_OUT)


@pytest.fixture(scope="session", autouse=True)
def _no_real_account() -> Iterator[None]:
    """No test may reach an AWS account, whatever the shell is logged in to."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in environment(CREDENTIALS).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's servers keep their logs."""
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="session")
def emulator_server(home: Path) -> Iterator[PiEmulator]:
    """The Pi emulator over HTTP; take `emulator` unless several tests share its state."""
    with PiEmulator(free_port(), SERVER_KEY, home) as emulator:
        yield emulator.wait_ready()


@pytest.fixture
def emulator(emulator_server: PiEmulator, request: pytest.FixtureRequest) -> PiEmulator:
    """The Pi emulator over HTTP, as if just started."""
    emulator_server.control("POST", "/reset")
    if "stack" in request.fixturenames:
        # The sender remembers the chain; one that was begun anew it does not believe at once.
        request.getfixturevalue("stack").cold_start("SendPayout")
        # And Pi has forgotten the payment by which the key is told: what the runbook says to do.
        forget_canary(request.getfixturevalue("stack"))
    return emulator_server


def forget_canary(stack: Stack) -> None:
    stack.cloud.dynamodb.delete_item(
        TableName=stack.outputs["PaymentsTableName"], Key={"payment_id": {"S": CANARY}}
    )


@pytest.fixture(scope="session")
def cloud(home: Path) -> Iterator[LocalCloud]:
    """MiniStack with nothing deployed."""
    with LocalCloud(free_port(), home) as cloud:
        yield cloud.wait_ready()


@pytest.fixture(scope="session")
def dynamodb_endpoint(cloud: LocalCloud) -> str:
    """A DynamoDB that is atomic, unlike moto's; make tables of your own names in it."""
    return cloud.endpoint


@pytest.fixture(scope="session")
def built(home: Path) -> Path:
    """The folder that `sam build` made, for this machine's interpreter."""
    start_build(home).wait(seconds=BUILD_SECONDS)
    return home / "build"


@pytest.fixture(scope="session")
def stack(built: Path, cloud: LocalCloud, emulator_server: PiEmulator) -> Stack:
    """The real template, deployed, with the emulator behind it, its secrets and the products."""
    assert built.is_relative_to(cloud.home)
    parameters = {
        "PiApiUrl": f"{emulator_server.url}/v2",
        "HorizonUrl": f"{emulator_server.url}/horizon",
        "AllowOrigins": "https://shop.example,https://shop1234.pinet.com",
        "AlarmEmail": OPERATOR,
    }
    stack = Stack(cloud, parameters).finish()
    stack.put_server_key(SERVER_KEY)
    stack.put_wallet_seed(emulator_server.wallet_seed)
    stack.switch_payouts(on=True)
    for product in PRODUCTS:
        stack.put_product(product)
    return stack


@pytest.fixture(scope="session")
def consumer(stack: Stack) -> ExampleConsumer:
    """docs/example_consumer, deployed and listening."""
    return ExampleConsumer(stack.cloud, stack.outputs["EventBusName"]).finish()


@pytest.fixture(scope="session")
def storage(dynamodb_endpoint: str) -> Storage:
    """MiniStack's DynamoDB: `new_world(storage)` plays in new tables there."""
    return Storage(dynamodb_endpoint)
