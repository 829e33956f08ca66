"""What can happen at an effect: the process dies there, its answer is lost, somebody else goes
first, or several meet.

Each is given to `Effects.watched_by`. An effect has a number, from 1, or a pattern.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from http.client import RemoteDisconnected
from threading import Barrier, BrokenBarrierError, get_ident

from botocore.exceptions import ReadTimeoutError
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import ProtocolError

from tests.world.effects import READS, Effects, Moment

MEETING_SECONDS = 20


class Died(BaseException):
    """The process is gone: no `except Exception` of ours may see it, no answer is given."""


def lost(effect: str) -> Exception:
    """How the caller of Pi or the chain, or of AWS, sees that no answer came."""
    if " " in effect:
        closed = RemoteDisconnected("Remote end closed connection without response")
        return RequestsConnectionError(ProtocolError("Connection aborted.", closed))
    return ReadTimeoutError(endpoint_url=effect)


def writes(log: Iterable[str]) -> list[tuple[int, str]]:
    """The effects that change something, by their numbers."""
    return [(number, effect) for number, effect in enumerate(log, start=1) if not _is_read(effect)]


def starts(log: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The effects by their numbers; of like ones in a row the first (a sweep's reads, say)."""
    before = None
    for number, effect in enumerate(log, start=1):
        if effect != before:
            yield number, effect
        before = effect


def deaths(log: Iterable[str]) -> Iterator[tuple[int, Moment, str]]:
    """Every death that leaves something else behind: before each write, and after the last one.
    What a process has only read dies with it, so all its deaths between two writes are one."""
    changing = writes(log)
    assert changing, "nothing is written here, so no death would be tried"
    for number, effect in changing:
        yield number, "before", effect
    for number, effect in changing[-1:]:
        yield number, "after", effect


def losses(log: Iterable[str]) -> Iterator[tuple[int, Moment, str]]:
    """Every answer that can be lost, of like ones in a row the first. Whether a read has happened
    changes nothing."""
    for number, effect in starts(log):
        yield number, "before", effect
        if not _is_read(effect):
            yield number, "after", effect


def _is_read(effect: str) -> bool:
    return effect.startswith(("GET ", "Get")) or effect in READS


class DiesAt:
    """Dies before or after the effect of this number, and does nothing more then."""

    def __init__(self, number: int, moment: Moment) -> None:
        self._number, self._moment = number, moment
        self._seen, self._dead = 0, False

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == "before":
            self._seen += 1
        if self._dead or (self._seen, moment) == (self._number, self._moment):
            self._dead = True
            raise Died(f"{moment} {effect}")


class Loses:
    """Loses the answers of one effect, as often as it is asked for: before it happens, or after."""

    def __init__(self, pattern: str, moment: Moment) -> None:
        self._pattern, self._moment = pattern, moment

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == self._moment and fnmatchcase(effect, self._pattern):
            raise lost(effect)


class LosesAt:
    """Loses one answer: that of the effect of this number."""

    def __init__(self, number: int, moment: Moment) -> None:
        self._number, self._moment, self._seen = number, moment, 0

    def __call__(self, moment: Moment, effect: str) -> None:
        self._seen += moment == "before"
        if (self._seen, moment) == (self._number, self._moment):
            self._seen += 1  # and nothing more
            raise lost(effect)


class First:
    """Somebody else acts once, right before the first effect of this kind."""

    def __init__(self, effect: str, act: Callable[[], object]) -> None:
        self._effect, self._act = effect, act
        self._done = False

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == "before" and not self._done and fnmatchcase(effect, self._effect):
            self._done = True
            self._act()


class ActsAt:
    """Somebody else acts once, unwatched, before the effect of this number; then the process lives
    on, or dies."""

    def __init__(
        self, effects: Effects, number: int, act: Callable[[], object], *, dies: bool = False
    ) -> None:
        self._effects, self._number, self._act, self._dies = effects, number, act, dies
        self._seen, self._dead = 0, False

    def __call__(self, moment: Moment, effect: str) -> None:
        if self._dead:
            raise Died
        if moment == "before":
            self._seen += 1
            if self._seen == self._number:
                with self._effects.watched_by(None):
                    self._act()
                self._dead = self._dies
                if self._dead:
                    raise Died(effect)


class Meeting:
    """Whoever comes to an effect of this kind waits there for the others: the first time, or each.

    Each of them is a thread. `patience`: the seconds after which one that is alone goes on.
    """

    def __init__(
        self, effect: str, parties: int, *, once: bool = False, patience: float | None = None
    ) -> None:
        self._effect, self._once, self._may_be_alone = effect, once, patience is not None
        self._barrier = Barrier(parties, timeout=patience or MEETING_SECONDS)
        self._met: set[int] = set()

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment != "before" or not fnmatchcase(effect, self._effect):
            return
        if self._once and get_ident() in self._met:
            return
        self._met.add(get_ident())
        with suppress(*([BrokenBarrierError] if self._may_be_alone else [])):
            self._barrier.wait()
