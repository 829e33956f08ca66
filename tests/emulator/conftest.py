"""A fresh Pi for each test, at noon, whose clock stands still unless it is moved.

After every test all Pi that was minted is still there, in the wallets or in the fee pool.
"""

from collections.abc import Iterator

import pytest
import requests

from local.emulator.http import create_app
from local.emulator.in_process import InProcessAdapter
from local.emulator.pi import Pi
from local.emulator.server import serving
from tests.emulator.world import NOON, World


@pytest.fixture
def pi() -> Iterator[Pi]:
    pi = Pi(clock=lambda: NOON, seed=1)
    yield pi
    assert pi.chain.total_coins == pi.chain.minted


@pytest.fixture
def world(pi: Pi) -> Iterator[World]:
    """Pi without a socket."""
    url = "http://pi.test"
    with requests.Session() as session:
        session.mount(url, InProcessAdapter(create_app(pi)))
        yield World(url, session)


@pytest.fixture
def real_world(pi: Pi) -> Iterator[World]:
    """Pi over real HTTP."""
    with serving(create_app(pi)) as url, requests.Session() as session:
        yield World(url, session)
