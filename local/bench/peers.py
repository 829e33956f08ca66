"""`make bench-peers`: our approve and complete beside others', on one Pi emulator, in turns.

What counts are the ratios of one run. A peer that is a package is asked for at its registry, and
left out with a line that says so where it is not to be had.

Usage in a process of its own: python -P peers.py CALLS EMULATOR_URL
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from json import dumps
from pathlib import Path
from statistics import median
from typing import Any

import requests

from local.bench.compare import run, serving
from local.bench.stack import SERVER_KEY, Context
from local.cloud.ministack import BUILD_SECONDS, start_build
from local.progress import say, step

CALLS = 20
WARM_UP = 2
PI_SECONDS = 0.15
NPM_PACKAGES = ("pi-sdk-express",)
STEPS = ("approve", "complete", "both")
PEERS = {"naive": "The usual tutorial's", "demo": "Those of Pi's demo app"}

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]
Seen = dict[str, list[float]]
"""By side and step: seconds, processor seconds, and calls to Pi."""


def play(calls: int, emulator: str) -> Seen:
    from functions.approve_payment.app import handler as approve
    from functions.complete_payment.app import handler as complete
    from local.bench.naive import Demo, Naive
    from local.bench.warm import Front, accepted, posted

    naive, demo, context, front = Naive(SERVER_KEY), Demo(SERVER_KEY), Context(), Front(emulator)
    sides: dict[str, dict[str, Handler]] = {
        "ours": {
            "approve": lambda event: approve(event, context),
            "complete": lambda event: complete(event, context),
        },
        "naive": {"approve": naive.approve, "complete": naive.complete},
        "demo": {"approve": demo.approve, "complete": demo.complete},
    }
    seen: dict[str, list[tuple[float, float, int]]] = {}

    def timed(side: str, name: str, body: dict[str, str]) -> None:
        before = _calls(emulator)
        began, used = time.perf_counter(), time.process_time()
        answer = sides[side][name](posted(name, body))
        taken = time.perf_counter() - began, time.process_time() - used
        accepted(answer)
        seen.setdefault(f"{side} {name}", []).append((*taken, _calls(emulator) - before))

    for _ in range(WARM_UP + calls):
        for side in sides:
            payment_id, token = front.open_payment()
            timed(side, "approve", {"paymentId": payment_id, "accessToken": token})
            txid = front.pay(payment_id)
            timed(side, "complete", {"paymentId": payment_id, "transactionId": txid})
    medians = {
        name: [median(column) for column in zip(*turns[WARM_UP:], strict=True)]
        for name, turns in seen.items()
    }
    for side in sides:
        steps = (medians[f"{side} {name}"] for name in ("approve", "complete"))
        medians[f"{side} both"] = [sum(column) for column in zip(*steps, strict=True)]
    return medians


def _calls(emulator: str) -> int:
    """How many Pi has had."""
    return len(requests.get(f"{emulator}/_emulator/state", timeout=10).json()["calls"])


def is_to_be_had(package: str) -> bool:
    """Whether npm's registry has it."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    asked = subprocess.run([npm, "view", package, "version"], capture_output=True, check=False)
    return asked.returncode == 0


def main(calls: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with step("Building the functions (sam build)"):
            start_build(home).wait(seconds=BUILD_SECONDS)
        with serving(home / "build", home) as (emulator, env):
            slow = {"path": "/v2/*", "delay_s": PI_SECONDS, "times": None}
            emulator.control("POST", "/faults", slow)
            seen: Seen = run("peers.py", str(calls), emulator.url, env=env)
    say(f"\n  Beside handlers that check no payment; {PI_SECONDS:.2f} s to Pi, medians of {calls}")
    for peer, what in PEERS.items():
        say(f"  {what:24}{'calls to Pi':>14}{'time':>9}{'processor':>12}")
        for name in STEPS:
            (ours, cpu, calls_to_pi), (theirs, their_cpu, their_calls) = (
                seen[f"{side} {name}"] for side in ("ours", peer)
            )
            shown = f"{calls_to_pi:.0f} : {their_calls:.0f}"
            say(f"    {name:22}{shown:>14}{ours / theirs:8.2f}x{cpu / their_cpu:11.2f}x")
    for package in NPM_PACKAGES:
        found = (
            "is to be had now, and not played yet" if is_to_be_had(package) else "is not to be had"
        )
        say(f"  {package} {found}.")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write("\n" + dumps(play(int(sys.argv[1]), sys.argv[2])))
    else:
        main(int(os.environ.get("PAIRS") or CALLS))
