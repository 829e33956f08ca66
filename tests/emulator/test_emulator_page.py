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
from tests.emulator.page import BACKEND, BROWSER, CHAIN, EMULATOR, PAGE, block, variables
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


def test_what_the_page_on_the_sdk_says_to_type(real_world: World, tmp_path: Path) -> None:
    """Its settings are taken, and its address of the types leads to them."""
    for containing in ("pi-sdk.d.ts", "sdk_ads"):
        session = block("sh", containing, BROWSER).replace(EMULATOR, real_world.url)
        subprocess.run(
            ["sh", "-euc", session],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    settings = real_world.state()["settings"]
    assert (settings["sdk_approval_s"], settings["sdk_ad_status"]) == (5, None)
    assert settings["sdk_ads"] == "AD_NOT_AVAILABLE"
    assert "interface Window" in (tmp_path / "pi-sdk.d.ts").read_text()


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
    rows = [row for page in (PAGE, BROWSER) for row in table("| Setting | Is |", page)]
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
        for page in (PAGE, CHAIN, BROWSER)
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
