"""What a person sees while the laptop works: one line per step, moving while the step lasts."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICK_SECONDS = 1.0
COLUMN = 60


def say(text: str = "", *, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


class _Dots(threading.Thread):
    """A dot a second until `stop`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.printed = 0
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(TICK_SECONDS):
            say(".", end="")
            self.printed += 1

    def stop(self) -> None:
        self._done.set()
        self.join()


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print the step, a dot for every second that it lasts, and at its end how long it took."""
    started = time.monotonic()
    say(f"  {what} ", end="")
    dots = _Dots()
    dots.start()
    try:
        yield
    except BaseException:
        dots.stop()
        say(" failed")
        raise
    dots.stop()
    gap = max(COLUMN - len(what) - dots.printed, 1)
    say(f"{'':{gap}}{time.monotonic() - started:6.1f} s")
