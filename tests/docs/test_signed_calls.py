"""docs/signed_calls signs as AWS checks it, repeats what may be repeated, and says what was
refused; from Python and from JavaScript, over real HTTP, to the real function."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.processes import HOST, environment
from tests.docs.pages import DOCS
from tests.node import NODE, environment_for, installed
from tests.payouts.stories import payout_world
from tests.world import World

CALLS = DOCS / "signed_calls"
KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a-role's-token")
REGION = "eu-central-1"
SECONDS = 60
AUTHORIZATION = re.compile(r"SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})")

PYTHON = """
import json, sys, requests
from pay import pay_out
try:
    print(json.dumps(pay_out(*json.loads(sys.argv[1]).values())))
except requests.HTTPError as refused:
    print(json.dumps({"refused": refused.response.json().get("error")}))
"""
JAVASCRIPT = """
import { payOut } from "./pay.mjs";
const refused = ({ code = null }) => ({ refused: code });
const told = await payOut(JSON.parse(process.argv[2])).catch(refused);
console.log(JSON.stringify(told));
"""
Pays = Callable[..., Any]


class Gateway(HTTPServer):
    """An HTTP API with IAM authorization in front of a world's functions."""

    def __init__(self, world: World) -> None:
        super().__init__((HOST, 0), _Route)
        self.world = world
        self.is_down_for = 0  # calls
        self.statuses: list[int] = []


class _Route(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self._answer(body)
        self.server.statuses.append(status)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 503:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, body: bytes) -> tuple[int, Any]:
        if not self._is_signed(body):
            return 403, {"message": "Forbidden"}
        if self.server.is_down_for:
            self.server.is_down_for -= 1
            return 503, {"error": "service_unavailable", "error_message": "Ask again."}
        reply = self.server.world.post(**json.loads(body))
        return reply.status, reply.body

    def _is_signed(self, body: bytes) -> bool:
        """Computes the signature once more, as AWS does, from what came."""
        found = AUTHORIZATION.search(self.headers["Authorization"])
        assert found is not None
        headers = {name: self.headers[name] for name in found[1].split(";")}
        came = AWSRequest("POST", f"http://{self.headers['Host']}{self.path}", headers, body)
        came.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = SigV4Auth(KEY, "execute-api", REGION)
        canonical = signer.canonical_request(came)
        return signer.signature(signer.string_to_sign(came, canonical), came) == found[2]

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with payout_world() as world, Gateway(world) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["python", "javascript"])
def pays(request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path) -> Pays:
    """Runs the sample as the page says; its answer, or what it was refused for."""
    shutil.copytree(CALLS, tmp_path, dirs_exist_ok=True)
    if request.param == "python":
        (tmp_path / "run.py").write_text(PYTHON)
        program, env = [sys.executable, "run.py"], environment({})
    else:
        (tmp_path / "run.mjs").write_text(JAVASCRIPT)
        (tmp_path / "node_modules").symlink_to(installed(CALLS))
        program, env = [NODE, "run.mjs"], environment_for(tmp_path / "node_modules")
    env |= {
        "BUNDLE_API": f"http://{HOST}:{gateway.server_port}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY.access_key,
        "AWS_SECRET_ACCESS_KEY": KEY.secret_key,
        "AWS_SESSION_TOKEN": str(KEY.token),
        "PATH": os.environ["PATH"],
    }

    def pay(**changed: str) -> Any:
        wanted = {"payout_id": "raffle-17", "uid": gateway.world.uid("bob"), "amount": "0.5"}
        words = json.dumps({**wanted, "memo": "You won: 🍎", **changed})
        done = subprocess.run(
            [*program, words],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return pay


def test_a_payout_is_asked_for(pays: Pays, gateway: Gateway) -> None:
    assert pays()["state"] == "requested"
    assert gateway.statuses == [202]
    gateway.world.send()
    assert pays()["state"] == "completed"
    assert len(gateway.world.transfers_of("raffle-17")) == 1


def test_what_may_be_repeated_is_repeated(pays: Pays, gateway: Gateway) -> None:
    gateway.is_down_for = 2
    assert pays()["state"] == "requested"
    assert gateway.statuses == [503, 503, 202]


def test_what_stays_away_is_said_as_well(pays: Pays, gateway: Gateway, tmp_path: Path) -> None:
    waits = {"pay.py": ("backoff_factor=1", "backoff_factor=0"), "pay.mjs": ("Ms: 500", "Ms: 1")}
    for name, (long, short) in waits.items():
        text = (tmp_path / name).read_text()
        assert long in text
        (tmp_path / name).write_text(text.replace(long, short))
    gateway.is_down_for = 9
    assert pays() == {"refused": "service_unavailable"}
    assert gateway.statuses == [503] * 6
    assert gateway.world.all_payouts() == []


def test_what_was_refused_is_said(pays: Pays, gateway: Gateway) -> None:
    assert pays(amount="0.00000001") == {"refused": "invalid_amount"}
    assert gateway.statuses == [400]


def test_another_key_is_refused(
    pays: Pays, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KEY, "secret_key", "another")
    assert pays() == {"refused": None}
    assert gateway.statuses == [403]
    assert gateway.world.all_payouts() == []
