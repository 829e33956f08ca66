"""A stage over the session's stack. Time goes on in it, so what is left of it must not stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.bench.stack import FUNCTIONS
from local.cloud.stack import Deployment, Stack
from local.cloud.template import function_of
from local.emulator.process import PiEmulator
from local.processes import free_port
from local.stage.server import Stage

# No test waits for a dialog to be read, nor for an ad to be watched.
QUICK: dict[str, Any] = {"sdk_done_s": 0.1, "sdk_repeat_s": 1.0, "sdk_ad_s": 0.1}


@contextmanager
def on_stage(stack: Stack, consumer: Deployment, emulator: PiEmulator) -> Iterator[Stage]:
    """Afterwards it is today again, and no function remembers that it was later."""
    with Stage(free_port(), free_port(), stack, consumer, emulator, **QUICK) as stage:
        stage.begin_anew()
        yield stage
        stage.begin_anew()
        stack.cloud.set_clock(ahead=0)
        for folder in FUNCTIONS:
            stack.cold_start(function_of(folder))
        emulator.control("POST", "/reset")
