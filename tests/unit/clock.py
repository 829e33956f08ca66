"""Time for the unit tests."""

from collections.abc import Callable
from contextvars import Context as Variables
from typing import ParamSpec, TypeVar

from shared.base.context import within

P = ParamSpec("P")
T = TypeVar("T")


class Clock:
    """Seconds that pass only when the code sleeps or a test lets them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def outside(self, act: Callable[[], T]) -> T:
        """Run `act` where no invocation has begun."""
        return Variables().run(act)

    def invocation(
        self, seconds: float, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `act` in an invocation of its own, which has this many seconds."""

        def invoked() -> T:
            with within(seconds, clock=self):
                return act(*args, **kwargs)

        return Variables().run(invoked)
