"""docs/typescript.md: its command makes types by which its sample compiles, and a mistake does not;
and the sample does what it says."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local.processes import HOST, environment
from tests.docs.pages import DOCS, text
from tests.node import NODE, NPM, environment_for, installed
from tests.world import User, World

PAGE = DOCS / "typescript.md"
MOST_LINES = 30
SECONDS = 120
# What a page does with the sample; each word after the API's address is an argument.
PAGE_OF_SHOP = """
import { shop } from "./shop.ts";
const [api, token, step, ...words] = process.argv.slice(2);
const opened = shop(api);
const user = await opened.signIn(token);
console.log(JSON.stringify([user, await opened[step](...words) ?? null]));
"""


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", text(PAGE), re.MULTILINE | re.DOTALL)
    return [str(one) for one in found]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page's first command makes of a project; its packages are those of the shop in
    React, which are locked."""
    here = tmp_path_factory.mktemp("typescript")
    (here / "node_modules").symlink_to(installed(DOCS / "react_shop"))
    (here / "package.json").write_text('{"type": "module"}')
    (here / "openapi.yaml").symlink_to(DOCS / "openapi.yaml")
    (here / "page.mjs").write_text(PAGE_OF_SHOP)
    [sample] = blocks("ts")
    (here / "shop.ts").write_text(sample)
    made = run(here, blocks("sh")[0])
    assert made.returncode == 0, made.stderr
    return here


def run(project: Path, command: str) -> subprocess.CompletedProcess[str]:
    """As a developer types it."""
    path = f"{Path(NPM).parent}:{environment()['PATH']}"  # where npx lies too
    return subprocess.run(
        ["bash", "-euc", command],
        cwd=project,
        # Whatever is not there is not fetched.
        env=environment_for(project / "node_modules")
        | {"PATH": path, "npm_config_offline": "true"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def compiled(project: Path) -> str:
    """What the page's second command finds wrong."""
    return run(project, blocks("sh")[1]).stdout


def test_the_sample_compiles_and_is_short(project: Path) -> None:
    assert compiled(project) == ""
    assert len((project / "shop.ts").read_text().splitlines()) <= MOST_LINES + 1  # its name


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("body: { paymentId, txid }", "body: { id: paymentId, txid }", "'id' does not exist"),
        ("data?.username", "data?.name", "'name' does not exist"),
        ('POST("/pi_payment/approve"', 'POST("/pi_payment/aprove"', "/pi_payment/aprove"),
        ('=== "wrong_app"', '=== "wrong_ap"', "no overlap"),
        ("already_bought:", "already_sold:", "'already_sold' does not exist"),
        ('state === "completed"', 'state === "complete"', "no overlap"),
    ],
)
def test_a_mistake_does_not_compile(project: Path, right: str, wrong: str, told: str) -> None:
    sample = (project / "shop.ts").read_text()
    assert sample.count(right) == 1
    try:
        (project / "shop.ts").write_text(sample.replace(right, wrong))

        assert told in compiled(project)
    finally:
        (project / "shop.ts").write_text(sample)


# --- What it does ---------------------------------------------------------------------------------


@contextmanager
def served(world: World) -> Iterator[HTTPServer]:
    """The world's API on a port of this machine, for as long as somebody handles its requests."""

    class Gateway(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers["Content-Length"] or 0)
            token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
            body = self.rfile.read(size).decode() if size else None
            reply = world.call(f"{self.command} {self.path}", body=body, token=token)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(reply.body).encode())

        do_GET = do_POST = answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer((HOST, 0), Gateway) as server:
        server.timeout = 0.1
        yield server


def page(project: Path, server: HTTPServer, *words: str) -> str:
    """What the sample answers; its calls are handled meanwhile, in this thread."""
    api = f"http://{HOST}:{server.server_port}"
    command = [NODE, "--no-warnings", str(project / "page.mjs"), api, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            server.handle_request()
        assert running.stdout is not None
        return running.stdout.read().strip()


def test_it_signs_in_approves_and_completes(project: Path, world: World) -> None:
    alice: User = world.user("alice")
    payment_id = world.start(alice)
    with served(world) as server:
        assert page(project, server, alice.token, "approve", payment_id) == '["alice",null]'
        txid = world.pay(payment_id)
        assert page(project, server, alice.token, "complete", payment_id, txid) == '["alice",true]'
    assert world.record(payment_id).state == "completed"


def test_it_tells_the_user_what_was_refused(project: Path, world: World) -> None:
    alice = world.user("alice")
    payment_id = world.start(alice, "3")
    with served(world) as server:
        told = page(project, server, alice.token, "approve", payment_id)
    assert "The price has changed" in told
