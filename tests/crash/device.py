"""Ends the bundle's process at one chosen effect, or lets somebody else go first there."""

from collections.abc import Callable

from tests.integration.effects import Moment


class Died(BaseException):
    """The process is gone: no `except Exception` of ours may see it, no answer is given."""


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


class OvertakenAt:
    """Lets somebody else act before the effect of this number; then lives on, or dies."""

    def __init__(self, number: int, other: Callable[[], object], *, dies: bool) -> None:
        self._number, self._other, self._dies = number, other, dies
        self._seen, self._dead = 0, False

    def __call__(self, moment: Moment, effect: str) -> None:
        if self._dead:
            raise Died
        if moment == "before":
            self._seen += 1
            if self._seen == self._number:
                self._other()
                self._dead = self._dies
                if self._dead:
                    raise Died(effect)
