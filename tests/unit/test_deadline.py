"""Promise 8: every wait ends before the invocation does; the last seconds belong to one write."""

import pytest

from shared.adapters.deadline import ANSWER_SECONDS, AWS_CALL_SECONDS, Deadline
from tests.unit.pi_in_process import Clock


def test_a_function_of_15_seconds_gives_pi_10_and_a_half() -> None:
    assert (AWS_CALL_SECONDS, ANSWER_SECONDS) == (4.0, 0.5)
    assert Deadline(15, Clock()).remaining() == pytest.approx(10.5)


@pytest.mark.parametrize(
    ("passed", "remaining", "allows_aws_call"),
    [
        (0, 10.5, True),
        (10, 0.5, True),
        (10.5, 0, True),
        (13, 0, True),
        (13.1, 0, False),
        (14.5, 0, False),
        (3600, 0, False),
    ],
)
def test_time_for_pi_ends_before_time_for_one_attempt_at_the_database(
    passed: float, remaining: float, allows_aws_call: bool
) -> None:
    clock = Clock()
    deadline = Deadline(15, clock)
    clock.sleep(passed)
    assert deadline.remaining() == pytest.approx(remaining)
    assert deadline.allows_aws_call() is allows_aws_call


@pytest.mark.parametrize("seconds", [0, -5, 0.4])
def test_an_invocation_without_time_begins_nothing(seconds: float) -> None:
    deadline = Deadline(seconds, Clock())
    assert deadline.remaining() == 0
    assert not deadline.allows_aws_call()
