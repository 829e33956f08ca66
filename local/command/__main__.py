"""`pi-bundle`, as the script beside this file starts it."""

import os

# What the functions log and count is theirs; a command answers on its own.
os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"

from local.command.cli import main

if __name__ == "__main__":
    main(prog_name="pi-bundle")
