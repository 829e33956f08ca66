"""The shell commands of the documents, run as they stand there."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.processes import environment
from tests.docs.pages import RUNBOOK, section

CALLS = r"\b(aws|pi-bundle) [a-z]"
AWS_CLI = Path(__file__).with_name("aws_cli.py")
CURL = Path(__file__).with_name("curl.py")
PI_BUNDLE = Path(__file__).with_name("pi_bundle.py")


def blocks(document: Path) -> list[str]:
    """The document's shell blocks that call AWS, or the operator's command."""
    return [block for block in _shell(document.read_text()) if re.search(CALLS, block)]


def under(heading: str) -> str:
    """The runbook's first shell block under a heading."""
    return _shell(section(heading, RUNBOOK))[0]


def prelude() -> str:
    """What the commands of all pages need: the blocks of the runbook's first section."""
    return "\n".join(_shell(section("First", RUNBOOK)))


def _shell(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def run(
    script: str, folder: Path, env: Mapping[str, str], *, tools: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run it in a shell that has our AWS CLI, curl and pi-bundle, and where `tools` do nothing."""
    _script(folder / "pi-bundle", f'exec "{sys.executable}" "{PI_BUNDLE}" "$@"')
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
