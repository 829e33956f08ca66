"""The session: its time-outs, its age, and what of the environment it must not listen to."""

from pathlib import Path

import pytest
import requests

from shared.base.context import ANSWER_SECONDS, AWS_CALL_SECONDS
from shared.base.http import CONNECT_SECONDS, READ_SECONDS, CallFailed, Failure, Http, open_session
from tests.unit.scripted_line import URL, Net, Reply, ScriptedLine


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


@pytest.mark.parametrize(("idle", "same"), [(0, True), (60, True), (60.1, False), (3600, False)])
def test_a_session_idle_for_a_minute_is_dropped(idle: float, same: bool) -> None:
    first = ScriptedLine()
    net = Net(first, ScriptedLine())
    net.call()
    net.clock.sleep(idle)
    net.call()
    assert len(net.opened) == (1 if same else 2)
    assert first.closed is not same


def test_a_session_in_use_lives_on() -> None:
    net = Net(ScriptedLine())
    for _ in range(10):
        net.call()
        net.clock.sleep(59)
    assert len(net.opened) == 1


def test_promise_6_no_cookie_goes_from_one_call_to_the_next() -> None:
    line = ScriptedLine(Reply(headers={"Set-Cookie": "session=canary; Path=/"}))
    http = Http(open_session)
    http._current_session().mount("https://pi.example", line)
    for _ in range(2):
        http.call("GET", URL)
    assert ["Cookie" in sent.headers for sent in line.sent] == [False, False]


def test_neither_proxy_nor_netrc_gets_between_us_and_pi(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine pi.example login thief password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://thief.example:3128")
    line, http = ScriptedLine(), Http(open_session)
    http._current_session().mount("https://pi.example", line)
    http.call("GET", URL, headers={"Authorization": "Key k"})
    assert line.sent[0].headers["Authorization"] == "Key k"
    assert line.sent[0].proxies == {}
