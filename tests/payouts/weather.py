"""What can happen to a sender at an effect: it dies there, its answer is lost, somebody else acts.

Each is given to `Effects.watched_by`. An effect has a number, from 1, or a pattern.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from http.client import RemoteDisconnected

from botocore.exceptions import ReadTimeoutError
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import ProtocolError

from tests.integration.effects import Effects, Moment

FROM_EVERYTHING = "*"


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
