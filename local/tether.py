"""Runs a command that dies with the process that asked for it, even when that one is killed -9.

Usage: python tether.py PARENT_PID COMMAND [ARGUMENT ...]

On Linux the kernel keeps the promise (PR_SET_PDEATHSIG survives exec, so this process simply
becomes the command). Elsewhere it stays and watches.
"""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
WATCH_EVERY_SECONDS = 0.5


def become(parent: int, command: list[str]) -> None:
    """Turn into the command, with the kernel told to kill it when the parent is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have ended before the kernel was told.
    if os.getppid() == parent:
        os.execvp(command[0], command)


def watch(parent: int, command: list[str]) -> int:
    """Run the command until it ends or the parent does; returns its exit status."""
    child = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while os.getppid() == parent:
        try:
            return child.wait(WATCH_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    child.kill()
    return child.wait()


if __name__ == "__main__":
    asked_by, asked = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        become(asked_by, asked)
    else:
        sys.exit(watch(asked_by, asked))
