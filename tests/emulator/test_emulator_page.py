"""docs/emulator.md is all that a stranger needs: what it says is done here as it stands."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from local.emulator.__main__ import options
from local.emulator.http import create_app
from local.emulator.model import Settings
from local.emulator.pi import SERVER_KEY, Pi
from local.processes import environment
from tests.docs.pages import named, table, text
from tests.emulator.page import BACKEND, CHAIN, EMULATOR, PAGE, block, variables
from tests.emulator.world import World
from tests.node import NODE, environment_for, installed

SCRIPTS = Path(__file__).parent / "node"
SECONDS = 60


@pytest.fixture
def backend(real_world: World) -> Iterator[str]:
    """A stranger's Express back end, with the kit's variables as the page has them."""
    own = {
        name: value.replace(EMULATOR, real_world.url)
        for name, value in variables("pi-sdk-express").items()
    }
    with subprocess.Popen(
        [NODE, str(SCRIPTS / "backend.js")],
        env=environment_for(installed(SCRIPTS)) | own,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def test_a_strangers_back_end_takes_a_payment(real_world: World, backend: str) -> None:
    """Given an Express back end with the page's variables, when its user pays as the page's session
    does, then the payment is completed."""
    session = block("sh", "/approve")
    for address, mine in ((EMULATOR, real_world.url), (BACKEND, backend)):
        assert address in session
        session = session.replace(address, mine)
    played = subprocess.run(
        ["sh", "-euc", session],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert '"developer_completed":true' in played.stdout
    [payment] = real_world.state()["payments"]
    assert payment["status"]["developer_completed"]
    paths = [call["path"].rpartition("/")[2] for call in real_world.state()["calls"]]
    assert paths == ["approve", "complete"]


def test_the_keys_it_names_are_the_emulators() -> None:
    for kit in ("pi-sdk-express", "pi-sdk-nextjs", "demo"):
        assert variables(kit)["PI_API_KEY"] == SERVER_KEY


def test_its_options_are_the_commands() -> None:
    defaults = vars(options([]))
    del defaults["parent_pid"]  # for whoever starts it from a program
    rows = table("| Option | Default | Is |", PAGE)
    told: dict[str, str] = {}
    for names, values, _ in rows:
        listed = named(values) or [""] * len(named(names))
        told |= zip((name[2:].replace("-", "_") for name in named(names)), listed, strict=True)
    assert told == {name: str(value or "") for name, value in defaults.items()}


def test_its_settings_are_all_that_there_are() -> None:
    rows = table("| Setting | Is |", PAGE)
    told = [each.partition(":") for names, _ in rows for each in named(names)]
    defaults = {field.name: getattr(Settings(), field.name) for field in fields(Settings)}
    for name, _, value in told:
        assert _shown(defaults.pop(name)) == value.strip()
    # The chain's own.
    names = {each.partition(":")[0] for each in re.findall(r"`([^`]+)`", text(CHAIN))}
    assert defaults.keys() <= names


def test_its_calls_are_all_that_there_are() -> None:
    cells = [
        call
        for page in (PAGE, CHAIN)
        for call, *_ in table("| Call | Body | Does |", page)
        for call in named(call)
    ]
    told = {re.sub(r"\{\w+\}", "{}", cell) for cell in cells}
    app = create_app(Pi())
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/_emulator"):
            continue
        path = re.sub(r"<[^>]+>", "{}", rule.rule.removeprefix("/_emulator"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            short = {f".../{path.rpartition('/')[2]}"}
            assert {f"{method} {path}"} & told or short & told, f"{method} {path}"


def _shown(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case str():
            return f'"{value}"'
        case _:
            return f"{value:g}"
