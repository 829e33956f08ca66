"""Where the bundle touches the world: tests and benches put others here, and nowhere else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.base.clock import Clock, clock
from shared.base.frozen import frozen

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from requests.adapters import HTTPAdapter

MOST_TASKS = 10  # side by side: a batch of messages; as many as there are connections to one host


# Each loads what it needs when it is first asked for: not every function does.


def aws_client(service: str) -> Any:
    from shared.aws.client import client

    return client(service)


def connection_pool() -> HTTPAdapter:
    from shared.base.http import connection_pool

    return connection_pool()


def threads() -> Executor:
    from shared.base.threads import Threads

    return Threads(MOST_TASKS)


@frozen(kw_only=True)
class Edges:
    """`aws` gives the client of a service, by boto3's name for it."""

    aws: Callable[[str], Any] = aws_client
    connections: Callable[[], HTTPAdapter] = connection_pool
    executor: Callable[[], Executor] = threads
    clock: Clock = clock
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
