"""Calls to a server that hangs: after a few each is put off at once, and none is tried again."""

from typing import Any

import pytest
import requests

from shared.base.health import FEW
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


def test_a_server_that_hangs_is_asked_a_few_times_and_then_once_a_call(line: Hangs) -> None:
    while line.asked < FEW:
        fails(line)
    assert line.asked == FEW

    for n in range(3):
        line.net.clock.now += 1
        assert fails(line) == (Failure.UNKNOWN, TIME_OUT_SECONDS)
        assert line.asked == FEW + n + 1


def test_right_after_a_look_nothing_is_sent(line: Hangs) -> None:
    while line.asked < FEW:
        fails(line)

    assert fails(line) == (Failure.NOT_SENT, 0)
    assert line.asked == FEW


def test_a_server_that_is_back_is_asked_as_before(line: Hangs) -> None:
    while line.asked < FEW:
        fails(line)
    line.net.clock.now += 1
    line.is_mended = True

    for _ in range(3):
        assert line.net.call().status == 200


def test_each_server_is_judged_for_itself(line: Hangs) -> None:
    while line.asked < FEW:
        fails(line)
    line.is_mended = True

    other = "https://chain.example/ledgers"
    reply = line.net.clock.invocation(15, line.net._http.call, "GET", other)

    assert reply.status == 200
