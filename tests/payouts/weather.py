"""What can happen to a sender at an effect: it dies there, its answer is lost, somebody else acts.

Each is given to `Effects.watched_by`. An effect has a number, from 1, or a pattern.
"""

from collections.abc import Callable
from contextlib import suppress
from fnmatch import fnmatchcase
from http.client import RemoteDisconnected
from threading import Barrier, BrokenBarrierError, get_ident

from botocore.exceptions import ReadTimeoutError
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import ProtocolError

from tests.integration.effects import Effects, Moment


def lost(effect: str) -> Exception:
    """How the caller of Pi or the chain, or of AWS, sees that no answer came."""
    if " " in effect:
        closed = RemoteDisconnected("Remote end closed connection without response")
        return RequestsConnectionError(ProtocolError("Connection aborted.", closed))
    return ReadTimeoutError(endpoint_url=effect)


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


class ActsAt:
    """Somebody acts once, unwatched, before the effect of this number."""

    def __init__(self, effects: Effects, number: int, act: Callable[[], object]) -> None:
        self._effects, self._number, self._act, self._seen = effects, number, act, 0

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == "before":
            self._seen += 1
            if self._seen == self._number:
                with self._effects.watched_by(None):
                    self._act()


class Meets:
    """Two threads that come to an effect of this kind go on together; one alone waits a moment."""

    def __init__(self, pattern: str) -> None:
        self._pattern, self._met = pattern, set[int]()
        self._barrier = Barrier(2, timeout=0.3)

    def __call__(self, moment: Moment, effect: str) -> None:
        if moment == "after" or get_ident() in self._met or not fnmatchcase(effect, self._pattern):
            return
        self._met.add(get_ident())
        with suppress(BrokenBarrierError):
            self._barrier.wait()
