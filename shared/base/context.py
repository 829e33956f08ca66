"""What each call must know of the invocation that it is made in: by when it must be over, and whom
the log is about.

One context variable, set at the edge and copied for each task that runs beside others, so a part
that needs it is built once and serves every invocation. The last seconds are kept for one database
call: what Pi has confirmed can then still be written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, replace

from shared.base.frozen import frozen

AWS_ATTEMPTS = 2
AWS_CONNECT_SECONDS = 0.5
AWS_READ_SECONDS = 1.0
AWS_LONGEST_PAUSE_SECONDS = 1.0  # botocore's standard mode, before the second attempt
AWS_ATTEMPT_SECONDS = AWS_CONNECT_SECONDS + AWS_READ_SECONDS
AWS_CALL_SECONDS = AWS_ATTEMPTS * AWS_ATTEMPT_SECONDS + AWS_LONGEST_PAUSE_SECONDS
ANSWER_SECONDS = 0.5
# Of the app's price function, which is asked once.
PRICE_READ_SECONDS = 3.0
PRICE_SECONDS = AWS_CONNECT_SECONDS + PRICE_READ_SECONDS

process_clock = time.monotonic  # of an invocation that is given no other


@frozen
class About:
    """What each line of the log says of its invocation. `subject` is the id of the payment, ad or
    payout that it is about."""

    function: str | None = None
    request_id: str | None = None
    route: str | None = None
    subject: str | None = None


@frozen
class Context:
    """`ends_at`: when the answer must be ready, in seconds of `clock`; where its zero is does not
    matter."""

    ends_at: float
    clock: Callable[[], float]
    about: About


KEYS = tuple(one.name for one in fields(About))

_context: ContextVar[Context] = ContextVar("context")


@contextmanager
def within(
    seconds: float, about: About | None = None, clock: Callable[[], float] | None = None
) -> Iterator[None]:
    """All that the block calls must be over `seconds` from now, or earlier if it stands within
    less. What is not given stays as it is outside the block."""
    outer = _context.get(None)
    clock = clock or (outer.clock if outer else process_clock)
    ends_at = clock() + seconds - ANSWER_SECONDS
    if outer is not None:
        ends_at, about = min(ends_at, outer.ends_at), about or outer.about
    token = _context.set(Context(ends_at, clock, about or About()))
    try:
        yield
    finally:
        _context.reset(token)


def concerning(subject: str) -> None:
    """Name what every further line of the log is about, until this block or task ends."""
    context = _current()
    _context.set(replace(context, about=replace(context.about, subject=subject)))


def remaining() -> float:
    """Seconds that calls to Pi and the chain may still take, retries included; never negative."""
    context = _current()
    return max(0.0, context.ends_at - AWS_CALL_SECONDS - context.clock())


def until_killed() -> float:
    """Seconds until Lambda ends the invocation, whatever it does; negative where it was too late to
    end it."""
    context = _current()
    return context.ends_at + ANSWER_SECONDS - context.clock()


def allows_aws_call() -> bool:
    """Whether one more attempt fits in: what Pi has just confirmed is worth trying to keep."""
    context = _current()
    return context.ends_at - context.clock() >= AWS_ATTEMPT_SECONDS


def allows_price_call() -> bool:
    """Whether there is time to ask for a price, and then to write it down."""
    return remaining() >= PRICE_SECONDS


def seconds() -> float:
    """Now, on the invocation's clock: to measure how long something took, or is ago."""
    return _current().clock()


def doing() -> str | None:
    """The route, or else the function, that is at work; None outside of both."""
    context = _context.get(None)
    return None if context is None else context.about.route or context.about.function


def log_keys() -> dict[str, str]:
    """What a line of the log says of its invocation; nothing outside one."""
    context = _context.get(None)
    about = context and context.about
    return {name: value for name in KEYS if (value := getattr(about, name, None))}


def _current() -> Context:
    try:
        return _context.get()
    except LookupError:
        raise RuntimeError("This call is made outside an invocation: see within().") from None
