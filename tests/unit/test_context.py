"""Promise 8: every wait ends before the invocation does; the last seconds belong to one write. And
what a line of the log says of its invocation ends with it."""

from collections.abc import Callable
from contextvars import Context as Variables

import pytest

from shared.base.context import (
    ANSWER_SECONDS,
    AWS_CALL_SECONDS,
    About,
    allows_aws_call,
    concerning,
    log_keys,
    remaining,
    seconds,
    within,
)
from shared.base.secret import Secret
from shared.pi.objects import UserDto
from shared.users.seen_tokens import SeenTokens
from tests.unit.clock import Clock
from tests.unit.pi_in_process import PiInProcess
from tests.world.emulator import HOST

ABOUT = About("function-1", "request-1", "POST /x", "payment-1")
KEYS = {
    "function": "function-1",
    "request_id": "request-1",
    "route": "POST /x",
    "subject": "payment-1",
}


def test_a_function_of_15_seconds_gives_pi_10_and_a_half() -> None:
    assert (AWS_CALL_SECONDS, ANSWER_SECONDS) == (4.0, 0.5)
    assert remaining() == pytest.approx(10.5)


@pytest.mark.parametrize(
    ("passed", "left", "is_enough"),
    [
        *[(0, 10.5, True), (10, 0.5, True), (10.5, 0, True), (13, 0, True), (13.1, 0, False)],
        *[(14.5, 0, False), (3600, 0, False)],
    ],
)
def test_time_for_pi_ends_before_time_for_one_attempt_at_the_database(
    clock: Clock, passed: float, left: float, is_enough: bool
) -> None:
    clock.sleep(passed)
    assert remaining() == pytest.approx(left)
    assert allows_aws_call() is is_enough


@pytest.mark.parametrize("given", [0, -5, 0.4])
def test_an_invocation_without_time_begins_nothing(given: float) -> None:
    with within(given):
        assert remaining() == 0
        assert not allows_aws_call()


# --- One block in another ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outer", "inner", "left"), [(15, 10, 5.5), (10, 15, 5.5), (10, 10, 5.5), (10, 3600, 5.5)]
)
def test_of_two_deadlines_the_earlier_holds(outer: float, inner: float, left: float) -> None:
    with within(outer), within(inner):
        assert remaining() == pytest.approx(left)


def test_time_that_the_outer_block_has_used_is_gone_for_the_inner_one(clock: Clock) -> None:
    clock.sleep(7)
    with within(11):
        assert remaining() == pytest.approx(15 - 7 - 4.5)


def test_after_a_narrower_block_the_wider_one_holds_again() -> None:
    for error in (None, ValueError):
        try:
            with within(5):
                assert remaining() == pytest.approx(0.5)
                if error is not None:
                    raise error
        except ValueError:
            pass
        assert remaining() == pytest.approx(10.5)


def test_an_inner_block_has_the_clock_and_the_log_of_the_outer_one(clock: Clock) -> None:
    with within(10, ABOUT), within(5):
        assert seconds() == clock.now
        clock.sleep(0.5)
        assert remaining() == pytest.approx(0)
        assert log_keys() == KEYS


def test_an_inner_block_may_be_about_something_else() -> None:
    with within(10, ABOUT):
        with within(5, About("function-2")):
            assert log_keys() == {"function": "function-2"}
        assert log_keys() == KEYS


# --- What the log is about -----------------------------------------------------------------------


def test_a_subject_ends_with_its_block() -> None:
    with within(10, About("function-1", "request-1")):
        for subject in ("payment-1", "payment-2"):
            with within(5):
                assert "subject" not in log_keys()
                concerning(subject)
                assert log_keys() == {
                    "function": "function-1",
                    "request_id": "request-1",
                    "subject": subject,
                }
                concerning("payment-3")
                assert log_keys()["subject"] == "payment-3"
        assert "subject" not in log_keys()


def test_to_name_a_subject_leaves_the_deadline_alone(clock: Clock) -> None:
    clock.sleep(2)
    concerning("payment-1")
    assert remaining() == pytest.approx(8.5)
    assert seconds() == clock.now


# --- Outside -------------------------------------------------------------------------------------

TOKEN, USER = Secret("a"), UserDto("uid-1", "alice", None, (), None)
READS: list[Callable[[], object]] = [
    remaining,
    allows_aws_call,
    seconds,
    lambda: concerning("payment-1"),
    lambda: SeenTokens().remember(TOKEN, USER),
]


@pytest.mark.parametrize("read", READS, ids=range(len(READS)))
def test_outside_an_invocation_there_is_no_deadline_to_read(read: Callable[[], object]) -> None:
    read()
    with pytest.raises(RuntimeError, match=r"outside an invocation: see within\(\)"):
        Variables().run(read)


def test_outside_an_invocation_no_token_is_young() -> None:
    seen = SeenTokens()
    seen.remember(TOKEN, USER)
    assert seen.user(TOKEN) == USER
    with pytest.raises(RuntimeError, match="outside an invocation"):
        Variables().run(seen.user, TOKEN)


@pytest.mark.parametrize(
    "call",
    [
        lambda pi: pi.http.call("GET", f"{HOST}/v2/me"),
        lambda pi: pi.client().me(TOKEN),
        lambda pi: pi.client().get_payment("p"),
        lambda pi: pi.horizon().transaction("t"),
    ],
    ids=["http", "token", "key", "chain"],
)
def test_outside_an_invocation_no_call_is_sent(
    pi: PiInProcess, call: Callable[[PiInProcess], object]
) -> None:
    with pytest.raises(RuntimeError, match="outside an invocation"):
        Variables().run(call, pi)
    assert pi.calls == []


def test_a_log_outside_an_invocation_is_about_nothing() -> None:
    assert Variables().run(log_keys) == {}
