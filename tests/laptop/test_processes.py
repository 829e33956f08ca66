"""No process outlives us, and a taken port is said clearly."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.processes import (
    HOST,
    ROOT,
    Child,
    PortTakenError,
    ProcessFailedError,
    environment,
    free_port,
    require_free,
)
from tests.laptop.waiting import eventually, is_running

ASLEEP = [sys.executable, "-c", "import signal; signal.pause()"]

# Starts a child that does nothing, says its process id, and then does nothing either.
PARENT = f"""
import signal, sys
from pathlib import Path
from local.processes import Child, environment
child = Child("asleep", {ASLEEP!r}, log=Path(sys.argv[1]), env=environment())
print(child.pid, flush=True)
signal.pause()
"""


def test_a_child_dies_with_its_parent_even_when_that_is_killed_outright(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    eventually(lambda: not is_running(child), seconds=10)


def test_stop_ends_a_child_that_does_not_listen_and_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.processes.GRACE_SECONDS", 0.2)
    stubborn = (
        "import signal, subprocess, sys;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"child = subprocess.Popen({ASLEEP!r});"
        "print(child.pid, flush=True);"
        "signal.pause()"
    )
    log = tmp_path / "log"
    child = Child("stubborn", [sys.executable, "-c", stubborn], log=log, env=environment())
    child.wait_until(lambda: bool(log.read_text().strip()), seconds=10)
    grandchild = int(log.read_text())
    child.stop()
    child.stop()
    assert not child.running()
    eventually(lambda: not is_running(grandchild), seconds=10)


def test_a_tool_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such stack'); raise SystemExit(3)"]
    child = Child("sam deploy", command, log=tmp_path / "log", env=environment())
    with pytest.raises(ProcessFailedError, match=r"sam deploy ended with status 3(.|\n)*no such"):
        child.wait(seconds=10)


def test_a_server_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    child = Child("server", ASLEEP, log=tmp_path / "log", env=environment())
    with pytest.raises(ProcessFailedError, match="server was not ready"):
        child.wait_until(lambda: False, seconds=0.1)
    assert not child.running()


def test_a_child_learns_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of a real account")
    monkeypatch.setenv("PI_SERVER_API_KEY", "of a real app")
    assert not {"AWS_SECRET_ACCESS_KEY", "PI_SERVER_API_KEY"} & set(environment())


def test_a_taken_port_names_itself_and_the_way_out() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"Port {port} for Pi is taken.*PI_PORT="):
            require_free(port, what="Pi", setting="PI_PORT")


def test_a_free_port_is_free() -> None:
    require_free(free_port(), what="Pi", setting="PI_PORT")


def test_the_tether_keeps_the_commands_exit_status(tmp_path: Path) -> None:
    tether = [sys.executable, str(ROOT / "local" / "tether.py"), str(os.getpid())]
    assert subprocess.run([*tether, sys.executable, "-c", "exit(7)"], check=False).returncode == 7


def test_a_tether_to_a_process_that_is_gone_starts_nothing(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    made = tmp_path / "made"
    tether = [sys.executable, str(ROOT / "local" / "tether.py"), str(gone.pid)]
    subprocess.run([*tether, "touch", str(made)], check=False)
    assert not made.exists()


def test_ctrl_c_reaches_us_alone(tmp_path: Path) -> None:
    """A child has a session of its own, so that we end it in order."""
    ours = signal.getsignal(signal.SIGINT)
    child = Child("asleep", ASLEEP, log=tmp_path / "log", env=environment())
    try:
        assert os.getsid(child.pid) != os.getsid(0)
    finally:
        child.stop()
    assert signal.getsignal(signal.SIGINT) is ours
