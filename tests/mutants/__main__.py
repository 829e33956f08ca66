"""`python -m tests.mutants` applies every edit, or those whose name has MUTANTS in it."""

import os
import sys

from local.processes import ROOT
from tests.mutants.edits import EDITS
from tests.mutants.runner import run


def main() -> int:
    part = os.environ.get("MUTANTS") or ""
    chosen = [edit for edit in EDITS if part in edit.name]
    if not chosen:
        sys.stderr.write(f"No edit has {part!r} in its name.\n")
        return 1
    return run(ROOT, chosen, lambda line: print(line, flush=True))


if __name__ == "__main__":
    sys.exit(main())
