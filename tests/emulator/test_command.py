"""`python -m local.emulator`: says where it listens, refuses a taken port, ends with its parent."""

import itertools
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from local.emulator.address import address_of, seed_of
from local.emulator.server import EmulatorServer

EMULATOR = [sys.executable, "-m", "local.emulator"]


@pytest.fixture
def emulator() -> Iterator[subprocess.Popen[str]]:
    command = [*EMULATOR, "--port", "0", "--server-key", "k", "--wallet-seed", seed_of("ours")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_it_serves_on_the_loopback(emulator: subprocess.Popen[str]) -> None:
    assert emulator.stdout is not None
    line = emulator.stdout.readline()
    url = line.split()[3]
    assert url.startswith("http://127.0.0.1:")
    assert requests.get(f"{url}/_emulator/health", timeout=5).json() == {"status": "ok"}
    payment = requests.get(f"{url}/v2/payments/x", headers={"authorization": "Key k"}, timeout=5)
    assert payment.status_code == 404
    [app] = requests.get(f"{url}/_emulator/state", timeout=5).json()["apps"]
    assert app["wallet"] == address_of("ours")


def test_it_prints_no_key_and_no_seed_of_yours(emulator: subprocess.Popen[str]) -> None:
    """They may be real ones, and its output is kept in a log."""
    assert emulator.stdout is not None
    said = list(itertools.takewhile(lambda line: "Ctrl-C" not in line, emulator.stdout))
    assert sum("(the one that you gave)" in line for line in said) == 2
    assert seed_of("ours") not in "".join(said)


def test_a_wallet_seed_that_is_none_is_a_clear_error() -> None:
    ended = subprocess.run(
        [*EMULATOR, "--port", "0", "--wallet-seed", "SABC"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "That is no wallet seed.\n")


def test_it_starts_without_the_stellar_sdk() -> None:
    """Importing that takes as long as everything else together: only submissions need it."""
    code = "import sys, local.emulator.__main__; sys.exit('stellar_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0


def test_a_taken_port_is_a_clear_error() -> None:
    with EmulatorServer(lambda *_: []) as taken:
        port = taken.server_address[1]
        ended = subprocess.run(
            [*EMULATOR, "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Port {port} cannot be used: ")


def test_it_ends_with_its_parent() -> None:
    """The parent prints the emulator's first line and ends; its output closes with the emulator."""
    parent = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-m', 'local.emulator', '--port', '0'],"
        " stdout=subprocess.PIPE, text=True);"
        "print(child.stdout.readline())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, timeout=30, check=True
    )
    assert "Pi emulator on http://127.0.0.1:" in ended.stdout
