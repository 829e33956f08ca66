"""`python -m tests.dice` plays SEEDS histories from FIRST on, in WORKERS processes (one per core by
default); SEED=n replays one and tells what happens."""

import gc
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from shared.base.observability import logger
from tests.dice.history import play
from tests.dice.reached import ENOUGH, report
from tests.dice.scene import ViolatedError

Outcome = tuple[int, str | None, set[str]]


def _play_quietly(seed: int) -> Outcome:
    logger._logger.disabled = True
    try:
        return seed, None, play(seed)
    except Exception as error:  # noqa: BLE001 - told with its seed; the others go on
        return seed, f"{type(error).__name__} {error}", set()


def _replay(seed: int) -> int:
    logger._logger.disabled = True
    try:
        play(seed, lambda line: sys.stdout.write(f"{line}\n"))
    except ViolatedError as violated:
        sys.stdout.write(f"{violated}\n")
        return 1
    sys.stdout.write(f"SEED={seed}: every promise held\n")
    return 0


def _play_many(first: int, count: int) -> int:
    started, failures, reached = time.monotonic(), 0, Counter[str]()
    workers = int(os.environ.get("WORKERS") or 0) or None
    # What is imported stays: looking for it among the garbage costs a twentieth.
    with ProcessPoolExecutor(workers, initializer=gc.freeze) as processes:
        seeds = range(first, first + count)
        for seed, failure, met in processes.map(_play_quietly, seeds, chunksize=20):
            reached.update(met)
            if failure:
                failures += 1
                sys.stdout.write(f"SEED={seed} violates a promise: {failure}\n")
                sys.stdout.flush()
    page, rare = report(reached, count)
    seconds = time.monotonic() - started
    sys.stdout.write(f"{count} histories in {seconds:.0f} s, {failures} failed.\n")
    sys.stdout.write(f"How many of them met\n{page}\n")
    if rare:
        sys.stdout.write(f"Met in fewer than 1 of 200: {', '.join(rare)}\n")
    return 1 if failures or (rare and count >= ENOUGH) else 0


def main() -> int:
    if replayed := os.environ.get("SEED"):
        return _replay(int(replayed))
    count, first = int(os.environ.get("SEEDS") or 300), int(os.environ.get("FIRST") or 1)
    return _play_many(first, count)


if __name__ == "__main__":
    sys.exit(main())
