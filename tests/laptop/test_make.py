"""Every documented `make` target runs: what nobody runs breaks unseen."""

import re
import subprocess
from pathlib import Path

import yaml

from local.bench.stack import FUNCTIONS
from local.processes import ROOT, environment

SECONDS = 300

# What runs elsewhere: in the gates, in another test, or never in a test since it changes the tree.
ELSEWHERE = {
    "pictures": "tests/browser/stage/test_pictures.py",
    **dict.fromkeys(("test", "lint", "setup"), ".ci/run"),
    "run": "test_run.py",
    "throughput": "tests/throughput/test_throughput.py",
    "pi": "tests/emulator/test_make_pi.py",
    "build-SharedLayer": "tests/template/test_bundle.py",
    "build-ChainLayer": "tests/template/test_bundle.py",
    "format": "rewrites the sources",
    "lock": "rewrites the lock files",
    "cost": "tests/cost/test_cost.py",
    "clean": "removes the environment that the tests run in",
}
HERE = {"help", "build", "simulate", "mutants", "bench", "bench-peers"}


def make(target: str, **settings: str) -> str:
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=ROOT,
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_each_target_runs_here_or_elsewhere() -> None:
    targets = re.findall(r"^([a-zA-Z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(targets) == HERE | ELSEWHERE.keys()


def test_the_hooks_before_a_commit_are_gates_of_make_lint() -> None:
    """So they run in each test of a change, whoever has installed them or not."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    gates = (ROOT / "Makefile").read_text().replace("$(BIN)/", ".venv/bin/")
    for hook in hooks:
        [command] = re.findall(r"\.venv/bin/[\w-]+(?: (?:format|check|validate))?", hook["entry"])
        assert command.replace(".venv/bin/sam", "$(SAM)") in gates, hook["id"]


def test_help_lists_what_there_is() -> None:
    listed = re.findall(r"^  make (\S+)", make("help"), re.MULTILINE)
    assert HERE - {"help"} <= set(listed)


def test_simulate_plays_and_counts() -> None:
    assert re.search(r"^3 histories in \d+ s, 0 failed", make("simulate", SEEDS="3"), re.MULTILINE)


def test_simulate_replays_one_and_tells() -> None:
    told = make("simulate", SEED="7").splitlines()
    assert len(told) > 40
    assert told[-1] == "SEED=7: every promise held"
    assert make("simulate", SEED="7").splitlines() == told


def test_mutants_applies_those_that_are_asked_for() -> None:
    assert make("mutants", MUTANTS="nothing-for-nothing").splitlines()[-1] == "1 killed"


def test_build_makes_the_bundle_for_aws(tmp_path: Path) -> None:
    make("build")
    built = ROOT / ".aws-sam" / "build"
    assert (built / "template.yaml").exists()
    assert (built / "SharedLayer" / "python" / "shared" / "app.py").exists()


def test_bench_prints_a_row_for_each_function_and_each_warm_call() -> None:
    output = make("bench", ROUNDS="1", PAIRS="1")
    rows = re.findall(r"^  (\w+) +\d+\.\d ms +\d+\.\d ms +\d+\.\d\dx$", output, re.MULTILINE)
    assert rows == [*FUNCTIONS, "approve", "complete", "sweep", "worker", "sender"]


def test_bench_peers_prints_the_ratios_and_names_who_is_left_out() -> None:
    output = make("bench-peers", PAIRS="2")
    rows = re.findall(r"^    (\w+) +(\d) : (\d) +\d+\.\d\dx +\d+\.\d\dx$", output, re.MULTILINE)
    tutorial = [("approve", "3", "1"), ("complete", "2", "1"), ("both", "5", "2")]
    demo = [("approve", "3", "2"), ("complete", "2", "1"), ("both", "5", "3")]
    assert rows == [*tutorial, *demo]
    assert re.search(r"^  pi-sdk-express is ", output, re.MULTILINE)
