"""Calls to a server that hangs: after a few each is put off at once, and none is tried again."""

from typing import Any

import pytest
import requests

from shared.base.health import DOWN_AFTER
from shared.base.http import CallFailed, Failure
from tests.unit.scripted_line import Net, ScriptedLine

TIME_OUT_SECONDS = 5


class Hangs(ScriptedLine):
    """Until it is mended. `asked`: how often it was."""

    net: Net
    asked, is_mended = 0, False

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:
        self.asked += 1
        if self.is_mended:
            return super().send(request, **how)
        self.net.clock.now += TIME_OUT_SECONDS
        raise requests.ReadTimeout


@pytest.fixture
def line() -> Hangs:
    line = Hangs()
    line.net = Net(line)
    return line


def fails(line: Hangs) -> tuple[Failure, float]:
    """What a call comes to, and the seconds that it takes; it may be repeated."""
    began = line.net.clock.now
    with pytest.raises(CallFailed) as failed:
        line.net.call(seconds=60)
    return failed.value.failure, line.net.clock.now - began


@pytest.fixture
def down(line: Hangs) -> Hangs:
    """So many calls have failed in a row, each tried several times."""
    for _ in range(DOWN_AFTER):
        fails(line)
    return line


def test_what_fails_by_itself_is_no_sign_however_often_it_is_tried(line: Hangs) -> None:
    for _ in range(DOWN_AFTER - 1):
        fails(line)
    assert line.asked > DOWN_AFTER
    line.is_mended = True
    assert line.net.call().status == 200


def test_a_server_that_is_down_is_asked_once_a_call(down: Hangs) -> None:
    before = down.asked
    for n in range(3):
        down.net.clock.now += 1
        assert fails(down) == (Failure.UNKNOWN, TIME_OUT_SECONDS)
        assert down.asked == before + n + 1


def test_right_after_a_look_nothing_is_sent(down: Hangs) -> None:
    before = down.asked
    assert fails(down) == (Failure.NOT_SENT, 0)
    assert down.asked == before


def test_a_server_that_is_back_is_asked_as_before(down: Hangs) -> None:
    down.net.clock.now += 1
    down.is_mended = True

    for _ in range(3):
        assert down.net.call().status == 200


def test_each_server_is_judged_for_itself(down: Hangs) -> None:
    down.is_mended = True
    other = "https://chain.example/ledgers"

    reply = down.net.clock.invocation(15, down.net._http.call, "GET", other)

    assert reply.status == 200
