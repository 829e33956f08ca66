"""Without a Chromium the browser's tests are left out, and that is said; CI does not do without."""

import subprocess
import sys

from local.chromium import MISSING
from local.processes import ROOT, environment
from tests.conftest import LEFT_OUT

SECONDS = 120


def played(**env: str) -> subprocess.CompletedProcess[str]:
    """The harness's tests beside one other, as `make test` runs them, where no program is found."""
    files = ["tests/browser/test_harness.py", "tests/unit/test_amount.py"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "1", *files],
        cwd=ROOT,
        env=environment({"PATH": str(ROOT / "docs"), **env}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_one_line_says_what_was_left_out() -> None:
    done = played()

    assert done.returncode == 0, done.stdout
    assert done.stdout.count(LEFT_OUT) == 1


def test_ci_fails_without_it() -> None:
    done = played(CI="true")

    assert done.returncode == 1
    assert MISSING in done.stdout
