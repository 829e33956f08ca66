"""A server that does not answer is left in peace; one that is asked too much is asked less."""

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context as Variables

import pytest

from shared.base.context import process_clock, within
from shared.base.health import (
    DOWN_AFTER,
    MOST_AT_ONCE,
    REMEMBERED_SECONDS,
    SLOW_SECONDS,
    Down,
    Health,
    Outcome,
)
from shared.base.threads import Threads
from tests.unit.clock import Clock


def meets(health: Health, clock: Clock, outcome: Outcome, seconds: float = 0) -> None:
    with health.turn() as call:
        clock.now += seconds
        call.outcome = outcome


def times_out(health: Health, clock: Clock, times: int = 1) -> None:
    for _ in range(times):
        meets(health, clock, Outcome.FAILED, SLOW_SECONDS)
        clock.now += REMEMBERED_SECONDS


def test_a_few_time_outs_in_a_row_and_nothing_more_is_sent(clock: Clock) -> None:
    health = Health()
    times_out(health, clock, DOWN_AFTER)
    clock.now -= REMEMBERED_SECONDS
    with pytest.raises(Down), health.turn():
        pass


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.BUSY])
def test_an_answer_in_between_and_it_is_up(clock: Clock, outcome: Outcome) -> None:
    health = Health()
    times_out(health, clock, DOWN_AFTER - 1)
    meets(health, clock, outcome, seconds=10)
    times_out(health, clock, DOWN_AFTER - 1)
    assert not health.is_down


def test_what_fails_soon_costs_little(clock: Clock) -> None:
    health = Health()
    for _ in range(10 * DOWN_AFTER):
        meets(health, clock, Outcome.FAILED)
    assert not health.is_down


def test_after_a_while_one_looks_whether_it_is_back(clock: Clock) -> None:
    health = Health()
    times_out(health, clock, DOWN_AFTER)

    times_out(health, clock)  # not yet
    clock.now -= REMEMBERED_SECONDS
    with pytest.raises(Down), health.turn():
        pass
    clock.now += REMEMBERED_SECONDS
    meets(health, clock, Outcome.ANSWERED)

    assert not health.is_down


class Visitors:
    """Calls side by side, each of which waits to be told its outcome."""

    def __init__(self, health: Health) -> None:
        self._health, self._lock = health, threading.Lock()
        self._arrived, self._answer = threading.Semaphore(0), threading.Event()
        self._outcome, self._at_once, self.most_at_once = Outcome.FAILED, 0, 0
        self._calls = [Threads(1).submit(self._call) for _ in range(MOST_AT_ONCE)]

    def _call(self) -> bool:
        with suppress(Down), self._health.turn() as call:
            with self._lock:
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
            self._arrived.release()
            self._answer.wait(10)
            with self._lock:
                self._at_once -= 1
            call.outcome = self._outcome
            return True
        return False

    def arrive(self, number: int) -> None:
        for _ in range(number):
            assert self._arrived.acquire(timeout=10), "no more are let in"

    def end(self, outcome: Outcome) -> int:
        """How many were sent."""
        self._outcome = outcome
        self._answer.set()
        return sum(call.result(10) for call in self._calls)


def in_real_time(act: Callable[[], None]) -> None:
    def acting() -> None:
        with within(30, clock=process_clock):
            act()

    Variables().run(acting)


@pytest.mark.parametrize("finds", Outcome)
def test_one_looks_and_the_others_wait_for_what_it_finds(
    finds: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.base.health.SLOW_SECONDS", 0)
    monkeypatch.setattr("shared.base.health.REMEMBERED_SECONDS", 0)

    def act() -> None:
        health = Health()
        for _ in range(DOWN_AFTER):
            with health.turn():
                pass
        assert health.is_down

        visitors = Visitors(health)
        visitors.arrive(1)
        monkeypatch.setattr("shared.base.health.REMEMBERED_SECONDS", 60)  # for who comes late

        assert visitors.end(finds) == (1 if finds is Outcome.FAILED else MOST_AT_ONCE)
        assert visitors.most_at_once == 1 or finds is not Outcome.FAILED
        assert health.is_down is (finds is Outcome.FAILED)

    in_real_time(act)


def test_a_server_that_is_asked_too_much_is_asked_less_and_then_more() -> None:
    def act() -> None:
        health = Health()
        for _ in range(3):
            with health.turn() as call:
                call.outcome = Outcome.BUSY
        visitors = Visitors(health)
        visitors.arrive(1)
        assert visitors.end(Outcome.ANSWERED) == MOST_AT_ONCE
        assert visitors.most_at_once < MOST_AT_ONCE

        for _ in range(MOST_AT_ONCE * MOST_AT_ONCE):
            with health.turn() as call:
                call.outcome = Outcome.ANSWERED
        visitors = Visitors(health)
        visitors.arrive(MOST_AT_ONCE)
        visitors.end(Outcome.ANSWERED)

    in_real_time(act)


def test_there_is_always_one_that_may_ask(clock: Clock) -> None:
    health = Health()
    for _ in range(100):
        meets(health, clock, Outcome.BUSY)
    meets(health, clock, Outcome.ANSWERED)


def test_nobody_waits_longer_than_there_is_time() -> None:
    def act() -> None:
        health = Health()
        for _ in range(5):
            with health.turn() as call:
                call.outcome = Outcome.BUSY
        with health.turn(), within(0.1), pytest.raises(Down), health.turn():
            pass

    in_real_time(act)
