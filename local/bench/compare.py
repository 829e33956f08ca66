"""`make bench`: what the bundle's safety costs, beside a bare script that does the same I/O.

Two things are compared, each against the script in bare.py: a cold start (import and first
clients, every function in fresh processes) and the CPU of a warm approve, complete, sweep, worker
and sender. Both sides take turns, and CPU time is what counts, so the ratios hold on a machine that
others use too. `ROUNDS=` and `PAIRS=` make it longer or shorter.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from local.bench.stack import (
    FUNCTIONS,
    SERVER_KEY,
    make_resources,
    process_environment,
    variables,
)
from local.cloud.ministack import BUILD_SECONDS, LocalCloud, start_build
from local.emulator.process import PiEmulator
from local.processes import HOST, ROOT, free_port
from local.progress import say, step

TARGET = 1.25
COLD_ROUNDS = 9
WARM_PAIRS = 50
FEWEST_TURNS = 5
CHILD_SECONDS = 300
UNUSED = f"http://{HOST}:9"  # a cold start connects to nobody

# The AWS client that a variable stands for, by how its name ends.
CLIENTS = (
    ("_TABLE", "dynamodb"),
    ("_SECRET_ARN", "secretsmanager"),
    ("_QUEUE_URL", "sqs"),
    ("EVENT_BUS", "events"),
    ("PAYOUTS_SWITCH", "ssm"),
)

Times = dict[str, list[float]]
"""CPU milliseconds, turn by turn, of the `bundle` and of the `bare` script."""


def cold(build: Path, rounds: int) -> Iterator[tuple[str, Times]]:
    """Every function's cold starts, each with the layers that it has."""
    for function in FUNCTIONS:
        given = variables(function, UNUSED)
        layers = ["SharedLayer"] + ["ChainLayer"] * ("WALLET_SEED_SECRET_ARN" in given)
        path = [
            *(build / layer / "python" for layer in layers),
            ROOT / "functions" / function,
            ROOT,
        ]
        env = process_environment(*path) | given
        libraries = {
            client for end, client in CLIENTS if any(name.endswith(end) for name in given)
        } | ({"stellar_sdk"} if "ChainLayer" in layers else set())
        times: Times = {"bundle": [], "bare": []}
        for round_ in range(rounds):
            for side in sorted(times, reverse=round_ % 2 == 1):
                times[side].append(run("cold.py", side, *sorted(libraries), env=env))
        yield function, times


def warm(build: Path, home: Path, pairs: int) -> Iterator[tuple[str, Times]]:
    """Warm calls of what a payment and a payout meet, against a Pi and an AWS of their own."""
    with serving(build, home) as (emulator, env):
        times: dict[str, Times] = run("warm.py", str(pairs), emulator.url, env=env)
    yield from times.items()


@contextmanager
def serving(build: Path, home: Path) -> Iterator[tuple[PiEmulator, dict[str, str]]]:
    """A Pi and an AWS, and the environment of a process in which all functions find them."""
    with (
        LocalCloud(free_port(), home) as cloud,
        PiEmulator(free_port(), SERVER_KEY, home) as emulator,
    ):
        cloud.wait_ready()
        emulator.wait_ready()
        names = make_resources(cloud, emulator.wallet_seed)
        layers = (build / layer / "python" for layer in ("SharedLayer", "ChainLayer"))
        env = process_environment(*layers, ROOT) | {"AWS_ENDPOINT_URL": cloud.endpoint}
        for function in FUNCTIONS:
            env |= variables(function, emulator.url, names)
        yield emulator, env


def run(script: str, *arguments: str, env: dict[str, str]) -> Any:
    """The JSON on the last line that the script prints."""
    done = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name(script)), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _shown(title: str, results: Iterable[tuple[str, Times]]) -> list[float]:
    """Print medians as they come in; the ratio is the median of the turns' own ratios."""
    say(f"\n{title}")
    say(f"  {'':18}{'bundle':>10}{'bare':>10}{'ratio':>9}")
    ratios = []
    for name, times in results:
        bundle, bare = times["bundle"], times["bare"]
        ratios.append(median(ours / theirs for ours, theirs in zip(bundle, bare, strict=True)))
        say(f"  {name:18}{median(bundle):7.1f} ms{median(bare):7.1f} ms{ratios[-1]:8.2f}x")
    return ratios


def main(rounds: int, pairs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with step("Building the functions (sam build)"):
            start_build(home).wait(seconds=BUILD_SECONDS)
        build = home / "build"
        ratios = _shown(
            f"Cold start: CPU of import and first clients, median of {rounds} turns",
            cold(build, rounds),
        )
        ratios += _shown(
            f"Warm call: CPU against local servers, median of {pairs} turns",
            warm(build, home, pairs),
        )
    verdict = "held" if max(ratios) <= TARGET else "missed"
    if min(rounds, pairs) < FEWEST_TURNS:
        verdict = "too few turns to tell"
    say(f"\n  Target {TARGET}x: {verdict}; the worst is {max(ratios):.2f}x")


if __name__ == "__main__":
    main(
        int(os.environ.get("ROUNDS") or COLD_ROUNDS),
        int(os.environ.get("PAIRS") or WARM_PAIRS),
    )
