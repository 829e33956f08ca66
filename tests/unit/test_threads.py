"""Tasks side by side: each knows its own invocation, in the bundle's threads and in the tests'."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from random import Random
from threading import Barrier, get_ident

import pytest

from local.processes import ROOT
from shared.base.context import About, concerning, log_keys, remaining, within
from shared.base.observability import count, flush_metrics, logger
from shared.base.threads import Threads
from tests.unit.conftest import LogLines
from tests.world.stage import OneAtATime

TASKS = 10
PATIENCE = 20  # seconds, after which a task that never comes fails the test


def test_a_plain_pool_loses_the_context_and_ours_copies_it() -> None:
    with ThreadPoolExecutor(1) as plain, Threads(1) as ours:
        with pytest.raises(RuntimeError, match="outside an invocation"):
            plain.submit(remaining).result()
        with within(10, About("function-1")):
            assert ours.submit(remaining).result() == remaining()
            assert ours.submit(log_keys).result() == {"function": "function-1"}
            assert list(ours.map(str.upper, ["a", "b"])) == ["A", "B"]


def test_ten_tasks_side_by_side_log_each_about_its_own(logs: LogLines) -> None:
    meeting = Barrier(TASKS, timeout=PATIENCE)

    def task(number: int) -> None:
        meeting.wait()
        logger.info("Before", extra={"number": number})
        for step in range(3):
            concerning(f"payment-{number}-{step}")
            meeting.wait()  # each has named its subject before anyone logs
            logger.info("At work", extra={"number": number, "step": step})
            meeting.wait()

    with Threads(TASKS) as threads:
        asked = []
        for number in range(TASKS):
            with within(5, About(f"function-{number}", f"request-{number}")):
                asked.append(threads.submit(task, number))
        for future in asked:
            future.result()
    lines = logs()
    assert len(lines) == TASKS * 4
    for line in lines:
        number = line["number"]
        assert (line["function"], line["request_id"]) == (f"function-{number}", f"request-{number}")
        subject = f"payment-{number}-{line['step']}" if "step" in line else None
        assert line.get("subject") == subject


def test_counts_from_ten_threads_are_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    each, meeting = 300, Barrier(TASKS, timeout=PATIENCE)

    def counts() -> None:
        meeting.wait()
        for _ in range(each):
            count("PaymentCompleted")

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Threads(TASKS) as threads:
            for asked in [threads.submit(counts) for _ in range(TASKS)]:
                asked.result()
    finally:
        sys.setswitchinterval(switching)
    flush_metrics()
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(sum(line["PaymentCompleted"]) for line in printed) == TASKS * each


# --- Both executors ------------------------------------------------------------------------------

EXECUTORS: dict[str, Callable[[], Executor]] = {
    "threads": lambda: Threads(1),
    "at once": OneAtATime,
    "by a seed": lambda: OneAtATime(Random(1)),
}


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with EXECUTORS[request.param]() as executor:
        yield executor


def test_a_tasks_subject_reaches_neither_caller_nor_next_task(executor: Executor) -> None:
    def task(number: int) -> str:
        before = log_keys()["subject"]
        concerning(f"payment-{number}")
        return before

    concerning("the caller's")
    asked = [executor.submit(task, number) for number in range(TASKS)]
    assert [future.result() for future in asked] == ["the caller's"] * TASKS
    assert log_keys() == {"subject": "the caller's"}


def test_what_its_caller_does_after_it_has_asked_is_nothing_to_a_task(executor: Executor) -> None:
    asked = []
    for number in range(TASKS):
        concerning(f"payment-{number}")
        asked.append(executor.submit(log_keys))
    subjects = [future.result()["subject"] for future in asked]
    assert subjects == [f"payment-{number}" for number in range(TASKS)]


def test_a_task_runs_once_and_its_error_is_its_callers(executor: Executor) -> None:
    ran: list[int] = []

    def task(number: int) -> None:
        ran.append(number)
        raise ValueError(number)

    asked = [executor.submit(task, number) for number in range(TASKS)]
    for number, future in enumerate(asked):
        assert isinstance(future.exception(), ValueError)
        with pytest.raises(ValueError, match=f"^{number}$"):
            future.result()
    assert sorted(ran) == list(range(TASKS))


# --- One at a time -------------------------------------------------------------------------------


def order_of(dice: Random | None) -> list[int]:
    """The order in which the tasks run whose results are asked for from the last to the first."""
    order: list[tuple[int, str]] = []

    def task(number: int) -> None:
        assert get_ident() == caller
        order.append((number, "begins"))
        order.append((number, "ends"))

    caller, executor = get_ident(), OneAtATime(dice)
    asked = [executor.submit(task, number) for number in range(TASKS)]
    for future in reversed(asked):
        future.result()
    begun, ended = order[::2], order[1::2]
    assert [number for number, _ in begun] == [number for number, _ in ended]
    return [number for number, _ in begun]


def test_without_dice_each_task_runs_where_it_is_asked_for() -> None:
    assert order_of(None) == list(range(TASKS))


def test_the_same_seed_gives_the_same_order_and_others_others() -> None:
    orders = [tuple(order_of(Random(seed))) for seed in range(TASKS)]
    assert orders == [tuple(order_of(Random(seed))) for seed in range(TASKS)]
    assert len(set(orders)) == TASKS
    assert all(sorted(order) == list(range(TASKS)) for order in orders)


# --- The gate ------------------------------------------------------------------------------------

POOLS = [
    "from concurrent.futures import ThreadPoolExecutor\n",
    "import concurrent.futures\n\nPOOL = concurrent.futures.ThreadPoolExecutor(4)\n",
    "from concurrent.futures.thread import ThreadPoolExecutor\n",
    "from multiprocessing.pool import ThreadPool\n",
    "import threading\n\nTHREAD = threading.Thread()\n",
]


def refusals(code: str, path: str) -> list[str]:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=json"]
    command += ["--select=TID251", "--stdin-filename", path, "-"]
    ruff = subprocess.run(
        command, cwd=ROOT, input=code, capture_output=True, text=True, check=False
    )
    return [found["code"] for found in json.loads(ruff.stdout)]


@pytest.mark.parametrize("code", POOLS, ids=range(len(POOLS)))
def test_lint_refuses_every_other_thread(code: str) -> None:
    assert refusals(code, "shared/payments/approve.py") == ["TID251"]
    assert refusals(code, "functions/settle/app.py") == ["TID251"]
    assert refusals(code, "shared/base/threads.py") == []
