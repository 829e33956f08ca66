"""Time in which calls side by side really are side by side.

Each call takes its latency, and the code around it its part of a processor. Tasks run one after the
other here, but each begins when a thread was free for it, and time then goes on from the last one's
end. What is measured is the world's clock, so the machine that this runs on does not matter.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.edges import MOST_TASKS
from tests.world import World
from tests.world.effects import Moment

PI_SECONDS = 0.150
AWS_SECONDS = 0.005
PROCESSOR = 0.29  # of one, at 512 MB
# Processor time on one whole core. A settled payment is two calls to Pi and four to AWS: 6.2 ms
# together, as `make bench` measures its worker with the real clients.
CPU_SECONDS = {"BatchExecuteStatement": 0.0010, "SendMessageBatch": 0.0006, "Query": 0.0010}
CPU_SECONDS_OF_OTHERS = 0.00065
CPU_SECONDS_OF_PI = 0.0018


@dataclass
class Clockwork:
    """The world's time, and the processor time that was used in it. `pi_seconds` is what a call to
    Pi takes; it may be changed."""

    world: World
    pi_seconds: float = PI_SECONDS
    processor: float = PROCESSOR
    used: float = 0.0

    @property
    def now(self) -> float:
        return self.world.emulator.now.timestamp()

    @now.setter
    def now(self, seconds: float) -> None:
        self.world.emulator.now = datetime.fromtimestamp(seconds, UTC)

    def takes_time(self, moment: Moment, effect: str) -> None:
        """A device: each call's latency."""
        if moment == "before":
            return
        is_pi = " " in effect
        self.now += self.pi_seconds if is_pi else AWS_SECONDS
        self.used += CPU_SECONDS_OF_PI if is_pi else CPU_SECONDS.get(effect, CPU_SECONDS_OF_OTHERS)

    def run(self, act: Callable[[], Any], *, alone: bool) -> tuple[Any, float]:
        """What `act` gives, and when it ends; time then stands where it stood. A task that is not
        `alone` waits while others compute: all of them together cannot end before the processor
        has done its part for each."""
        began, used = self.now, self.used
        given = act()
        computing = (self.used - used) / self.processor
        ended = self.now + computing if alone else max(self.now, began + computing)
        self.now = began
        return given, ended


class SideBySide(Executor):
    """The threads of one environment: as many as the bundle has."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._free_at = [0.0] * MOST_TASKS

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        clockwork, context = self._clockwork, copy_context()
        asked = clockwork.now
        self._free_at.sort()
        clockwork.now = max(asked, self._free_at[0])
        given, ended = clockwork.run(lambda: context.run(fn, *args, **kwargs), alone=True)
        self._free_at[0] = ended
        clockwork.now = asked
        return _Done(clockwork, given, ended)


class _Done(Future[Any]):
    """Whoever waits for it has waited until it ended."""

    def __init__(self, clockwork: Clockwork, given: Any, ended: float) -> None:
        super().__init__()
        self._clockwork, self._ended = clockwork, ended
        self.set_result(given)

    def result(self, timeout: float | None = None) -> Any:
        self._clockwork.now = max(self._clockwork.now, self._ended)
        return super().result(timeout)
