"""The shell commands of the documents, run as they stand there."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.processes import environment
from tests.docs.pages import RUNBOOK, section

AWS_CLI = Path(__file__).with_name("aws_cli.py")
CURL = Path(__file__).with_name("curl.py")


def blocks(document: Path) -> list[str]:
    """The document's shell blocks that call AWS."""
    found = re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    return [block for block in found if re.search(r"\baws [a-z]", block)]


def under(heading: str) -> str:
    """The runbook's first shell block under a heading."""
    block, *_ = re.findall(
        r"^```sh\n(.*?)^```", section(heading, RUNBOOK), re.MULTILINE | re.DOTALL
    )
    return str(block)


def run(
    script: str, folder: Path, env: Mapping[str, str], *, tools: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run it in a shell that has our AWS CLI and curl, and where `tools` do nothing."""
    _script(folder / "curl", f'exec "{sys.executable}" "{CURL}" "$@"')
    for tool in tools:
        _script(folder / tool, "exec cat > /dev/null")
    _script(folder / "aws", f'exec "{sys.executable}" "{AWS_CLI}" "$@"')
    path = f"{folder}:{environment()['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment({**env, "PATH": path}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
