"""`make pi`: Pi alone, for the back end of anybody, who is told all that it takes to call it."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
import requests

from local.processes import HOST, ROOT, environment, free_port
from tests.emulator.told import SECONDS, Told, take_a_payment
from tests.laptop.waiting import eventually


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
        self.told = Told(self.process.stdout)

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
    take_a_payment(pi_alone.told)


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
