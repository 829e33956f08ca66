"""What the worker does for one wake-up: finish what the record says is unfinished.

The record is the truth: a message about finished work, or the fifth one about the same, finds
nothing to do. What Pi, the chain or our own services hold up is acknowledged all the same, because
`due_at` brings it back; so an outage fills no queue and holds up no other record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.base.context import concerning
from shared.base.errors import BundleError
from shared.base.observability import count_outage, logger

if TYPE_CHECKING:
    from shared.work.wake_ups import WakeUp, Work

Finish = Callable[[str], None]
"""Does all that can be done now for the record with this key."""


def work(kinds: Mapping[Work, Finish], wake_up: WakeUp) -> None:
    """As `due_again`."""
    with due_again(wake_up.key, wake_up.work):
        kinds[wake_up.work](wake_up.key)


@contextmanager
def due_again(key: str, work: str) -> Iterator[None]:
    """Around the work on the record with this key: what holds it up is counted, and `due_at` brings
    the record back. Whatever this raises is a bug in the bundle, and an operator should look at the
    message."""
    concerning(key)
    try:
        yield
    except BundleError as error:
        count_outage(error.code)
        logger.warning("Held up", extra={"work": work, "code": error.code})
