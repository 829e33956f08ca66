"""The emulator's own words: what it prints when it is up, and a payment taken with nothing else."""

import json
import re
import subprocess
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import requests
from stellar_sdk import Keypair, Server
from stellar_sdk.client.requests_client import RequestsClient

from local.processes import environment

SECONDS = 30


class Told:
    """What a back end's developer reads on the terminal."""

    def __init__(self, output: Iterable[str] | None) -> None:
        assert output is not None
        self.said = "".join(takewhile(lambda line: "Ctrl-C" not in line, output))

    def value(self, name: str) -> str:
        [value] = re.findall(rf"^  {name} +(\S.*)$", self.said, re.MULTILINE)
        return str(value)

    def user_pays(self) -> Any:
        """The shell commands that it shows: a user signs in and opens a payment."""
        commands = "\n".join(re.findall(r"^  ((?:TOKEN=|curl).*)$", self.said, re.MULTILINE))
        shell = subprocess.run(
            ["sh", "-euc", commands],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        return json.loads(shell.stdout)


def take_a_payment(told: Told) -> None:
    """When a user pays, then the payment is completed, and on the chain."""
    payment = told.user_pays()
    assert payment["to_address"] == told.value("App wallet")
    assert payment["network"] == told.value("Network passphrase")

    url = f"{told.value('Platform API')}/payments/{payment['identifier']}"
    key = {"Authorization": f"Key {told.value('Server key')}"}
    assert requests.post(f"{url}/approve", headers=key, timeout=SECONDS).ok
    pay = f"{told.value('Control API')}/payments/{payment['identifier']}/pay"
    txid = requests.post(pay, timeout=SECONDS).json()["txid"]
    done = requests.post(f"{url}/complete", json={"txid": txid}, headers=key, timeout=SECONDS)
    assert done.json()["status"]["developer_completed"]

    with Server(told.value("Horizon"), RequestsClient(num_retries=0)) as horizon:
        assert horizon.transactions().transaction(txid).call()["memo"] == payment["identifier"]
    seed = told.value("Wallet seed")
    assert Keypair.from_secret(seed).public_key == told.value("App wallet")
