"""`make pi`: Pi alone, for the back end of anybody, who is told all that it takes to call it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest
import requests
from stellar_sdk import Keypair, Server
from stellar_sdk.client.requests_client import RequestsClient

from local.processes import HOST, ROOT, environment, free_port
from tests.laptop.waiting import eventually

SECONDS = 30


class MakePi:
    """`make pi` in a session of its own, as in a terminal, and what it printed."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self.process = subprocess.Popen(
            ["make", "--no-print-directory", "pi", f"PI_PORT={port}"],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        self.said = "".join(lines)

    def told(self, name: str) -> str:
        [value] = re.findall(rf"^  {name} +(\S.*)$", self.said, re.MULTILINE)
        return str(value)

    def commands(self) -> str:
        """The shell commands that it shows."""
        return "\n".join(re.findall(r"^  ((?:TOKEN=|curl).*)$", self.said, re.MULTILINE))

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/_emulator/health", timeout=2).ok
        except requests.RequestException:
            return False


@pytest.fixture
def pi_alone() -> Iterator[MakePi]:
    started = MakePi(free_port())
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate(timeout=SECONDS)


def test_a_back_end_takes_a_payment_with_what_it_was_told(pi_alone: MakePi) -> None:
    """Given only what is printed, when a user pays, then it is completed, and on the chain."""
    shell = subprocess.run(
        ["sh", "-euc", pi_alone.commands()],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    payment = json.loads(shell.stdout)
    assert payment["to_address"] == pi_alone.told("App wallet")
    assert payment["network"] == pi_alone.told("Network passphrase")

    url = f"{pi_alone.told('Platform API')}/payments/{payment['identifier']}"
    key = {"Authorization": f"Key {pi_alone.told('Server key')}"}
    assert requests.post(f"{url}/approve", headers=key, timeout=SECONDS).ok
    pay = f"{pi_alone.told('Control API')}/payments/{payment['identifier']}/pay"
    txid = requests.post(pay, timeout=SECONDS).json()["txid"]
    done = requests.post(f"{url}/complete", json={"txid": txid}, headers=key, timeout=SECONDS)
    assert done.json()["status"]["developer_completed"]

    with Server(pi_alone.told("Horizon"), RequestsClient(num_retries=0)) as horizon:
        assert horizon.transactions().transaction(txid).call()["memo"] == payment["identifier"]
    seed = pi_alone.told("Wallet seed")
    assert Keypair.from_secret(seed).public_key == pi_alone.told("App wallet")


def test_ctrl_c_ends_it(pi_alone: MakePi) -> None:
    assert pi_alone.answers()
    os.killpg(pi_alone.process.pid, signal.SIGINT)
    said, _ = pi_alone.process.communicate(timeout=SECONDS)
    assert "Pi emulator stopped" in said
    assert not pi_alone.answers()


def test_it_ends_with_its_parent(pi_alone: MakePi) -> None:
    assert pi_alone.answers()
    pi_alone.process.kill()
    eventually(lambda: not pi_alone.answers(), seconds=SECONDS)
