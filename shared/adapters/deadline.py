"""The moment by which an invocation must have answered; every wait of the bundle is cut to fit
before it.

The last seconds are kept for one database call: what Pi has confirmed can then still be written
down.
"""

from __future__ import annotations

import time
from collections.abc import Callable

AWS_ATTEMPTS = 2
AWS_CONNECT_SECONDS = 0.5
AWS_READ_SECONDS = 1.0
AWS_LONGEST_PAUSE_SECONDS = 1.0  # botocore's standard mode, before the second attempt
AWS_ATTEMPT_SECONDS = AWS_CONNECT_SECONDS + AWS_READ_SECONDS
AWS_CALL_SECONDS = AWS_ATTEMPTS * AWS_ATTEMPT_SECONDS + AWS_LONGEST_PAUSE_SECONDS
ANSWER_SECONDS = 0.5


class Deadline:
    """`seconds` from now until the invocation is ended, as the Lambda context tells."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds - ANSWER_SECONDS

    def remaining(self) -> float:
        """Seconds that calls to Pi and the chain may still take, retries included; never
        negative.
        """
        return max(0.0, self._end - AWS_CALL_SECONDS - self._clock())

    def allows_aws_call(self) -> bool:
        """Whether one more attempt fits in: what Pi has just confirmed is worth trying to keep."""
        return self._end - self._clock() >= AWS_ATTEMPT_SECONDS
