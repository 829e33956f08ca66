"""What can happen at an effect: the process dies there, somebody else goes first, or several meet.

Each is given to `Effects.watched_by`.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from threading import Barrier, get_ident

from tests.integration.effects import Moment

MEETING_SECONDS = 20


class Died(BaseException):
    """The process is gone: no `except Exception` of ours may see it."""


class DiesAt:
    """Dies before or after the effect of this number (from 1), and does nothing more then."""

    def __init__(self, number: int, moment: Moment) -> None:
        self._number, self._moment = number, moment
        self._seen, self._dead = 0, False

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == "before":
            self._seen += 1
        if self._dead or (self._seen, moment) == (self._number, self._moment):
            self._dead = True
            raise Died(f"{moment} {effect}")


class First:
    """Somebody else acts once, right before the first effect of this kind."""

    def __init__(self, effect: str, act: Callable[[], object]) -> None:
        self._effect, self._act = effect, act
        self._done = False

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == "before" and not self._done and fnmatchcase(effect, self._effect):
            self._done = True
            self._act()


class Meeting:
    """Whoever comes to an effect of this kind waits there for the others: the first time, or each.

    Each of them is a thread.
    """

    def __init__(self, effect: str, parties: int, *, once: bool = False) -> None:
        self._effect, self._once = effect, once
        self._barrier = Barrier(parties, timeout=MEETING_SECONDS)
        self._met: set[int] = set()

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment != "before" or not fnmatchcase(effect, self._effect):
            return
        if self._once and get_ident() in self._met:
            return
        self._met.add(get_ident())
        self._barrier.wait()
