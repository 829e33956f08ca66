"""The operator's command where the documents' lines are tried. With AWS_CLI_DRY set it only checks
that command, options and values are known, and calls nothing."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ |= {"POWERTOOLS_LOG_LEVEL": "CRITICAL", "POWERTOOLS_METRICS_DISABLED": "true"}

import click

from local.command.cli import main

if os.environ.get("AWS_CLI_DRY"):
    command: click.Command = main
    words = sys.argv[1:]
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context("pi-bundle", words)
    sys.stdout.write("pi-bundle\n")
else:
    main(prog_name="pi-bundle")
