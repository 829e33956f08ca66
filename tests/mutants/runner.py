"""Apply each edit to a copy of the checkout, run the tests that should catch it, and revert it."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from shutil import copy2
from tempfile import TemporaryDirectory

from tests.mutants.edit import Edit

WORKERS = 2
MOST_SECONDS = 600  # an edit may make a test wait for ever
MOST_SECONDS_UNEDITED = 3600  # all tests that are named, on a busy machine
# Each world that is played in memory is played on MiniStack too; that takes a server.
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", "not ministack")
FAILURE = re.compile(r"^(?:FAILED|ERROR|SUBFAILED).*?(\S+\.py::.+?)(?: - .*)?$", re.MULTILINE)

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`by`: the test that failed, or why the tests could not run."""

    verdict: str
    by: str = ""


def run(root: Path, edits: Sequence[Edit], say: Say, workers: int = WORKERS) -> int:
    """0 if every edit is killed or explained, and its tests pass without it; else 1. The working
    tree at `root` is only read."""
    with _copies(root, workers) as copies, ThreadPoolExecutor(workers) as threads:

        def outcome_of(edit: Edit) -> Outcome:
            copy = copies.get()
            try:
                return _outcome(copy, edit)
            finally:
                copies.put(copy)

        # First, since it takes the longest: what fails without an edit kills nothing.
        unedited = threads.submit(lambda: _unedited(copies, edits))
        verdicts = Counter[str]()
        for edit, outcome in zip(edits, threads.map(outcome_of, edits), strict=True):
            verdicts[outcome.verdict] += 1
            say(f"{outcome.verdict:9} {edit.name}: {_detail(edit, outcome)}")
        is_sound = unedited.result().verdict == "SURVIVED"
    say(", ".join(f"{number} {verdict}" for verdict, number in verdicts.items()))
    if not is_sound:
        say(f"Without an edit the tests do not pass: {unedited.result().by}")
    return 0 if is_sound and verdicts.keys() <= {"killed", "explained"} else 1


def fault_of(root: Path, edit: Edit) -> str | None:
    """Why this edit cannot be applied any more; None: it can."""
    found = (root / edit.file).read_text().count(edit.old)
    return None if found == 1 else f"its text occurs {found} times in {edit.file}"


def _outcome(copy: Path, edit: Edit) -> Outcome:
    if (fault := fault_of(copy, edit)) is not None:
        return Outcome("GONE", fault)
    file = copy / edit.file
    text = file.read_text()
    file.write_text(text.replace(edit.old, edit.new))
    try:
        tried = _try(copy, edit.tests.split())
    finally:
        file.write_text(text)
    is_explained = tried.verdict == "SURVIVED" and edit.explained is not None
    return Outcome("explained") if is_explained else tried


def _unedited(copies: "SimpleQueue[Path]", edits: Sequence[Edit]) -> Outcome:
    copy = copies.get()
    try:
        tests = _once(test for edit in edits for test in edit.tests.split())
        return _try(copy, tests, MOST_SECONDS_UNEDITED)
    finally:
        copies.put(copy)


def _once(tests: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tests))


def _try(copy: Path, tests: Sequence[str], most: int = MOST_SECONDS) -> Outcome:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        [sys.executable, *PYTEST, *tests],
        cwd=copy,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as pytest:
        try:
            said, _ = pytest.communicate(timeout=most)
        except subprocess.TimeoutExpired:
            os.killpg(pytest.pid, signal.SIGKILL)
            return Outcome("killed", f"no end within {most} s")
    match pytest.returncode:  # above 1 the tests could not run
        case 0:
            return Outcome("SURVIVED")
        case 1:
            failed = FAILURE.search(said)
            return Outcome("killed", failed[1] if failed else "")
    return Outcome("BROKEN", " ".join(said.split()[-40:]))


def _detail(edit: Edit, outcome: Outcome) -> str:
    match outcome.verdict:
        case "killed":
            return f"by {outcome.by}"
        case "SURVIVED":
            return f"{edit.breaks} Not seen by {edit.tests}"
        case "explained":
            return str(edit.explained)
    return outcome.by


@contextmanager
def _copies(root: Path, number: int) -> "Iterator[SimpleQueue[Path]]":
    """Copies of what git tracks, or would, as it stands in the working tree."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.split("\0") if name and (root / name).is_file()]
    copies = SimpleQueue[Path]()
    with TemporaryDirectory(prefix="mutants-") as folder:
        for n in range(number):
            copy = Path(folder) / str(n)
            for name in files:
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                copy2(root / name, copy / name)
            copies.put(copy)
        yield copies
