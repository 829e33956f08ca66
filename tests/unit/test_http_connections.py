"""The connections: their time-outs, and their age."""

import pytest
import requests

from shared.base.context import ANSWER_SECONDS, AWS_CALL_SECONDS
from shared.base.http import CONNECT_SECONDS, READ_SECONDS, CallFailed, Failure
from tests.unit.scripted_line import Net, ScriptedLine


@pytest.mark.parametrize("seconds", [60, 15, 7.5, 5.5, 4.75])
def test_promise_8_the_timeouts_fit_into_what_is_left(seconds: float) -> None:
    line = ScriptedLine()
    Net(line).call(seconds=seconds)
    connect, read = line.sent[0].timeout
    assert 0 < connect <= CONNECT_SECONDS
    assert 0 < read <= READ_SECONDS
    assert connect + read <= seconds - ANSWER_SECONDS - AWS_CALL_SECONDS


@pytest.mark.parametrize("seconds", [0, 4.5, 4.7])
def test_promise_8_without_time_nothing_is_sent(seconds: float) -> None:
    line = ScriptedLine()
    with pytest.raises(CallFailed) as failed:
        Net(line).call(seconds=seconds)
    assert failed.value.failure is Failure.NOT_SENT
    assert line.sent == []


def test_promise_8_attempts_and_pauses_together_end_before_the_deadline() -> None:
    line = ScriptedLine(requests.ReadTimeout())
    net = Net(line)
    started = net.clock.now
    with pytest.raises(CallFailed):
        net.call(seconds=5)
    assert net.clock.now - started <= 0.5
    assert len(line.sent) == 2


@pytest.mark.parametrize(("idle", "dropped"), [(0, 0), (60, 0), (60.1, 1), (3600, 1)])
def test_connections_idle_for_a_minute_are_dropped(idle: float, dropped: int) -> None:
    line = ScriptedLine()
    net = Net(line)
    net.call()
    net.clock.sleep(idle)
    net.call()
    assert line.dropped == dropped


def test_connections_in_use_live_on() -> None:
    line = ScriptedLine()
    net = Net(line)
    for _ in range(10):
        net.call()
        net.clock.sleep(59)
    assert line.dropped == 0
