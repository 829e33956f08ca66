"""The one rule by which a call is sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.http import (
    LONGEST_PAUSE_SECONDS,
    MOST_ATTEMPTS,
    SHORTEST_ATTEMPT_SECONDS,
    Failure,
    pause_before_retry,
)

LONG = 60.0


def pause(
    failure: Failure = Failure.UNKNOWN,
    attempt: int = 1,
    *,
    repeatable: bool = True,
    remaining: float = LONG,
    retry_after: int | None = None,
    jitter: float = 0.0,
) -> float | None:
    return pause_before_retry(
        failure,
        attempt,
        repeatable=repeatable,
        remaining=remaining,
        retry_after=retry_after,
        jitter=jitter,
    )


@pytest.mark.parametrize("failure", list(Failure))
@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 0, 0.1), (1, 0.999, 0.2), (2, 0, 0.2), (2, 0.999, 0.4), (3, 0, 0.4), (3, 0.999, 0.8)],
)
def test_the_pause_doubles_with_jitter(
    failure: Failure, attempt: int, jitter: float, seconds: float
) -> None:
    assert pause(failure, attempt, jitter=jitter) == pytest.approx(seconds, rel=0.01)


@pytest.mark.parametrize("failure", list(Failure))
def test_the_fourth_attempt_is_the_last(failure: Failure) -> None:
    assert pause(failure, MOST_ATTEMPTS) is None
    assert MOST_ATTEMPTS == 4


@pytest.mark.parametrize(
    ("failure", "sent_again"),
    [(Failure.NOT_SENT, True), (Failure.UNKNOWN, False), (Failure.BUSY, False)],
)
def test_what_may_not_be_repeated_is_sent_again_only_if_it_was_never_sent(
    failure: Failure, sent_again: bool
) -> None:
    assert (pause(failure, repeatable=False) is not None) is sent_again


@pytest.mark.parametrize(
    ("retry_after", "remaining", "seconds"),
    [
        *[(3, LONG, 3), (0, LONG, 0.1), (None, LONG, 0.1), (3, 3.25, 3), (3, 3.24, None)],
        *[(30, 10.5, None), (7200, 10.5, None)],
    ],
)
def test_retry_after_is_honoured_within_the_deadline_only(
    retry_after: int | None, remaining: float, seconds: float | None
) -> None:
    assert pause(Failure.BUSY, remaining=remaining, retry_after=retry_after) == seconds


failures = st.sampled_from(Failure)
seconds = st.floats(0, 100)
waits = st.none() | st.integers(0, 999_999)
jitters = st.floats(0, 1, exclude_max=True)


@given(failures, st.integers(1, 100), st.booleans(), seconds, waits, jitters)
def test_promise_8_no_pause_runs_past_the_deadline_or_grows_without_limit(
    failure: Failure,
    attempt: int,
    repeatable: bool,
    remaining: float,
    retry_after: int | None,
    jitter: float,
) -> None:
    result = pause(
        failure,
        attempt,
        repeatable=repeatable,
        remaining=remaining,
        retry_after=retry_after,
        jitter=jitter,
    )
    if result is None:
        return
    assert attempt < MOST_ATTEMPTS
    assert repeatable or failure is Failure.NOT_SENT
    assert 0 < result <= remaining - SHORTEST_ATTEMPT_SECONDS
    assert result <= max(LONGEST_PAUSE_SECONDS, retry_after or 0)
